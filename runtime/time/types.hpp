// SPDX-License-Identifier: Apache-2.0
// The two kinds of time, which cannot be mixed: Instant (CLOCK_BOOTTIME: milliseconds since the kernel
// booted, suspend counted, valid within one kernel boot) and WallTime (UTC, milliseconds since 1970).
// Nothing under runtime/ reads a clock: a Now comes in as an argument.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace dormouse {

using Duration = std::chrono::milliseconds;

template <class Kind>
struct TimePoint {
  std::int64_t ms = 0;

  auto operator<=>(const TimePoint&) const = default;
  friend TimePoint operator+(TimePoint a, Duration d) { return {a.ms + d.count()}; }
  friend TimePoint operator-(TimePoint a, Duration d) { return {a.ms - d.count()}; }
  friend Duration operator-(TimePoint a, TimePoint b) { return Duration{a.ms - b.ms}; }
};

using Instant = TimePoint<struct InstantKind>;
using WallTime = TimePoint<struct WallKind>;

/// What the wall clock is worth. While untrusted, wall-time work is held: not lost, not fired.
enum class Trust : std::uint8_t { untrusted = 0, rtc = 1, synced = 2 };

/// One look at the kernel's clocks, taken together.
struct Sample {
  Instant instant;       // CLOCK_BOOTTIME
  Duration monotonic{};  // CLOCK_MONOTONIC: as instant, but standing still in suspend
  WallTime wall;         // CLOCK_REALTIME, whatever it is worth
  auto operator<=>(const Sample&) const = default;
};

/// The present moment as the runtime understands it: the argument of every decision.
struct Now {
  Instant instant;
  WallTime wall;  // meaningless while trust is untrusted
  Trust trust = Trust::untrusted;
  std::uint32_t boot = 0;         // of the runtime; rises with the store epoch
  std::uint32_t kernel_boot = 0;  // number of the kernel boot that `instant` belongs to
};

/// When something is due, as stored: in wall time, or as an instant of a numbered kernel boot, which is
/// never rewritten; the spans of kernel boots (spans.hpp) tell what it means later.
struct Due {
  enum class Lane : std::uint8_t { elapsed = 'e', wall = 'w' };
  Lane lane = Lane::elapsed;
  std::uint32_t kernel_boot = 0;  // lane elapsed only
  std::int64_t ms = 0;            // Instant.ms in that kernel boot, or WallTime.ms
  auto operator<=>(const Due&) const = default;

  static Due at(WallTime t) { return {Lane::wall, 0, t.ms}; }
  static Due elapsed(std::uint32_t kernel_boot, Instant i) { return {Lane::elapsed, kernel_boot, i.ms}; }
};

}  // namespace dormouse
