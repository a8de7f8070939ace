// SPDX-License-Identifier: Apache-2.0
// The numbers that must never be given out twice (store epoch, boots, ids of jobs and schedules), gathered from
// whatever of a store can still be read, so that a store made out of an older one goes on above them: a token or
// an id handed out by the lost part then never names something else.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/medium.hpp"
#include "runtime/store/store.hpp"
#include "runtime/store/tree.hpp"
#include "runtime/time/types.hpp"
#include "runtime/wire/registry.hpp"

namespace dormouse::store {

struct LastNumbers {
  /// The highest of each kind: what the meta record `ids` holds, and Key::epoch from wherever it stands.
  std::map<wire::Key, std::uint64_t> ids;
  std::uint64_t sequence = 0;           // of the last batch known
  std::optional<BatchTime> last_batch;  // the newest, by epoch and instant
  std::optional<WallTime> last_wall;    // the highest that was believable

  std::uint64_t of(wire::Key kind) const;
  void raise(wire::Key kind, std::uint64_t number);
  /// Each number to the higher one.
  void raise(const LastNumbers& other);
  /// Room for what may have been given out since, unread: 1,000 epochs, 1,000,000 jobs and schedules.
  void add_margin();

  Bytes encode() const;
  static LastNumbers decode(BytesView body);  // what cannot be read is left out
};

/// Of the tree as it stands at its last checkpoint. Records that cannot be read are left out; errors are the
/// tree's.
Result<LastNumbers> last_numbers(Tree& tree);

/// Of every whole record anywhere in a journal, of any generation, damaged parts skipped. store.io.
Result<LastNumbers> last_numbers(StorageMedium& journal);

/// Raises the tree's own numbers to them; the caller commits. With `skip`, for a tree that goes on without batches
/// that had been numbered, its next batch too gets a number above them: one sequence then never names two batches,
/// and no older snapshot takes the new batches for a continuation of its own.
Status raise_numbers(Tree& tree, const LastNumbers& numbers, bool skip);

}  // namespace dormouse::store
