// SPDX-License-Identifier: Apache-2.0
// Cron text, parsed to five value sets.
//
//   text  = macro | minute hour day-of-month month weekday      parts separated by blanks or tabs, <= 128 bytes
//   part  = item {"," item}      item = "*" ["/" step] | value | value "-" value ["/" step]
//   value = digits; in month also JAN-DEC, in weekday also SUN-SAT, any case
//   macro = @hourly @daily @midnight @weekly @monthly @yearly @annually, any case
//
// Weekday 7 is Sunday. No wrapping ranges, no `a/n`, none of the letters that other dialects add.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace dormouse::schedules {

/// The values that match, one bit each: bit n stands for the value n. Never empty.
struct CronSets {
  static constexpr std::uint64_t all_minutes = (1ULL << 60) - 1;
  static constexpr std::uint32_t all_hours = (1U << 24) - 1;
  static constexpr std::uint32_t all_days = 0xFFFF'FFFEU;  // 1-31
  static constexpr std::uint16_t all_months = 0x1FFEU;     // 1-12
  static constexpr std::uint8_t all_weekdays = 0x7FU;      // 0-6, Sunday first

  std::uint64_t minutes = all_minutes;
  std::uint32_t hours = all_hours;
  std::uint32_t days = all_days;
  std::uint16_t months = all_months;
  std::uint8_t weekdays = all_weekdays;
  bool operator==(const CronSets&) const = default;

  bool hour_restricted() const { return hours != all_hours; }
  bool day_restricted() const { return days != all_days; }
  bool weekday_restricted() const { return weekdays != all_weekdays; }
};

struct Cron {
  CronSets sets;
  std::string shown;                  // as given, outer blanks gone and one blank between parts
  std::vector<std::string> warnings;  // "step_exceeds_range", once
};

/// invalid_input with one field entry per bad part ("cron.minute" ... "cron.weekday", or "cron" for the whole
/// text), codes cron_too_long, cron_fields, cron_unsupported, cron_out_of_range, cron_never_fires. The error's
/// hint spells what was probably meant ("FRI-SUN,MON", "5-59/10").
Result<Cron> parse_cron(std::string_view text);

/// A value of three letters, any case: "mon" gives 1. None if it is no weekday.
int weekday_named(std::string_view three_letters);

}  // namespace dormouse::schedules
