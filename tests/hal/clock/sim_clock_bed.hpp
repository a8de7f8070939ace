// SPDX-License-Identifier: Apache-2.0
// A simulated clock that has run for an hour, and what it told.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "hal/sim/clock.hpp"
#include "runtime/time/rfc3339.hpp"

namespace dormouse::hal_sim {

inline constexpr Duration kHour{3'600'000};
inline const WallTime kNoon = *parse_rfc3339("2026-06-01T12:00:00Z");

inline SimClockSetup with_rtc(RtcKind rtc) {
  return SimClockSetup{.start = kNoon, .rtc = rtc};
}
inline SimClockSetup synced() {
  return SimClockSetup{.start = kNoon, .rtc = RtcKind::good, .synced = true};
}

/// Runs for an hour first, so that no clock stands at zero, and notes what it is told.
struct Bed {
  explicit Bed(const SimClockSetup& setup = synced()) : clock(setup) {
    clock.advance(kHour);
    listen();
    before = clock.read();
    id = clock.kernel_boot_id();
  }
  void listen() {
    clock.listen([this](hal::ClockEvent event) { events.push_back(event); });
  }
  std::int64_t instant_moved() const { return (clock.read().instant - before.instant).count(); }
  std::int64_t monotonic_moved() const { return (clock.read().monotonic - before.monotonic).count(); }
  std::int64_t wall_moved() const { return (clock.read().wall - before.wall).count(); }

  SimClock clock;
  std::vector<hal::ClockEvent> events;
  Sample before;
  std::string id;
};

}  // namespace dormouse::hal_sim
