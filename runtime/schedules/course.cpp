// SPDX-License-Identifier: Apache-2.0
#include "runtime/schedules/course.hpp"

#include <algorithm>

#include "runtime/schedules/decide.hpp"
#include "runtime/schedules/validate.hpp"

namespace dormouse::schedules {
namespace {

bool is_every(const Schedule& schedule) {
  return schedule.definition.timing.kind == Kind::every;
}

bool trusted(const Work& work) {
  return work.now.trust != Trust::untrusted;
}

/// The newest slot that an `every` has behind it, decided or handed out.
std::int64_t newest_behind(const Schedule& schedule) {
  std::int64_t newest = schedule.decided_until;
  for (const auto& range : schedule.handed) newest = std::max(newest, range.last);
  return newest;
}

void start_from(Schedule& schedule, const Plan& plan, std::int64_t at) {
  schedule.decided_until = at;
  set_next(schedule, schedule.definition.enabled ? next_open(plan.slots, schedule.handed, at) : std::nullopt);
}

void anchor_anew(const Work& work, Schedule& schedule, const Plan& plan) {
  if (!schedule.anchor) {  // its slots so far were wall ms
    schedule.decided_until = 0;
    schedule.handed.clear();
  }
  const std::int64_t period = plan.timing.period.count();
  const std::int64_t passed = (newest_behind(schedule) + period - 1) / period * period;
  schedule.anchor = Due::elapsed(work.now.kernel_boot, work.now.instant - Duration{passed});
  schedule.created_while_untrusted.reset();
  start_from(schedule, plan, passed);
}

void wait_for_trust(const Work& work, Schedule& schedule) {
  schedule.created_while_untrusted = Due::elapsed(work.now.kernel_boot, work.now.instant);
  schedule.decided_until = 0;
  set_next(schedule, std::nullopt);
}

}  // namespace

std::optional<std::int64_t> slot_now(const Work& work, const Schedule& schedule) {
  if (is_every(schedule)) return work.spans.lateness(*schedule.anchor, work.now)->count();
  if (!trusted(work)) return std::nullopt;
  return work.now.wall.ms;
}

bool is_held(const Work& work, const Schedule& schedule) {
  return needs_of(schedule.definition) > work.now.trust;
}

Due due_of(const Schedule& schedule, std::int64_t slot) {
  if (!is_every(schedule)) return Due::at(WallTime{slot});
  return Due::elapsed(schedule.anchor->kernel_boot, Instant{schedule.anchor->ms + slot});
}

void set_next(Schedule& schedule, std::optional<std::int64_t> slot) {
  schedule.next_slot = slot;
  schedule.next_due = slot ? std::optional(due_of(schedule, *slot)) : std::nullopt;
}

void set_out(const Work& work, Schedule& schedule, const Plan& plan) {
  if (is_every(schedule)) return anchor_anew(work, schedule, plan);
  if (schedule.anchor) schedule.handed.clear();  // its slots so far were ms since the anchor
  schedule.anchor.reset();
  go_on(work, schedule, plan);
}

void go_on(const Work& work, Schedule& schedule, const Plan& plan) {
  const auto now = slot_now(work, schedule);
  if (!now) return wait_for_trust(work, schedule);
  schedule.created_while_untrusted.reset();
  start_from(schedule, plan, *now);
}

void rebase(const Work& work, Schedule& schedule, const Plan& plan) {
  const Due since = *schedule.created_while_untrusted;
  const bool earlier = since.kernel_boot != work.now.kernel_boot;
  const WallTime begun = work.now.wall - Duration{work.now.instant.ms - (earlier ? 0 : since.ms)};
  schedule.created_while_untrusted.reset();
  start_from(schedule, plan, earlier ? work.spans.wall_of(since).value_or(begun).ms : begun.ms);
}

}  // namespace dormouse::schedules
