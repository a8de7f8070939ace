// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/seeds_grid.hpp"

#include <algorithm>
#include <memory>

#include "runtime/base/check.hpp"

namespace dormouse::sim::seeds {

namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t day_minutes = 1'440;
constexpr std::int64_t day_ms = day_minutes * minute_ms;
constexpr std::int64_t longest_jump = 180;  // minutes by which a zone may be set forward or back

bool has(const std::vector<int>& set, std::int64_t value) {
  return set.empty() || std::find(set.begin(), set.end(), value) != set.end();
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

const std::vector<TimingRow>& catalogue() {
  using schedules::Dst;
  using schedules::Kind;
  static const std::vector<TimingRow> rows = {
      {.text = "0 * * * *", .minutes = {0}},
      {.text = "*/20 * * * *", .zone = "Europe/Berlin", .minutes = {0, 20, 40}, .a_day = 72},
      {.text = "* * * * *", .a_day = 1'440},
      {.text = "17 */2 * * *",
       .zone = "America/New_York",
       .minutes = {17},
       .hours = {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22},
       .a_day = 12},
      {.text = "30 1,2,3 * * *", .zone = "Europe/Berlin", .minutes = {30}, .hours = {1, 2, 3}, .a_day = 3},
      {.text = "*/10 2 * * *",
       .zone = "Europe/Berlin",
       .dst = Dst::skip,
       .minutes = {0, 10, 20, 30, 40, 50},
       .hours = {2},
       .a_day = 6},
      {.text = "*/15 1-2 * * *",
       .zone = "America/New_York",
       .dst = Dst::absolute,
       .minutes = {0, 15, 30, 45},
       .hours = {1, 2},
       .a_day = 8},
      {.text = "45 1,2 * * *", .zone = "Australia/Lord_Howe", .minutes = {45}, .hours = {1, 2}, .a_day = 2},
      {.text = "5 */3 * * 1-5",
       .zone = "+05:30",
       .minutes = {5},
       .hours = {0, 3, 6, 9, 12, 15, 18, 21},
       .weekdays = {1, 2, 3, 4, 5},
       .a_day = 8},
      {.kind = Kind::daily, .text = "06:00", .minutes = {0}, .hours = {6}, .a_day = 1},
      {.kind = Kind::daily, .text = "02:30", .zone = "Europe/Berlin", .minutes = {30}, .hours = {2}, .a_day = 1},
      {.kind = Kind::weekly,
       .text = "mon,wed,sat 23:15",
       .zone = "America/New_York",
       .minutes = {15},
       .hours = {23},
       .weekdays = {1, 3, 6},
       .a_day = 1},
      {.kind = Kind::every, .period = Duration{7 * 60'000}, .a_day = 206},
      {.kind = Kind::every, .period = Duration{3'600'000}},
      {.kind = Kind::every, .period = Duration{5 * 3'600'000 + 1}, .a_day = 5},
  };
  return rows;
}

schedules::Timing timing_of(const TimingRow& row) {
  return {row.kind, row.text, row.period, row.zone, row.dst};
}

Grid::Grid(const TimingRow& row) : row_(row) {
  auto zone = schedules::find_zone(row.zone);
  check(zone.ok(), "seeds:zone");
  zone_ = *zone;
}

bool Grid::matches(std::int64_t local_minute) const {
  const std::int64_t minute_of_day = local_minute - floor_div(local_minute, day_minutes) * day_minutes;
  const std::int64_t weekday =
      ((floor_div(local_minute, day_minutes) + 4) % 7 + 7) % 7;  // 1970 began on a Thursday
  return has(row_.minutes, minute_of_day % 60) && has(row_.hours, minute_of_day / 60) &&
         has(row_.weekdays, weekday);
}

bool Grid::is_slot(std::int64_t minute) const {
  const std::int64_t here = local(minute);
  const bool fixed = !row_.hours.empty() && row_.dst != schedules::Dst::absolute;
  if (!fixed) return matches(here);
  // Set back within the last hours: has this local minute been before?
  for (std::int64_t back = 1; back <= longest_jump; ++back)
    if (local(minute - back) == here) return false;
  if (matches(here)) return true;
  if (row_.dst == schedules::Dst::skip) return false;
  // Set forward just now: did a minute that is missing match?
  for (std::int64_t missing = local(minute - 1) + 1; missing < here; ++missing)
    if (matches(missing)) return true;
  return false;
}

const std::vector<std::int64_t>& Grid::of_day(std::int64_t day) const {
  const auto [found, fresh] = days_.try_emplace(day);
  if (fresh) {
    const bool settled = local(day * day_minutes - longest_jump) - local((day + 1) * day_minutes) ==
                         -(day_minutes + longest_jump);  // no change of offset anywhere near
    for (std::int64_t minute = day * day_minutes; minute < (day + 1) * day_minutes; ++minute)
      if (settled ? matches(local(minute)) : is_slot(minute)) found->second.push_back(minute * minute_ms);
  }
  return found->second;
}

std::vector<std::int64_t> Grid::between(std::int64_t after, std::int64_t until) const {
  std::vector<std::int64_t> found;
  if (elapsed()) {
    const std::int64_t period = row_.period.count();
    for (std::int64_t slot = (std::max<std::int64_t>(after, 0) / period + 1) * period; slot <= until;
         slot += period)
      found.push_back(slot);
    return found;
  }
  for (std::int64_t day = floor_div(after, day_ms); day * day_ms <= until; ++day)
    for (const std::int64_t slot : of_day(day))
      if (slot > after && slot <= until) found.push_back(slot);
  return found;
}

std::optional<std::int64_t> Grid::next(std::int64_t after) const {
  if (elapsed()) return (std::max<std::int64_t>(after, 0) / row_.period.count() + 1) * row_.period.count();
  for (std::int64_t day = floor_div(after, day_ms); day <= floor_div(after, day_ms) + 40; ++day)
    for (const std::int64_t slot : of_day(day))
      if (slot > after) return slot;
  return std::nullopt;
}

const Grid& grid_of(std::size_t row) {
  static std::vector<std::unique_ptr<Grid>> grids(catalogue().size());
  if (!grids[row]) grids[row] = std::make_unique<Grid>(catalogue()[row]);
  return *grids[row];
}

}  // namespace dormouse::sim::seeds
