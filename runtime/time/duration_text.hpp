// SPDX-License-Identifier: Apache-2.0
// Durations as people write them: "90s", "2h30min", "14d". Units d h min s ms (`m` is min), largest first, each
// once, nothing between them. Plain digits are milliseconds.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/time/types.hpp"

namespace dormouse {

/// Never negative; zero is a duration (who needs more refuses it). invalid_input if the text is none, or is more
/// than an Instant can hold.
Result<Duration> parse_duration(std::string_view text);

/// The shortest text that parse_duration reads back to the same value: "2h30min", "1s500ms", "0s"; a negative
/// one gets a minus sign in front, for reading only.
std::string format_duration(Duration duration);

}  // namespace dormouse
