// SPDX-License-Identifier: Apache-2.0
// When a watchdog is fed: everybody asked has answered, well, and within a quarter of its timeout.
#include "actors/supervisor/watchdog_rounds.hpp"

#include <gtest/gtest.h>

namespace dormouse::actors {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1'000'000};

WatchdogRounds asked_three(Instant now) {
  WatchdogRounds rounds(60s);
  EXPECT_TRUE(rounds.begin(now));
  for (int i = 0; i < 3; ++i) rounds.asked();
  return rounds;
}

TEST(WatchdogRounds, TheLastAnswerOfThoseAskedFeeds) {
  auto rounds = asked_three(kStart);
  EXPECT_FALSE(rounds.answered(1, true, kStart));
  EXPECT_FALSE(rounds.answered(1, true, kStart));
  EXPECT_TRUE(rounds.answered(1, true, kStart + 15s));  // a quarter of the timeout
  EXPECT_EQ(rounds.next(), kStart + 30s);
  EXPECT_EQ(rounds.longest_commit(), 30s);
}

TEST(WatchdogRounds, AnAnswerThatIsLateOrNotWellFeedsNothing) {
  auto late = asked_three(kStart);
  late.answered(1, true, kStart);
  late.answered(1, true, kStart + 15s + 1ms);
  EXPECT_FALSE(late.answered(1, true, kStart + 15s + 1ms));
  auto unwell = asked_three(kStart);
  unwell.answered(1, false, kStart);
  unwell.answered(1, true, kStart);
  EXPECT_FALSE(unwell.answered(1, true, kStart));
}

TEST(WatchdogRounds, WhoIsSilentIsNotAskedAgainUntilItHasAnswered) {
  auto rounds = asked_three(kStart);
  rounds.answered(1, true, kStart);
  rounds.answered(1, true, kStart);
  EXPECT_FALSE(rounds.begin(kStart + 30s));
  EXPECT_EQ(rounds.next(), kStart + 60s);
  EXPECT_FALSE(rounds.answered(1, true, kStart + 40s));  // too late for its round
  EXPECT_TRUE(rounds.begin(kStart + 60s));
  rounds.asked();
  EXPECT_TRUE(rounds.answered(2, true, kStart + 60s));
}

TEST(WatchdogRounds, WhatWasForgottenCountsForNothing) {
  auto rounds = asked_three(kStart);
  rounds.forget();
  EXPECT_FALSE(rounds.answered(1, true, kStart));
  ASSERT_TRUE(rounds.begin(kStart + 1s));
  rounds.asked();
  EXPECT_FALSE(rounds.answered(1, true, kStart + 1s));
  EXPECT_TRUE(rounds.answered(rounds.number(), true, kStart + 1s));
}

}  // namespace
}  // namespace dormouse::actors
