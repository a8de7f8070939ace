// SPDX-License-Identifier: Apache-2.0
// Where a reconcile stands (meta record `reconcile`): gaps and lines that no report has named yet, and, while a
// pass is under way, how far it is and its report so far. It changes in the same batch as the decisions, so a power
// cut between two batches neither loses nor repeats one. Inside of this room.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/reconcile/reconcile.hpp"
#include "runtime/store/store.hpp"

namespace dormouse::reconcile {

inline constexpr std::size_t kGapsPerReport = 32;   // the newest ones
inline constexpr std::size_t kLinesPerRecord = 32;  // arrays of records are bounded
inline constexpr std::size_t kPendingLines = 32;    // the first ones

enum class Phase : std::uint8_t { attempts = 0, jobs = 1, held = 2, schedules = 3, finished = 4 };

struct PassState {
  std::uint32_t epoch = 0;  // of the process that made the last batch
  Phase phase = Phase::attempts;
  Bytes position;                // within the phase: where the scan goes on
  Report report;                 // counts so far; its lines are those of the part being filled
  std::uint16_t full_parts = 0;  // parts of lines already written
  bool operator==(const PassState&) const = default;
};
struct Cursor {
  std::vector<std::uint32_t> pending_gaps;
  std::vector<Line> pending_lines;  // what was found out between passes
  std::optional<PassState> pass;
  bool operator==(const Cursor&) const = default;
};

Cursor read_cursor(store::Transaction& txn);
/// An empty cursor erases the record.
void write_cursor(store::Transaction& txn, const Cursor& cursor);

}  // namespace dormouse::reconcile
