// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/enqueue_desk.hpp"

#include <utility>

namespace dormouse::actors {

/// The newest first: a thread that waits for the oldest of its many then finds all of them told, and is woken once.
void EnqueueDesk::Batch::tell(Result<EnqueueGroup::Value> answers) {
  for (std::size_t i = tellers.size(); i-- > 0;) {
    if (!answers.ok()) {
      tellers[i].tell(answers.error());
    } else if (auto& answer = answers->at(i); answer.ok()) {
      tellers[i].tell(answer->front());
    } else {
      tellers[i].tell(std::move(answer).error());
    }
  }
}

EnqueueDesk::Left EnqueueDesk::leave(const std::shared_ptr<EnqueueDesk>& desk, EnqueueJobs command) {
  Left left;
  const std::lock_guard lock(desk->mutex_);
  if (!desk->waiting_) {
    left.call = std::make_shared<EnqueueCall>(desk);
    desk->waiting_ = std::make_shared<Batch>();
  }
  desk->waiting_->group.commands.push_back(std::move(command));
  left.future = desk->waiting_->tellers.emplace_back().future();
  return left;
}

std::shared_ptr<EnqueueDesk::Batch> EnqueueDesk::fetch() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, nullptr);
}

EnqueueCall::~EnqueueCall() {
  if (!heard_) fetch()->tell(not_started());
}

std::shared_ptr<EnqueueDesk::Batch> EnqueueCall::fetch() {
  check(!std::exchange(heard_, true), "enqueue_desk:fetched_twice");
  return desk_->fetch();
}

}  // namespace dormouse::actors
