// SPDX-License-Identifier: Apache-2.0
// The ledger's account of schedules. Jobs: seeds_ledger_jobs.cpp.
#include "tests/sim/seeds_ledger.hpp"

#include <algorithm>

#include "runtime/time/duration_text.hpp"

namespace dormouse::sim::seeds {

namespace {

constexpr Duration in_good_time{2'500};  // steps that follow within a second are gathered
constexpr Duration rounding{1'100};      // a slew of half a second, cut milliseconds
constexpr std::int64_t may_jitter_ms = 5;

}  // namespace

void Ledger::fail(const std::string& what) {
  if (!failure_) failure_ = "at +" + format_duration(device_.now()) + ": " + what;
}

void Ledger::note(const actors::Event& event) {
  using Kind = actors::Event::Kind;
  const bool ended = (event.kind == Kind::ended && jobs::has_ended(event.state)) || event.kind == Kind::missed;
  if (ended) ended_.emplace(event.job, device_.runs().size());
}

void Ledger::booting() {
  stopping_ = false;
  ++processes_;
}

// -- looking --

void Ledger::rest() {
  if (failed() || enqueueing_) return;
  elapsed_.look(device_.now(), sample(), device_.clock().kernel_boot_id(), device_.trust());
  if (trusted()) offsets_[elapsed_.kernel_boot()].insert(sample().wall.ms - sample().instant.ms);
  if (!device_.running() || !device_.has_power() || stopping_) {
    look_at_runs();
    if (!stopping_) open_up();
    return;
  }
  const bool all = eventful();
  const bool some = std::any_of(schedules_.begin(), schedules_.end(),
                                [this](const auto& entry) { return wants_look(entry.second); });
  if (all || some) look_at_schedules();
  look_at_runs();
  watch_in_time();
}

/// Anything that lets a device plan or judge anew.
bool Ledger::eventful() {
  const Sample now = sample();
  const Duration suspended = Duration{now.instant.ms} - now.monotonic;
  const bool boots = processes_ != processes_seen_;
  const bool trust = device_.trust() != trust_seen_;
  const bool slept = suspended != suspended_seen_;
  if (boots || trust || elapsed_.stepped()) replan_until_ = device_.now() + in_good_time;
  processes_seen_ = processes_;
  trust_seen_ = device_.trust();
  suspended_seen_ = suspended;
  return boots || trust || slept || elapsed_.stepped() || device_.now() <= replan_until_;
}

std::optional<std::int64_t> Ledger::slot_now(const Planned& planned) const {
  if (planned.rule.grid->elapsed()) return planned.position + (elapsed_.now() - planned.position_at).count();
  if (!trusted()) return std::nullopt;
  return sample().wall.ms;
}

bool Ledger::wants_look(const Planned& planned) const {
  if (planned.removed || !planned.next) return false;
  const auto now = slot_now(planned);
  return now && *now >= *planned.next;
}

void Ledger::look_at_schedules() {
  const auto views = device_.schedules();
  for (auto& [name, planned] : schedules_) {
    if (planned.removed) continue;
    const auto found = std::find_if(views.begin(), views.end(), [&](const auto& view) {
      return view.schedule.definition.name == planned.definition.name;
    });
    if (found == views.end()) return fail("schedule " + name + " is lost");
    explain(planned, *found);
    if (failed()) return;
  }
}

// -- a schedule --

void Ledger::put(const schedules::Definition& definition, std::size_t row) {
  const auto put = device_.put(definition);
  if (!put.ok()) return fail("put of " + definition.name + " refused: " + put.error().message);
  Planned planned;
  planned.definition = definition;
  planned.rule = {&grid_of(row), definition.misfire, definition.grace};
  planned.anchor = elapsed_.now();
  planned.position_at = elapsed_.now();
  planned.anchored_in_trust = trusted();
  Candidate begun;
  if (!planned.rule.grid->elapsed()) {
    if (trusted()) {
      begun.course.decided_until = planned.begun = sample().wall.ms;
    } else {
      planned.waits_since_kernel_boot = elapsed_.kernel_boot();
      planned.waits_since = sample().instant;
    }
  }
  planned.next = planned.waits_since_kernel_boot ? std::nullopt : planned.rule.grid->next(planned.begun);
  planned.candidates = {begun};
  schedules_[definition.name] = planned;
  look_at_schedules();
}

void Ledger::remove(const std::string& name) {
  look_at_schedules();
  const auto removed = device_.remove_schedule(name);
  if (!removed.ok()) return fail("removal of " + name + " refused: " + removed.error().message);
  schedules_.at(name).removed = true;
  rest();
}

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
    if (!trusted()) return true;
    if (!planned.overdue_since) planned.overdue_since = device_.now();
    if (device_.now() - *planned.overdue_since > in_good_time)
      fail(planned.definition.name + " waits though time is trusted");
    return true;
  }
  if (!trusted()) {
    fail(planned.definition.name + " has begun while time is not trusted");
    return true;
  }
  planned.candidates.clear();
  for (const WallTime begun : beginnings(planned)) {
    planned.begun = std::max(planned.begun, begun.ms);
    planned.candidates.push_back({.course = {.decided_until = begun.ms}});
  }
  planned.waits_since_kernel_boot.reset();
  planned.overdue_since.reset();
  return false;
}

/// Where a schedule that was put while untrusted may begin: by the wall clock of its kernel boot, which is known if
/// it was believed at any time; else with the present kernel boot.
std::vector<WallTime> Ledger::beginnings(const Planned& planned) const {
  const Sample now = sample();
  const std::uint64_t kernel_boot = *planned.waits_since_kernel_boot;
  if (kernel_boot == elapsed_.kernel_boot()) return {now.wall - (now.instant - planned.waits_since)};
  const auto known = offsets_.find(kernel_boot);
  if (known == offsets_.end()) return {now.wall - Duration{now.instant.ms}};
  std::vector<WallTime> found;
  for (const std::int64_t offset : known->second) found.push_back(WallTime{planned.waits_since.ms + offset});
  return found;
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
  } else if (device_.now() - *planned.overdue_since > in_good_time) {
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
    if (planned.removed || planned.waits_since_kernel_boot) continue;
    if (const auto now = slot_now(planned)) planned.candidates = ways_on(planned, *now);
  }
}

std::uint64_t Ledger::slots() const {
  std::uint64_t sum = 0;
  for (const auto& [name, planned] : schedules_) sum += planned.accounted.size();
  return sum;
}

// -- the end --

void Ledger::finish_schedule(const Planned& planned, const std::vector<actors::JobView>& all) {
  const std::string& name = planned.definition.name;
  if (planned.removed) return;
  if (planned.waits_since_kernel_boot) return fail(name + " has never begun");
  const Course& course = planned.candidates.front().course;
  const auto now = slot_now(planned);
  for (const std::int64_t slot : planned.rule.grid->between(planned.begun, *now)) {
    if (!planned.accounted.contains(slot))
      return fail(name + ": slot " + std::to_string(slot) + " is unaccounted for");
  }
  if (planned.made.size() != course.runs) return fail(name + ": its runs are not its jobs");
  std::map<std::int64_t, const actors::JobView*> by_slot;
  for (const auto& view : all) {
    if (view.job.schedule_name != name) continue;
    if (!by_slot.emplace(view.job.slot_ms, &view).second)
      return fail(name + ": slot " + std::to_string(view.job.slot_ms) + " has two jobs");
    if (!planned.made.contains(view.job.slot_ms))
      return fail(name + ": slot " + std::to_string(view.job.slot_ms) + " has a job that nobody made");
  }
  for (const auto& [slot, made] : planned.made) {
    const auto found = by_slot.find(slot);
    if (found == by_slot.end()) return fail(name + ": the job of slot " + std::to_string(slot) + " is lost");
    const jobs::Job& job = found->second->job;
    const bool judged_again = made.live || planned.definition.misfire.policy == jobs::Misfire::Policy::windowed;
    if (job.state == jobs::State::missed && made.job == 0 && !judged_again)
      return fail(name + ": slot " + std::to_string(slot) + " was to run late and ended missed");
    // At most once, and the power went between its claim and its start: then not at all.
    const bool claimed_in_vain =
        job.state == jobs::State::dead && job.spec.delivery == jobs::Delivery::at_most_once;
    if (job.state != jobs::State::missed && made.job == 0 && jobs::has_ended(job.state) && !claimed_in_vain)
      return fail(name + ": the job of slot " + std::to_string(slot) + " ended and never ran");
  }
  const Duration lost = elapsed_.now() - planned.anchor - Duration{*now};
  if (planned.rule.grid->elapsed() && honest_ && planned.anchored_in_trust && lost > Duration{5'000})
    fail(name + " is " + format_duration(lost) + " behind, though all of it was proven");
}

}  // namespace dormouse::sim::seeds
