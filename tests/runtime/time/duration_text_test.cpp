// SPDX-License-Identifier: Apache-2.0
// Durations as text.
#include "runtime/time/duration_text.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace dormouse {
namespace {

TEST(DurationText, reads_units_largest_first) {
  struct Row {
    const char* text;
    std::int64_t ms;
  };
  const Row rows[] = {
      {.text = "90s", .ms = 90'000},
      {.text = "2h30min", .ms = 9'000'000},
      {.text = "2h30m", .ms = 9'000'000},
      {.text = "14d", .ms = 14 * 86'400'000LL},
      {.text = "1d2h3min4s5ms", .ms = 93'784'005},
      {.text = "20ms", .ms = 20},
      {.text = "1500", .ms = 1'500},
      {.text = "0", .ms = 0},
      {.text = "0s", .ms = 0},
      {.text = "9223372036854775807", .ms = std::numeric_limits<std::int64_t>::max()},
  };
  for (const Row& row : rows) {
    const Result<Duration> read = parse_duration(row.text);
    ASSERT_TRUE(read.ok()) << row.text;
    EXPECT_EQ(read->count(), row.ms) << row.text;
  }
}

TEST(DurationText, refuses_anything_else) {
  const char* texts[] = {"",
                         " ",
                         "s",
                         "-1s",
                         "1.5h",
                         "2min1h",
                         "1s1s",
                         "1m1min",
                         "1 h",
                         "1h30",
                         "30 ",
                         "1w",
                         "1H",
                         "1hs",
                         "NaN",
                         "9223372036854775808",
                         "106751991168d",
                         "1h 30min",
                         "+5s"};
  for (const char* text : texts) {
    const Result<Duration> read = parse_duration(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, "invalid_input") << text;
  }
}

TEST(DurationText, writes_what_it_reads_back) {
  struct Row {
    std::int64_t ms;
    const char* text;
  };
  const Row rows[] = {
      {.ms = 0, .text = "0s"},          {.ms = 90'000, .text = "1min30s"},   {.ms = 9'000'000, .text = "2h30min"},
      {.ms = 1'500, .text = "1s500ms"}, {.ms = 86'400'001, .text = "1d1ms"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(format_duration(Duration{row.ms}), row.text);
    EXPECT_EQ(parse_duration(row.text)->count(), row.ms);
  }
  EXPECT_EQ(format_duration(Duration{-90'000}), "-1min30s");
  EXPECT_EQ(format_duration(Duration::min()), "-106751991167d7h12min55s808ms");
}

}  // namespace
}  // namespace dormouse
