// SPDX-License-Identifier: Apache-2.0
// Deciding the schedules whose slots are due, and planning next slots anew when the wall clock has changed.
#include <algorithm>
#include <tuple>
#include <utility>

#include "runtime/jobs/records.hpp"
#include "runtime/schedules/course.hpp"
#include "runtime/schedules/decide.hpp"
#include "runtime/schedules/operations.hpp"
#include "runtime/schedules/schedule_store.hpp"
#include "runtime/schedules/validate.hpp"

namespace dormouse::schedules {
namespace {

namespace keys = store::keys;

constexpr Duration mark_may_lead{5'000};

/// What one batch can still carry. A decision is never split, so a schedule that no longer fits waits for the next
/// batch; the estimates are generous, the store refuses what is too much.
class Room {
 public:
  explicit Room(const Limits& limits) : effects_(limits.batch_effects), bytes_(limits.batch_bytes) {}

  /// How many jobs of a definition the whole of a batch can carry: at least one.
  std::uint64_t jobs(const Definition& definition) const {
    const std::uint64_t by_effects = less(effects_, effects_a_schedule) / effects_a_job;
    const std::uint64_t by_bytes = less(bytes_, bytes_a_schedule(definition)) / bytes_a_job(definition);
    return std::max<std::uint64_t>(1, std::min(by_effects, by_bytes));
  }
  bool has(const Definition& definition, std::uint64_t jobs) const {
    return effects_ >= effects_a_schedule + jobs * effects_a_job &&
           bytes_ >= bytes_a_schedule(definition) + jobs * bytes_a_job(definition);
  }
  void take(const Definition& definition, std::uint64_t jobs) {
    effects_ = less(effects_, effects_a_schedule + jobs * effects_a_job);
    bytes_ = less(bytes_, bytes_a_schedule(definition) + jobs * bytes_a_job(definition));
  }

 private:
  static constexpr std::uint64_t effects_a_job = 4;       // slot key, job, its place, its args
  static constexpr std::uint64_t effects_a_schedule = 8;  // record, due moved, last ids, counters
  static std::uint64_t bytes_a_job(const Definition& definition) {
    return definition.args.size() + definition.name.size() + definition.handler.size() + 500;
  }
  static std::uint64_t bytes_a_schedule(const Definition& definition) { return bytes_a_job(definition) + 500; }
  static std::uint64_t less(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

  std::uint64_t effects_;
  std::uint64_t bytes_;
};

struct DueSchedule {
  Duration lateness{};
  keys::ScheduleDueKey key;
};

/// Every armed schedule that can be judged now, due (lateness >= 0) or not.
std::vector<DueSchedule> armed(Work& work) {
  std::vector<DueSchedule> found;
  for (const Due::Lane lane : {Due::Lane::elapsed, Due::Lane::wall})
    for (const auto& key : dues(work, lane))
      if (const auto lateness = work.spans.lateness(key.due, work.now)) found.push_back({*lateness, key});
  return found;
}

std::vector<DueSchedule> due_now(Work& work) {
  std::vector<DueSchedule> due = armed(work);
  std::erase_if(due, [](const DueSchedule& schedule) { return schedule.lateness < Duration{}; });
  std::sort(due.begin(), due.end(), [](const DueSchedule& a, const DueSchedule& b) {
    return std::tuple(-a.lateness, a.key.id) < std::tuple(-b.lateness, b.key.id);
  });
  return due;
}

/// Nearest first.
std::vector<DueSchedule> due_later(Work& work) {
  std::vector<DueSchedule> later = armed(work);
  std::erase_if(later, [](const DueSchedule& schedule) { return schedule.lateness >= Duration{}; });
  std::sort(later.begin(), later.end(),
            [](const DueSchedule& a, const DueSchedule& b) { return a.lateness > b.lateness; });
  return later;
}

/// As is_held; its record is read only where it could need more.
bool waits_for_trust(Work& work, const keys::ScheduleDueKey& key) {
  if (work.now.trust == Trust::synced) return false;
  const auto schedule = load(work, key.component, key.id);
  return schedule && is_held(work, *schedule);
}

void note_next(Work& work, Decided& decided) {
  const bool untrusted = work.now.trust == Trust::untrusted;
  for (const auto& [lateness, key] : due_later(work)) {
    const bool on_wall = key.due.lane == Due::Lane::wall;
    const bool known = on_wall ? decided.next_wall.has_value() : decided.next_instant.has_value();
    // While untrusted the source of time is looked for if anything is held, so that has to be known.
    if (known && (!untrusted || decided.held)) continue;
    if (waits_for_trust(work, key)) {
      decided.held = true;
    } else if (known) {
      continue;
    } else if (on_wall) {
      decided.next_wall = WallTime{key.due.ms};
    } else {
      decided.next_instant = work.spans.instant_of(key.due);
    }
  }
  if (!untrusted) return;
  // Held, but told all the same: it is what comes next, as far as anybody knows.
  for (const auto& key : dues(work, Due::Lane::wall)) {
    const WallTime at{key.due.ms};
    decided.next_wall = std::min(decided.next_wall.value_or(at), at);
  }
  decided.held = decided.held || decided.next_wall || oldest_waiting(work.txn, work.limits.schedules_device);
}

/// Only a job that waits to run again, or runs, stands in the way of the next slot.
void forget_ended_jobs(Work& work, Schedule& schedule) {
  std::erase_if(schedule.live_jobs, [&](std::uint64_t id) { return !jobs::is_active(work, id); });
}

jobs::SlotJob slot_job(const Schedule& schedule, const ChosenSlot& chosen) {
  jobs::SlotJob job;
  job.component = schedule.component;
  job.schedule = schedule.id;
  job.schedule_name = schedule.definition.name;
  job.slot_ms = chosen.slot;
  job.spec = spec_of(schedule.definition);
  job.due = due_of(schedule, chosen.slot);
  // What waits only for the schedule's own jobs is not judged again, except under windowed.
  const bool windowed = schedule.definition.misfire.policy == jobs::Misfire::Policy::windowed;
  job.settled = chosen.role == Role::for_gap || (chosen.role == Role::backlog && !windowed);
  job.in_line = chosen.role != Role::live;
  job.missed_count = chosen.missed_count;
  job.first_missed_ms = chosen.first_missed;
  return job;
}

/// Makes the jobs and moves the schedule on, in memory and in the store.
Decision carry_out(Work& work, Schedule& schedule, const Plan& plan, const Verdict& verdict, Duration lateness) {
  const std::optional<Due> old_due = schedule.next_due;
  Decision decision{.schedule = schedule.id,
                    .name = schedule.definition.name,
                    .policy = schedule.definition.misfire.policy,
                    .missed = verdict.missed,
                    .dropped = verdict.dropped,
                    .lateness = lateness,
                    .first_missed = verdict.first_missed,
                    .newest_missed = verdict.newest_missed};
  for (const ChosenSlot& chosen : verdict.run) {
    schedule.last_slot = std::max(schedule.last_slot.value_or(chosen.slot), chosen.slot);
    const auto job = jobs::enqueue_slot(work, slot_job(schedule, chosen));
    if (!job) continue;  // that slot has its job
    decision.ran += 1;
    if (!chosen.on_time) schedule.caught_up += 1;
    if (chosen.role != Role::backlog) schedule.live_jobs.push_back(*job);
  }
  hand_out(schedule.handed, plan.slots, verdict.run);
  schedule.runs += decision.ran;
  schedule.missed += verdict.missed;
  schedule.dropped += verdict.dropped;
  schedule.overlap_skipped += verdict.overlap_skipped;
  schedule.decided_until = verdict.decided_until;
  set_next(schedule, verdict.next_slot);
  save(work, schedule, old_due);
  return decision;
}

enum class Ended { decided, held, no_room };

/// One schedule whose next slot is due.
Ended decide_one(Work& work, Schedule& schedule, Room& room, Decided& decided) {
  if (is_held(work, schedule)) {
    decided.held = true;
    return Ended::held;
  }
  const auto plan = schedules::plan(schedule.definition.timing);
  const auto now = slot_now(work, schedule);
  if (!plan || !now) return Ended::held;  // its zone is gone: no job, nothing written, decided when it is back
  forget_ended_jobs(work, schedule);
  const Verdict verdict = decide({.slots = plan->slots,
                                  .misfire = schedule.definition.misfire,
                                  .grace = schedule.definition.grace,
                                  .decided_until = schedule.decided_until,
                                  .handed = schedule.handed,
                                  .on_time_limit = work.limits.on_time_slots,
                                  .jobs_limit = Room(work.limits).jobs(schedule.definition),
                                  .live_job_unfinished = !schedule.live_jobs.empty()},
                                 *now);
  if (!room.has(schedule.definition, verdict.run.size()) && !decided.decisions.empty()) return Ended::no_room;
  room.take(schedule.definition, verdict.run.size());
  const Duration lateness{*now - schedule.next_slot.value_or(*now)};
  decided.decisions.push_back(carry_out(work, schedule, *plan, verdict, lateness));
  return Ended::decided;
}

/// Whether anything of the schedule changed for the present wall clock.
bool plan_anew(Work& work, Schedule& schedule) {
  const auto plan = schedules::plan(schedule.definition.timing);
  if (!plan) return false;
  const Schedule before = schedule;
  if (schedule.created_while_untrusted) rebase(work, schedule, *plan);
  // What lies ahead of the clock again was only decided, or was handed out and does not run a second time. So may a
  // creation, by a clock that was believed then.
  schedule.decided_until = std::min(schedule.decided_until, work.now.wall.ms);
  set_next(schedule, next_open(plan->slots, schedule.handed, schedule.decided_until));
  return !(schedule == before);
}

}  // namespace

Decided decide_due(Work& work, std::uint64_t limit) {
  Decided decided;
  Room room(work.limits);
  for (const auto& [lateness, key] : due_now(work)) {
    if (decided.decisions.size() >= limit) {
      decided.more = true;
      break;
    }
    auto schedule = load(work, key.component, key.id);
    if (!schedule || schedule->next_due != key.due) {  // the record cannot be read: it is told, and not due
      work.txn.erase(keys::schedule_due(key.due, key.component, key.id));
      continue;
    }
    if (decide_one(work, *schedule, room, decided) == Ended::no_room) {
      decided.more = true;
      break;
    }
  }
  note_next(work, decided);
  return decided;
}

Replanned replan(Work& work) {
  // What to do follows from the records and the present clock alone, wherever it stood before.
  Replanned replanned;
  if (work.now.trust == Trust::untrusted) return replanned;
  for (auto& schedule : load_all(work)) {
    if (schedule.definition.timing.kind == Kind::every || !schedule.definition.enabled) continue;
    const std::optional<Due> old_due = schedule.next_due;
    const WallTime mark{schedule.decided_until};
    if (!plan_anew(work, schedule)) continue;
    save(work, schedule, old_due);
    replanned.moved += 1;
    if (mark > work.now.wall + mark_may_lead)
      replanned.ahead.push_back({schedule.id, schedule.definition.name, mark.ms});
  }
  return replanned;
}

}  // namespace dormouse::schedules
