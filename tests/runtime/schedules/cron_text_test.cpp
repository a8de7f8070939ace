// SPDX-License-Identifier: Apache-2.0
// Cron text: what parses to which sets, and what is refused with which part and code.
#include "runtime/schedules/cron_text.hpp"

#include <gtest/gtest.h>

#include "helpers.hpp"

namespace dormouse::schedules {
namespace {

using test::refusals;

CronSets sets(const std::string& text) {
  auto cron = parse_cron(text);
  EXPECT_TRUE(cron.ok()) << text << ": " << refusals(cron);
  return cron.ok() ? cron->sets : CronSets{};
}

struct Same {
  const char* number;
  std::vector<std::string> texts;
  const char* as;
};
const Same same[] = {
    {.number = "S001", .texts = {"0 9 * * MON-FRI", "0 9 * * mon-fri", "00 09 * * 1-5"}, .as = "0 9 * * 1,2,3,4,5"},
    {.number = "S002", .texts = {"@hourly"}, .as = "0 * * * *"},
    {.number = "S002", .texts = {"@daily", "@Midnight"}, .as = "0 0 * * *"},
    {.number = "S002", .texts = {"@weekly"}, .as = "0 0 * * 0"},
    {.number = "S002", .texts = {"@monthly"}, .as = "0 0 1 * *"},
    {.number = "S002", .texts = {"@yearly", "@ANNUALLY"}, .as = "0 0 1 1 *"},
    {.number = "S011", .texts = {"0,0 0,0 * * 0,7,SUN"}, .as = "0 0 * * 0"},
    {.number = "S012", .texts = {"*/60 * * * *"}, .as = "0 * * * *"},
    {.number = "S012", .texts = {"0 */24 * * *"}, .as = "0 0 * * *"},
    {.number = "S013", .texts = {"0 0 * * FRI-SUN", "0 0 * * 5-7", "0 0 * * 5,6,0"}, .as = "0 0 * * 0,5,6"},
    {.number = "S013", .texts = {"0 0 * * SUN-SUN"}, .as = "0 0 * * 0"},
    {.number = "S013", .texts = {"0 0 * * SUN-SAT", "0 0 * * 0-7"}, .as = "0 0 * * *"},
    {.number = "S016", .texts = {"0 0 1-31 * 1", "0 0 */1 * 1"}, .as = "0 0 * * 1"},
    {.number = "S017",
     .texts = {"*/5 * * * *", "0-59/5 * * * *", "0,5,10,15,20,25,30,35,40,45,50,55 * * * *"},
     .as = "*/5 * * * *"},
    {.number = "", .texts = {"0 0 * JAN-MAR,dec *"}, .as = "0 0 * 1,2,3,12 *"},
    {.number = "", .texts = {"0 0 * * 1-7/2"}, .as = "0 0 * * 0,1,3,5"},
};

TEST(CronText, SpellsTheSameSetsInManyWays) {
  for (const auto& row : same)
    for (const auto& text : row.texts) EXPECT_EQ(sets(text), sets(row.as)) << row.number << " " << text;
}

TEST(CronText, ReadsValuesAsBits) {
  const CronSets read = sets("1,59 23 31 12 6");
  EXPECT_EQ(read.minutes, 1ULL << 1 | 1ULL << 59);
  EXPECT_EQ(read.hours, 1U << 23);
  EXPECT_EQ(read.days, 1U << 31);
  EXPECT_EQ(read.months, 1U << 12);
  EXPECT_EQ(read.weekdays, 1U << 6);
}

struct Refused {
  const char* number;
  std::vector<std::string> texts;
  const char* as;
  const char* hint = "";
};
const Refused refused[] = {
    {.number = "",
     .texts = {"@every 5m"},
     .as = "cron:cron_unsupported",
     .hint = "for a period use the kind `every`"},
    {.number = "", .texts = {"@noon", "@daily x", "@@daily", "@"}, .as = "cron:cron_unsupported"},
    {.number = "S005", .texts = {"", "* * * *", "* * * * * *"}, .as = "cron:cron_fields"},
    {.number = "S006",
     .texts = {"60 24 32 13 8"},
     .as = "cron.minute:cron_out_of_range cron.hour:cron_out_of_range cron.day-of-month:cron_out_of_range "
           "cron.month:cron_out_of_range cron.weekday:cron_out_of_range"},
    {.number = "S007", .texts = {"*/0 * * * *", "10-5 * * * *"}, .as = "cron.minute:cron_out_of_range"},
    {.number = "S007", .texts = {"0 22-4 * * *"}, .as = "cron.hour:cron_out_of_range", .hint = "22-23,0-4"},
    {.number = "S007", .texts = {"0 0 * * 6-2"}, .as = "cron.weekday:cron_out_of_range", .hint = "6-7,1-2"},
    {.number = "S007", .texts = {"0 0 * * FRI-MON"}, .as = "cron.weekday:cron_out_of_range", .hint = "FRI-SUN,MON"},
    {.number = "S007", .texts = {"0 0 0 * *"}, .as = "cron.day-of-month:cron_out_of_range"},
    {.number = "S007", .texts = {"0 0 * 0 *"}, .as = "cron.month:cron_out_of_range"},
    {.number = "S008", .texts = {"5/10 * * * *"}, .as = "cron.minute:cron_unsupported", .hint = "5-59/10"},
    {.number = "S008", .texts = {"0 0/6 * * *"}, .as = "cron.hour:cron_unsupported", .hint = "0-23/6"},
    {.number = "S008", .texts = {"0 0 * * 1/2"}, .as = "cron.weekday:cron_unsupported", .hint = "1-6/2"},
    {.number = "S009",
     .texts = {", * * * *", "1,,2 * * * *", "- * * * *", "1- * * * *", "-5 * * * *", "*/ * * * *", "*/2/2 * * * *",
               "5-* * * * *", "/5 * * * *", "1e1 * * * *", "0x10 * * * *", "+5 * * * *", "5.0 * * * *",
               "\xEF\xBC\x95 * * * *"},
     .as = "cron.minute:cron_unsupported"},
    {.number = "S010",
     .texts = {"0 0 ? * 1", "0 0 L * *", "0 0 15W * *"},
     .as = "cron.day-of-month:cron_unsupported"},
    {.number = "S010",
     .texts = {"0 0 * * 5#3", "0 9 * * MONDAY", "0 9 * * JAN"},
     .as = "cron.weekday:cron_unsupported"},
    {.number = "S010", .texts = {"H * * * *", "0~30 * * * *"}, .as = "cron.minute:cron_unsupported"},
    {.number = "S010", .texts = {"0 9 MON * *"}, .as = "cron.day-of-month:cron_unsupported"},
    {.number = "S010", .texts = {"0 0 1 SUN *"}, .as = "cron.month:cron_unsupported"},
    {.number = "S015",
     .texts = {"0 0 30 2 *", "0 0 31 2 *", "0 0 31 4,6,9,11 *", "* * 30,31 2 *"},
     .as = "cron:cron_never_fires"},
};

TEST(CronText, RefusesEveryBadPartByNameAndSaysWhatWasMeant) {
  for (const auto& row : refused)
    for (const auto& text : row.texts) {
      const auto cron = parse_cron(text);
      EXPECT_EQ(refusals(cron), row.as) << row.number << " " << text;
      if (!cron.ok() && *row.hint != '\0') {
        EXPECT_EQ(cron.error().hint, row.hint) << row.number << " " << text;
      }
    }
}

TEST(CronText, S015AcceptsDatesThatComeInSomeYear) {
  for (const char* text : {"0 0 29 2 *", "0 0 31 2,3 *", "0 0 31 2 1"}) EXPECT_TRUE(parse_cron(text).ok()) << text;
}

TEST(CronText, S004ShowsTheTextWithSingleBlanks) {
  EXPECT_EQ(parse_cron("  */5\t*  * * * ")->shown, "*/5 * * * *");
}

TEST(CronText, S012WarnsOfAStepBeyondTheSpan) {
  EXPECT_EQ(parse_cron("*/60 * * * *")->warnings, std::vector<std::string>{"step_exceeds_range"});
  EXPECT_EQ(parse_cron("0 */24 * * *")->warnings, std::vector<std::string>{"step_exceeds_range"});
  EXPECT_TRUE(parse_cron("*/59 */23 */2 * *")->warnings.empty());
}

TEST(CronText, S014TakesA128ByteTextAndNoLongerOne) {
  std::string text = "0";
  while (text.size() + 2 + 8 <= 128) text += ",0";
  text += std::string(128 - 8 - text.size(), ' ') + " * * * *";
  ASSERT_EQ(text.size(), 128U);
  EXPECT_TRUE(parse_cron(text).ok());
  EXPECT_EQ(refusals(parse_cron(text + " ")), "cron:cron_too_long");
}

TEST(CronText, NamesThePartAndItsBoundsInTheMessage) {
  const auto cron = parse_cron("60 * * * *");
  ASSERT_FALSE(cron.ok());
  EXPECT_EQ(cron.error().code, "invalid_input");
  EXPECT_EQ(cron.error().fields[0].message, "Invalid cron expression (minute must be 0-59)");
}

}  // namespace
}  // namespace dormouse::schedules
