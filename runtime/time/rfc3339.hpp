// SPDX-License-Identifier: Apache-2.0
// Wall time as people write it: RFC 3339 in, UTC out. Pure arithmetic, no zone database.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/time/types.hpp"

namespace dormouse {

/// The wall times a job, a schedule or a person may name: 1970-01-01T00:00:00Z up to, not including, the year
/// 2200.
inline constexpr WallTime kFirstWall{0};
inline constexpr WallTime kEndOfWall{7'258'118'400'000};

/// "2026-06-01T12:00:00Z"; with milliseconds ("...00.250Z") only if there are any. Takes any value.
std::string format_utc(WallTime wall);

/// Reads "2026-06-01T12:00:00Z" or, with fraction and offset, "2026-06-01T14:00:00.250+02:00". The offset is
/// required; a blank may stand for the `T`; digits below a millisecond are cut. invalid_input if it is not
/// such a text or names no real day or time; time.bad_instant if it lies outside 1970..2199.
Result<WallTime> parse_rfc3339(std::string_view text);

}  // namespace dormouse
