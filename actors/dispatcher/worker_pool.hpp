// SPDX-License-Identifier: Apache-2.0
// Threads for handlers that are C++ functions. A thread is made when all others are busy, at most `limit`, and
// waits blocked for the next job; an idle device runs no thread of it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace dormouse::actors {

class WorkerPool {
 public:
  explicit WorkerPool(std::size_t limit);
  /// Joins idle threads. A thread whose job does not return is left behind: it holds nothing of the pool.
  ~WorkerPool();
  void run(std::function<void()> job);  // from any thread; queues when all are busy

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace dormouse::actors
