// SPDX-License-Identifier: Apache-2.0
// Clocks that are wrong, step, sleep, and kernels that boot anew.
#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;

using Starts = std::vector<Duration>;
using Slots = std::vector<std::string>;

// -- time that is not trusted --

TEST(Untrusted, J075_ElapsedWorkRunsAndWallWorkIsHeldUntilTimeIsTrusted) {
  SimulatedDevice device(without_rtc("2027-01-15T07:59:50Z"));
  device.handler("elapsed");
  device.handler("a");
  device.handler("b");
  ASSERT_TRUE(device.boot().ok());
  device.submit("elapsed", after(1min));
  const auto a = device.submit("a", at(kT0), Misfire::catch_up());
  const auto b = device.submit("b", at(kT0), Misfire::skip());
  device.advance(98s);
  EXPECT_EQ(starts(device, "elapsed"), (Starts{60s}));
  for (const auto id : {a, b}) {
    EXPECT_EQ(device.state(id), State::scheduled);
    EXPECT_EQ(device.job(id)->shown.told.because, jobs::Because::time);
  }
  sync(device);
  device.advance(2s);  // confirmed by a second look
  EXPECT_EQ(starts(device, "a"), (Starts{100s}));
  EXPECT_EQ(device.state(a), State::succeeded);
  EXPECT_EQ(device.state(b), State::missed);
  EXPECT_EQ(device.runs("b").size(), 0U);
}

TEST(Untrusted, T036_AJobInAYearThatTheClockDoesNotKnowRunsAtItsTime) {
  SimulatedDevice device(without_rtc("2026-06-01T11:50:00Z"));
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.submit("h", at(utc("2026-06-01T12:00:00Z")));
  device.advance(5min);
  sync(device);
  EXPECT_EQ(device.status().now.trust, Trust::untrusted);
  device.advance(2s);
  EXPECT_EQ(device.status().now.trust, Trust::synced);
  device.advance(297'999ms);
  EXPECT_EQ(device.runs().size(), 0U);
  device.advance(1ms);
  EXPECT_EQ(starts(device, "h"), (Starts{10min}));
  EXPECT_EQ(device.runs("h")[0].missed_count, 0U);
  EXPECT_TRUE(device.boots().gaps.empty());
  EXPECT_TRUE(device.boots().reports.empty());
}

TEST(Untrusted, T037_T038_AScheduleMadeBeforeTrustCountsFromItsTrueCreation) {
  struct Row {
    const char* name;
    const char* start;
    Duration sync_at;
    Slots ran;
    const char* next;
  };
  const Row rows[] = {
      {.name = "T037",
       .start = "2026-06-01T11:55:00Z",
       .sync_at = 300s,
       .ran = {"2026-06-01T12:00:00Z"},
       .next = "2026-06-02T12:00:00Z"},
      {.name = "T038", .start = "2026-06-01T11:55:00Z", .sync_at = 420s, .ran = {}, .next = "2026-06-02T12:00:00Z"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    SimulatedDevice device(without_rtc(row.start));
    device.handler("noon");
    ASSERT_TRUE(device.boot().ok());
    device.advance(1min);
    ASSERT_TRUE(device.put(cron("noon", "0 12 * * *", Misfire::skip())).ok());
    device.advance(row.sync_at - 1min);
    sync(device);
    device.advance(2s);
    EXPECT_EQ(slots(device, "noon"), row.ran);
    if (!row.ran.empty()) {
      EXPECT_EQ(starts(device, "noon"), (Starts{302s}));
    }
    EXPECT_EQ(device.schedule("noon")->missed, row.ran.empty() ? 1U : 0U);
    EXPECT_EQ(device.schedule("noon")->next_slot, utc(row.next).ms);
    device.advance(1h);
    EXPECT_EQ(slots(device, "noon"), row.ran);
  }
}

TEST(Untrusted, T064_ElapsedWorkDoesNotSeeTheWallJumpFrom1970) {
  SimulatedDevice device(without_rtc("2026-06-01T12:00:00Z"));
  device.handler("h", {.places = 2});
  ASSERT_TRUE(device.boot().ok());
  device.advance(5s);
  device.submit("h", after(1min), Misfire::catch_up());
  device.submit("h", after(1min), Misfire::windowed(24h));
  device.advance(25s);
  sync(device);
  device.advance(1min);
  EXPECT_EQ(starts(device, "h"), (Starts{65s, 65s}));
  for (const auto& run : device.runs("h")) EXPECT_EQ(run.missed_count, 0U);
}

TEST(Untrusted, S154_SlotsAreDecidedTogetherOnceTimeIsTrusted) {
  SimulatedDevice device({.start = utc("2027-01-15T08:30:00Z")});
  device.handler("hourly");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("hourly", "0 * * * *", Misfire::catch_up())).ok());
  device.advance(1h);  // 09:00 ran
  device.clock().rtc_dead();
  away(device, Fate::power_cut, 30min);
  device.advance(125min - 2s);
  EXPECT_EQ(device.runs("hourly").size(), 1U);
  sync(device);
  device.advance(3s);  // 12:05
  EXPECT_EQ(slots(device, "hourly"), (Slots{"2027-01-15T09:00:00Z", "2027-01-15T10:00:00Z", "2027-01-15T11:00:00Z",
                                            "2027-01-15T12:00:00Z"}));
  EXPECT_EQ(device.boots().gaps.at(0).cause, GapCause::power_off);
}

// -- steps --

TEST(Step, J076_ElapsedWorkIsDeafToSteps) {
  for (const Duration by : {Duration(2h), Duration(-2h)}) {
    SimulatedDevice device;
    device.handler("h");
    ASSERT_TRUE(device.boot().ok());
    device.submit("h", after(10min));
    device.advance(10s);
    step(device, by);
    device.advance(1h);
    EXPECT_EQ(starts(device, "h"), (Starts{600s}));
  }
}

TEST(Step, J077_AJobThatTheClockJumpsOverIsLateByTheStep) {
  for (const bool skip : {true, false}) {
    SimulatedDevice device;
    device.handler("h");
    ASSERT_TRUE(device.boot().ok());
    const auto id = device.submit("h", at(kT0 + 600s), skip ? Misfire::skip() : Misfire::catch_up());
    device.advance(10s);
    step(device, 2h);
    device.advance(0s);
    EXPECT_EQ(device.state(id), skip ? State::missed : State::succeeded);
    EXPECT_EQ(starts(device, "h"), skip ? Starts{} : Starts{10s});
    if (!skip) {
      EXPECT_EQ(device.runs("h")[0].missed_count, 1U);
    }
    EXPECT_EQ(device.boots().gaps.at(0).cause, GapCause::clock_step);
    EXPECT_NE(device.explain(std::to_string(id)).find("1h50min10s late"), std::string::npos);
  }
}

TEST(Step, J078_ABackwardStepNeitherRunsAJobTwiceNorBeforeItsTime) {
  for (const bool before : {true, false}) {
    SimulatedDevice device;
    device.handler("h");
    ASSERT_TRUE(device.boot().ok());
    device.submit("h", at(kT0 + 600s));
    device.advance(before ? 300s : 700s);
    step(device, -1h);
    device.advance(3h);
    EXPECT_EQ(starts(device, "h"), (Starts{before ? 4'200s : 600s}));
  }
}

TEST(Step, J084_AJobThatIsDueNoLongerWaitsForItsTimeAnew) {
  SimulatedSetup setup;
  setup.limits.running_device = 1;
  SimulatedDevice device(setup);
  device.handler("busy", {.takes = 30s});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.submit("busy");
  const auto id = device.submit("h", at(kT0 + 10s));
  device.advance(10s);
  EXPECT_EQ(device.state(id), State::ready);
  device.advance(10s);
  step(device, -60s);
  EXPECT_EQ(device.state(id), State::scheduled);
  device.advance(2min);
  EXPECT_EQ(starts(device, "h"), (Starts{70s}));
}

TEST(Step, T080_AForwardStepOverSlotsIsAGap) {
  SimulatedDevice device({.start = utc("2027-01-15T11:55:00Z")});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("h", "*/10 * * * *", Misfire::skip())).ok());
  device.advance(5min);
  step(device, 1h);
  device.advance(5min);
  EXPECT_EQ(slots(device, "h"), (Slots{"2027-01-15T12:00:00Z", "2027-01-15T13:00:00Z"}));
  EXPECT_EQ(device.schedule("h")->missed, 5U);
  EXPECT_EQ(device.boots().gaps.at(0).cause, GapCause::clock_step);
}

TEST(Step, T082_T083_WhatHasRunDoesNotRunAgainWhateverTheClockDoes) {
  SimulatedDevice device({.start = utc("2027-01-15T10:55:00Z")});
  device.handler("once");
  device.handler("hourly");
  ASSERT_TRUE(device.boot().ok());
  device.submit("once", at(utc("2027-01-15T12:00:00Z")));
  ASSERT_TRUE(device.put(cron("hourly", "0 * * * *", Misfire::skip())).ok());
  device.advance(70min);  // 12:05
  step(device, -2h);
  device.advance(1min);
  step(device, 2h);
  device.advance(1min);
  EXPECT_EQ(device.schedule("hourly")->missed, 0U);
  EXPECT_EQ(slots(device, "hourly"), (Slots{"2027-01-15T11:00:00Z", "2027-01-15T12:00:00Z"}));
  step(device, -2h);
  device.advance(3h);  // past 13:00 by its own clock
  EXPECT_EQ(slots(device, "hourly"),
            (Slots{"2027-01-15T11:00:00Z", "2027-01-15T12:00:00Z", "2027-01-15T13:00:00Z"}));
  EXPECT_EQ(device.runs("once").size(), 1U);
}

TEST(Step, T084_WhatWasOnlyMissedRunsWhenItsTimeTrulyComes) {
  SimulatedDevice device({.start = utc("2027-01-15T11:55:00Z")});
  device.handler("hourly");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("hourly", "0 * * * *", Misfire::skip())).ok());
  device.advance(10min);  // 12:05
  step(device, 3h);
  EXPECT_EQ(device.schedule("hourly")->missed, 3U);
  device.advance(10min);
  step(device, -3h);
  device.advance(3h);
  EXPECT_EQ(slots(device, "hourly"), (Slots{"2027-01-15T12:00:00Z", "2027-01-15T13:00:00Z", "2027-01-15T14:00:00Z",
                                            "2027-01-15T15:00:00Z"}));
}

TEST(Step, S157_AJumpOverTwoHoursMissesSevenAndRunsTheOneOnTime) {
  SimulatedDevice device({.start = utc("2027-01-15T09:50:00Z")});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("h", "*/15 * * * *", Misfire::skip())).ok());
  device.advance(10min + 30s);
  step(device, 2h);
  EXPECT_EQ(device.schedule("h")->missed, 7U);
  device.advance(1min);
  EXPECT_EQ(slots(device, "h"), (Slots{"2027-01-15T10:00:00Z", "2027-01-15T12:00:00Z"}));
}

TEST(Step, S158_AfterABackwardStepTheNextSlotIsTheFirstThatNeverRan) {
  SimulatedDevice device({.start = utc("2027-01-15T10:30:00Z")});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("h", "0 * * * *", Misfire::skip())).ok());
  device.advance(90min + 30s);
  step(device, -1h);
  EXPECT_EQ(device.schedule("h")->next_slot, utc("2027-01-15T13:00:00Z").ms);
  device.advance(90min);  // 12:30:30 by its clock
  EXPECT_EQ(device.runs("h").size(), 2U);
}

TEST(Step, S159_AnRtcDaysAheadIsSetBackAndTheDaysRunOnceEach) {
  SimulatedDevice device({.start = utc("2026-03-02T08:30:00Z"), .build_date = utc("2026-01-01T00:00:00Z")});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("h", "0 * * * *", Misfire::skip())).ok());
  device.advance(40min);  // 09:00 ran
  device.clock().rtc_reset(utc("2026-03-05T09:30:00Z"));
  away(device, Fate::power_cut, 1h);  // 10:10 in truth, 03-05T10:30 by the RTC
  device.advance(1h);                 // 03-05T11:00 ran, 11:10 in truth
  EXPECT_EQ(slots(device, "h"), (Slots{"2026-03-02T09:00:00Z", "2026-03-05T11:00:00Z"}));
  sync(device);
  device.advance(utc("2026-03-05T12:30:00Z") - device.wall());
  const auto ran = slots(device, "h");
  ASSERT_EQ(ran.size(), 2U + 71 + 1);  // 03-02T12:00 .. 03-05T10:00, then 12:00
  EXPECT_EQ(ran[2], "2026-03-02T12:00:00Z");
  EXPECT_EQ(ran[72], "2026-03-05T10:00:00Z");
  EXPECT_EQ(ran[73], "2026-03-05T12:00:00Z");
}

TEST(Step, T077_AnIntervalIsEvenWhateverTheWallDoes) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(every("h", 10s, Misfire::skip())).ok());
  device.advance(15s);
  step(device, 24h);
  device.advance(20s);
  step(device, -24h);
  device.advance(25s);
  EXPECT_EQ(starts(device, "h"), (Starts{10s, 20s, 30s, 40s, 50s, 60s}));
}

// -- suspend --

TEST(Suspend, S161_SlotsSleptThroughAreMissedAndTheOneOnTimeRuns) {
  SimulatedDevice device({.start = utc("2027-01-15T10:05:30Z")});
  device.handler("m");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("m", "* * * * *", Misfire::skip())).ok());
  device.advance(280s);  // 10:10:10
  const auto before = device.runs("m").size();
  device.suspend(39min + 55s);
  EXPECT_EQ(device.schedule("m")->missed, 39U);
  EXPECT_EQ(device.runs("m").size(), before + 1);
  EXPECT_EQ(slots(device, "m").back(), "2027-01-15T10:50:00Z");
  EXPECT_EQ(device.boots().gaps.at(0).cause, GapCause::suspend);
}

TEST(Suspend, T089_AnHourlyScheduleMissesWhatItSleptThrough) {
  SimulatedDevice device({.start = utc("2027-01-15T00:30:00Z")});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("h", "0 * * * *", Misfire::skip())).ok());
  device.advance(30min + 10s);
  device.suspend(6h);
  EXPECT_EQ(slots(device, "h"), (Slots{"2027-01-15T01:00:00Z", "2027-01-15T07:00:00Z"}));
  EXPECT_EQ(device.schedule("h")->missed, 5U);
  const Gap gap = device.boots().gaps.at(0);
  EXPECT_EQ(gap.cause, GapCause::suspend);
  EXPECT_EQ(gap.certainty, Certainty::exact);
  EXPECT_EQ(gap.length, 6h);
}

TEST(Suspend, T090_AShortDelaySleptThroughRunsAtTheResume) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.submit("h", after(3s));
  device.suspend(6s);
  EXPECT_EQ(starts(device, "h"), (Starts{6s}));
  EXPECT_EQ(device.runs("h")[0].missed_count, 0U);  // late by 3 s, within its grace
}

// -- elapsed time across kernel boots --

/// A synced device at 12:00:00 = 100 s of uptime, with `after 2 h`; its last reading is 1,900 s = 12:30:00.
struct TwoHours {
  SimulatedDevice device{{.start = utc("2026-06-01T11:58:20Z"), .build_date = utc("2026-01-01T00:00:00Z")}};
  std::uint64_t id = 0;
  explicit TwoHours(Misfire misfire = Misfire::catch_up()) {
    device.handler("h");
    device.handler("mark");
    check(device.boot().ok(), "stories:boot");
    device.advance(100s);
    id = device.submit("h", after(2h), misfire);
    device.advance(1'800s);
    device.submit("mark");  // a durable commit: the last reading
  }
};

TEST(KernelBoots, T066_TimeProvenByTheWallAtBothEndsCounts) {
  TwoHours story;
  away(story.device, Fate::power_cut, 30min);
  story.device.advance(1h - 1ms);
  EXPECT_EQ(story.device.runs("h").size(), 0U);
  story.device.advance(1ms);
  EXPECT_EQ(story.device.runs("h").size(), 1U);
  EXPECT_EQ(story.device.wall(), utc("2026-06-01T14:00:00Z"));
}

TEST(KernelBoots, T067_WithoutTrustOnlyProvenTimeCountsAndTrustBringsTheRest) {
  for (const bool synced : {false, true}) {
    TwoHours story;
    story.device.clock().rtc_dead();
    away(story.device, Fate::power_cut, 30min);
    const Duration boot = story.device.now();
    story.device.advance(600s);
    if (synced) sync(story.device);
    story.device.advance(2h);
    ASSERT_EQ(story.device.runs("h").size(), 1U);
    EXPECT_EQ(story.device.runs("h")[0].started - boot, synced ? 3'600s : 5'400s);
    EXPECT_EQ(story.device.runs("h")[0].missed_count, 0U);
  }
}

TEST(KernelBoots, T068_LatenessThatTrustRevealsIsJudgedByThePolicy) {
  struct Row {
    const char* name;
    Misfire misfire;
    State end;
  };
  const Row rows[] = {{.name = "catch_up", .misfire = Misfire::catch_up(), .end = State::succeeded},
                      {.name = "skip", .misfire = Misfire::skip(), .end = State::missed},
                      {.name = "15 min", .misfire = Misfire::windowed(15min), .end = State::missed},
                      {.name = "20 min", .misfire = Misfire::windowed(20min), .end = State::succeeded}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    TwoHours story(row.misfire);
    story.device.clock().rtc_dead();
    away(story.device, Fate::power_cut, 30min);
    story.device.advance(4'500s);
    sync(story.device);
    EXPECT_EQ(story.device.runs("h").size(), 0U);
    story.device.advance(2s);
    EXPECT_EQ(story.device.state(story.id), row.end);
    EXPECT_EQ(story.device.runs("h").size(), row.end == State::succeeded ? 1U : 0U);
  }
}

TEST(KernelBoots, T069_WithoutAnyTrustAJobRunsOnceItsProvenTimeIsOverAndIsNotLate) {
  TwoHours story(Misfire::skip());
  story.device.clock().rtc_dead();
  away(story.device, Fate::power_cut, 10h);
  story.device.advance(5'400s - 1ms);
  EXPECT_EQ(story.device.state(story.id), State::scheduled);
  story.device.advance(1ms);
  EXPECT_EQ(story.device.state(story.id), State::succeeded);
  EXPECT_EQ(story.device.runs("h")[0].missed_count, 0U);
}

TEST(KernelBoots, J079_ADelayGoesOnInTheNextKernelBoot) {
  for (const bool trusted : {true, false}) {
    SimulatedDevice device;
    device.handler("h");
    device.handler("mark");
    ASSERT_TRUE(device.boot().ok());
    device.advance(1'000s);
    device.submit("h", after(600s));
    device.advance(100s);
    device.submit("mark");
    if (!trusted) device.clock().rtc_dead();
    away(device, Fate::power_cut, 380s);  // 480 s after the enqueue
    const Duration boot = device.now();
    device.advance(1h);
    ASSERT_EQ(device.runs("h").size(), 1U);
    EXPECT_EQ(device.runs("h")[0].started - boot, trusted ? 120s : 500s);
  }
}

}  // namespace
}  // namespace dormouse::sim
