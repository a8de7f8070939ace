// SPDX-License-Identifier: Apache-2.0
#include "helpers.hpp"

#include <gtest/gtest.h>

#include "runtime/time/rfc3339.hpp"

namespace dormouse::schedules::test {

std::int64_t utc(const std::string& text) {
  const bool no_seconds = text.size() == 17;
  auto wall = parse_rfc3339(no_seconds ? text.substr(0, 16) + ":00Z" : text);
  EXPECT_TRUE(wall.ok()) << text;
  return wall.ok() ? wall->ms : 0;
}

std::string shown(const std::vector<std::int64_t>& slots) {
  std::string line;
  for (std::int64_t slot : slots) line += (line.empty() ? "" : " ") + format_utc(WallTime{slot});
  return line;
}

Plan planned(const Timing& timing) {
  auto result = plan(timing);
  EXPECT_TRUE(result.ok()) << timing.text << " " << timing.zone;
  return std::move(result).value();
}

Plan planned_cron(const std::string& text, const std::string& zone, Dst dst) {
  return planned({.kind = Kind::cron, .text = text, .zone = zone, .dst = dst});
}

}  // namespace dormouse::schedules::test
