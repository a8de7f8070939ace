// SPDX-License-Identifier: Apache-2.0
// What to do about a supply that says it is failing, word by word.
#include "actors/supervisor/failing_power.hpp"

#include <gtest/gtest.h>

namespace dormouse::actors {
namespace {

using namespace std::chrono_literals;
using Act = FailingPower::Act;
using Alarm = FailingPower::Alarm;

constexpr Instant kStart{1'000'000};

/// All is saved, 50 ms after the word at kStart.
FailingPower saved() {
  FailingPower power;
  EXPECT_EQ(power.failing(kStart, {}, true), Act::save);
  EXPECT_FALSE(power.closed(kStart + 50ms, true));
  return power;
}

TEST(FailingPowerTest, SavesAtTheFirstWordAndAnswersTheOthers) {
  FailingPower power;
  EXPECT_TRUE(power.working());
  EXPECT_EQ(power.due(), std::nullopt);
  EXPECT_EQ(power.failing(kStart, {}, true), Act::save);
  EXPECT_EQ(power.bound(), kStart + 200ms);
  EXPECT_EQ(power.failing(kStart + 20ms, {}, true), Act::wait);
  EXPECT_EQ(power.clean(), std::nullopt);
  EXPECT_FALSE(power.closed(kStart + 200ms, true));
  EXPECT_EQ(power.clean(), true);
  EXPECT_EQ(power.failing(kStart + 220ms, {}, true), Act::answer);
}

TEST(FailingPowerTest, TheSupplyKnowsBestHowLongItHolds) {
  FailingPower power;
  power.failing(kStart, 50ms, true);
  EXPECT_EQ(power.bound(), kStart + 50ms);
  power.failing(kStart + 20ms, 500ms, true);  // later words change nothing
  EXPECT_EQ(power.bound(), kStart + 50ms);
}

TEST(FailingPowerTest, PastTheBoundNothingIsClean) {
  FailingPower late;
  late.failing(kStart, {}, false);
  EXPECT_EQ(late.look(kStart + 200ms), Alarm::none);
  EXPECT_EQ(late.look(kStart + 201ms), Alarm::hold_up_missed);
  EXPECT_EQ(late.clean(), false);
  EXPECT_EQ(late.failing(kStart + 210ms, {}, true), Act::answer);
  late.closed(kStart + 1s, true);
  EXPECT_EQ(late.clean(), false);  // no other answer than the one that was given
  FailingPower unmarked;
  unmarked.failing(kStart, {}, false);
  unmarked.closed(kStart + 10ms, false);
  EXPECT_EQ(unmarked.clean(), false);
}

TEST(FailingPowerTest, GoesOnWhenItIsRestored) {
  auto power = saved();
  EXPECT_TRUE(power.restored(kStart + 3s));
  EXPECT_TRUE(power.resuming());
  EXPECT_FALSE(power.restored(kStart + 3s));
  power.resumed();
  EXPECT_TRUE(power.working());
  EXPECT_EQ(power.due(), std::nullopt);
}

TEST(FailingPowerTest, GoesOnAsSoonAsAllIsSavedIfItIsBackByThen) {
  FailingPower power;
  power.failing(kStart, {}, false);
  EXPECT_FALSE(power.restored(kStart + 10ms));
  EXPECT_TRUE(power.closed(kStart + 50ms, true));
  FailingPower again;
  again.failing(kStart, {}, false);
  again.restored(kStart + 10ms);
  again.failing(kStart + 20ms, {}, false);  // and goes once more
  EXPECT_FALSE(again.closed(kStart + 50ms, true));
}

TEST(FailingPowerTest, SilenceIsAFalseAlarm) {
  auto power = saved();
  power.failing(kStart + 10s, {}, true);
  EXPECT_EQ(power.due(), kStart + 40s);
  EXPECT_EQ(power.look(kStart + 40s - 1ms), Alarm::none);
  EXPECT_EQ(power.look(kStart + 40s), Alarm::false_alarm);
  EXPECT_TRUE(power.resuming());
}

TEST(FailingPowerTest, AWordThatComesBeforeWorkHasBegunStopsItOnceMore) {
  auto power = saved();
  power.restored(kStart + 3s);
  EXPECT_EQ(power.failing(kStart + 4s, {}, true), Act::answer);
  EXPECT_FALSE(power.resuming());
  EXPECT_TRUE(power.restored(kStart + 5s));
}

TEST(FailingPowerTest, WhatDoesNotReturnIsStuck) {
  auto power = saved();
  power.restored(kStart + 3s);
  EXPECT_EQ(power.look(kStart + 8s - 1ms), Alarm::none);
  EXPECT_EQ(power.look(kStart + 8s), Alarm::handler_stuck);
}

TEST(FailingPowerTest, WhoRepeatsItIsActedOnOnceASecondAndAWordThatComesOnceAlways) {
  auto power = saved();
  power.restored(kStart + 100ms);
  power.resumed();
  EXPECT_EQ(power.failing(kStart + 1049ms, {}, true), Act::pass_over);
  EXPECT_TRUE(power.working());
  EXPECT_EQ(power.failing(kStart + 1050ms, {}, true), Act::save);
  auto other = saved();
  other.restored(kStart + 100ms);
  other.resumed();
  EXPECT_EQ(other.failing(kStart + 200ms, {}, false), Act::save);
}

}  // namespace
}  // namespace dormouse::actors
