// SPDX-License-Identifier: Apache-2.0
// The words that the tests of time are told in: one day, instants in seconds, wall times by the clock.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/check.hpp"
#include "runtime/time/rfc3339.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::test {

inline WallTime wall(const std::string& text) {
  const Result<WallTime> read = parse_rfc3339(text);
  check(read.ok(), "test:wall");
  return *read;
}
/// "12:30:00" of 2026-06-01.
inline WallTime clock(const std::string& time_of_day) {
  return wall("2026-06-01T" + time_of_day + "Z");
}
inline Duration seconds(std::int64_t s) {
  return Duration{s * 1'000};
}
inline Instant at_s(std::int64_t s) {
  return Instant{s * 1'000};
}
inline const std::string kKernel1(16, '\x01');
inline const std::string kKernel2(16, '\x02');
inline const WallTime kBuildDate = wall("2026-01-01T00:00:00Z");

}  // namespace dormouse::test
