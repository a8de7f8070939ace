// SPDX-License-Identifier: Apache-2.0
// The one decision over a schedule's slots, pure: which pending slots become jobs, which are missed, what comes
// next. It serves the timer, the reconcile after a gap or step, and the end of a hold alike.
//
//   pending   open slots after decided_until, up to now         open = not handed out before
//   on time   lateness <= grace (windowed: <= window too); of more than the limit the oldest count as missed
//   missed    the other pending ones
//
//   policy               missed slots that run                                   dropped
//   skip                 none                                                    what the limits cut off
//   catch_up             the newest max_runs, not older than max_age             all that do not run
//   run_once_if_missed   one job for all: slot = newest missed                   none
//   windowed             the newest max_runs with lateness <= window             those within it that do not run
//
// Slots on time run under every policy. Missed slots are counted, not walked: at most max_runs + on_time_limit
// slots are found one by one, however long the gap.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/schedules/schedule.hpp"
#include "runtime/schedules/slots.hpp"

namespace dormouse::schedules {

/// What is decided upon. References outlive the call.
struct Question {
  const Slots& slots;
  const jobs::Misfire& misfire;
  Duration grace{60'000};
  std::int64_t decided_until = 0;
  const std::vector<HandedRange>& handed;
  std::uint64_t on_time_limit = 100;
  std::uint64_t jobs_limit = 8'192;  // what one batch can carry; at least 1
  bool live_job_unfinished = false;  // a slot on time then makes no job (overlap `skip`)
};

/// live: the newest slot on time. backlog: every other slot that runs for itself. for_gap: the one job of
/// run_once_if_missed, live too.
enum class Role : std::uint8_t { live, backlog, for_gap };
struct ChosenSlot {
  std::int64_t slot = 0;
  Role role = Role::live;
  bool on_time = true;
  std::uint64_t missed_count = 0;            // what its handler is told
  std::optional<std::int64_t> first_missed;  // likewise
  bool operator==(const ChosenSlot&) const = default;
};

struct Verdict {
  std::vector<ChosenSlot> run;  // in the order of starting: live or for_gap first, then the oldest
  std::uint64_t missed = 0;
  std::uint64_t dropped = 0;
  std::uint64_t overlap_skipped = 0;
  std::optional<std::int64_t> first_missed;
  std::optional<std::int64_t> newest_missed;
  std::int64_t decided_until = 0;
  std::optional<std::int64_t> next_slot;  // the first open slot after now
  std::uint64_t slots_computed = 0;       // found one by one
};
/// `now` in the slots' own measure: wall ms, or ms since the anchor.
Verdict decide(const Question& question, std::int64_t now);

/// The first slot after `from` that was not handed out before.
std::optional<std::int64_t> next_open(const Slots& slots, const std::vector<HandedRange>& handed,
                                      std::int64_t from);

/// Notes slots as handed out. Neighbouring slots share a range; of more than 8 ranges the two oldest merge, so in
/// doubt a slot does not run again.
void hand_out(std::vector<HandedRange>& handed, const Slots& slots, const std::vector<ChosenSlot>& chosen);

}  // namespace dormouse::schedules
