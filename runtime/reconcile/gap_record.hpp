// SPDX-License-Identifier: Apache-2.0
// Gaps as records of their ring, and the list of those that no report has named yet. Inside of this room.
#pragma once

#include "runtime/base/limits.hpp"
#include "runtime/store/store.hpp"
#include "runtime/time/boot.hpp"

namespace dormouse::reconcile {

/// Gaps under this are counted, not recorded.
inline constexpr Duration kShortestGap{2'000};

/// Numbers the gap, puts it into the ring and leaves it to the next pass's report. Answers it with its number.
Gap record_gap(store::Transaction& txn, Gap gap, std::uint32_t boot, const Limits& limits);

/// Counts a gap too short to record.
void count_short_gap(store::Transaction& txn);

std::optional<Gap> read_gap(store::Transaction& txn, std::uint32_t number);
void rewrite_gap(store::Transaction& txn, const Gap& gap);

}  // namespace dormouse::reconcile
