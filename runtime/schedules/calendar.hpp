// SPDX-License-Identifier: Apache-2.0
// Which minutes of the plain local calendar match five value sets; nothing here knows zones. A local minute
// counts the minutes since 1970-01-01T00:00 of that calendar. A day matches when either of day-of-month and
// weekday does, if both are restricted; otherwise when the restricted one does.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "runtime/schedules/cron_text.hpp"

namespace dormouse::schedules {

class Calendar {
 public:
  explicit Calendar(const CronSets& sets);

  /// The first match at or after `minute`, in its year or the 8 after it.
  std::optional<std::int64_t> first_from(std::int64_t minute) const;
  /// The last match at or before `minute`, in its year or the 8 before it.
  std::optional<std::int64_t> last_until(std::int64_t minute) const;
  /// How many match with after < minute <= until. Costs a step a month, whatever matches.
  std::uint64_t count(std::int64_t after, std::int64_t until) const;

 private:
  std::uint32_t days_of(int year, unsigned month) const;
  int first_minute_from(int minute_of_day) const;
  int last_minute_until(int minute_of_day) const;
  std::uint64_t count_in_month(std::int64_t minute) const;

  CronSets sets_;
  bool either_day_;                              // OR instead of AND
  std::array<std::uint32_t, 7> weekday_days_{};  // days of a month by the weekday of its first
  int first_minute_;                             // of a matching day
  int last_minute_;
  std::uint64_t minutes_per_day_;
};

}  // namespace dormouse::schedules
