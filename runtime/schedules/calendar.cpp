// SPDX-License-Identifier: Apache-2.0
// The local calendar: a month is one word of day bits, a day is hour bits times minute bits.
#include "runtime/schedules/calendar.hpp"

#include <bit>
#include <chrono>

namespace dormouse::schedules {
namespace {

namespace chrono = std::chrono;
constexpr std::int64_t minutes_a_day = 1440;
constexpr int years_searched = 8;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

struct Place {
  int year;
  unsigned month;
  unsigned day;
  int minute;  // of the day
};

Place place_of(std::int64_t local_minute) {
  const std::int64_t day = floor_div(local_minute, minutes_a_day);
  const chrono::year_month_day date{chrono::sys_days{chrono::days{day}}};
  return {static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
          static_cast<int>(local_minute - day * minutes_a_day)};
}

std::int64_t days_before(int year, unsigned month) {
  return chrono::sys_days{chrono::year{year} / static_cast<int>(month) / 1}.time_since_epoch().count();
}

std::int64_t minute_at(int year, unsigned month, int day, int minute) {
  return (days_before(year, month) + day - 1) * minutes_a_day + minute;
}

unsigned days_in(int year, unsigned month) {
  static constexpr std::array<unsigned, 13> days{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return days[month] + (month == 2 && chrono::year{year}.is_leap() ? 1 : 0);
}

/// Bits 0 to n - 1.
constexpr std::uint64_t below(int n) {
  return n >= 64 ? ~0ULL : (1ULL << n) - 1;
}

int lowest(std::uint64_t bits) {
  return std::countr_zero(bits);
}
int highest(std::uint64_t bits) {
  return std::bit_width(bits) - 1;
}

}  // namespace

Calendar::Calendar(const CronSets& sets)
    : sets_(sets),
      either_day_(sets.day_restricted() && sets.weekday_restricted()),
      first_minute_(lowest(sets.hours) * 60 + lowest(sets.minutes)),
      last_minute_(highest(sets.hours) * 60 + highest(sets.minutes)),
      minutes_per_day_(static_cast<std::uint64_t>(std::popcount(sets.hours)) *
                       static_cast<std::uint64_t>(std::popcount(sets.minutes))) {
  check(sets.minutes != 0 && sets.hours != 0 && sets.days != 0 && sets.months != 0 && sets.weekdays != 0,
        "calendar:empty_set");
  for (unsigned first = 0; first < 7; ++first)
    for (unsigned day = 1; day <= 31; ++day)
      if ((sets.weekdays >> ((first + day - 1) % 7) & 1) != 0) weekday_days_[first] |= 1U << day;
}

std::uint32_t Calendar::days_of(int year, unsigned month) const {
  if ((sets_.months >> month & 1) == 0) return 0;
  const auto first = chrono::weekday{chrono::sys_days{chrono::days{days_before(year, month)}}}.c_encoding();
  const std::uint32_t by_weekday = weekday_days_[first];
  const std::uint32_t days = either_day_ ? sets_.days | by_weekday : sets_.days & by_weekday;
  return days & static_cast<std::uint32_t>(below(static_cast<int>(days_in(year, month)) + 1));
}

/// Of a matching day: the first match at or after a minute of it, or -1.
int Calendar::first_minute_from(int minute_of_day) const {
  const int hour = minute_of_day / 60;
  if ((sets_.hours >> hour & 1) != 0) {
    const std::uint64_t later = sets_.minutes & ~below(minute_of_day % 60);
    if (later != 0) return hour * 60 + lowest(later);
  }
  const std::uint64_t hours = sets_.hours & ~below(hour + 1);
  return hours == 0 ? -1 : lowest(hours) * 60 + lowest(sets_.minutes);
}

int Calendar::last_minute_until(int minute_of_day) const {
  const int hour = minute_of_day / 60;
  if ((sets_.hours >> hour & 1) != 0) {
    const std::uint64_t earlier = sets_.minutes & below(minute_of_day % 60 + 1);
    if (earlier != 0) return hour * 60 + highest(earlier);
  }
  const std::uint64_t hours = sets_.hours & below(hour);
  return hours == 0 ? -1 : highest(hours) * 60 + highest(sets_.minutes);
}

std::optional<std::int64_t> Calendar::first_from(std::int64_t minute) const {
  const Place start = place_of(minute);
  std::uint64_t days = days_of(start.year, start.month);
  if ((days >> start.day & 1) != 0) {
    const int found = first_minute_from(start.minute);
    if (found >= 0) return minute - start.minute + found;
  }
  days &= ~below(static_cast<int>(start.day) + 1);
  int year = start.year;
  unsigned month = start.month;
  while (days == 0) {
    if (++month > 12) {
      month = 1;
      if (++year > start.year + years_searched) return std::nullopt;
    }
    days = days_of(year, month);
  }
  return minute_at(year, month, lowest(days), first_minute_);
}

std::optional<std::int64_t> Calendar::last_until(std::int64_t minute) const {
  const Place start = place_of(minute);
  std::uint64_t days = days_of(start.year, start.month);
  if ((days >> start.day & 1) != 0) {
    const int found = last_minute_until(start.minute);
    if (found >= 0) return minute - start.minute + found;
  }
  days &= below(static_cast<int>(start.day));
  int year = start.year;
  unsigned month = start.month;
  while (days == 0) {
    if (--month < 1) {
      month = 12;
      if (--year < start.year - years_searched) return std::nullopt;
    }
    days = days_of(year, month);
  }
  return minute_at(year, month, highest(days), last_minute_);
}

/// Matches from the start of the minute's month up to and including it.
std::uint64_t Calendar::count_in_month(std::int64_t minute) const {
  const Place at = place_of(minute);
  const std::uint64_t days = days_of(at.year, at.month);
  std::uint64_t sum =
      static_cast<std::uint64_t>(std::popcount(days & below(static_cast<int>(at.day)))) * minutes_per_day_;
  if ((days >> at.day & 1) == 0) return sum;
  const int hour = at.minute / 60;
  sum += static_cast<std::uint64_t>(std::popcount(sets_.hours & below(hour))) *
         static_cast<std::uint64_t>(std::popcount(sets_.minutes));
  if ((sets_.hours >> hour & 1) != 0)
    sum += static_cast<std::uint64_t>(std::popcount(sets_.minutes & below(at.minute % 60 + 1)));
  return sum;
}

std::uint64_t Calendar::count(std::int64_t after, std::int64_t until) const {
  if (until <= after) return 0;
  const Place from = place_of(after);
  const Place to = place_of(until);
  std::uint64_t sum = count_in_month(until) - count_in_month(after);
  int year = from.year;
  unsigned month = from.month;
  while (year != to.year || month != to.month) {
    sum += static_cast<std::uint64_t>(std::popcount(days_of(year, month))) * minutes_per_day_;
    if (++month > 12) {
      month = 1;
      ++year;
    }
  }
  return sum;
}

}  // namespace dormouse::schedules
