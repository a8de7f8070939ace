// SPDX-License-Identifier: Apache-2.0
// How worn the flash is and how long it will last, from facts alone: what the board states, what the medium's
// registers say, what was written. What is not known is none ("unknown"), never a guess. Pure.
//
// A register tells used life in steps of 10 %. Such a step is the only exact reading there is, and it corrects the
// projection: at the step exactly so much is used, and the bytes between two steps measure what 10 % really takes,
// write amplification and all, whatever the board states.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "runtime/store/flash_use.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::store {

/// What the board states.
struct FlashEndurance {
  std::optional<std::uint64_t> bytes;  // that the medium bears over its life
  double write_amplification = 1.0;    // bytes worn per byte written
};

/// What the medium says of itself; none: it has no such register. An eMMC (JEDEC 5.0) has all of them.
struct FlashReading {
  std::optional<std::array<std::uint8_t, 2>> life_time;  // of its two kinds of memory, as in the register
  std::optional<std::uint8_t> pre_eol;                   // likewise
  std::optional<std::uint64_t> device_bytes;             // written to it since the kernel booted, by all programs
};

enum class PreEol : std::uint8_t { normal = 1, warning = 2, urgent = 3 };
const char* name_of(PreEol state);

/// Used life as a register tells it.
struct FlashLife {
  std::uint8_t step = 0;  // 1: up to 10 % used, .. 10: up to 100 %, 11: exceeded
  unsigned from_percent() const { return (step - 1U) * 10U; }
  unsigned to_percent() const { return exceeded() ? 100U : step * 10U; }
  bool exceeded() const { return step == 11; }
};

/// The worse of the two; a value that states nothing (0x00, or one that is reserved) does not count.
std::optional<FlashLife> life_of(const FlashReading& reading);
std::optional<PreEol> pre_eol_of(const FlashReading& reading);

struct FlashWear {
  std::optional<FlashLife> life;
  std::optional<PreEol> pre_eol;
  std::optional<std::uint64_t> mean_day_bytes;   // written a day, over at most seven days that are over
  std::optional<std::uint64_t> endurance_bytes;  // that may be *written* over the whole life
  bool measured = false;                         // endurance_bytes comes from register steps, not from the board
  std::optional<double> percent_per_year;        // of the whole life, at the pace of these days
  std::optional<double> years_left;              // at that pace; only where what is used is known
};

/// What register readings have shown so far. Kept in the record `flash`.
class FlashWearHistory {
 public:
  /// `ever_bytes`: written by the runtime when the register was read.
  void note(const FlashReading& reading, std::uint64_t ever_bytes);
  FlashWear project(const FlashUse& use, const FlashEndurance& board) const;

  /// Puts its fields into a record that has others too: level is position, bytes at it offset, of one step size.
  void encode(wire::Record& record) const;
  static FlashWearHistory decode(const wire::Record& record);

 private:
  std::optional<double> used_percent(std::optional<std::uint64_t> endurance, std::uint64_t ever_bytes) const;

  FlashReading last_;
  std::uint8_t step_ = 0;                    // highest one seen; 0: none
  std::optional<std::uint64_t> step_at_;     // ever_bytes when it was reached, if that was seen
  std::optional<std::uint64_t> step_bytes_;  // what one step took, measured between two of them
};

}  // namespace dormouse::store
