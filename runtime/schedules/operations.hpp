// SPDX-License-Identifier: Apache-2.0
// The operations on schedules, in the manner of jobs/operations.hpp: one transaction, an explicit now,
// all or nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/jobs/operations.hpp"
#include "runtime/schedules/schedule.hpp"

namespace dormouse::schedules {

using jobs::Work;

enum class PutOutcome : std::uint8_t { created = 0, updated = 1, unchanged = 2 };
struct Put {
  std::uint64_t id = 0;
  std::uint32_t revision = 1;
  PutOutcome outcome = PutOutcome::created;
  std::optional<std::int64_t> next_slot;
  Definition definition;  // as understood, shown back
};
/// Creates or updates by name. The same definition again: unchanged, nothing written. Same timing: decided
/// slots and counters are kept; other timing: the next slot is the first strictly after now.
/// invalid_input with one entry per failing field; schedule.quota_exceeded.
Result<Put> put(Work& work, const Identity& who, const Definition& definition);

/// By name or "s17". Jobs of it not yet running end cancelled (schedule_deleted). schedule.not_found.
Status remove(Work& work, const Identity& who, const std::string& name_or_id);

Result<Schedule> get(Work& work, const Identity& who, const std::string& name_or_id);

struct SchedulePage {
  std::vector<Schedule> schedules;  // ascending id
  std::optional<std::uint64_t> next_after_id;
};
SchedulePage list(Work& work, const Identity& who, std::uint64_t after_id, std::uint64_t limit);

/// What one decision over one schedule did: a line of a reconcile report if anything was missed.
struct Decision {
  std::uint64_t schedule = 0;
  std::string name;
  jobs::Misfire::Policy policy = jobs::Misfire::Policy::skip;
  std::uint64_t missed = 0;
  std::uint64_t ran = 0;      // jobs made, late and on time
  std::uint64_t dropped = 0;  // missed, and cut off by max_runs, max_age or what one decision can carry
  Duration lateness{};        // of its oldest pending slot
  std::optional<std::int64_t> first_missed;
  std::optional<std::int64_t> newest_missed;
};
struct Decided {
  std::vector<Decision> decisions;
  bool more = false;                    // the limit ended it
  std::optional<Instant> next_instant;  // earliest slot not yet due of those that are not held
  std::optional<WallTime> next_wall;    // likewise; while untrusted the earliest of all
  bool held = false;  // some are held; while time is believable it may stay unsaid beside a next one
};
/// Decides every schedule whose next slot is due, oldest slot first, at most `limit` schedules: makes the jobs,
/// advances the schedule, in this one transaction. Those that need more trust than there is are passed over. Serves
/// the timer and the reconcile alike. The work is bounded by the jobs made, never by the length of the gap.
Decided decide_due(Work& work, std::uint64_t limit);

/// A schedule whose newest decided slot lay more than 5 s ahead of the clock.
struct FutureMark {
  std::uint64_t schedule = 0;
  std::string name;
  std::int64_t slot = 0;
};
struct Replanned {
  std::uint64_t moved = 0;  // schedules that changed
  std::vector<FutureMark> ahead;
};
/// After a backward step, a changed tz release or a gain of trust: plans next slots anew where that is due. What
/// was decided ahead of the clock is decided when its time comes, except what was handed out as a job: that never
/// runs again. A schedule made while untrusted sets out from its true creation.
Replanned replan(Work& work);

}  // namespace dormouse::schedules
