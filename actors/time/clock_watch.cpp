// SPDX-License-Identifier: Apache-2.0
#include "actors/time/clock_watch.hpp"

#include "runtime/time/rfc3339.hpp"

namespace dormouse::actors {

namespace {

std::vector<Error> alarms_for(const TrustState& before, const TrustState& after, const Sample& now) {
  std::vector<Error> alarms;
  if (after.floor() < before.floor()) {
    alarms.push_back({"time.floor_lowered", "The time is synced and lies before " + format_utc(before.floor()) +
                                                ", the latest that was known until now."});
  }
  if (after.mode() == TrustMode::conflict && before.mode() != TrustMode::conflict) {
    alarms.push_back(
        {"time.conflict",
         "The clock says " + format_utc(now.wall) +
             ", which cannot be. Wall-time work is held until the clock is right, a second source says "
             "the same, or an operator sets the time by force."});
  }
  return alarms;
}

}  // namespace

Seen ClockWatch::look(const hal::Clock& clock, const std::optional<Believed>& told) {
  Seen seen;
  seen.now = clock.read();
  const Change change = compare(last_, seen.now);
  const TrustState before = trust_;
  last_ = seen.now;
  if (change.short_suspend()) ++short_suspends_;
  if (change.short_step()) ++short_steps_;
  if (change.long_step()) trust_.stepped(seen.now, clock.rtc());
  if (told) trust_.accept(told->claim, told->verdict, seen.now);
  trust_.look(seen.now, clock.sync());
  seen.trust_changed = trust_.trust() != before.trust();
  seen.trust_lost = trust_.trust() < before.trust();
  seen.alarms = alarms_for(before, trust_, seen.now);
  seen.step = step_for(change, before);
  return seen;
}

/// While the time is not believed a step only changes the offset.
std::optional<ReconcileStep> ClockWatch::step_for(const Change& change, const TrustState& before) {
  const bool gained = trust_.trust() > before.trust();
  if (change.long_step() && before.trust() != Trust::untrusted && believable())
    steps_.add(change.stepped, last_.instant);
  if (!gained && !change.long_suspend() && !steps_.ready(last_.instant)) return std::nullopt;

  ReconcileStep step;
  step.stamp = true;
  step.trigger = gained ? reconcile::Trigger::trust : reconcile::Trigger::step;
  if (const auto gap = suspend_gap(change, last_, before.trust())) {
    step.trigger = reconcile::Trigger::resume;
    step.gaps.push_back(*gap);
  }
  if (const Change stepped = steps_.take(); stepped.long_step()) {
    if (step.gaps.empty()) step.trigger = reconcile::Trigger::step;
    if (const auto gap = step_gap(stepped, last_, trust_.trust())) step.gaps.push_back(*gap);
    if (stepped.stepped < Duration{0}) step.wall_before_step = last_.wall - stepped.stepped;
  }
  if (gained) {
    step.trust_gained = before.trust() == Trust::untrusted;
    step.gains.push_back({last_.instant, last_.wall, trust_.trust(), trust_.source()});
    step.max_error = Duration{trust_.max_error_ms()};
  }
  return step;
}

}  // namespace dormouse::actors
