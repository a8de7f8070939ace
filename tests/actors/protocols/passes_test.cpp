// SPDX-License-Identifier: Apache-2.0
// What the timekeeper decides by, without actors: which pass follows which, what wakes whom, what a look at the
// clock calls for.
#include "actors/time/passes.hpp"

#include <gtest/gtest.h>

#include "actors/time/clock_watch.hpp"
#include "actors/time/wake_list.hpp"
#include "hal/sim/clock.hpp"

namespace dormouse::actors {
namespace {

using namespace std::chrono_literals;
using reconcile::Trigger;

constexpr WallTime kStart{1'800'000'000'000};

ReconcileStep step_of(Trigger trigger, Duration gap = Duration{0}) {
  ReconcileStep step;
  step.trigger = trigger;
  if (gap > Duration{0}) {
    step.gaps.emplace_back();
    step.gaps.back().length = gap;
  }
  return step;
}
Now at(Duration instant, Trust trust = Trust::synced) {
  return {Instant{instant.count()}, kStart + instant, trust, 1, 1};
}

// -- passes --

TEST(Passes, what_is_triggered_during_a_pass_is_one_more_with_all_its_facts) {
  Passes passes;
  EXPECT_TRUE(passes.add(step_of(Trigger::resume, 1h)));
  for (const Duration gap : {2h, 3h}) EXPECT_FALSE(passes.add(step_of(Trigger::step, gap)));
  ReconcileStep gained = step_of(Trigger::trust);
  gained.trust_gained = true;
  gained.gains.emplace_back();
  EXPECT_FALSE(passes.add(std::move(gained)));
  EXPECT_EQ(passes.batch().gaps.size(), 1U);
  EXPECT_TRUE(passes.taken(true));
  EXPECT_EQ(passes.batch().trigger, Trigger::resume);
  EXPECT_TRUE(passes.batch().gaps.empty()) << "facts belong to the first batch";
  EXPECT_FALSE(passes.taken(false));
  EXPECT_FALSE(passes.under_way());
  ASSERT_TRUE(passes.next());
  EXPECT_EQ(passes.batch().gaps.size(), 2U);
  EXPECT_EQ(passes.batch().gains.size(), 1U);
  EXPECT_TRUE(passes.batch().trust_gained);
  EXPECT_FALSE(passes.taken(false));
  EXPECT_FALSE(passes.next());
}

TEST(Passes, a_batch_that_is_refused_is_offered_again_after_longer_and_longer) {
  Passes passes;
  passes.add(step_of(Trigger::boot));
  for (const auto& [refused, again] : {std::pair{0s, 1s}, {1s, 3s}, {3s, 7s}}) {
    passes.refused(at(refused));
    EXPECT_EQ(passes.retry_at(), at(again).instant);
    EXPECT_FALSE(passes.retry(at(again - 1ms).instant));
    EXPECT_TRUE(passes.retry(at(again).instant));
    EXPECT_FALSE(passes.retry(at(again).instant));
  }
  passes.taken(true);
  passes.refused(at(7s));
  EXPECT_EQ(passes.retry_at(), at(8s).instant);
}

// -- wakes --

TEST(Wakes, a_wall_wake_comes_only_while_the_time_is_believed) {
  WakeList wakes;
  wakes.set({.purpose = Purpose::scheduler_due, .who = {}, .instant = {}, .wall = kStart + 10s});
  EXPECT_TRUE(wakes.has_wall_work());
  EXPECT_EQ(wakes.next(at(1s, Trust::untrusted), DueWork::comes), std::nullopt);
  EXPECT_TRUE(wakes.take(at(20s, Trust::untrusted), DueWork::comes).empty());
  EXPECT_EQ(wakes.next(at(1s), DueWork::comes), at(10s).instant);
  EXPECT_TRUE(wakes.take(at(10s), DueWork::held).empty()) << "a pass is under way";
  EXPECT_EQ(wakes.take(at(10s), DueWork::comes).size(), 1U);
  EXPECT_EQ(wakes.next(at(10s), DueWork::comes), std::nullopt) << "a wake comes once";
}

TEST(Wakes, what_waits_for_trust_has_no_moment_and_counts_as_work) {
  WakeList wakes;
  wakes.set({.purpose = Purpose::cron_due, .who = {}, .instant = {}, .wall = {}, .for_trust = true});
  EXPECT_TRUE(wakes.outstanding());
  EXPECT_TRUE(wakes.has_wall_work());
  for (const Trust trust : {Trust::untrusted, Trust::rtc, Trust::synced}) {
    EXPECT_EQ(wakes.next(at(1h, trust), DueWork::comes), std::nullopt);
    EXPECT_TRUE(wakes.take(at(1h, trust), DueWork::comes).empty());
  }
  wakes.set({.purpose = Purpose::cron_due, .who = {}, .instant = {}, .wall = {}});
  EXPECT_FALSE(wakes.outstanding());
  EXPECT_FALSE(wakes.has_wall_work());
}

TEST(Wakes, each_purpose_has_one_and_its_cause) {
  struct Row {
    Purpose purpose;
    std::optional<WakeCause> told;
    WakeCause cause;
  };
  const Row rows[] = {
      {Purpose::scheduler_due, {}, WakeCause::due},
      {Purpose::scheduler_pace, {}, WakeCause::catch_up},
      {Purpose::attempt_limits, {}, WakeCause::due},
      {Purpose::watchdog, {}, WakeCause::watchdog},
      {Purpose::store_upkeep, WakeCause::lazy_age, WakeCause::lazy_age},
      {Purpose::store_upkeep, WakeCause::idle_checkpoint, WakeCause::idle_checkpoint},
  };
  for (const Row& row : rows) {
    WakeList wakes;
    const auto set = [&](std::optional<Instant> instant) {
      wakes.set({.purpose = row.purpose, .who = {}, .instant = instant, .wall = {}, .cause = row.told});
    };
    set(at(5s).instant);
    set(at(7s).instant);
    EXPECT_TRUE(wakes.causes(at(6s), DueWork::comes).empty());
    EXPECT_EQ(wakes.causes(at(7s), DueWork::comes), std::vector{row.cause});
    set(std::nullopt);
    EXPECT_EQ(wakes.next(at(7s), DueWork::comes), std::nullopt);
  }
}

// -- looks --

/// A synced clock and the state that believes it.
struct Watched {
  hal_sim::SimClock clock{{.start = kStart, .rtc = hal_sim::RtcKind::none, .synced = true}};
  ClockWatch watch{TrustState(kStart - 24h, kStart - 24h, kStart - 24h), clock.read()};

  Watched() {
    watch.look(clock);
    clock.advance(2s);
    watch.look(clock);
    check(watch.trust().trust() == Trust::synced, "passes_test:synced");
  }
};

TEST(ClockWatch, a_first_step_is_reconciled_at_once_and_those_that_follow_closely_together) {
  Watched watched;
  watched.clock.advance(10s);
  watched.clock.step(-1h);
  const Seen first = watched.watch.look(watched.clock);
  ASSERT_TRUE(first.step);
  EXPECT_EQ(first.step->trigger, Trigger::step);
  EXPECT_EQ(first.step->wall_before_step, first.now.wall + 1h);
  EXPECT_TRUE(first.step->gaps.empty());
  for (int i = 0; i < 3; ++i) {
    watched.clock.advance(500ms);
    watched.clock.step(1h);
    EXPECT_FALSE(watched.watch.look(watched.clock).step);
  }
  const Instant last = watched.clock.read().instant;
  EXPECT_EQ(watched.watch.steps_at(), last + 1s);
  watched.clock.advance(1s);
  const Seen then = watched.watch.look(watched.clock);
  ASSERT_TRUE(then.step);
  ASSERT_EQ(then.step->gaps.size(), 1U);
  EXPECT_EQ(then.step->gaps[0].length, 3h);
  EXPECT_EQ(then.step->gaps[0].to, then.now.wall);
}

TEST(ClockWatch, suspend_and_step_seen_at_one_look_are_one_pass_with_two_gaps) {
  Watched watched;
  watched.clock.suspend(1h);
  watched.clock.step(10min);
  const Seen seen = watched.watch.look(watched.clock);
  ASSERT_TRUE(seen.step);
  EXPECT_EQ(seen.step->trigger, Trigger::resume);
  ASSERT_EQ(seen.step->gaps.size(), 2U);
  EXPECT_EQ(seen.step->gaps[0].cause, GapCause::suspend);
  EXPECT_EQ(seen.step->gaps[0].length, 1h);
  EXPECT_EQ(seen.step->gaps[1].cause, GapCause::clock_step);
  EXPECT_EQ(seen.step->gaps[1].length, 10min);
}

TEST(ClockWatch, a_step_too_short_to_reconcile_is_counted) {
  struct Row {
    Duration by;
    std::uint64_t counted;
  };
  for (const Row& row : {Row{100ms, 0}, Row{101ms, 1}, Row{-1'999ms, 1}, Row{2s, 0}}) {
    SCOPED_TRACE(row.by.count());
    Watched watched;
    watched.clock.step(row.by);
    const Seen seen = watched.watch.look(watched.clock);
    EXPECT_EQ(seen.step.has_value(), row.by >= 2s);
    EXPECT_EQ(watched.watch.short_steps(), row.counted);
    watched.watch.look(watched.clock);
    EXPECT_EQ(watched.watch.short_steps(), row.counted) << "once";
  }
}

TEST(ClockWatch, a_suspend_too_short_for_a_gap_is_counted) {
  struct Row {
    Duration slept;
    std::uint64_t counted;
  };
  for (const Row& row : {Row{500ms, 0}, Row{501ms, 1}, Row{1'999ms, 1}, Row{2s, 0}}) {
    SCOPED_TRACE(row.slept.count());
    Watched watched;
    watched.clock.suspend(row.slept);
    watched.watch.look(watched.clock);
    EXPECT_EQ(watched.watch.short_suspends(), row.counted);
    watched.watch.look(watched.clock);
    EXPECT_EQ(watched.watch.short_suspends(), row.counted) << "once";
  }
}

TEST(ClockWatch, steps_below_two_seconds_and_steps_that_nobody_believes_call_for_nothing) {
  Watched watched;
  watched.clock.step(1'999ms);
  EXPECT_FALSE(watched.watch.look(watched.clock).step);
  watched.clock.step(60 * 365 * 24h);
  const Seen lost = watched.watch.look(watched.clock);
  EXPECT_FALSE(lost.step);
  EXPECT_TRUE(lost.trust_lost);
  ASSERT_EQ(lost.alarms.size(), 1U);
  EXPECT_EQ(lost.alarms[0].code, "time.conflict");
  watched.clock.step(1h);
  EXPECT_FALSE(watched.watch.look(watched.clock).step);
  EXPECT_EQ(watched.watch.steps_at(), std::nullopt);
}

}  // namespace
}  // namespace dormouse::actors
