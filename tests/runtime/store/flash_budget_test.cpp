// SPDX-License-Identifier: Apache-2.0
// The write budget: when it runs empty, what waits then, when all is as before.
#include "runtime/store/flash_budget.hpp"

#include <gtest/gtest.h>

namespace dormouse::store {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr Duration kMinute{60'000};
constexpr Duration kHour{3'600'000};
using Change = FlashBudget::Change;

FlashBudget empty() {
  FlashBudget budget(kMiB);
  budget.spend(kMiB);
  EXPECT_EQ(budget.take_change(), Change::emptied);
  return budget;
}

FlashBudget next_boot(const FlashBudget& budget, std::uint64_t bytes_per_day = kMiB) {
  wire::Record record;
  budget.encode(record);
  return FlashBudget::decode(*wire::Record::decode(record.encode()), bytes_per_day);
}

TEST(FlashBudget, without_a_budget_nothing_is_ever_saved) {
  FlashBudget budget(0);
  budget.spend(1ULL << 50);
  budget.advance(kHour);
  EXPECT_FALSE(budget.saving());
  EXPECT_EQ(budget.take_change(), Change::none);
  EXPECT_EQ(budget.stretched(kMinute), kMinute);
  EXPECT_TRUE(budget.allows_idle_checkpoint() && budget.allows_weekly_snapshot());
}

TEST(FlashBudget, refills_evenly_and_never_above_a_day) {
  FlashBudget budget(kMiB);
  budget.spend(kMiB / 2);
  budget.advance(6 * kHour);
  EXPECT_EQ(budget.level(), kMiB * 3 / 4);
  budget.advance(1'000 * kHour);
  EXPECT_EQ(budget.level(), kMiB);
  budget.advance(-kHour);
  EXPECT_EQ(budget.level(), kMiB);
}

TEST(FlashBudget, many_short_waits_refill_as_one_long_one_does) {
  for (const std::uint64_t bytes : {7ULL, 1'000ULL, 86'400'001ULL, 1ULL << 59}) {
    FlashBudget budget(bytes);
    budget.spend(bytes);
    for (int i = 0; i < 86'400; ++i) budget.advance(Duration{500});
    EXPECT_EQ(budget.level(), bytes / 2) << bytes;
  }
}

TEST(FlashBudget, the_wait_doubles_after_each_wait_until_it_is_16_min) {
  auto budget = empty();
  const std::pair<int, int> wait_after_minutes[] = {{0, 2}, {1, 2},  {2, 4},   {5, 4},
                                                    {6, 8}, {13, 8}, {14, 16}, {60, 16}};
  int minute = 0;
  for (const auto& [at, wait] : wait_after_minutes) {
    for (; minute < at; ++minute) budget.advance(kMinute);
    EXPECT_EQ(budget.stretched(kMinute), wait * kMinute) << "after " << at << " min";
  }
  EXPECT_EQ(budget.stretched(Duration{5'000}), Duration{80'000});
  EXPECT_EQ(budget.stretched(kHour), kHour) << "never shorter than a board wants it";
}

TEST(FlashBudget, saving_ends_when_half_of_it_is_there_again) {
  auto budget = empty();
  EXPECT_FALSE(budget.allows_idle_checkpoint() || budget.allows_weekly_snapshot());
  budget.advance(12 * kHour - kMinute);
  EXPECT_TRUE(budget.saving());
  EXPECT_EQ(budget.take_change(), Change::none);
  budget.advance(kMinute);
  EXPECT_FALSE(budget.saving());
  EXPECT_EQ(budget.take_change(), Change::cleared);
  EXPECT_EQ(budget.take_change(), Change::none);
  EXPECT_EQ(budget.stretched(kMinute), kMinute);
  EXPECT_TRUE(budget.allows_idle_checkpoint() && budget.allows_weekly_snapshot());
}

TEST(FlashBudget, what_is_written_although_it_is_empty_is_not_owed_later) {
  auto budget = empty();
  budget.spend(100 * kMiB);
  EXPECT_EQ(budget.take_change(), Change::none) << "one alarm is enough";
  budget.advance(24 * kHour);
  EXPECT_EQ(budget.level(), kMiB);
}

TEST(FlashBudget, only_a_success_without_a_result_is_shortened_and_only_while_saving) {
  const auto saving = empty();
  EXPECT_TRUE(saving.shortens(true, false));
  EXPECT_FALSE(saving.shortens(true, true));
  EXPECT_FALSE(saving.shortens(false, false));
  EXPECT_FALSE(saving.shortens(false, true));
  EXPECT_FALSE(FlashBudget(kMiB).shortens(true, false));
}

TEST(FlashBudget, level_and_alarm_are_kept_over_boots) {
  FlashBudget budget(kMiB);
  budget.spend(kMiB / 4);
  EXPECT_EQ(next_boot(budget).level(), kMiB * 3 / 4);
  EXPECT_FALSE(next_boot(budget).saving());

  auto saving = empty();
  for (int minute = 0; minute < 14; ++minute) saving.advance(kMinute);
  auto booted = next_boot(saving);
  EXPECT_TRUE(booted.saving());
  EXPECT_EQ(booted.take_change(), Change::none) << "told in the boot before";
  EXPECT_EQ(booted.stretched(kMinute), 16 * kMinute);
  EXPECT_EQ(booted.level(), saving.level());
}

TEST(FlashBudget, follows_a_board_that_states_another_budget) {
  EXPECT_EQ(next_boot(FlashBudget(kMiB), kMiB / 8).level(), kMiB / 8);
  EXPECT_EQ(next_boot(FlashBudget(0)).level(), kMiB) << "a budget begins full";
  auto none = next_boot(empty(), 0);
  EXPECT_FALSE(none.saving());
  EXPECT_EQ(none.stretched(kMinute), kMinute);
}

}  // namespace
}  // namespace dormouse::store
