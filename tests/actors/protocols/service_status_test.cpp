// SPDX-License-Identifier: Apache-2.0
// The line that a service manager shows, and how often it is said.
#include "actors/service_status.hpp"

#include <gtest/gtest.h>

namespace dormouse::actors {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kWall{1'800'000'000'000};  // 2027-01-15T08:00:00Z

Now at(Duration since, Trust trust = Trust::synced) {
  return {Instant{0} + since, kWall + since, trust};
}

TEST(StatusLine, TellsTrustAndWhatIsDueFirst) {
  struct Row {
    Upcoming upcoming;
    std::string line;
  };
  const Row rows[] = {
      {{Trust::synced, {}, {}}, "time synced, nothing due"},
      {{Trust::rtc, {}, kWall + 1h}, "time rtc, next due 2027-01-15T09:00:00Z"},
      {{Trust::synced, Instant{60'500}, {}}, "time synced, next due 2027-01-15T08:01:00Z"},
      {{Trust::synced, Instant{60'000}, kWall + 1h}, "time synced, next due 2027-01-15T08:01:00Z"},
      {{Trust::synced, Instant{7'200'000}, kWall + 1h}, "time synced, next due 2027-01-15T09:00:00Z"},
      {{Trust::untrusted, {}, {}}, "time untrusted, nothing due"},
      {{Trust::untrusted, Instant{7'200'001}, {}}, "time untrusted, next due after 2h of uptime"},
      {{Trust::untrusted, {}, kWall}, "time untrusted, wall-time work is held"},
      {{Trust::untrusted, Instant{1'000}, kWall},
       "time untrusted, next due after 1s of uptime, wall-time work is held"},
  };
  for (const auto& row : rows) EXPECT_EQ(status_line(row.upcoming, at(0s)), row.line);
}

TEST(ServiceStatusTest, IsSaidWhenItHasChangedAndNotMoreOftenThanEveryFiveSeconds) {
  ServiceStatus status;
  EXPECT_EQ(status.take(at(0s)), std::nullopt);
  status.changed({Trust::synced, {}, {}}, at(1s).instant);
  EXPECT_EQ(status.take(at(1s)), "time synced, nothing due");
  EXPECT_EQ(status.due(), std::nullopt);
  status.changed({Trust::synced, {}, kWall + 1h}, at(2s).instant);
  EXPECT_EQ(status.take(at(2s)), std::nullopt);
  EXPECT_EQ(status.due(), at(6s).instant);
  status.changed({Trust::synced, {}, kWall + 2h}, at(3s).instant);
  EXPECT_EQ(status.take(at(6s)), "time synced, next due 2027-01-15T10:00:00Z");
  status.changed({Trust::synced, {}, kWall + 3h}, at(60s).instant);
  EXPECT_EQ(status.take(at(60s)), "time synced, next due 2027-01-15T11:00:00Z");
}

TEST(ServiceStatusTest, WhatChangesBackIsNotSaid) {
  ServiceStatus status;
  status.changed({Trust::synced, {}, {}}, at(0s).instant);
  ASSERT_TRUE(status.take(at(0s)));
  status.changed({Trust::synced, {}, kWall}, at(1s).instant);
  status.changed({Trust::synced, {}, {}}, at(2s).instant);
  EXPECT_EQ(status.due(), std::nullopt);
  status.repeat(at(3s).instant);
  EXPECT_EQ(status.take(at(3s)), "time synced, nothing due");
}

}  // namespace
}  // namespace dormouse::actors
