// SPDX-License-Identifier: Apache-2.0
// `dormouse cron next`, run as a person runs it.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/tools/dormouse/program.hpp"

namespace dormouse::cli {
namespace {

struct NextCase {
  const char* name;
  std::vector<std::string> args;
  std::string out;
};

TEST(CronNext, prints_the_instants_strictly_after_from_one_a_line) {
  const NextCase cases[] = {
      {.name = "one unless asked for more",
       .args = {"--from", "2026-06-01T00:00:00Z", "30 4 * * *"},
       .out = "2026-06-01T04:30:00Z\n"},
      {.name = "strictly after",
       .args = {"--from", "2026-06-01T04:30:00Z", "30 4 * * *"},
       .out = "2026-06-02T04:30:00Z\n"},
      {.name = "several",
       .args = {"--count", "3", "--from", "2026-06-01T00:00:00Z", "*/20 * * * *"},
       .out = "2026-06-01T00:20:00Z\n2026-06-01T00:40:00Z\n2026-06-01T01:00:00Z\n"},
      {.name = "from with an offset",
       .args = {"--from", "2026-06-01T02:00:00+02:00", "@hourly"},
       .out = "2026-06-01T01:00:00Z\n"},
      {.name = "a fixed offset",
       .args = {"--tz", "+02:00", "--from", "2026-06-01T00:00:00Z", "0 3 * * *"},
       .out = "2026-06-01T01:00:00Z\n"},
      {.name = "the missing hour of spring runs once, after it",
       .args = {"--tz", "Europe/Berlin", "--count", "2", "--from", "2026-03-28T12:00:00Z", "30 2 * * *"},
       .out = "2026-03-29T01:00:00Z\n2026-03-30T00:30:00Z\n"},
      {.name = "or not at all, with skip",
       .args = {"--tz", "Europe/Berlin", "--dst", "skip", "--from", "2026-03-28T12:00:00Z", "30 2 * * *"},
       .out = "2026-03-30T00:30:00Z\n"},
      {.name = "the repeated hour of autumn runs once",
       .args = {"--tz", "Europe/Berlin", "--count", "2", "--from", "2026-10-24T12:00:00Z", "30 2 * * *"},
       .out = "2026-10-25T00:30:00Z\n2026-10-26T01:30:00Z\n"},
      {.name = "the next leap day",
       .args = {"--from", "2026-06-01T00:00:00Z", "0 0 29 2 *"},
       .out = "2028-02-29T00:00:00Z\n"},
  };
  for (const auto& row : cases) {
    std::vector<std::string> args = {"cron", "next"};
    args.insert(args.end(), row.args.begin(), row.args.end());
    const auto said = run_program(args);
    EXPECT_EQ(said.exit, 0) << row.name << ": " << said.error;
    EXPECT_EQ(said.out, row.out) << row.name;
    EXPECT_EQ(said.error, "") << row.name;
  }
}

struct RefusedCase {
  const char* name;
  std::vector<std::string> args;
  int exit;
  std::vector<std::string> named;  // what standard error must hold
};

TEST(CronNext, names_the_part_that_is_wrong) {
  const RefusedCase cases[] = {
      {.name = "minute",
       .args = {"61 * * * *"},
       .exit = 2,
       .named = {"error invalid_input:", "field cron.minute:"}},
      {.name = "hour", .args = {"0 24 * * *"}, .exit = 2, .named = {"field cron.hour:"}},
      {.name = "two parts at once",
       .args = {"61 24 * * *"},
       .exit = 2,
       .named = {"field cron.minute:", "field cron.hour:"}},
      {.name = "day of month", .args = {"0 0 32 * *"}, .exit = 2, .named = {"field cron.day"}},
      {.name = "month", .args = {"0 0 * 13 *"}, .exit = 2, .named = {"field cron.month:"}},
      {.name = "weekday", .args = {"0 0 * * 8"}, .exit = 2, .named = {"field cron.weekday:"}},
      {.name = "a wrapped range, with what was meant",
       .args = {"0 0 * * FRI-MON"},
       .exit = 2,
       .named = {"field cron.weekday:", "hint: "}},
      {.name = "too few parts", .args = {"* * *"}, .exit = 2, .named = {"field cron:"}},
      {.name = "nothing", .args = {""}, .exit = 2, .named = {"field cron:"}},
      {.name = "zone", .args = {"--tz", "Europe/Atlantis", "@daily"}, .exit = 2, .named = {"field zone:"}},
      {.name = "never fires", .args = {"0 0 30 2 *"}, .exit = 1, .named = {"error cron.never_fires:"}},
      {.name = "never fires, and the zone is wrong too",
       .args = {"--tz", "Nowhere", "0 0 30 2 *"},
       .exit = 2,
       .named = {"field zone:"}},
      {.name = "no more before 2200",
       .args = {"--from", "2199-12-31T23:59:00Z", "0 0 * * *"},
       .exit = 1,
       .named = {"error cron.never_fires:"}},
      {.name = "from", .args = {"--from", "tomorrow", "@daily"}, .exit = 2, .named = {"error usage:", "--from"}},
      {.name = "count", .args = {"--count", "0", "@daily"}, .exit = 2, .named = {"error usage:", "--count"}},
      {.name = "no text", .args = {}, .exit = 2, .named = {"error usage:", "EXPR"}},
  };
  for (const auto& row : cases) {
    std::vector<std::string> args = {"cron", "next"};
    args.insert(args.end(), row.args.begin(), row.args.end());
    const auto said = run_program(args);
    EXPECT_EQ(said.exit, row.exit) << row.name;
    EXPECT_EQ(said.out, "") << row.name;
    for (const auto& text : row.named)
      EXPECT_NE(said.error.find(text), std::string::npos) << row.name << ": " << said.error;
  }
}

TEST(CronNext, without_from_means_from_now_on) {
  const auto said = run_program({"cron", "next", "* * * * *"});
  EXPECT_EQ(said.exit, 0);
  EXPECT_EQ(said.out.size(), std::string("2026-06-01T00:00:00Z\n").size()) << said.out;
}

TEST(CronNext, answers_scripts_in_json) {
  const auto said = run_program({"--json", "cron", "next", "--from", "2026-06-01T00:00:00Z", "@daily"});
  EXPECT_EQ(nlohmann::json::parse(said.out), nlohmann::json::array({"2026-06-02T00:00:00Z"}));

  const auto refused = run_program({"cron", "next", "99 * * * *", "--json"});
  EXPECT_EQ(refused.exit, 2);
  const auto error = nlohmann::json::parse(refused.error).at("error");
  EXPECT_EQ(error.at("code"), "invalid_input");
  EXPECT_EQ(error.at("fields").at(0).at("field"), "cron.minute");
}

}  // namespace
}  // namespace dormouse::cli
