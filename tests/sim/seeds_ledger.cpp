// SPDX-License-Identifier: Apache-2.0
// The ledger: when it looks, and at what. Schedules: seeds_ledger_schedules.cpp; jobs: seeds_ledger_jobs.cpp.
#include "tests/sim/seeds_ledger.hpp"

#include <algorithm>

#include "runtime/time/duration_text.hpp"

namespace dormouse::sim::seeds {

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
  kernel_ids_[elapsed_.kernel_boot()] = device_.clock().kernel_boot_id();
  const bool all = eventful();
  note_offset();
  settle();
  if (!device_.running() || !device_.has_power() || stopping_) {
    look_at_runs();
    if (!stopping_) open_up();
    return;
  }
  const bool some = std::any_of(schedules_.begin(), schedules_.end(),
                                [this](const auto& entry) { return wants_look(entry.second); });
  if (all || some) look_at_schedules();
  look_at_runs();
  watch_in_time();
}

/// The kernel boot's clock, while it is believed. What is believed as the power goes may be forgotten.
void Ledger::note_offset() {
  if (!trusted()) return;
  const std::int64_t offset = sample().wall.ms - sample().instant.ms;
  auto& known = device_.has_power() ? offsets_ : offsets_in_doubt_;
  known[elapsed_.kernel_boot()].insert(offset);
}

/// Anything that lets a device plan or judge anew.
bool Ledger::eventful() {
  const Sample now = sample();
  const Duration suspended = Duration{now.instant.ms} - now.monotonic;
  const bool boots = processes_ != processes_seen_;
  const bool trust = device_.trust() != trust_seen_;
  const bool slept = suspended != suspended_seen_;
  if (boots || trust || slept || elapsed_.stepped()) replan_until_ = device_.now() + gathered_within;
  processes_seen_ = processes_;
  trust_seen_ = device_.trust();
  suspended_seen_ = suspended;
  return device_.now() <= replan_until_;
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
