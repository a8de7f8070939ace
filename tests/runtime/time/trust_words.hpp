// SPDX-License-Identifier: Apache-2.0
// Further words of the tests of trust: a floor, an RTC, sources that are there or not.
#pragma once

#include <optional>

#include "runtime/time/trust.hpp"
#include "tests/runtime/time/day.hpp"

namespace dormouse::test {

inline const WallTime kFloor = clock("00:00:00");
inline constexpr Duration kDay{86'400'000};
inline constexpr Duration kYear{365LL * 86'400'000};
inline constexpr RtcState kGoodRtc{.present = true, .set_wall_at_boot = true, .valid = true};
inline constexpr SyncState kNoSync{.disciplined = false, .max_error_ms = 16'000};
inline constexpr SyncState kSync{.disciplined = true, .max_error_ms = 40};

inline Sample sample(std::int64_t instant_s, WallTime wall) {
  return Sample{.instant = at_s(instant_s), .monotonic = seconds(instant_s), .wall = wall};
}

/// A state that became synced by two looks, at 2 s and `when`.
inline TrustState synced(WallTime when) {
  TrustState state(kBuildDate, kFloor, kFloor);
  state.start(sample(0, when - seconds(2)), {}, kSync, std::nullopt);
  state.look(sample(2, when), kSync);
  check(state.trust() == Trust::synced, "test:synced");
  state.note_stamp(sample(2, when));
  return state;
}

}  // namespace dormouse::test
