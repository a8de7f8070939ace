// SPDX-License-Identifier: Apache-2.0
// Where threads that are no actors leave enqueues and get futures. Storage fetches all that waits at once, so a
// thread that keeps many on the way pays for few messages and few batches; nobody stands between the two, because
// each hand-over between threads costs about as much as the sync. Thread-safe.
#pragma once

#include <deque>
#include <future>
#include <memory>
#include <mutex>

#include "actors/messages.hpp"
#include "actors/teller.hpp"

namespace dormouse::actors {

class EnqueueDesk {
 public:
  /// What was fetched together. Whoever has not been told when it goes is told device.unanswered.
  struct Batch {
    EnqueueGroup group;
    std::deque<Teller<jobs::Enqueued>> tellers;  // one for each command, which enqueues one job
    void tell(Result<EnqueueGroup::Value> answers);
  };
  struct Left {
    std::future<Result<jobs::Enqueued>> future;
    std::shared_ptr<EnqueueCall> call;  // for storage; none: one is on the way
  };

  /// Of one job. The commands of one thread keep their order.
  static Left leave(const std::shared_ptr<EnqueueDesk>& desk, EnqueueJobs command);

 private:
  friend class EnqueueCall;
  std::shared_ptr<Batch> fetch();

  std::mutex mutex_;
  std::shared_ptr<Batch> waiting_;  // none: no call is on the way
};

/// Calls storage to a desk. Whatever becomes of the message that carries it, nobody waits for ever: a call that
/// goes unheard, because there is no storage or no longer, tells all that waits store.closed.
class EnqueueCall {
 public:
  explicit EnqueueCall(std::shared_ptr<EnqueueDesk> desk) : desk_(std::move(desk)) {}
  ~EnqueueCall();
  EnqueueCall(const EnqueueCall&) = delete;
  EnqueueCall& operator=(const EnqueueCall&) = delete;
  /// All that waits. Once.
  std::shared_ptr<EnqueueDesk::Batch> fetch();

 private:
  std::shared_ptr<EnqueueDesk> desk_;
  bool heard_ = false;
};

}  // namespace dormouse::actors
