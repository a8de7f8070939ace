// SPDX-License-Identifier: Apache-2.0
// What people are told afterwards: boots, gaps, reports, and what became of one job or schedule.
#include <gmock/gmock.h>

#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;

using testing::HasSubstr;

TEST(Told, EachEndOfAProcessIsABootCauseAndAGapOfItsKind) {
  struct Row {
    Fate fate;
    BootCause cause;
    GapCause gap;
    Certainty certainty;
  };
  const Row rows[] = {
      {.fate = Fate::power_cut,
       .cause = BootCause::power_loss,
       .gap = GapCause::power_off,
       .certainty = Certainty::bounded},
      {.fate = Fate::crash,
       .cause = BootCause::crash_restart,
       .gap = GapCause::crash,
       .certainty = Certainty::exact},
      {.fate = Fate::clean_restart,
       .cause = BootCause::clean_restart,
       .gap = GapCause::stopped,
       .certainty = Certainty::exact},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(name_of(row.fate));
    SimulatedDevice device;
    device.handler("h");
    ASSERT_TRUE(device.boot().ok());
    device.submit("h", after(24h));
    device.advance(10min);
    away(device, row.fate, 2h);
    const auto told = device.boots();
    ASSERT_EQ(told.boots.size(), 2U);
    EXPECT_EQ(told.boots[0].cause, row.cause);
    ASSERT_EQ(told.gaps.size(), 1U);
    EXPECT_EQ(told.gaps[0].cause, row.gap);
    EXPECT_EQ(told.gaps[0].certainty, row.certainty);
    EXPECT_GE(told.gaps[0].length, 2h);
    EXPECT_LE(told.gaps[0].length, 2h + 10min);
  }
}

TEST(Told, AMissedJobIsExplainedByItsLatenessAndPolicy) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const auto skipped = device.submit("h", at(kT0 + 10min), Misfire::skip());
  const auto late = device.submit("h", at(kT0 + 10min), Misfire::catch_up());
  device.power_cut(2h);
  ASSERT_TRUE(device.boot().ok());
  device.advance(1s);
  const auto why_skipped = device.explain(std::to_string(skipped));
  EXPECT_THAT(why_skipped, HasSubstr("missed"));
  EXPECT_THAT(why_skipped, HasSubstr("1h50min late, policy skip"));
  EXPECT_THAT(why_skipped, HasSubstr("its grace of 1min"));
  const auto why_late = device.explain(std::to_string(late));
  EXPECT_THAT(why_late, HasSubstr("succeeded"));
  EXPECT_THAT(why_late, HasSubstr("runs late, in the catch-up line"));
}

TEST(Told, AScheduleIsExplainedByItsMissedSlots) {
  SimulatedDevice device;
  device.handler("hourly");
  ASSERT_TRUE(device.boot().ok());
  const auto put = device.put(cron("hourly", "0 * * * *", Misfire::run_once_if_missed()));
  ASSERT_TRUE(put.ok());
  device.power_cut(5h + 30min);
  ASSERT_TRUE(device.boot().ok());
  device.advance(1s);
  const auto why = device.explain("s" + std::to_string(put->id));
  EXPECT_THAT(why, HasSubstr("5 slots missed, policy run_once_if_missed: one run for all"));
}

TEST(Told, AnAttemptThatAPowerCutEndedIsNamedInTheReport) {
  SimulatedDevice device;
  device.handler("h", {.takes = 1min});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  device.advance(10s);
  away(device, Fate::power_cut, 1h);
  const auto report = device.boots().reports.at(0);
  EXPECT_EQ(report.interrupted, 1U);
  ASSERT_EQ(report.lines.size(), 1U);
  EXPECT_EQ(report.lines[0].job, id);
  EXPECT_THAT(report.lines[0].text, HasSubstr("attempt 1 was interrupted by the gap: scheduled again"));
}

TEST(Told, AHeldJobIsExplainedAsWaitingForTime) {
  SimulatedDevice device({.rtc = hal_sim::RtcKind::none, .synced = false});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h", at(kT0 + 10min));
  device.advance(1h);
  EXPECT_THAT(device.explain(std::to_string(id)),
              HasSubstr("it is held, because it needs time to be rtc and it is untrusted"));
}

TEST(Told, TwoPowerCutsInARowAreTwoBootsAndTwoGaps) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.submit("h", after(24h));
  away(device, Fate::power_cut, 1h);
  device.power_cut(1h);  // before anything happened
  ASSERT_TRUE(device.boot().ok());
  const auto told = device.boots();
  EXPECT_EQ(told.boots.size(), 3U);
  EXPECT_EQ(told.gaps.size(), 2U);
  EXPECT_EQ(told.boots[0].number, 3U);
}

}  // namespace
}  // namespace dormouse::sim
