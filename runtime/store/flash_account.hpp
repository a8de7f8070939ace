// SPDX-License-Identifier: Apache-2.0
// The one account of what the device does to its flash: use, budget and wear together, fed by whoever owns the
// store and kept in the meta records `flash` and `flash.days`. Lazy: it never asks for a write or a sync of its
// own, it rides in batches that are written anyway, so a power cut forgets what was counted since the last of them.
// One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "runtime/store/flash_budget.hpp"
#include "runtime/store/flash_use.hpp"
#include "runtime/store/flash_wear.hpp"
#include "runtime/store/store.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::store {

/// What the board states of its flash.
struct FlashFacts {
  FlashEndurance endurance;
  std::uint64_t bytes_per_day = 0;  // write budget; 0: none
};

class FlashAccount {
 public:
  FlashAccount() : FlashAccount(FlashFacts{}) {}
  explicit FlashAccount(const FlashFacts& facts) : facts_(facts), budget_(facts.bytes_per_day) {}
  /// What the store has, as it was written, for whoever only looks.
  static FlashAccount read(Transaction& txn, const FlashFacts& facts);
  /// Goes on from what the store has; anew if it has nothing, or nothing that can be read. `now` must know its
  /// kernel boot. Of the time since then only what this kernel has run is taken for passed: it cannot be more.
  static FlashAccount load(Transaction& txn, const FlashFacts& facts, const Now& now);
  /// Into a batch that is written anyway. Worth it once worth_saving(): after a minute with writes, after many
  /// bytes, and when the budget has run empty or is well again, so that the next boot does not tell it once more.
  void save(Transaction& txn);
  bool worth_saving(const Now& now) const;

  // -- feeding --
  /// Time has passed. Follows the instant alone: the wall clock may be anything. A new kernel boot counts from 0.
  void advance(const Now& now);
  void note(FlashCause cause, std::uint64_t bytes, std::uint64_t syncs);
  /// What the store has counted so far, since it was opened: the difference to the last call is noted.
  void note_store(const Store::Stats& stats);
  void note_records(std::uint16_t component, std::uint64_t bytes) { use_.note_records(component, bytes); }
  void note_ended() { use_.note_ended(1); }  // a job
  void note_reading(const FlashReading& reading);

  // -- asking --
  const FlashUse& use() const { return use_; }
  const FlashBudget& budget() const { return budget_; }
  /// Seven days that are over and today went by without a snapshot, and the budget bears one.
  bool wants_snapshot() const;
  /// Once for each change. Whoever takes it saves before telling.
  FlashBudget::Change take_budget_change() { return budget_.take_change(); }
  FlashWear wear() const { return wear_.project(use_, facts_.endurance); }

 private:
  FlashFacts facts_;
  FlashUse use_;
  FlashBudget budget_;
  FlashWearHistory wear_;

  std::uint32_t kernel_boot_ = 0;  // of the last advance()
  Instant instant_;
  std::optional<std::uint64_t> device_bytes_;  // last read, of that kernel boot

  Tree::Traffic journal_seen_;  // of the open store
  Tree::Traffic tree_seen_;
  std::uint64_t bytes_saved_ = 0;  // ever written, as in the record
  Instant saved_at_;
  bool saving_saved_ = false;
};

}  // namespace dormouse::store
