// SPDX-License-Identifier: Apache-2.0
// Clocks that jump ahead and back, by years, by a second and by a leap second; sleeps of every length.
#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;

using Starts = std::vector<Duration>;
using Slots = std::vector<std::string>;

SimulatedSetup synced_at(const char* start) {
  return {.start = utc(start), .build_date = utc("2026-01-01T00:00:00Z")};
}

std::uint64_t reports(SimulatedDevice& device) {
  return device.boots().reports.size();
}

TEST(TimeSteps, T059_a_step_to_2098_decides_nothing_and_the_way_back_decides_by_lateness) {
  SimulatedDevice device(synced_at("2026-06-01T11:57:00Z"));
  device.handler("h");
  device.handler("once");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("h", "* * * * *", Misfire::skip())).ok());
  device.submit("once", at(utc("2026-06-01T12:02:00Z")));
  device.advance(3min + 30s);  // 11:58, 11:59 and 12:00 have run
  const auto ran = slots(device, "h");
  ASSERT_EQ(ran.size(), 3U);
  const WallTime floor = utc("2026-06-01T12:00:30Z");

  step(device, utc("2098-03-01T00:00:00Z") - floor);
  device.advance(10s);
  EXPECT_EQ(device.status().now.trust, Trust::untrusted);
  device.advance(290s);
  EXPECT_EQ(slots(device, "h"), ran);
  EXPECT_EQ(device.schedule("h")->missed, 0U);
  EXPECT_EQ(device.runs("once").size(), 0U);
  EXPECT_EQ(device.explain("1").find("missed"), std::string::npos);

  device.clock().sync_arrives(hal_sim::SyncBy::step);  // 12:05:30 in truth
  device.advance(2s);
  EXPECT_EQ(device.status().now.trust, Trust::synced);
  // 12:01 to 12:04 are late by more than the grace, 12:05 is not.
  EXPECT_EQ(slots(device, "h"), (Slots{"2026-06-01T11:58:00Z", "2026-06-01T11:59:00Z", "2026-06-01T12:00:00Z",
                                       "2026-06-01T12:05:00Z"}));
  EXPECT_EQ(device.schedule("h")->missed, 4U);
  EXPECT_EQ(device.runs("once").size(), 1U);

  // The floor has not seen 2098: were it there, nothing of this century would be believed after a reboot.
  away(device, Fate::power_cut, 10s);
  EXPECT_EQ(device.status().now.trust, Trust::rtc);
  device.advance(2min);
  for (const auto& slot : slots(device, "h")) EXPECT_EQ(slot.substr(0, 5), "2026-");
}

TEST(TimeSteps, T065_an_interval_of_a_second_loses_and_repeats_nothing_when_an_hour_is_set_back) {
  SimulatedDevice device(synced_at("2026-06-01T12:00:00Z"));
  device.handler("tick");
  ASSERT_TRUE(device.boot().ok());
  device.clock().sync_arrives(hal_sim::SyncBy::step, false, device.wall() + 1h);  // wrong by an hour
  device.advance(10s);
  ASSERT_TRUE(device.put(every("tick", 1s, Misfire::skip())).ok());
  device.advance(5s + 400ms);
  step(device, -1h);
  device.advance(4s + 600ms);
  Starts even;
  for (int n = 11; n <= 20; ++n) even.push_back(std::chrono::seconds(n));
  EXPECT_EQ(starts(device, "tick"), even);
  EXPECT_EQ(device.schedule("tick")->missed, 0U);
}

TEST(TimeSteps, T081_a_slot_that_is_jumped_runs_and_only_a_long_jump_is_a_gap) {
  struct Row {
    const char* name;
    Duration by;
    std::size_t gaps;
    std::uint64_t reports;
  };
  const Row rows[] = {{.name = "30 s", .by = 30s, .gaps = 1, .reports = 1},
                      {.name = "1.5 s", .by = 1500ms, .gaps = 0, .reports = 0}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    SimulatedDevice device(synced_at("2026-06-01T11:55:00Z"));
    device.handler("noon");
    ASSERT_TRUE(device.boot().ok());
    ASSERT_TRUE(device.put(cron("noon", "0 12 * * *", Misfire::skip())).ok());
    device.advance(5min - 1s);
    const auto before = reports(device);
    step(device, row.by);
    EXPECT_EQ(starts(device, "noon"), (Starts{5min - 1s}));
    device.advance(10s);
    EXPECT_EQ(slots(device, "noon"), (Slots{"2026-06-01T12:00:00Z"}));
    EXPECT_EQ(device.schedule("noon")->missed, 0U);
    const auto gaps = device.boots().gaps;
    ASSERT_EQ(gaps.size(), row.gaps);
    EXPECT_EQ(reports(device) - before, row.reports);
    if (row.gaps == 0) continue;
    EXPECT_EQ(gaps[0].cause, GapCause::clock_step);
    EXPECT_EQ(gaps[0].length, row.by);
  }
}

TEST(TimeSteps, T085_a_job_inside_a_leap_second_runs_once) {
  SimulatedDevice device(synced_at("2026-06-01T23:59:00Z"));
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.submit("h", at(utc("2026-06-01T23:59:59Z") + 500ms));
  device.advance(60s);
  const Sample before = device.clock().read();
  device.clock().leap_second();  // 23:59:59 once more
  device.advance(0s);
  const Sample after = device.clock().read();
  EXPECT_EQ((after.wall.ms - after.instant.ms) - (before.wall.ms - before.instant.ms), -1'000);
  device.advance(1min);
  EXPECT_EQ(starts(device, "h"), (Starts{59'500ms}));
  EXPECT_TRUE(device.boots().gaps.empty());
}

TEST(TimeSteps, T091_short_sleeps_are_ignored_or_counted_and_long_ones_are_gaps) {
  struct Row {
    const char* name;
    Duration slept;
    std::uint64_t counted;
    std::size_t gaps;
  };
  const Row rows[] = {{.name = "0.4 s", .slept = 400ms, .counted = 0, .gaps = 0},
                      {.name = "1 s", .slept = 1s, .counted = 1, .gaps = 0},
                      {.name = "3 s", .slept = 3s, .counted = 0, .gaps = 1}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    SimulatedDevice device(synced_at("2026-06-01T12:00:00Z"));
    device.handler("h");
    ASSERT_TRUE(device.boot().ok());
    device.submit("h", after(1min));
    device.advance(10s);
    device.suspend(row.slept);
    EXPECT_EQ(device.time().short_suspends, row.counted);
    const auto gaps = device.boots().gaps;
    ASSERT_EQ(gaps.size(), row.gaps);
    if (row.gaps == 1) {
      EXPECT_EQ(gaps[0].cause, GapCause::suspend);
      EXPECT_EQ(gaps[0].certainty, Certainty::exact);
      EXPECT_EQ(gaps[0].length, row.slept);
    }
    device.advance(1min);
    EXPECT_EQ(starts(device, "h"), (Starts{1min}));  // a delay counts the sleep
  }
}

TEST(TimeSteps, T092_a_sleep_with_a_step_at_its_end_is_one_pass_over_both_gaps) {
  SimulatedDevice device(synced_at("2026-06-01T12:00:00Z"));
  device.handler("slot");
  device.handler("delay");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("slot", "15 13 * * *", Misfire::skip())).ok());
  device.submit("delay", after(2h));
  device.advance(10min);
  const auto before = reports(device);
  // The wall is set while nothing runs, so both are seen at one look.
  device.clock().settle_with({});
  device.clock().step(10min);
  device.suspend(1h);  // 13:20 by its clock
  device.clock().settle_with([&device] { device.settle(); });
  const auto view = device.boots();
  ASSERT_EQ(view.gaps.size(), 2U);
  EXPECT_EQ(view.gaps[1].cause, GapCause::suspend);
  EXPECT_EQ(view.gaps[1].length, 1h);
  EXPECT_EQ(view.gaps[0].cause, GapCause::clock_step);
  EXPECT_EQ(view.gaps[0].length, 10min);
  ASSERT_EQ(view.reports.size() - before, 1U);
  EXPECT_EQ(view.reports[0].gaps, (std::vector<std::uint32_t>{view.gaps[1].number, view.gaps[0].number}));
  EXPECT_EQ(device.schedule("slot")->missed, 1U);
  device.advance(1h);
  EXPECT_EQ(starts(device, "delay"), (Starts{2h}));  // moved by the hour alone
}

}  // namespace
}  // namespace dormouse::sim
