// SPDX-License-Identifier: Apache-2.0
// Which reconcile runs, and which comes next: one pass at a time, and whatever is triggered meanwhile leads to
// exactly one more. A batch that the store refuses is offered again later. Plain: the timekeeper sends the batches.
#pragma once

#include <optional>

#include "actors/messages.hpp"
#include "actors/time/backoff.hpp"

namespace dormouse::actors {

class Passes {
 public:
  bool under_way() const { return pass_.has_value(); }

  /// True: it starts now, and batch() goes to storage. False: it follows the one under way.
  bool add(ReconcileStep step);
  /// The next batch of the pass under way.
  const ReconcileStep& batch() const { return *pass_; }

  /// Storage took the batch. True: there are more, and batch() goes to storage. False: the pass is over.
  bool taken(bool more);
  /// After the end of a pass. True: another starts now, and batch() goes to storage.
  bool next();

  void refused(const Now& now) { retry_at_ = backoff_.next(now); }
  std::optional<Instant> retry_at() const { return retry_at_; }
  /// True, once, when a batch that was refused is to be offered again.
  bool retry(Instant now);

 private:
  std::optional<ReconcileStep> pass_;
  std::optional<ReconcileStep> after_;
  std::optional<Instant> retry_at_;
  Backoff backoff_;
};

}  // namespace dormouse::actors
