// SPDX-License-Identifier: Apache-2.0
// The ledger's account of schedules: how the record of each came to say what it says.
#include <algorithm>

#include "runtime/time/duration_text.hpp"
#include "tests/sim/seeds_ledger.hpp"

namespace dormouse::sim::seeds {

namespace {

constexpr Duration rounding{1'100};  // a slew of half a second, cut milliseconds
constexpr std::int64_t may_jitter_ms = 5;

}  // namespace

/// The device tells where an interval stands by when its next slot is due; it must not be ahead of what has passed.
void Ledger::take_position(Planned& planned, const actors::ScheduleViews::View& view) {
  if (!view.schedule.next_slot || !view.late) return fail(planned.definition.name + " has no next slot");
  const std::int64_t position = *view.schedule.next_slot + view.late->count();
  const Duration passed = elapsed_.now() - planned.anchor;
  const Duration may = passed + elapsed_.ahead() + rounding;
  if (Duration{position} > may) {
    return fail(planned.definition.name + " stands at " + format_duration(Duration{position}) + ", but only " +
                format_duration(passed) + " have passed since it was put (ahead " +
                format_duration(elapsed_.ahead()) + ")");
  }
  const auto expected = slot_now(planned);
  const bool same_kernel = elapsed_.kernel_boot() == planned.position_kernel_boot;
  if (same_kernel && position + may_jitter_ms < *expected)
    return fail(planned.definition.name + " fell back from " + std::to_string(*expected) + " to " +
                std::to_string(position));
  planned.position = position;
  planned.position_kernel_boot = elapsed_.kernel_boot();
  planned.position_at = elapsed_.now();
}

/// A schedule put while untrusted begins, once time is trusted, at its true creation. True while it waits on.
bool Ledger::begin_waiting(Planned& planned, const schedules::Schedule& record) {
  if (!planned.waits_since_kernel_boot) return false;
  if (record.created_while_untrusted) {
    planned.may_have_begun.clear();
    if (!trusted()) return true;
    if (!planned.overdue_since) planned.overdue_since = device_.now();
    if (device_.now() - *planned.overdue_since > gathered_within)
      fail(planned.definition.name + " waits though time is trusted");
    return true;
  }
  if (!trusted() && planned.may_have_begun.empty()) {
    fail(planned.definition.name + " has begun while time is not trusted");
    return true;
  }
  planned.candidates = planned.may_have_begun;
  if (trusted()) add_beginnings(planned, planned.candidates);
  for (const Candidate& begun : planned.candidates)
    planned.begun = std::max(planned.begun, begun.course.decided_until);
  planned.waits_since_kernel_boot.reset();
  planned.overdue_since.reset();
  return false;
}

/// Whether the device can take one for the other: a clone that has been up for longer than its original's last
/// stamp.
bool Ledger::shares_its_id(std::uint64_t kernel_boot, std::uint64_t other) const {
  return kernel_ids_.at(kernel_boot) == kernel_ids_.at(other);
}

/// Where a schedule that was put while untrusted may begin: by the wall clock of its kernel boot, which is known if
/// it was believed at any time; else with the present kernel boot.
std::vector<WallTime> Ledger::beginnings(const Planned& planned) const {
  const Sample now = sample();
  const std::uint64_t kernel_boot = *planned.waits_since_kernel_boot;
  if (kernel_boot == elapsed_.kernel_boot()) return {now.wall - (now.instant - planned.waits_since)};
  std::vector<WallTime> found;
  if (!offsets_.contains(kernel_boot)) found.push_back(now.wall - Duration{now.instant.ms});
  for (const auto* known : {&offsets_, &offsets_in_doubt_}) {
    for (const auto& [other, offsets] : *known) {
      if (!shares_its_id(kernel_boot, other)) continue;
      for (const std::int64_t offset : offsets) found.push_back(WallTime{planned.waits_since.ms + offset});
    }
  }
  return found;
}

void Ledger::add_beginnings(const Planned& planned, std::vector<Candidate>& candidates) const {
  for (const WallTime begun : beginnings(planned)) candidates.push_back({.course = {.decided_until = begun.ms}});
}

/// All that one look of the device may make of a candidate at `now`.
std::vector<Ledger::Candidate> Ledger::ways_on(const Planned& planned, std::int64_t now) const {
  std::vector<Candidate> ways;
  for (const Candidate& candidate : planned.candidates) {
    std::vector<Course> bases = {candidate.course};
    const bool may_plan_anew = !planned.rule.grid->elapsed() && device_.now() <= replan_until_;
    if (may_plan_anew && now < candidate.course.decided_until) bases.push_back(plan_anew(candidate.course, now));
    for (const Course& base : bases) {
      for (const Decided& decided : decide(planned.rule, base, now)) {
        Candidate way{decided.after, candidate.decisions};
        way.decisions.emplace_back(decided, device_.now());
        ways.push_back(way);
      }
      ways.push_back({base, candidate.decisions});
    }
  }
  return ways;
}

void Ledger::explain(Planned& planned, const actors::ScheduleViews::View& view) {
  const schedules::Schedule& record = view.schedule;
  if (planned.rule.grid->elapsed()) take_position(planned, view);
  if (failed() || begin_waiting(planned, record)) return;
  const auto now = slot_now(planned);
  const auto ways = now ? ways_on(planned, *now) : planned.candidates;
  for (const Candidate& way : ways)
    if (agrees(way.course, record) && accept(planned, way, record, now)) return;
  if (failed()) return;
  std::string expected;
  for (const Candidate& way : ways) expected += "\n    " + text_of(way.course);
  fail(planned.definition.name + " at " + std::to_string(now.value_or(-1)) + (trusted() ? "" : " (untrusted)") +
       ": its record says\n    " + text_of(record) + "\n  where one of these was expected" + expected);
}

bool Ledger::accept(Planned& planned, const Candidate& candidate, const schedules::Schedule& record,
                    std::optional<std::int64_t> now) {
  const auto open = now ? pending(planned.rule, candidate.course, *now) : std::vector<std::int64_t>{};
  if (open.empty()) {
    planned.overdue_since.reset();
  } else if (!planned.overdue_since) {
    planned.overdue_since = device_.now();
  } else if (device_.now() - *planned.overdue_since > gathered_within) {
    fail(planned.definition.name + ": slot " + std::to_string(open.front()) + " is due and nobody decides it");
    return false;
  }
  planned.candidates = {Candidate{candidate.course, {}}};
  auto next = planned.rule.grid->next(candidate.course.decided_until);
  for (const auto& range : candidate.course.handed)
    if (next && *next >= range.first && *next <= range.last) next = planned.rule.grid->next(range.last);
  planned.next = next;
  if (open.empty() && record.next_slot != next) {
    fail(planned.definition.name + ": its next slot is " + std::to_string(record.next_slot.value_or(-1)) +
         ", not " + std::to_string(next.value_or(-1)));
    return false;
  }
  for (const auto& [decided, at] : candidate.decisions) account(planned, decided, at);
  return !failed();
}

void Ledger::account(Planned& planned, const Decided& decided, Duration at) {
  for (const std::int64_t slot : decided.skipped) check_skipped(planned, slot, at);
  if (decided.live && !decided.for_gap) check_beside(planned, at);
  for (const std::int64_t slot : decided.made) {
    if (planned.made.contains(slot))
      return fail(planned.definition.name + ": slot " + std::to_string(slot) + " was handed out twice");
    planned.made[slot] = {.live = decided.live == slot, .at = at};
    planned.accounted.insert(slot);
  }
  planned.accounted.insert(decided.missed.begin(), decided.missed.end());
  planned.accounted.insert(decided.skipped.begin(), decided.skipped.end());
}

/// A slot may be skipped only for a job of the schedule that is unfinished, as far as the ledger knows.
void Ledger::check_skipped(const Planned& planned, std::int64_t slot, Duration at) {
  for (const auto& [other, made] : planned.made) {
    if (!made.live) continue;
    if (made.job == 0 || !ended_.contains(made.job)) return;
    const auto& ended = device_.runs()[jobs_.at(made.job).last_run].ended;
    if (!ended || *ended >= at) return;
  }
  // The job of a gap, made in the same decision, stands in the way too.
  if (planned.rule.misfire.policy == jobs::Misfire::Policy::run_once_if_missed) return;
  fail(planned.definition.name + ": slot " + std::to_string(slot) + " was skipped though nothing was unfinished");
}

/// A live job is made only when the one before is over.
void Ledger::check_beside(const Planned& planned, Duration at) {
  for (const auto& [other, made] : planned.made) {
    if (!made.live || made.job == 0) continue;
    const Run& run = device_.runs()[jobs_.at(made.job).last_run];
    const bool runs_on = !run.ended && device_.running() && run.boot == processes_ && run.started < at;
    if (runs_on) fail(planned.definition.name + ": a slot was run beside slot " + std::to_string(other));
  }
}

/// Nobody saw what the device did at its last moment, so from now on several things may be true.
void Ledger::open_up() {
  for (auto& [name, planned] : schedules_) {
    if (planned.removed) continue;
    const auto now = slot_now(planned);
    if (planned.waits_since_kernel_boot) {
      if (!now) continue;
      Planned begun = planned;
      begun.candidates.clear();
      add_beginnings(planned, begun.candidates);
      planned.may_have_begun = ways_on(begun, *now);
    } else if (now) {
      planned.candidates = ways_on(planned, *now);
    }
  }
}

}  // namespace dormouse::sim::seeds
