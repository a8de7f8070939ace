// SPDX-License-Identifier: Apache-2.0
// What a medium may hold if the power goes at a point of a record. The point is between two ops. What was synced by
// then is kept. Of the n changes that were not:
//   - any may be lost: all subsets if n <= 6; else none, all, every prefix, each one missing, each one alone, and
//     16 drawn ones
//   - a kept write may be torn at 512 bytes: every prefix of its units, every suffix, one drawn mask
//   - two kept writes of the same bytes may have reached the medium in either order
// And, for a medium that lied: the last write of LMDB's meta page, answered as synced, is not there.
#pragma once

#include <cstddef>
#include <optional>
#include <random>
#include <vector>

#include "tests/crash/harness/record.hpp"

namespace dormouse::crash {

/// One of the states at a point.
struct Cut {
  std::size_t point = 0;            // ops before it were done
  std::vector<std::size_t> kept;    // the unsynced changes that survive, in the order they reached the medium
  std::optional<std::size_t> torn;  // one of them, a write
  std::vector<bool> units;          // of that one: which survive
};

/// The changes that are not durable at the point.
std::vector<std::size_t> unsynced_at(const Record& record, std::size_t point);

/// Whether states are drawn at the point: after a change, a sync, or an answer; others equal those before.
bool is_point(const Record& record, std::size_t point);

/// Draws at most `most` different states of the point, half of them without a torn write as far as there are such.
/// After a change only states that hold something of it: the others were there before it.
std::vector<Cut> draw_cuts(const Record& record, std::size_t point, std::size_t most, std::mt19937_64& random);

/// Builds states; points may only rise from call to call.
class Builder {
 public:
  explicit Builder(const Record& record) : record_(record), base_(record.start) {}
  Image build(const Cut& cut);

 private:
  const Record& record_;
  Image base_;  // with the first `done_` ops, all of them durable
  std::size_t done_ = 0;
};

/// The answers at a point: batches up to `acked` are there after a cut, and none above `applied`.
struct Bounds {
  std::uint64_t acked = 0;
  std::uint64_t applied = 0;
};
Bounds bounds_at(const Record& record, std::size_t point);

}  // namespace dormouse::crash
