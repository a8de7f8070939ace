// SPDX-License-Identifier: Apache-2.0
// RFC 3339 in and out.
#include "runtime/time/rfc3339.hpp"

#include <gtest/gtest.h>

namespace dormouse {
namespace {

TEST(Rfc3339, writes_utc_with_milliseconds_only_where_there_are_any) {
  struct Row {
    std::int64_t ms;
    const char* text;
  };
  const Row rows[] = {
      {.ms = 0, .text = "1970-01-01T00:00:00Z"},
      {.ms = 1'780'315'200'000, .text = "2026-06-01T12:00:00Z"},
      {.ms = 1'780'315'200'250, .text = "2026-06-01T12:00:00.250Z"},
      {.ms = 1'709'164'800'007, .text = "2024-02-29T00:00:00.007Z"},
      {.ms = -1, .text = "1969-12-31T23:59:59.999Z"},
      {.ms = 7'258'118'399'999, .text = "2199-12-31T23:59:59.999Z"},
  };
  for (const Row& row : rows) EXPECT_EQ(format_utc(WallTime{row.ms}), row.text);
}

TEST(Rfc3339, reads_fractions_and_offsets) {
  struct Row {
    const char* text;
    const char* utc;
  };
  const Row rows[] = {
      {.text = "2026-06-01T12:00:00Z", .utc = "2026-06-01T12:00:00Z"},
      {.text = "2026-06-01t12:00:00z", .utc = "2026-06-01T12:00:00Z"},
      {.text = "2026-06-01 12:00:00Z", .utc = "2026-06-01T12:00:00Z"},
      {.text = "2026-06-01T14:00:00+02:00", .utc = "2026-06-01T12:00:00Z"},
      {.text = "2026-05-31T22:30:00-02:30", .utc = "2026-06-01T01:00:00Z"},
      {.text = "2026-06-01T12:00:00.5Z", .utc = "2026-06-01T12:00:00.500Z"},
      {.text = "2026-06-01T12:00:00.123999999Z", .utc = "2026-06-01T12:00:00.123Z"},
      {.text = "2028-02-29T23:59:59-00:00", .utc = "2028-02-29T23:59:59Z"},
      {.text = "1970-01-01T00:00:00Z", .utc = "1970-01-01T00:00:00Z"},
      {.text = "2199-12-31T23:59:59.999Z", .utc = "2199-12-31T23:59:59.999Z"},
  };
  for (const Row& row : rows) {
    const Result<WallTime> read = parse_rfc3339(row.text);
    ASSERT_TRUE(read.ok()) << row.text << ": " << read.error().message;
    EXPECT_EQ(format_utc(*read), row.utc) << row.text;
  }
}

TEST(Rfc3339, refuses_what_is_no_instant_with_a_clear_sentence) {
  struct Row {
    const char* text;
    const char* code;
  };
  const Row rows[] = {
      {.text = "", .code = "invalid_input"},
      {.text = "tomorrow", .code = "invalid_input"},
      {.text = "2026-06-01", .code = "invalid_input"},
      {.text = "2026-06-01T12:00:00", .code = "invalid_input"},
      {.text = "2026-06-01T12:00:00.Z", .code = "invalid_input"},
      {.text = "2026-06-01T12:00:00Z ", .code = "invalid_input"},
      {.text = "2026-06-01T12:00:00+0200", .code = "invalid_input"},
      {.text = "2026-6-1T12:00:00Z", .code = "invalid_input"},
      {.text = "2026-02-29T12:00:00Z", .code = "invalid_input"},
      {.text = "2026-13-01T12:00:00Z", .code = "invalid_input"},
      {.text = "2026-06-01T24:00:00Z", .code = "invalid_input"},
      {.text = "2026-06-01T23:59:60Z", .code = "invalid_input"},
      {.text = "2026-06-01T12:00:00+24:00", .code = "invalid_input"},
      {.text = "1969-12-31T23:59:59Z", .code = "time.bad_instant"},
      {.text = "1970-01-01T00:00:00+00:01", .code = "time.bad_instant"},
      {.text = "2200-01-01T00:00:00Z", .code = "time.bad_instant"},
  };
  for (const Row& row : rows) {
    const Result<WallTime> read = parse_rfc3339(row.text);
    ASSERT_FALSE(read.ok()) << row.text;
    EXPECT_EQ(read.error().code, row.code) << row.text;
    EXPECT_NE(read.error().message.find(row.text), std::string::npos);
  }
}

}  // namespace
}  // namespace dormouse
