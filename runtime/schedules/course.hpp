// SPDX-License-Identifier: Apache-2.0
// Where a schedule stands in its row of slots: setting out, going on after a pause, and what its slots mean as
// stored dues. Changes the record in memory; the caller saves it.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/schedules/schedule_store.hpp"
#include "runtime/schedules/timing.hpp"

namespace dormouse::schedules {

/// Now, in the measure of the schedule's slots: wall ms, or ms since the anchor. None: a wall kind while device
/// time is untrusted.
std::optional<std::int64_t> slot_now(const Work& work, const Schedule& schedule);

/// Its slots wait until time is trusted as far as it needs: nothing is run, dropped or counted meanwhile.
bool is_held(const Work& work, const Schedule& schedule);

/// When a slot is due, as stored.
Due due_of(const Schedule& schedule, std::int64_t slot);

/// Sets the next slot and its due together; none: nothing is armed.
void set_next(Schedule& schedule, std::optional<std::int64_t> slot);

/// A timing begins now: nothing before it was missed. An `every` is anchored anew, beyond the slots it had, so that
/// no slot comes a second time. A wall kind that begins while untrusted waits for trust (rebase).
void set_out(const Work& work, Schedule& schedule, const Plan& plan);

/// Enabled again: the slots up to now are passed over, the grid stays.
void go_on(const Work& work, Schedule& schedule, const Plan& plan);

/// Time has become trusted: a wall kind that began while it was not counts from that moment in wall time; so does
/// one from an earlier kernel boot that was trusted later, else it counts from the start of this one.
void rebase(const Work& work, Schedule& schedule, const Plan& plan);

}  // namespace dormouse::schedules
