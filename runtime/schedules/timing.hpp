// SPDX-License-Identifier: Apache-2.0
// From a Timing, as given, to the slots it means; all mistakes at once.
//
//   daily  "06:00"                 as cron `0 6 * * *`
//   weekly "mon,thu 06:00"         as cron `0 6 * * 1,4`; mon or monday, any case
//   every  1 s to 365 d
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/schedules/cron_text.hpp"
#include "runtime/schedules/schedule.hpp"
#include "runtime/schedules/slots.hpp"
#include "runtime/schedules/zone.hpp"

namespace dormouse::schedules {

inline constexpr Duration shortest_period{1'000};
inline constexpr Duration longest_period{31'536'000'000};

/// A timing that was understood.
struct Plan {
  Timing timing;  // text with single blanks, a blank zone spelled UTC
  CronSets sets;  // wall kinds only
  Slots slots;
  std::vector<std::string> warnings;
};

/// invalid_input with every failing field: those of parse_cron and find_zone; daily and weekly bad_format; every
/// out_of_range.
Result<Plan> plan(const Timing& timing);

/// True if both mean the same slots by the same rule: value sets, zone and Dst, not their text. Both must be
/// plans'.
bool same_timing(const Plan& a, const Plan& b);

/// "HH:MM", and "DAYS HH:MM", as value sets. invalid_input for field daily or weekly: bad_format.
Result<CronSets> parse_daily(std::string_view text);
Result<CronSets> parse_weekly(std::string_view text);

/// A duration text within the bounds of `every`. invalid_input for field every: bad_format, out_of_range.
Result<Duration> parse_period(std::string_view text);

const char* name_of(Kind kind);
const char* name_of(Dst dst);

}  // namespace dormouse::schedules
