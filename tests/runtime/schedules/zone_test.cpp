// SPDX-License-Identifier: Apache-2.0
// Zones: which texts name one, and what a local second means on the day of a change.
#include "runtime/schedules/zone.hpp"

#include <string>

#include <gtest/gtest.h>

#include "helpers.hpp"

namespace dormouse::schedules {
namespace {

using test::OtherDatabase;
using test::refusals;
using test::utc;

struct Named {
  const char* number;
  std::vector<std::string> texts;
  const char* as;
};
const Named named[] = {
    {.number = "S126", .texts = {std::string(65, 'x')}, .as = "zone:zone_too_long"},
    {.number = "S126",
     .texts = {"Mars/Base", "ABC", "europe/berlin", "EST5EDT,M3.2.0,M11.1.0"},
     .as = "zone:zone_unknown"},
    {.number = "S126", .texts = {"", "  ", "Europe/Oslo"}, .as = "ok"},
    {.number = "", .texts = {"UTC", "+02:00", "-14:00", "+14:00", "+05:45", "Asia/Kolkata"}, .as = "ok"},
    {.number = "",
     .texts = {"+14:01",
               "+15:00",
               "+2:00",
               "+0200",
               "+02:60",
               "Z",
               "utc",
               "localtime",
               "Factory",
               "posix/UTC",
               "right/UTC",
               "Fixed/UTC+01:00:00",
               "/etc/localtime",
               "../tzdata/UTC",
               "Europe/../UTC",
               "Europe",
               "Europe/",
               "Europe//Berlin",
               "README.md",
               "<+03>-3"},
     .as = "zone:zone_unknown"},
};

TEST(Zone, IsFoundByItsExactNameAlone) {
  for (const auto& row : named)
    for (const auto& text : row.texts) EXPECT_EQ(refusals(find_zone(text)), row.as) << row.number << " " << text;
}

TEST(Zone, S126HintsTheRightCase) {
  const auto zone = find_zone("europe/berlin");
  ASSERT_FALSE(zone.ok());
  EXPECT_EQ(zone.error().hint, "Europe/Berlin");
}

TEST(Zone, BlankMeansUtc) {
  EXPECT_EQ(find_zone(" ")->name(), "UTC");
}

TEST(Zone, S127WithoutADatabaseOnlyFixedOffsetsWork) {
  const OtherDatabase none("/nonexistent");
  EXPECT_EQ(refusals(find_zone("Europe/Berlin")), "zone:tzdata_missing");
  EXPECT_EQ(refusals(find_zone("UTC")), "ok");
  EXPECT_EQ(find_zone("+05:30")->offset_at(0), 5 * 3600 + 1800);
}

TEST(Zone, TellsOnceNeverAndTwice) {
  const Zone zone = *find_zone("America/New_York");
  const auto local = [](const char* text) { return utc(text) / 1000; };
  const auto missing = zone.meaning_of(local("2026-03-08T02:30Z"));
  EXPECT_EQ(missing.comes, Zone::Comes::never);
  EXPECT_EQ(missing.first, utc("2026-03-08T07:00Z") / 1000);
  const auto twice = zone.meaning_of(local("2026-11-01T01:30Z"));
  EXPECT_EQ(twice.comes, Zone::Comes::twice);
  EXPECT_EQ(twice.first, utc("2026-11-01T05:30Z") / 1000);
  EXPECT_EQ(twice.transition, utc("2026-11-01T06:00Z") / 1000);
  EXPECT_EQ(zone.meaning_of(local("2026-06-01T12:00Z")).comes, Zone::Comes::once);
}

TEST(Zone, TransitionsAreFoundFromBothSides) {
  const Zone zone = *find_zone("Europe/Berlin");
  const std::int64_t jump = utc("2026-03-29T01:00Z") / 1000;
  EXPECT_EQ(zone.transition_after(jump - 1)->at, jump);
  EXPECT_GT(zone.transition_after(jump)->at, jump);
  EXPECT_EQ(zone.transition_until(jump)->at, jump);
  EXPECT_LT(zone.transition_until(jump - 1)->at, jump);
  EXPECT_FALSE(Zone::utc().transition_after(0).has_value());
}

}  // namespace
}  // namespace dormouse::schedules
