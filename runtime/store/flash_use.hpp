// SPDX-License-Identifier: Apache-2.0
// What the runtime writes to flash: bytes rounded to the 4 KiB blocks touched and syncs, by cause; days of 24
// elapsed hours, today and the seven before it. Pure counting: time comes in as a Duration that has passed, so a
// clock that jumps invents no day. One thread.
//
// Kept as two records, because one changes all the time and the other once a day: `flash` (today, totals) and
// `flash.days` (days that are over). Keys of the registry serve under their own names: bytes and syncs by cause,
// length is elapsed time, ended are jobs, component and used a component's records, total and count what was ever
// written.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/tree.hpp"
#include "runtime/time/types.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::store {

enum class FlashCause : std::uint8_t { journal, checkpoint, heartbeat, blob, snapshot, create };
inline constexpr std::size_t flash_causes = 6;
const char* name_of(FlashCause cause);

/// Bytes as a medium wears them: whole blocks from the first to the last one touched.
inline constexpr std::uint64_t flash_block_bytes = 4096;
std::uint64_t blocks_touched(std::uint64_t offset, std::uint64_t bytes);  // in bytes

/// One day of 24 elapsed hours, over or still running.
struct FlashDay {
  /// Components told apart; what the others write is counted under `other_components`.
  static constexpr std::size_t components_kept = 16;
  static constexpr std::uint16_t other_components = 0xFFFF;

  Duration elapsed{};
  std::array<Tree::Traffic, flash_causes> by_cause{};
  std::map<std::uint16_t, std::uint64_t> records;  // bytes of records handed to the journal, by component
  std::uint64_t ended_jobs = 0;
  std::optional<std::uint64_t> device_bytes;  // what the block device counted, all programs together

  Tree::Traffic total() const;
  const Tree::Traffic& of(FlashCause cause) const { return by_cause[static_cast<std::size_t>(cause)]; }
  /// The day's bytes for one ended job; none without one.
  std::optional<std::uint64_t> bytes_per_job() const;
  /// Journal bytes by component: each has the share that its records have. What no component asked for is the
  /// device's own, number 0.
  std::map<std::uint16_t, std::uint64_t> journal_shares() const;
};

/// Who wrote most: a component by its share of the journal, or a cause.
struct FlashSpender {
  FlashCause cause = FlashCause::journal;
  std::optional<std::uint16_t> component;  // cause journal only
  std::uint64_t bytes = 0;
  bool operator==(const FlashSpender&) const = default;
};

class FlashUse {
 public:
  static constexpr Duration day_length{86'400'000};
  static constexpr std::size_t days_kept = 8;  // today among them

  /// Time has passed since the last call. Ends days; whole days without a note are days too, of nothing.
  void advance(Duration elapsed);
  void note(FlashCause cause, std::uint64_t bytes, std::uint64_t syncs);
  void note_records(std::uint16_t component, std::uint64_t bytes);
  void note_ended(std::uint64_t jobs) { today_.ended_jobs += jobs; }
  void note_device(std::uint64_t bytes);

  const FlashDay& today() const { return today_; }
  /// Days that are over, the newest first; at most seven.
  const std::deque<FlashDay>& days() const { return days_; }
  /// Since the store was made.
  const Tree::Traffic& ever() const { return ever_; }
  /// Bytes a day over the days that are over, at most seven; none before the first one is.
  std::optional<std::uint64_t> mean_day() const;
  /// Of today, the most first; at most `count`, without those that wrote nothing.
  std::vector<FlashSpender> spenders(std::size_t count) const;

  /// Bodies of the two records. The second changes only when a day ends: days_changed() tells, once.
  wire::Record encode() const;
  wire::Record encode_days() const;
  bool days_changed();
  /// A field that makes no sense is none: counters are never worth a refusal.
  static FlashUse decode(const wire::Record& today, const wire::Record& days);

 private:
  void end_day();

  FlashDay today_;
  std::deque<FlashDay> days_;
  Tree::Traffic ever_;
  bool days_changed_ = false;
};

}  // namespace dormouse::store
