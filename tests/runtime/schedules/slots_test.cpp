// SPDX-License-Identifier: Apache-2.0
// Slots: given instants and their next slots, as a table; and every look-up against plain stepping, minute by
// minute, over the days of zone changes.
#include "runtime/schedules/slots.hpp"

#include <algorithm>
#include <chrono>
#include <random>

#include <gtest/gtest.h>

#include "helpers.hpp"

namespace dormouse::schedules {
namespace {

using test::planned;
using test::planned_cron;
using test::shown;
using test::utc;

struct Next {
  const char* number;
  Kind kind = Kind::cron;
  const char* text;
  const char* zone = "UTC";
  Dst dst = Dst::once;
  const char* from;
  std::vector<std::string> slots;
  bool then_none = false;
};
const Next table[] = {
    {.number = "S018", .text = "* * * * *", .from = "2026-08-22T10:00:30Z", .slots = {"2026-08-22T10:01Z"}},
    {.number = "S019", .text = "* * * * *", .from = "2026-08-22T10:00:00Z", .slots = {"2026-08-22T10:01Z"}},
    {.number = "S020",
     .text = "*/7 * * * *",
     .from = "2026-08-22T10:56Z",
     .slots = {"2026-08-22T11:00Z", "2026-08-22T11:07Z"}},
    {.number = "S021",
     .text = "0 0 * * 5-7",
     .from = "2026-08-24T10:00Z",
     .slots = {"2026-08-28T00:00Z", "2026-08-29T00:00Z", "2026-08-30T00:00Z"}},
    {.number = "S022",
     .text = "0 0 * * */2",
     .from = "2026-08-23T10:00Z",
     .slots = {"2026-08-25T00:00Z", "2026-08-27T00:00Z", "2026-08-29T00:00Z", "2026-08-30T00:00Z"}},
    {.number = "S023",
     .text = "0 0 13 * 5",
     .from = "2026-08-01T00:00Z",
     .slots = {"2026-08-07T00:00Z", "2026-08-13T00:00Z", "2026-08-14T00:00Z", "2026-08-21T00:00Z"}},
    {.number = "S024",
     .text = "0 0 */10 * 1",
     .from = "2026-11-20T00:00Z",
     .slots = {"2026-11-21T00:00Z", "2026-11-23T00:00Z", "2026-11-30T00:00Z", "2026-12-01T00:00Z",
               "2026-12-07T00:00Z"}},
    {.number = "S025",
     .text = "0 0 30 2 1",
     .from = "2026-02-01T00:00Z",
     .slots = {"2026-02-02T00:00Z", "2026-02-09T00:00Z", "2026-02-16T00:00Z", "2026-02-23T00:00Z"}},
    {.number = "S026", .text = "0 0 29 2 *", .from = "2026-03-01T00:00Z", .slots = {"2028-02-29T00:00Z"}},
    {.number = "S027", .text = "0 0 29 2 *", .from = "2096-03-01T00:00Z", .slots = {"2104-02-29T00:00Z"}},
    {.number = "S028",
     .text = "0 0 1 1 *",
     .from = "2198-06-01T00:00Z",
     .slots = {"2199-01-01T00:00Z"},
     .then_none = true},
    {.number = "S029",
     .kind = Kind::daily,
     .text = "06:00",
     .zone = "Asia/Kolkata",
     .from = "2026-06-01T00:29:59Z",
     .slots = {"2026-06-01T00:30Z", "2026-06-02T00:30Z"}},
    {.number = "S030",
     .text = "0 0 1 * *",
     .zone = "Asia/Kolkata",
     .from = "2026-06-15T00:00Z",
     .slots = {"2026-06-30T18:30Z"}},
    {.number = "S031",
     .kind = Kind::daily,
     .text = "09:00",
     .zone = "+02:00",
     .from = "2026-06-01T00:00Z",
     .slots = {"2026-06-01T07:00Z"}},
    {.number = "S032",
     .kind = Kind::daily,
     .text = "09:00",
     .zone = "America/New_York",
     .from = "2026-03-07T14:00:00.001Z",
     .slots = {"2026-03-08T13:00Z", "2026-03-09T13:00Z"}},
    {.number = "S033",
     .kind = Kind::daily,
     .text = "09:00",
     .zone = "America/New_York",
     .from = "2026-10-31T13:00:00.001Z",
     .slots = {"2026-11-01T14:00Z", "2026-11-02T14:00Z"}},
    {.number = "S034",
     .text = "30 2 * * *",
     .zone = "America/New_York",
     .from = "2026-03-08T05:00Z",
     .slots = {"2026-03-08T07:00Z", "2026-03-09T06:30Z"}},
    {.number = "S035",
     .text = "30 2,3 * * *",
     .zone = "America/New_York",
     .from = "2026-03-08T05:00Z",
     .slots = {"2026-03-08T07:00Z", "2026-03-08T07:30Z", "2026-03-09T06:30Z"}},
    {.number = "S036",
     .text = "*/20 2 * * *",
     .zone = "America/New_York",
     .from = "2026-03-08T05:00Z",
     .slots = {"2026-03-08T07:00Z", "2026-03-09T06:00Z", "2026-03-09T06:20Z"}},
    {.number = "S037",
     .text = "*/15 2-3 * * *",
     .zone = "America/New_York",
     .from = "2026-03-08T05:00Z",
     .slots = {"2026-03-08T07:00Z", "2026-03-08T07:15Z", "2026-03-08T07:30Z", "2026-03-08T07:45Z",
               "2026-03-09T06:00Z"}},
    {.number = "S038",
     .text = "0 */2 * * *",
     .zone = "America/New_York",
     .from = "2026-03-08T04:00Z",
     .slots = {"2026-03-08T05:00Z", "2026-03-08T07:00Z", "2026-03-08T08:00Z", "2026-03-08T10:00Z"}},
    {.number = "S039",
     .kind = Kind::weekly,
     .text = "sun 02:30",
     .zone = "America/New_York",
     .from = "2026-03-02T00:00Z",
     .slots = {"2026-03-08T07:00Z", "2026-03-15T06:30Z"}},
    {.number = "S040",
     .text = "30 1 * * *",
     .zone = "America/New_York",
     .from = "2026-11-01T04:00Z",
     .slots = {"2026-11-01T05:30Z", "2026-11-02T06:30Z"}},
    {.number = "S041",
     .text = "30 1 * * *",
     .zone = "America/New_York",
     .from = "2026-11-01T06:10Z",
     .slots = {"2026-11-02T06:30Z"}},
    {.number = "S042",
     .text = "* 1 * * *",
     .zone = "America/New_York",
     .from = "2026-11-01T05:58Z",
     .slots = {"2026-11-01T05:59Z", "2026-11-02T06:00Z"}},
    {.number = "S043",
     .text = "30 * * * *",
     .zone = "America/New_York",
     .from = "2026-11-01T04:00Z",
     .slots = {"2026-11-01T04:30Z", "2026-11-01T05:30Z", "2026-11-01T06:30Z", "2026-11-01T07:30Z"}},
    {.number = "S044",
     .text = "* * * * *",
     .zone = "America/New_York",
     .from = "2026-11-01T05:58Z",
     .slots = {"2026-11-01T05:59Z", "2026-11-01T06:00Z", "2026-11-01T06:01Z"}},
    {.number = "S045",
     .kind = Kind::daily,
     .text = "09:00",
     .zone = "America/New_York",
     .from = "2040-07-01T00:00Z",
     .slots = {"2040-07-01T13:00Z"}},
    {.number = "S046",
     .text = "30 2 * * *",
     .zone = "America/New_York",
     .dst = Dst::skip,
     .from = "2026-03-08T05:00Z",
     .slots = {"2026-03-09T06:30Z"}},
    {.number = "S047",
     .text = "30 1 * * *",
     .zone = "America/New_York",
     .dst = Dst::absolute,
     .from = "2026-11-01T04:00Z",
     .slots = {"2026-11-01T05:30Z", "2026-11-01T06:30Z", "2026-11-02T06:30Z"}},
    {.number = "S048",
     .text = "30 2 * * *",
     .zone = "Europe/Berlin",
     .from = "2026-03-28T10:00Z",
     .slots = {"2026-03-29T01:00Z", "2026-03-30T00:30Z"}},
    {.number = "S049",
     .text = "30 2 * * *",
     .zone = "Europe/Berlin",
     .from = "2026-03-29T01:00Z",
     .slots = {"2026-03-30T00:30Z"}},
    {.number = "S050",
     .text = "30 2 * * *",
     .zone = "Europe/Berlin",
     .from = "2026-10-24T10:00Z",
     .slots = {"2026-10-25T00:30Z", "2026-10-26T01:30Z"}},
    {.number = "S051",
     .text = "* * * * *",
     .zone = "Europe/Berlin",
     .from = "2026-10-25T00:59Z",
     .slots = {"2026-10-25T01:00Z", "2026-10-25T01:01Z"}},
    {.number = "S052",
     .text = "0 3 * * *",
     .zone = "Europe/Berlin",
     .from = "2026-03-28T10:00Z",
     .slots = {"2026-03-29T01:00Z", "2026-03-30T01:00Z"}},
    {.number = "S053",
     .text = "0 2 29 3 *",
     .zone = "Europe/Berlin",
     .from = "2026-01-01T00:00Z",
     .slots = {"2026-03-29T01:00Z", "2027-03-29T00:00Z"}},
    {.number = "S054",
     .text = "30 1 * * *",
     .zone = "Europe/London",
     .from = "2026-03-28T12:00Z",
     .slots = {"2026-03-29T01:00Z", "2026-03-30T00:30Z"}},
    {.number = "S055",
     .text = "15,45 1 * * *",
     .zone = "Europe/London",
     .from = "2026-10-24T12:00Z",
     .slots = {"2026-10-25T00:15Z", "2026-10-25T00:45Z", "2026-10-26T01:15Z"}},
    {.number = "S056",
     .text = "0 0 * * *",
     .zone = "Europe/London",
     .from = "2026-10-24T12:00Z",
     .slots = {"2026-10-24T23:00Z", "2026-10-26T00:00Z", "2026-10-27T00:00Z"}},
    {.number = "S057",
     .text = "0 2 * * *",
     .zone = "Australia/Lord_Howe",
     .from = "2026-10-03T00:00Z",
     .slots = {"2026-10-03T15:30Z", "2026-10-04T15:00Z"}},
    {.number = "S058",
     .text = "0,15,30 2 * * *",
     .zone = "Australia/Lord_Howe",
     .from = "2026-10-03T12:00Z",
     .slots = {"2026-10-03T15:30Z", "2026-10-04T15:00Z", "2026-10-04T15:15Z"}},
    {.number = "S059",
     .text = "45 1 * * *",
     .zone = "Australia/Lord_Howe",
     .from = "2026-04-04T00:00Z",
     .slots = {"2026-04-04T14:45Z", "2026-04-05T15:15Z"}},
    {.number = "S060",
     .text = "45 * * * *",
     .zone = "Australia/Lord_Howe",
     .from = "2026-04-04T14:00Z",
     .slots = {"2026-04-04T14:45Z", "2026-04-04T15:15Z", "2026-04-04T16:15Z"}},
    {.number = "S061",
     .text = "0 * * * *",
     .zone = "Australia/Lord_Howe",
     .from = "2026-10-03T14:00Z",
     .slots = {"2026-10-03T14:30Z", "2026-10-03T16:00Z", "2026-10-03T17:00Z"}},
    {.number = "S062",
     .text = "0 0 * * *",
     .zone = "America/Sao_Paulo",
     .from = "2018-11-03T12:00Z",
     .slots = {"2018-11-04T03:00Z", "2018-11-05T02:00Z"}},
    {.number = "S063",
     .text = "30 23 * * *",
     .zone = "America/Sao_Paulo",
     .from = "2019-02-16T12:00Z",
     .slots = {"2019-02-17T01:30Z", "2019-02-18T02:30Z"}},
    {.number = "S064",
     .kind = Kind::daily,
     .text = "09:30",
     .zone = "America/Sao_Paulo",
     .from = "2026-01-15T12:29:59.999Z",
     .slots = {"2026-01-15T12:30Z", "2026-01-16T12:30Z"}},
    {.number = "S065",
     .text = "0 9 * * *",
     .zone = "Pacific/Apia",
     .from = "2011-12-29T12:00Z",
     .slots = {"2011-12-29T19:00Z", "2011-12-30T10:00Z", "2011-12-30T19:00Z"}},
    {.number = "S066",
     .text = "0 0 30 12 *",
     .zone = "Pacific/Apia",
     .from = "2011-12-01T00:00Z",
     .slots = {"2011-12-30T10:00Z", "2012-12-29T10:00Z"}},
    {.number = "S067",
     .text = "0 * 30 12 *",
     .zone = "Pacific/Apia",
     .from = "2011-12-01T00:00Z",
     .slots = {"2012-12-29T10:00Z"}},
    {.number = "S068",
     .text = "30 2 * * *",
     .zone = "Africa/Casablanca",
     .from = "2025-02-22T12:00Z",
     .slots = {"2025-02-23T01:30Z", "2025-02-24T02:30Z"}},
    {.number = "S069",
     .text = "30 2 * * *",
     .zone = "Africa/Casablanca",
     .from = "2025-04-05T12:00Z",
     .slots = {"2025-04-06T02:00Z", "2025-04-07T01:30Z"}},
    {.number = "S070",
     .text = "30 * * * *",
     .zone = "Africa/Casablanca",
     .from = "2025-02-23T01:00Z",
     .slots = {"2025-02-23T01:30Z", "2025-02-23T02:30Z", "2025-02-23T03:30Z"}},
};

TEST(Slots, FollowTheZoneAndItsChanges) {
  for (const auto& row : table) {
    const Plan plan = planned({.kind = row.kind, .text = row.text, .zone = row.zone, .dst = row.dst});
    std::int64_t from = utc(row.from);
    std::vector<std::int64_t> found, wanted;
    for (const auto& slot : row.slots) {
      wanted.push_back(utc(slot));
      const auto next = plan.slots.next(from);
      if (next) found.push_back(from = *next);
    }
    EXPECT_EQ(shown(found), shown(wanted)) << row.number << " " << row.text << " " << row.zone;
    if (row.then_none) {
      EXPECT_FALSE(plan.slots.next(from).has_value()) << row.number;
    }
  }
}

TEST(Slots, S042CountsSixtyRunsOnTheDayWithTwoFirstHours) {
  const Plan plan = planned_cron("* 1 * * *", "America/New_York");
  EXPECT_EQ(plan.slots.count(utc("2026-11-01T04:00Z"), utc("2026-11-02T04:00Z")), 60U);
}

TEST(Slots, EndWithTheYear2199) {
  const Plan plan = planned_cron("* * * * *");
  EXPECT_EQ(plan.slots.next(wall_slots_end_ms - 90'000), wall_slots_end_ms - 60'000);
  EXPECT_FALSE(plan.slots.next(wall_slots_end_ms - 60'000).has_value());
  EXPECT_EQ(plan.slots.newest(wall_slots_end_ms + 5), wall_slots_end_ms - 60'000);
  EXPECT_EQ(plan.slots.next(-1), 0);
  EXPECT_FALSE(plan.slots.newest(-1).has_value());
}

TEST(Slots, OfEveryLieOnTheGridOfTheirAnchor) {
  const Slots slots = Slots::every(Duration{300'000});
  EXPECT_EQ(slots.next(0), 300'000);
  EXPECT_EQ(slots.next(299'999), 300'000);
  EXPECT_EQ(slots.next(300'000), 600'000);  // S071: strictly after, whatever the lateness
  EXPECT_EQ(slots.next(300'999), 600'000);
  EXPECT_FALSE(slots.newest(299'999).has_value());
  EXPECT_EQ(slots.newest(600'001), 600'000);
  EXPECT_EQ(slots.count(300'000, 900'000), 2U);
}

TEST(Slots, S072EveryMinuteFor24HoursIs1440) {
  const Slots slots = Slots::every(Duration{60'000});
  std::int64_t at = 0;
  int jobs = 0;
  for (auto next = slots.next(0); next && *next <= 86'400'000; next = slots.next(at)) {
    at = *next + 137;
    ++jobs;
  }
  EXPECT_EQ(jobs, 1440);
}

// -- against plain stepping -----------------------------------------------------------------------------------

bool matches(const CronSets& sets, std::int64_t local_s) {
  const std::int64_t day = local_s >= 0 ? local_s / 86'400 : (local_s - 86'399) / 86'400;
  const std::int64_t minute = (local_s - day * 86'400) / 60;
  const std::chrono::sys_days date{std::chrono::days{day}};
  const std::chrono::year_month_day ymd{date};
  const bool by_day = (sets.days >> static_cast<unsigned>(ymd.day()) & 1) != 0;
  const bool by_weekday = (sets.weekdays >> std::chrono::weekday{date}.c_encoding() & 1) != 0;
  const bool either = sets.day_restricted() && sets.weekday_restricted();
  return (sets.minutes >> minute % 60 & 1) != 0 && (sets.hours >> minute / 60 & 1) != 0 &&
         (sets.months >> static_cast<unsigned>(ymd.month()) & 1) != 0 &&
         (either ? by_day || by_weekday : by_day && by_weekday);
}

/// The slots in (from, to] (whole minutes), found by looking at every minute. A fixed slot belongs to the first
/// time its local minute is reached; at a jump ahead the minutes jumped over are reached together.
std::vector<std::int64_t> stepped(const Plan& plan, const Zone& zone, std::int64_t from_s, std::int64_t to_s) {
  const bool free = !plan.sets.hour_restricted() || plan.timing.dst == Dst::absolute;
  std::vector<std::int64_t> slots;
  std::int64_t reached = from_s - 2 * 86'400 + zone.offset_at(from_s - 2 * 86'400);
  for (std::int64_t t = from_s - 2 * 86'400 + 60; t <= to_s; t += 60) {
    const std::int64_t local = t + zone.offset_at(t);
    bool slot = false;
    if (free) slot = matches(plan.sets, local);
    for (std::int64_t at = reached + 60; !free && at <= local; at += 60)
      if (at == local || plan.timing.dst != Dst::skip) slot = slot || matches(plan.sets, at);
    reached = std::max(reached, local);
    if (slot && t > from_s) slots.push_back(t * 1000);
  }
  return slots;
}

struct Days {
  const char* zone;
  const char* from;
  const char* to;
};
const Days changes[] = {
    {"America/New_York", "2026-03-06T00:00Z", "2026-03-11T00:00Z"},
    {"America/New_York", "2026-10-30T00:00Z", "2026-11-04T00:00Z"},
    {"Europe/Berlin", "2026-03-27T00:00Z", "2026-04-01T00:00Z"},
    {"Europe/London", "2060-10-29T00:00Z", "2060-11-03T00:00Z"},
    {"Australia/Lord_Howe", "2026-10-02T00:00Z", "2026-10-06T00:00Z"},
    {"Australia/Lord_Howe", "2026-04-03T00:00Z", "2026-04-07T00:00Z"},
    {"America/Sao_Paulo", "2018-11-02T00:00Z", "2018-11-06T00:00Z"},
    {"America/Sao_Paulo", "2019-02-15T00:00Z", "2019-02-19T00:00Z"},
    {"Pacific/Apia", "2011-12-28T00:00Z", "2012-01-03T00:00Z"},
    {"Africa/Casablanca", "2025-02-21T00:00Z", "2025-04-09T00:00Z"},
    {"+05:30", "2026-02-26T00:00Z", "2026-03-03T00:00Z"},
};
const char* texts[] = {"* * * * *",   "30 * * * *",   "*/20 2 * * *",    "30 2 * * *",
                       "* 1 * * *",   "0 0 * * *",    "15,45 1-2 * * *", "0 3 * * *",
                       "0 */2 * * *", "45 1 * * *",   "0 0 30 12 *",     "0 * 30 12 *",
                       "30 23 * * 6", "0 2 1,29 * 0", "59 0,1,23 * * *", "0,15,30 2 * * *"};

TEST(Slots, AgreeWithPlainSteppingAroundZoneChanges) {
  std::mt19937 random(7);
  for (const auto& days : changes)
    for (const char* text : texts)
      for (Dst dst : {Dst::once, Dst::skip, Dst::absolute}) {
        const Plan plan = planned_cron(text, days.zone, dst);
        const Zone zone = *find_zone(days.zone);
        const std::int64_t from = utc(days.from), to = utc(days.to);
        const auto all = stepped(plan, zone, from / 1000, to / 1000);
        SCOPED_TRACE(std::string(text) + " " + days.zone + " " + name_of(dst) + " " + days.from);
        ASSERT_EQ(plan.slots.count(from, to), all.size());
        for (int i = 0; i < 200; ++i) {
          const std::int64_t a = from + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(to - from));
          const auto after = std::upper_bound(all.begin(), all.end(), a);
          const auto next = plan.slots.next(a);
          if (after != all.end()) {
            ASSERT_EQ(next, *after) << "after " << a;
          } else {
            ASSERT_TRUE(!next || *next > to) << "after " << a;
          }
          const auto newest = plan.slots.newest(a);
          if (after != all.begin()) {
            ASSERT_EQ(newest, *std::prev(after)) << "at " << a;
          } else {
            ASSERT_TRUE(!newest || *newest <= from) << "at " << a;
          }
          ASSERT_EQ(plan.slots.count(from, a), static_cast<std::uint64_t>(after - all.begin())) << "until " << a;
        }
      }
}

TEST(Slots, CountYearsAsTheSumOfTheirParts) {
  for (const char* zone : {"UTC", "Europe/Berlin", "Africa/Casablanca", "Australia/Lord_Howe"})
    for (const char* text : texts) {
      const Plan plan = planned_cron(text, zone);
      const std::int64_t from = utc("2019-05-05T05:05Z"), to = utc("2041-07-07T07:07Z");
      std::uint64_t parts = 0;
      for (std::int64_t at = from; at < to; at += 13 * 86'400'000 + 60'000)
        parts += plan.slots.count(at, std::min(to, at + 13 * 86'400'000 + 60'000));
      EXPECT_EQ(plan.slots.count(from, to), parts) << zone << " " << text;
    }
}

}  // namespace
}  // namespace dormouse::schedules
