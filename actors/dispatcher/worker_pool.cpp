// SPDX-License-Identifier: Apache-2.0
#include "actors/dispatcher/worker_pool.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace dormouse::actors {

struct WorkerPool::Shared {
  std::size_t limit = 1;
  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable left;
  std::deque<std::function<void()>> queue;
  std::size_t threads = 0;
  std::size_t idle = 0;
  bool woken = false;  // somebody is on the way to the queue
  bool closing = false;

  void wake_one() {
    if (queue.empty() || idle == 0 || std::exchange(woken, true)) return;
    work.notify_one();
  }

  void serve() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      work.wait(lock, [this] { return closing || !queue.empty(); });
      --idle;
      woken = false;
      if (queue.empty()) break;
      auto job = std::move(queue.front());
      queue.pop_front();
      wake_one();  // whoever is woken wakes the next, while there is something left by then
      lock.unlock();
      job();
      lock.lock();
    }
    --threads;
    left.notify_all();
  }
};

WorkerPool::WorkerPool(std::size_t limit) : shared_(std::make_shared<Shared>()) {
  shared_->limit = limit;
}

WorkerPool::~WorkerPool() {
  std::unique_lock lock(shared_->mutex);
  shared_->closing = true;
  shared_->queue.clear();
  shared_->work.notify_all();
  shared_->left.wait(lock, [this] { return shared_->idle == 0; });
}

void WorkerPool::run(std::function<void()> job) {
  const std::lock_guard lock(shared_->mutex);
  shared_->queue.push_back(std::move(job));
  if (shared_->idle < shared_->queue.size() && shared_->threads < shared_->limit) {
    ++shared_->threads;
    std::thread([shared = shared_] { shared->serve(); }).detach();
  }
  shared_->work.notify_one();
}

}  // namespace dormouse::actors
