// SPDX-License-Identifier: Apache-2.0
// Timings as given, and the refusals that name all failing fields.
#include "runtime/schedules/timing.hpp"

#include <gtest/gtest.h>

#include "helpers.hpp"

namespace dormouse::schedules {
namespace {

using test::planned;
using test::refusals;

TEST(Timing, DailyAndWeeklyMeanCronSets) {
  EXPECT_EQ(*parse_daily("06:00"), parse_cron("0 6 * * *")->sets);
  EXPECT_EQ(*parse_weekly("mon,thu 06:00"), parse_cron("0 6 * * 1,4")->sets);
  EXPECT_EQ(*parse_weekly("Sunday, WEDNESDAY,Sat  23:59"), parse_cron("59 23 * * 0,3,6")->sets);
}

TEST(Timing, RefusesWhatIsNoTimeOfDay) {
  for (const char* text : {"", "6:00", "24:00", "06:60", "06:00:00", "0600", "-6:00", "06:0a"})
    EXPECT_EQ(refusals(parse_daily(text)), "daily:bad_format") << text;
  for (const char* text : {"", "06:00", "mon", "mon 6:00", "mo 06:00", "mon,,thu 06:00", "mondayy 06:00", "*"})
    EXPECT_EQ(refusals(parse_weekly(text)), "weekly:bad_format") << text;
}

TEST(Timing, PeriodsAreWholeDurationsFromASecondToAYear) {
  EXPECT_EQ(*parse_period("1h30m"), Duration{5'400'000});
  EXPECT_EQ(*parse_period("5400000"), Duration{5'400'000});
  for (const char* text : {"0s", "999ms", "367d"})
    EXPECT_EQ(refusals(parse_period(text)), "every:out_of_range") << text;
  for (const char* text : {"", "-5s", "1.5s", "NaN"})
    EXPECT_EQ(refusals(parse_period(text)), "every:bad_format") << text;
  EXPECT_EQ(refusals(plan({.kind = Kind::every, .period = Duration{999}})), "every:out_of_range");
}

TEST(Timing, NamesCronPartsAndZoneAtOnce) {
  EXPECT_EQ(refusals(plan({.kind = Kind::cron, .text = "60 * * 13 *", .zone = "Mars/Base"})),
            "cron.minute:cron_out_of_range cron.month:cron_out_of_range zone:zone_unknown");
}

TEST(Timing, S017IsTheSameHoweverItIsSpelled) {
  const Plan stored = planned({.text = "*/5 * * * *"});
  EXPECT_TRUE(same_timing(stored, planned({.text = "0-59/5 * * * *"})));
  EXPECT_TRUE(same_timing(stored, planned({.text = "0,5,10,15,20,25,30,35,40,45,50,55 * * * *", .zone = " "})));
  EXPECT_FALSE(same_timing(stored, planned({.text = "*/5 * * * *", .zone = "Europe/Berlin"})));
  EXPECT_FALSE(same_timing(stored, planned({.text = "*/5 * * * *", .dst = Dst::skip})));
  EXPECT_FALSE(same_timing(stored, planned({.text = "*/10 * * * *"})));
}

}  // namespace
}  // namespace dormouse::schedules
