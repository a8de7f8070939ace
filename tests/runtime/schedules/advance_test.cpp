// SPDX-License-Identifier: Apache-2.0
// Schedules over time: timers, gaps, clock steps, trust, overlap; through the store, with its jobs.
#include <gtest/gtest.h>

#include "device.hpp"
#include "helpers.hpp"

namespace dormouse::schedules {
namespace {

using jobs::Misfire;
using test::cron_of;
using test::Device;
using test::every_of;
using test::minutes;
using test::shown;
using test::utc;

TEST(Advance, ASlotBecomesOneJobAtItsInstant) {
  Device device("2026-06-01T11:30Z");
  ASSERT_TRUE(device.put(cron_of("0 * * * *")).ok());
  device.advance_to("2026-06-01T11:59:59.999Z");
  const Decided early = device.decide_once(10);
  EXPECT_TRUE(early.decisions.empty());
  EXPECT_EQ(early.next_wall, WallTime{utc("2026-06-01T12:00Z")});
  EXPECT_FALSE(early.next_instant.has_value());
  device.advance(Duration{1});
  EXPECT_EQ(device.decide().size(), 1U);
  EXPECT_TRUE(device.decide().empty());
  EXPECT_EQ(shown(device.new_slots()), "2026-06-01T12:00:00Z");
  const auto job = device.all_jobs().front();
  EXPECT_EQ(job.due, Due::at(WallTime{utc("2026-06-01T12:00Z")}));
  EXPECT_EQ(job.trigger, jobs::Trigger::schedule);
  EXPECT_EQ(job.schedule, 1U);
}

TEST(Advance, S071LatenessNeverMovesTheGridOfEvery) {
  Device device;
  device.now.instant = {1'000'000};
  ASSERT_TRUE(device.put(every_of(minutes(5))).ok());
  for (const std::int64_t slot : {1'300'000, 1'600'000, 1'900'000}) {
    EXPECT_EQ(device.decide_once(1).next_instant, Instant{slot});
    device.advance(Instant{slot + 999} - device.now.instant);
    ASSERT_EQ(device.decide().size(), 1U);
    device.finish_jobs();
    EXPECT_EQ(device.all_jobs().back().due, Due::elapsed(1, Instant{slot}));
  }
}

TEST(Advance, S074EveryFollowsElapsedTimeThroughSteps) {
  Device device;
  ASSERT_TRUE(device.put(every_of(minutes(10))).ok());
  device.advance(minutes(5));
  device.now.wall = device.now.wall + minutes(180);
  device.replan();
  EXPECT_TRUE(device.decide().empty());
  device.advance(minutes(3));
  device.now.wall = device.now.wall - minutes(360);
  device.replan();
  EXPECT_TRUE(device.decide().empty());
  device.advance(minutes(2));
  device.decide();
  EXPECT_EQ(device.new_slots(), (std::vector<std::int64_t>{minutes(10).count()}));
}

TEST(Advance, S075EveryCatchesUpOverAProvenOutage) {
  Device device("2026-06-01T11:00Z");
  ASSERT_TRUE(device.put(every_of(minutes(60), Misfire::catch_up())).ok());
  device.advance_to("2026-06-01T12:00Z");
  device.decide();
  device.finish_jobs();
  device.advance_to("2026-06-01T12:20Z");
  device.reboot(minutes(190), true);
  device.decide();
  EXPECT_EQ(device.new_slots(), (std::vector<std::int64_t>{minutes(60).count(), minutes(120).count(),
                                                           minutes(180).count(), minutes(240).count()}));
  EXPECT_EQ(device.decide_once(1).next_instant, device.now.instant + minutes(30));
}

TEST(Advance, S077EveryNeverFiresEarlyOverAnUnprovenOutage) {
  Device device("2026-06-01T11:00Z");
  ASSERT_TRUE(device.put(every_of(minutes(60), Misfire::catch_up())).ok());
  device.advance(minutes(60));
  device.decide();
  device.finish_jobs();
  device.advance(minutes(20));
  device.reboot(minutes(190), false);
  device.trust(Trust::untrusted);
  EXPECT_EQ(device.decide_once(1).next_instant, Instant{minutes(40).count()});
  device.advance(minutes(40) - Duration{1});
  EXPECT_TRUE(device.decide().empty());
  device.advance(Duration{1});
  EXPECT_EQ(device.decide().size(), 1U);
  EXPECT_EQ(device.new_slots().back(), minutes(120).count());
}

TEST(Advance, S139TheLiveSlotFirstThenTheBacklog) {
  Device device("2026-06-01T10:00Z");
  Misfire three = Misfire::catch_up();
  three.max_runs = 3;
  ASSERT_TRUE(device.put(cron_of("* * * * *", three)).ok());
  device.advance_to("2026-06-01T10:10:20Z");
  const auto decisions = device.decide();
  ASSERT_EQ(decisions.size(), 1U);
  EXPECT_EQ(decisions[0].missed, 9U);
  EXPECT_EQ(decisions[0].ran, 4U);
  EXPECT_EQ(decisions[0].dropped, 6U);
  const Schedule schedule = device.get("n");
  EXPECT_EQ(schedule.caught_up, 3U);
  EXPECT_EQ(schedule.next_slot, utc("2026-06-01T10:11Z"));
  EXPECT_EQ(shown(device.new_slots()),
            "2026-06-01T10:10:00Z 2026-06-01T10:07:00Z 2026-06-01T10:08:00Z 2026-06-01T10:09:00Z");
  const auto made = device.all_jobs();
  EXPECT_FALSE(made[0].in_line);
  EXPECT_FALSE(made[0].settled);
  for (std::size_t i = 1; i < made.size(); ++i) {
    EXPECT_TRUE(made[i].in_line && made[i].settled);
    EXPECT_EQ(made[i].missed_count, 1U);
    EXPECT_EQ(made[i].first_missed_ms, made[i].slot_ms);
  }
}

TEST(Advance, OneJobForTheGapRunsAtMostOnce) {
  Device device("2026-06-01T10:00Z");
  ASSERT_TRUE(device.put(cron_of("* * * * *", Misfire::run_once_if_missed())).ok());
  device.advance_to("2026-06-01T10:10:20Z");
  device.decide();
  const auto made = device.all_jobs();
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0].slot_ms, utc("2026-06-01T10:09Z"));
  EXPECT_EQ(made[0].missed_count, 9U);
  EXPECT_EQ(made[0].first_missed_ms, utc("2026-06-01T10:01Z"));
  EXPECT_EQ(made[0].spec.delivery, jobs::Delivery::at_most_once);
  EXPECT_TRUE(made[0].settled);
  EXPECT_EQ(device.get("n").overlap_skipped, 1U);
  device.advance_to("2026-06-01T10:11Z");  // it is live: the next slot meets it
  device.decide();
  EXPECT_EQ(device.all_jobs().size(), 1U);
}

TEST(Advance, ASlotIsSkippedWhileTheLiveJobIsUnfinished) {
  Device device("2026-06-01T09:59:30Z");
  ASSERT_TRUE(device.put(cron_of("* * * * *")).ok());
  device.advance_to("2026-06-01T10:00Z");
  device.decide();
  device.advance_to("2026-06-01T10:01Z");
  device.decide();
  EXPECT_EQ(device.get("n").overlap_skipped, 1U);
  device.advance_to("2026-06-01T10:01:30Z");
  device.operate([](jobs::Work& work) {
    const auto claimed = jobs::claim(work, {1});
    if (!claimed.claimed.empty()) jobs::finish(work, {{claimed.claimed[0].job.token(), jobs::Outcome::ok(), {}}});
    return true;
  });
  device.advance_to("2026-06-01T10:02Z");
  device.decide();
  EXPECT_EQ(shown(device.new_slots()), "2026-06-01T10:00:00Z 2026-06-01T10:02:00Z");
  const Schedule schedule = device.get("n");
  EXPECT_EQ(schedule.runs, 2U);
  EXPECT_EQ(schedule.overlap_skipped, 1U);
}

TEST(Advance, HeldWhileUntrustedThenOneDecisionCoversTheSpan) {
  Device device("2026-06-01T09:00:30Z");
  ASSERT_TRUE(device.put(cron_of("0 * * * *", Misfire::catch_up())).ok());
  device.advance_to("2026-06-01T09:30Z");
  device.reboot(minutes(30), false);
  device.trust(Trust::untrusted);
  device.set_wall("1970-01-01T00:10Z");
  const Decided held = device.decide_once(10);
  EXPECT_TRUE(held.decisions.empty());
  EXPECT_TRUE(held.next_wall.has_value()) << "somebody waits for time to be trusted";
  device.trust(Trust::synced);
  device.set_wall("2026-06-01T12:05Z");
  device.replan();
  EXPECT_EQ(device.decide().size(), 1U);
  EXPECT_EQ(shown(device.new_slots()), "2026-06-01T10:00:00Z 2026-06-01T11:00:00Z 2026-06-01T12:00:00Z");
}

TEST(Advance, S155CreatedWhileUntrustedCountsFromItsTrueCreation) {
  Device device;
  device.trust(Trust::untrusted);
  device.now.instant = {100'000};
  const auto put = device.put(cron_of("0 * * * *"));
  ASSERT_TRUE(put.ok());
  EXPECT_FALSE(put->next_slot.has_value());
  device.advance(minutes(1));
  EXPECT_TRUE(device.decide().empty());
  device.trust(Trust::synced);
  device.set_wall("2026-06-01T12:00:10Z");
  device.replan();
  EXPECT_EQ(device.get("n").decided_until, utc("2026-06-01T11:59:10Z"));
  device.decide();
  EXPECT_EQ(shown(device.new_slots()), "2026-06-01T12:00:00Z");
}

TEST(Advance, S157AForwardStepMissesWhatItJumpedOver) {
  Device device("2026-06-01T09:50Z");
  ASSERT_TRUE(device.put(cron_of("*/15 * * * *")).ok());
  device.advance_to("2026-06-01T10:00:30Z");
  device.decide();
  device.finish_jobs();
  device.set_wall("2026-06-01T12:00:30Z");
  device.replan();
  const auto decisions = device.decide();
  ASSERT_EQ(decisions.size(), 1U);
  EXPECT_EQ(decisions[0].missed, 7U);
  EXPECT_EQ(shown(device.new_slots()), "2026-06-01T10:00:00Z 2026-06-01T12:00:00Z");
}

TEST(Advance, S158ABackwardStepRunsNothingASecondTime) {
  Device device("2026-06-01T10:30Z");
  ASSERT_TRUE(device.put(cron_of("0 * * * *")).ok());
  for (const char* slot : {"2026-06-01T11:00Z", "2026-06-01T12:00Z"}) {
    device.advance_to(slot);
    device.decide();
    device.finish_jobs();
  }
  device.advance_to("2026-06-01T12:00:30Z");
  device.set_wall("2026-06-01T11:00:30Z");
  device.replan();
  EXPECT_EQ(device.get("n").next_slot, utc("2026-06-01T13:00Z"));
  device.advance_to("2026-06-01T12:00Z");
  EXPECT_TRUE(device.decide().empty());
}

TEST(Advance, S159WhatWasOnlyMissedRunsWhenItsTimeTrulyComes) {
  Device device("2026-03-02T08:30Z");
  ASSERT_TRUE(device.put(cron_of("0 * * * *")).ok());
  const auto run_to = [&](const char* wall) {
    device.advance_to(wall);
    device.decide();
    device.finish_jobs();
  };
  run_to("2026-03-02T09:00Z");
  device.reboot(minutes(120), false);
  device.trust(Trust::rtc);
  device.set_wall("2026-03-05T10:30Z");
  device.replan();
  device.decide();
  run_to("2026-03-05T11:00Z");
  EXPECT_EQ(shown(device.new_slots()), "2026-03-02T09:00:00Z 2026-03-05T11:00:00Z");
  device.trust(Trust::synced);
  device.set_wall("2026-03-02T11:10Z");
  device.replan();
  for (std::int64_t slot = utc("2026-03-02T12:00Z"); slot <= utc("2026-03-05T12:00Z"); slot += 3'600'000) {
    device.advance(WallTime{slot} - device.now.wall);
    device.decide();
    device.finish_jobs();
  }
  const auto slots = device.new_slots();
  ASSERT_EQ(slots.size(), 72U);
  EXPECT_EQ(slots.front(), utc("2026-03-02T12:00Z"));
  EXPECT_EQ(slots[70], utc("2026-03-05T10:00Z"));
  EXPECT_EQ(slots[71], utc("2026-03-05T12:00Z"));
}

TEST(Advance, S145TenYearsCostWhatADayCosts) {
  std::uint64_t bytes[2] = {};
  for (const bool ten_years : {false, true}) {
    Device device(ten_years ? "2016-11-20T10:00Z" : "2026-11-19T10:00Z");
    for (int i = 0; i < 500; ++i) {
      Definition definition = cron_of("* * * * *", Misfire::run_once_if_missed());
      definition.name = "n" + std::to_string(i);
      ASSERT_TRUE(device.put(definition).ok());
    }
    ASSERT_TRUE(device.store->sync().ok());
    const std::uint64_t before = device.store->stats().traffic.bytes;
    device.advance_to("2026-11-20T10:00:30Z");
    const auto decisions = device.decide();
    ASSERT_TRUE(device.store->sync().ok());
    ASSERT_EQ(decisions.size(), 500U);
    for (const auto& decision : decisions) {
      EXPECT_EQ(decision.ran, 1U);
      EXPECT_EQ(decision.missed, ten_years ? 5'258'879U : 1'439U);
    }
    EXPECT_EQ(device.all_jobs().size(), 500U);
    bytes[ten_years ? 1 : 0] = device.store->stats().traffic.bytes - before;
  }
  EXPECT_EQ(bytes[0], bytes[1]);
}

TEST(Advance, OldestSlotFirstAndALimitBetweenSchedules) {
  Device device("2026-06-01T10:00:30Z");
  for (const char* text : {"30 * * * *", "10 * * * *", "20 * * * *"}) {
    Definition definition = cron_of(text);
    definition.name = text;
    ASSERT_TRUE(device.put(definition).ok());
  }
  device.advance_to("2026-06-01T10:30Z");
  const Decided first = device.decide_once(2);
  ASSERT_EQ(first.decisions.size(), 2U);
  EXPECT_TRUE(first.more);
  EXPECT_EQ(first.decisions[0].name, "10 * * * *");
  EXPECT_EQ(first.decisions[1].name, "20 * * * *");
  const Decided second = device.decide_once(2);
  ASSERT_EQ(second.decisions.size(), 1U);
  EXPECT_FALSE(second.more);
  EXPECT_EQ(second.next_wall, WallTime{utc("2026-06-01T11:10Z")});
}

TEST(Advance, ABatchCarriesWholeDecisionsOfWhatFits) {
  Device device("2026-06-01T10:00:30Z", Limits::tiny());
  for (const char* name : {"a", "b"}) {
    Definition definition = cron_of("* * * * *", Misfire::catch_up());
    definition.name = name;
    ASSERT_TRUE(device.put(definition).ok());
  }
  device.advance_to("2026-06-01T11:00:30Z");
  const Decided first = device.decide_once(10);
  ASSERT_EQ(first.decisions.size(), 1U);
  EXPECT_TRUE(first.more);
  EXPECT_GT(first.decisions[0].ran, 1U);
  EXPECT_EQ(first.decisions[0].missed, 59U);
  EXPECT_EQ(first.decisions[0].ran - 1 + first.decisions[0].dropped, 59U);
  EXPECT_EQ(device.decide_once(10).decisions.size(), 1U);
}

TEST(Advance, AHeldZoneMakesNoJobAndHoldsNoOtherUp) {
  Device device("2026-06-01T10:00:30Z");
  Definition berlin = cron_of("1 * * * *", Misfire::catch_up());
  berlin.timing.zone = "Europe/Berlin";
  ASSERT_TRUE(device.put(berlin).ok());
  Definition other = cron_of("2 * * * *");
  other.name = "other";
  ASSERT_TRUE(device.put(other).ok());
  device.advance_to("2026-06-01T10:02Z");
  {
    const test::OtherDatabase none("/nonexistent");
    const Decided decided = device.decide_once(1);
    ASSERT_EQ(decided.decisions.size(), 1U);
    EXPECT_EQ(decided.decisions[0].name, "other");
    EXPECT_FALSE(decided.more);
  }
  EXPECT_EQ(device.decide().size(), 1U);
}

}  // namespace
}  // namespace dormouse::schedules
