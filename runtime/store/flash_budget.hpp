// SPDX-License-Identifier: Apache-2.0
// The write budget: a token bucket of one day, refilled evenly by elapsed time, its level kept over boots. It never
// slows what somebody waits for. Once empty, and until it is half full again, the runtime *saves*:
//
//   lazy batches and heartbeats    wait twice as long, and twice again after each such wait, up to 16 min
//   succeeded jobs, no result      go to history in short form
//   idle checkpoints               wait; a full half is checkpointed as ever
//   weekly snapshots               wait
//
// Durable batches, claims, reports, failures, blobs and checkpoints of a full half are as ever. Pure: time comes in
// as a Duration that has passed. One thread.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/time/types.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::store {

class FlashBudget {
 public:
  static constexpr Duration longest_wait{16 * 60'000};

  /// A full bucket. 0: no budget, it never saves.
  explicit FlashBudget(std::uint64_t bytes_per_day = 0);
  /// As it was left, under what the board says today. Nothing is refilled by a boot.
  static FlashBudget decode(const wire::Record& record, std::uint64_t bytes_per_day);
  /// Puts its fields into a record that has others too: level, saving, window (how many times as long).
  void encode(wire::Record& record) const;

  /// Time has passed since the last call.
  void advance(Duration elapsed);
  /// Bytes were written. An empty bucket owes nothing: what must be written is written.
  void spend(std::uint64_t bytes);

  std::uint64_t bytes_per_day() const { return bytes_per_day_; }
  std::uint64_t level() const { return level_; }
  bool saving() const { return saving_; }
  /// What became of it since the last call: one alarm for each time it ran empty, cleared when half full again.
  enum class Change { none, emptied, cleared };
  Change take_change();

  /// How long something lazy waits that normally waits so long: longer while saving, never shorter.
  Duration stretched(Duration normal) const;
  /// How an ended job goes to history.
  bool shortens(bool succeeded, bool has_result) const { return saving_ && succeeded && !has_result; }
  bool allows_idle_checkpoint() const { return !saving_; }
  bool allows_weekly_snapshot() const { return !saving_; }

 private:
  void refill(Duration elapsed);
  void stretch(Duration elapsed);

  std::uint64_t bytes_per_day_;
  std::uint64_t level_;
  std::uint64_t remainder_ = 0;  // of the last refill, in bytes * ms: many short waits refill as one long one
  bool saving_ = false;
  bool told_saving_ = false;
  std::uint32_t factor_ = 1;  // 2, 4, 8, 16 while saving
  Duration waited_{};         // at this factor
};

}  // namespace dormouse::store
