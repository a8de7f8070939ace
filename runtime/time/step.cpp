// SPDX-License-Identifier: Apache-2.0
#include "runtime/time/step.hpp"

#include <algorithm>
#include <utility>

namespace dormouse {
namespace {

constexpr Duration kSuspendAbove{500};
constexpr Duration kToleranceBase{100};
constexpr Duration kToleranceMax{1'000};
constexpr std::int64_t kTolerancePpm = 500;
constexpr Duration kStepsGather{1'000};

Duration suspended_so_far(const Sample& sample) {
  return Duration{sample.instant.ms} - sample.monotonic;
}

std::int64_t offset_ms(const Sample& sample) {
  return sample.wall.ms - sample.instant.ms;
}

}  // namespace

Change compare(const Sample& before, const Sample& now) {
  Change change;
  const Duration suspended = suspended_so_far(now) - suspended_so_far(before);
  if (suspended > kSuspendAbove) change.suspended = suspended;

  const std::int64_t between_ms = std::max<std::int64_t>((now.instant - before.instant).count(), 0);
  const Duration tolerance =
      std::min(kToleranceMax, kToleranceBase + Duration{between_ms / 1'000 * kTolerancePpm / 1'000});
  const Duration stepped{offset_ms(now) - offset_ms(before)};
  if (stepped > tolerance || stepped < -tolerance) change.stepped = stepped;
  return change;
}

std::optional<Gap> suspend_gap(const Change& change, const Sample& now, Trust trust) {
  if (!change.long_suspend()) return std::nullopt;
  Gap gap;
  gap.cause = GapCause::suspend;
  gap.certainty = Certainty::exact;
  gap.length = change.suspended;
  if (trust != Trust::untrusted) {
    gap.to = now.wall - change.stepped;
    gap.from = *gap.to - change.suspended;
  }
  return gap;
}

std::optional<Gap> step_gap(const Change& change, const Sample& now, Trust trust) {
  if (change.stepped < kChangeReconciles || trust == Trust::untrusted) return std::nullopt;
  Gap gap;
  gap.cause = GapCause::clock_step;
  gap.certainty = Certainty::exact;
  gap.length = change.stepped;
  gap.from = now.wall - change.stepped;
  gap.to = now.wall;
  return gap;
}

void StepGather::add(Duration stepped, Instant at) {
  const bool follows = last_ && at - *last_ <= kStepsGather;
  sum_ += stepped;
  ready_at_ = follows ? at + kStepsGather : at;
  last_ = at;
}

Change StepGather::take() {
  ready_at_.reset();
  Change change;
  change.stepped = std::exchange(sum_, Duration::zero());
  return change;
}

}  // namespace dormouse
