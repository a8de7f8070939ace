// SPDX-License-Identifier: Apache-2.0
#include "actors/time/passes.hpp"

#include <iterator>
#include <utility>

namespace dormouse::actors {

namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void add_facts(ReconcileStep& to, ReconcileStep&& step) {
  append(to.gaps, std::move(step.gaps));
  append(to.gains, std::move(step.gains));
  to.max_error = step.max_error;
  to.trust_gained = to.trust_gained || step.trust_gained;
  to.stamp = to.stamp || step.stamp;
  if (step.wall_before_step) to.wall_before_step = step.wall_before_step;
}

/// What remains of a pass after its first batch: the cursor in the store carries it on.
ReconcileStep without_facts(reconcile::Trigger trigger) {
  ReconcileStep step;
  step.trigger = trigger;
  return step;
}

}  // namespace

bool Passes::add(ReconcileStep step) {
  if (!pass_) {
    pass_ = std::move(step);
    return true;
  }
  if (after_) {
    add_facts(*after_, std::move(step));
  } else {
    after_ = std::move(step);
  }
  return false;
}

bool Passes::taken(bool more) {
  backoff_.reset();
  if (more) {
    pass_ = without_facts(pass_->trigger);
  } else {
    pass_.reset();
  }
  return more;
}

bool Passes::next() {
  if (!after_) return false;
  pass_ = std::exchange(after_, std::nullopt);
  return true;
}

bool Passes::retry(Instant now) {
  if (!retry_at_ || *retry_at_ > now) return false;
  retry_at_.reset();
  return true;
}

}  // namespace dormouse::actors
