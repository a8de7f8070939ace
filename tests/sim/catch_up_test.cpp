// SPDX-License-Identifier: Apache-2.0
// After a gap: the catch-up line, its pace, and bounds that do not depend on the length of the gap.
#include <algorithm>

#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;

using Starts = std::vector<Duration>;

/// The most attempts that ran at one moment.
std::size_t most_at_once(const SimulatedDevice& device, const std::string& name) {
  const auto runs = device.runs(name);
  std::size_t most = 0;
  for (const Run& at : runs) {
    const auto beside = std::count_if(runs.begin(), runs.end(), [&](const Run& other) {
      return other.started <= at.started && (!other.ended || *other.ended > at.started);
    });
    most = std::max(most, static_cast<std::size_t>(beside));
  }
  return most;
}

TEST(CatchUp, J066_AJobRunsOnceHoweverLongTheGap) {
  for (const Duration off : {Duration(71s), Duration(24h), Duration(365 * 24h)}) {
    SimulatedDevice device;
    device.handler("h");
    ASSERT_TRUE(device.boot().ok());
    device.submit("h", at(kT0 + 10s));
    device.power_cut(off);
    ASSERT_TRUE(device.boot().ok());
    device.advance(1s);
    ASSERT_EQ(device.runs("h").size(), 1U);
    EXPECT_EQ(device.runs("h")[0].missed_count, 1U);
    EXPECT_EQ(device.runs("h")[0].first_missed_ms, (kT0 + 10s).ms);
    EXPECT_EQ(device.boots().reports.at(0).run_late, 1U);
  }
}

TEST(CatchUp, J071_LateJobsRunOldestDueFirstFiftyMillisecondsApart) {
  SimulatedSetup setup;
  setup.limits.running_device = 1;
  SimulatedDevice device(setup);
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const auto thirty = device.submit("h", at(kT0 + 30s));
  const auto ten = device.submit("h", at(kT0 + 10s));
  const auto twenty = device.submit("h", at(kT0 + 20s));
  device.power_cut(100s);
  ASSERT_TRUE(device.boot().ok());
  device.advance(1s);
  const auto runs = device.runs("h");
  ASSERT_EQ(runs.size(), 3U);
  EXPECT_EQ(runs[0].job, ten);
  EXPECT_EQ(runs[1].job, twenty);
  EXPECT_EQ(runs[2].job, thirty);
  EXPECT_GE(runs[1].started - runs[0].started, 50ms);
  EXPECT_GE(runs[2].started - runs[1].started, 50ms);
}

TEST(CatchUp, J072_TheLineRunsTwoAtOnceAndWhatFallsDueMeanwhileGoesBeside) {
  SimulatedDevice device;
  device.handler("h", {.takes = 10s, .places = 4});
  device.handler("other");
  ASSERT_TRUE(device.boot().ok());
  for (int i = 0; i < 5; ++i) device.submit("h", at(kT0 + 10s));
  device.submit("other", at(kT0 + 103s));
  device.power_cut(100s);
  ASSERT_TRUE(device.boot().ok());
  device.advance(1min);
  EXPECT_EQ(starts(device, "h"), (Starts{100s, 100'050ms, 110s, 110'050ms, 120s}));
  EXPECT_EQ(starts(device, "other"), (Starts{103s}));
}

TEST(CatchUp, J073_AfterFourOthersInARowItIsTheLinesTurn) {
  SimulatedSetup setup;
  setup.limits.running_device = 1;
  SimulatedDevice device(setup);
  device.handler("late");
  device.handler("other", {.takes = 1s});
  ASSERT_TRUE(device.boot().ok());
  device.submit("late", at(kT0 + 10s));
  for (int second = 100; second < 110; ++second) device.submit("other", at(kT0 + std::chrono::seconds(second)));
  device.power_cut(100s);
  ASSERT_TRUE(device.boot().ok());
  device.advance(1min);
  EXPECT_EQ(starts(device, "late"), (Starts{104s}));
}

TEST(CatchUp, J074_AThousandMissedJobsMakeOneReportOf200Lines) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  for (int i = 0; i < 1'000; ++i) device.submit("h", at(kT0 + 10s), Misfire::skip());
  device.power_cut(1h);
  ASSERT_TRUE(device.boot().ok());
  device.advance(1min);
  EXPECT_EQ(device.runs().size(), 0U);
  const auto report = device.boots().reports.at(0);
  EXPECT_EQ(report.missed, 1'000U);
  EXPECT_EQ(report.lines.size(), 200U);
}

TEST(CatchUp, T105_AThousandLateJobsNeverFloodTheDevice) {
  SimulatedDevice device;
  device.handler("h", {.takes = 80ms, .places = 8});
  device.handler("other");
  ASSERT_TRUE(device.boot().ok());
  for (int i = 0; i < 999; ++i) device.submit("h", at(kT0 + 10s));
  device.submit("other", at(kT0 + 110s));
  device.power_cut(100s);
  ASSERT_TRUE(device.boot().ok());
  device.advance(5min);
  const auto late = starts(device, "h");
  ASSERT_EQ(late.size(), 999U);
  EXPECT_LE(most_at_once(device, "h"), 2U);
  for (std::size_t i = 20; i < late.size(); ++i) EXPECT_GE(late[i] - late[i - 20], 1s);
  EXPECT_EQ(starts(device, "other"), (Starts{110s}));
  for (const auto& view : device.jobs()) EXPECT_EQ(view.job.state, State::succeeded);
}

TEST(CatchUp, T105_WhatFallsDueMeanwhileOfTheLinesOwnHandlerStartsNextToo) {
  SimulatedDevice device;
  device.handler("h", {.takes = 1s, .places = 64});
  ASSERT_TRUE(device.boot().ok());
  for (int i = 0; i < 1'000; ++i) device.submit("h", at(kT0 + 10s));
  device.power_cut(100s);
  ASSERT_TRUE(device.boot().ok());
  device.advance(1s);
  const auto id = device.submit("h", at(kT0 + 115s), Misfire::skip());
  device.advance(1min);
  const auto runs = device.runs();
  const auto run = std::find_if(runs.begin(), runs.end(), [&](const auto& one) { return one.job == id; });
  ASSERT_NE(run, runs.end());
  EXPECT_EQ(run->started, 115s);
}

// -- schedules --

TEST(CatchUp, S139_S140_S141_ASlotOnTimeComesFirstThenTheNewestOfTheMissedOldestFirst) {
  struct Row {
    const char* name;
    Misfire misfire;
    std::vector<std::string> minutes;
    std::uint64_t dropped;
    std::uint64_t told;
  };
  Misfire three = Misfire::catch_up();
  three.max_runs = 3;
  const Row rows[] = {
      {.name = "S139", .misfire = three, .minutes = {"10:10", "10:07", "10:08", "10:09"}, .dropped = 6, .told = 0},
      {.name = "S140", .misfire = Misfire::run_once_if_missed(), .minutes = {"10:09"}, .dropped = 0, .told = 9},
      {.name = "S141", .misfire = Misfire::skip(), .minutes = {"10:10"}, .dropped = 0, .told = 0},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    SimulatedDevice device({.start = utc("2027-01-15T09:59:30Z")});
    device.handler("m");
    ASSERT_TRUE(device.boot().ok());
    ASSERT_TRUE(device.put(cron("m", "* * * * *", row.misfire)).ok());
    device.advance(40s);  // 10:00 ran
    away(device, Fate::power_cut, 610s);
    device.advance(30s);
    std::vector<std::string> expected{"2027-01-15T10:00:00Z"};
    for (const auto& minute : row.minutes) expected.push_back("2027-01-15T" + minute + ":00Z");
    EXPECT_EQ(slots(device, "m"), expected);
    EXPECT_EQ(device.runs("m")[1].missed_count, row.told);
    const auto schedule = device.schedule("m");
    EXPECT_EQ(schedule->missed, 9U);
    EXPECT_EQ(schedule->dropped, row.dropped);
    EXPECT_EQ(schedule->next_slot, utc("2027-01-15T10:11:00Z").ms);
    if (row.told == 0) continue;
    EXPECT_EQ(device.runs("m")[1].first_missed_ms, utc("2027-01-15T10:01:00Z").ms);
    EXPECT_EQ(schedule->overlap_skipped, 1U);
  }
}

TEST(CatchUp, S144_TenYearsOfMissedMinutesAreDecidedInOneBoundedBatch) {
  struct Row {
    Misfire misfire;
    std::size_t runs;
    std::uint64_t dropped;
  };
  const Row rows[] = {{.misfire = Misfire::skip(), .runs = 1, .dropped = 0},
                      {.misfire = Misfire::catch_up(), .runs = 101, .dropped = 5'258'779},
                      {.misfire = Misfire::run_once_if_missed(), .runs = 1, .dropped = 0}};
  for (const auto& row : rows) {
    SimulatedDevice device({.start = utc("2016-11-20T09:59:30Z"), .build_date = utc("2016-11-01T00:00:00Z")});
    device.handler("m");
    ASSERT_TRUE(device.boot().ok());
    ASSERT_TRUE(device.put(cron("m", "* * * * *", row.misfire)).ok());
    device.advance(40s);  // 10:00 ran
    device.power_cut(utc("2026-11-20T10:00:28Z") - device.wall());
    ASSERT_TRUE(device.boot().ok());
    EXPECT_EQ(device.runs("m").size(), 1U);  // an RTC ten years ahead is not believed by itself
    const auto writes = device.store_traffic().bytes;
    device.clock().sync_arrives(hal_sim::SyncBy::step);
    device.advance(20s);
    auto runs = device.runs("m");
    runs.erase(runs.begin());
    ASSERT_EQ(runs.size(), row.runs);
    const auto schedule = device.schedule("m");
    EXPECT_EQ(schedule->missed, 5'258'879U);
    EXPECT_EQ(schedule->dropped, row.dropped);
    EXPECT_LT(device.store_traffic().bytes - writes, 16U * 1024 * 1024);
    if (row.misfire.policy == Misfire::Policy::run_once_if_missed) {
      EXPECT_EQ(runs[0].slot_ms, utc("2026-11-20T09:59:00Z").ms);
      EXPECT_EQ(runs[0].missed_count, 5'258'879U);
      EXPECT_EQ(runs[0].first_missed_ms, utc("2016-11-20T10:01:00Z").ms);
    } else {
      EXPECT_EQ(runs[0].slot_ms, utc("2026-11-20T10:00:00Z").ms);
    }
    if (row.runs > 1) {
      EXPECT_EQ(runs[1].slot_ms, utc("2026-11-20T08:20:00Z").ms);
    }
  }
}

TEST(CatchUp, S147_S148_AMissingHourAndARepeatedOneAreOneSlotEach) {
  struct Row {
    const char* name;
    const char* start;
    const char* cron_text;
    Misfire misfire;
    const char* off_from;
    const char* off_to;
    std::vector<std::string> ran;
    const char* next;
  };
  const Row rows[] = {
      {.name = "S147 skip",
       .start = "2026-11-01T04:00:00Z",
       .cron_text = "30 1 * * *",
       .misfire = Misfire::skip(),
       .off_from = "2026-11-01T05:20:00Z",
       .off_to = "2026-11-01T06:05:00Z",
       .ran = {},
       .next = "2026-11-02T06:30:00Z"},
      {.name = "S147 catch_up",
       .start = "2026-11-01T04:00:00Z",
       .cron_text = "30 1 * * *",
       .misfire = Misfire::catch_up(),
       .off_from = "2026-11-01T05:20:00Z",
       .off_to = "2026-11-01T06:05:00Z",
       .ran = {"2026-11-01T05:30:00Z"},
       .next = "2026-11-02T06:30:00Z"},
      {.name = "S148",
       .start = "2026-03-08T04:00:00Z",
       .cron_text = "30 2 * * *",
       .misfire = Misfire::run_once_if_missed(),
       .off_from = "2026-03-08T05:00:00Z",
       .off_to = "2026-03-08T12:00:00Z",
       .ran = {"2026-03-08T07:00:00Z"},
       .next = "2026-03-09T06:30:00Z"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    SimulatedDevice device({.start = utc(row.start), .build_date = utc("2026-01-01T00:00:00Z")});
    device.handler("night");
    ASSERT_TRUE(device.boot().ok());
    auto night = cron("night", row.cron_text, row.misfire);
    night.timing.zone = "America/New_York";
    ASSERT_TRUE(device.put(night).ok());
    device.advance(utc(row.off_from) - device.wall());
    away(device, Fate::power_cut, utc(row.off_to) - device.wall());
    device.advance(12h);
    EXPECT_EQ(slots(device, "night"), row.ran);
    EXPECT_EQ(device.schedule("night")->next_slot, utc(row.next).ms);
  }
}

TEST(CatchUp, S149_AnIntervalKeepsItsOldGrid) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(every("h", 10min, Misfire::run_once_if_missed())).ok());
  device.advance(60min);
  ASSERT_EQ(device.runs("h").size(), 6U);
  away(device, Fate::power_cut, 33min);
  device.advance(6min);
  ASSERT_EQ(device.runs("h").size(), 7U);
  EXPECT_EQ(device.runs("h")[6].slot_ms, Duration(90min).count());
  EXPECT_EQ(device.runs("h")[6].missed_count, 3U);
  EXPECT_EQ(device.runs("h")[6].first_missed_ms, Duration(70min).count());
  device.advance(1min);
  EXPECT_EQ(starts(device, "h").back(), 100min);
}

TEST(CatchUp, S152_APowerCutInTheLineRunsTheRestAndDecidesNothingTwice) {
  SimulatedDevice device;
  device.handler("hourly", {.takes = 30s});
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("hourly", "0 * * * *", Misfire::catch_up())).ok());
  device.advance(30min);
  away(device, Fate::power_cut, 5h);  // 09:00 .. 13:00 missed, back at 13:30
  device.advance(61s);                // two have ended
  away(device, Fate::power_cut, 1h);  // 14:00 missed too
  device.advance(10min);
  std::map<std::string, int> ended;
  for (const auto& run : device.runs("hourly")) ended[format_utc(WallTime{run.slot_ms})] += run.ended ? 1 : 0;
  const std::map<std::string, int> expected{{"2027-01-15T09:00:00Z", 1}, {"2027-01-15T10:00:00Z", 1},
                                            {"2027-01-15T11:00:00Z", 1}, {"2027-01-15T12:00:00Z", 1},
                                            {"2027-01-15T13:00:00Z", 1}, {"2027-01-15T14:00:00Z", 1}};
  EXPECT_EQ(ended, expected);
  const auto order = slots(device, "hourly");  // the newly missed one stands behind those that waited
  EXPECT_GT(std::find(order.begin(), order.end(), "2027-01-15T14:00:00Z"),
            std::find(order.begin(), order.end(), "2027-01-15T13:00:00Z"));
  EXPECT_EQ(device.schedule("hourly")->missed, 6U);
}

TEST(Overlap, S164_ASlotIsSkippedWhileTheOneBeforeRuns) {
  SimulatedDevice device({.start = utc("2027-01-15T09:59:30Z")});
  device.handler("m", {.takes = 90s});
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("m", "* * * * *", Misfire::skip())).ok());
  device.advance(3min);
  EXPECT_EQ(slots(device, "m"), (std::vector<std::string>{"2027-01-15T10:00:00Z", "2027-01-15T10:02:00Z"}));
  EXPECT_EQ(device.schedule("m")->overlap_skipped, 1U);
}

}  // namespace
}  // namespace dormouse::sim
