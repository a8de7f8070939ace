// SPDX-License-Identifier: Apache-2.0
// Gaps as records of their ring, and the list of those that no report has named yet. Inside of this room.
#pragma once

#include "runtime/base/limits.hpp"
#include "runtime/store/store.hpp"
#include "runtime/time/boot.hpp"

namespace dormouse::reconcile {

/// Numbers the gap, puts it into the ring and leaves it to the next pass's report. Answers it with its number.
Gap record_gap(store::Transaction& txn, Gap gap, std::uint32_t boot, const Limits& limits);

/// The gap with the instants and trust of its ends, as of one met while running that ends at `now`.
Gap with_ends(Gap gap, Instant now, Trust trust);

/// Whether a clock step from `from` to `to` jumped a job or a slot that was not due before.
bool jumps_a_due(store::Transaction& txn, WallTime from, WallTime to);

/// Leaves a gap that was recorded before to the next report, unless it is there already.
void report_again(store::Transaction& txn, std::uint32_t number);

/// Counts a gap too short to record.
void count_short_gap(store::Transaction& txn);

std::optional<Gap> read_gap(store::Transaction& txn, std::uint32_t number);
void rewrite_gap(store::Transaction& txn, const Gap& gap);

}  // namespace dormouse::reconcile
