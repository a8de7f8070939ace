// SPDX-License-Identifier: Apache-2.0
// What can be said of the flash's life, and what cannot.
#include "runtime/store/flash_wear.hpp"

#include <gtest/gtest.h>

namespace dormouse::store {
namespace {

constexpr Duration kDay{86'400'000};
constexpr std::uint64_t kMB = 1'000'000;
constexpr std::uint64_t kGB = 1'000 * kMB;

FlashReading registers(std::uint8_t first, std::uint8_t second) {
  FlashReading reading;
  reading.life_time = std::array{first, second};
  return reading;
}

/// A device that writes so much each day.
FlashUse days_of(std::uint64_t bytes, int days) {
  FlashUse use;
  for (int i = 0; i < days; ++i) {
    use.note(FlashCause::journal, bytes, 1);
    use.advance(kDay);
  }
  return use;
}

TEST(FlashWear, the_worse_life_time_counts_and_what_states_nothing_does_not) {
  struct Row {
    std::uint8_t first, second;
    int step;
  };
  const Row rows[] = {{1, 1, 1},   {2, 5, 5},   {5, 2, 5},  {0, 3, 3},       {3, 0, 3},  {0, 0, 0},
                      {10, 1, 10}, {11, 1, 11}, {12, 1, 1}, {0xFF, 0xFF, 0}, {1, 11, 11}};
  for (const auto& row : rows) {
    const auto life = life_of(registers(row.first, row.second));
    EXPECT_EQ(life ? life->step : 0, row.step) << int{row.first} << " " << int{row.second};
  }
  EXPECT_FALSE(life_of({}));
  const auto nearly_new = life_of(registers(1, 1));
  EXPECT_EQ(nearly_new->from_percent(), 0U);
  EXPECT_EQ(nearly_new->to_percent(), 10U);
  const auto exceeded = life_of(registers(11, 0));
  EXPECT_TRUE(exceeded->exceeded());
  EXPECT_EQ(exceeded->from_percent(), 100U);
  EXPECT_EQ(exceeded->to_percent(), 100U);
}

TEST(FlashWear, pre_eol_is_one_of_three_words_or_unknown) {
  FlashReading reading;
  EXPECT_EQ(pre_eol_of(reading), std::nullopt);
  const std::pair<std::uint8_t, std::optional<PreEol>> rows[] = {{0, std::nullopt},    {1, PreEol::normal},
                                                                 {2, PreEol::warning}, {3, PreEol::urgent},
                                                                 {4, std::nullopt},    {0xFF, std::nullopt}};
  for (const auto& [value, state] : rows) {
    reading.pre_eol = value;
    EXPECT_EQ(pre_eol_of(reading), state) << int{value};
  }
  EXPECT_STREQ(name_of(PreEol::urgent), "urgent");
}

TEST(FlashWear, projects_from_what_the_board_states_and_the_mean_of_the_days) {
  const FlashEndurance board{.bytes = 1'000 * kGB, .write_amplification = 4};
  const auto wear = FlashWearHistory{}.project(days_of(100 * kMB, 9), board);
  EXPECT_EQ(wear.mean_day_bytes, 100 * kMB);
  EXPECT_EQ(wear.endurance_bytes, 250 * kGB);
  EXPECT_FALSE(wear.measured);
  ASSERT_TRUE(wear.percent_per_year);
  EXPECT_NEAR(*wear.percent_per_year, 14.61, 0.001);
  EXPECT_FALSE(wear.years_left) << "what others wrote before is not known";
}

TEST(FlashWear, what_is_not_known_is_not_guessed) {
  const auto nothing = FlashWearHistory{}.project(days_of(100 * kMB, 9), {});
  EXPECT_FALSE(nothing.endurance_bytes || nothing.percent_per_year || nothing.years_left);
  const auto first_day = FlashWearHistory{}.project(FlashUse{}, {.bytes = kGB});
  EXPECT_FALSE(first_day.mean_day_bytes || first_day.percent_per_year || first_day.years_left);
  FlashWearHistory history;
  history.note(registers(5, 5), 0);
  const auto no_endurance = history.project(days_of(100 * kMB, 9), {});
  EXPECT_EQ(no_endurance.life->step, 5);
  EXPECT_FALSE(no_endurance.percent_per_year || no_endurance.years_left);
}

TEST(FlashWear, before_a_step_was_seen_the_registers_upper_bound_is_used_up) {
  FlashWearHistory history;
  history.note(registers(2, 5), 0);
  const auto wear = history.project(days_of(100 * kMB, 7), {.bytes = 365'250 * kMB});
  ASSERT_TRUE(wear.years_left);
  EXPECT_NEAR(*wear.percent_per_year, 10, 0.001);
  EXPECT_NEAR(*wear.years_left, 5, 0.001);
}

TEST(FlashWear, at_a_step_exactly_so_much_is_used) {
  FlashWearHistory history;
  auto use = days_of(100 * kMB, 7);
  history.note(registers(5, 5), 0);
  history.note(registers(6, 5), use.ever().bytes);
  const FlashEndurance board{.bytes = 365'250 * kMB};
  EXPECT_NEAR(*history.project(use, board).years_left, 5, 0.001);
  for (int day = 0; day < 365; ++day) {
    use.note(FlashCause::journal, 100 * kMB, 1);
    use.advance(kDay);
  }
  EXPECT_NEAR(*history.project(use, board).years_left, 4, 0.001) << "and what is written since counts";
  for (int day = 0; day < 365; ++day) {
    use.note(FlashCause::journal, 100 * kMB, 1);
    use.advance(kDay);
  }
  EXPECT_NEAR(*history.project(use, board).years_left, 4, 0.001) << "but not beyond what the register says";
}

TEST(FlashWear, two_steps_measure_what_the_medium_really_bears) {
  FlashWearHistory history;
  const auto use = days_of(100 * kMB, 7);
  const std::uint64_t now = use.ever().bytes;
  history.note(registers(3, 3), 0);
  history.note(registers(4, 3), now / 7);      // what came before may have been any part of a step
  history.note(registers(4, 4), now / 7 * 2);  // no step
  history.note(registers(5, 4), now);          // six days for 10 %
  const auto wear = history.project(use, {.bytes = 1ULL << 50});
  EXPECT_TRUE(wear.measured);
  EXPECT_EQ(wear.endurance_bytes, 6'000 * kMB);
  EXPECT_NEAR(*wear.years_left * 365.25, 36, 0.001);  // 60 % are left
}

TEST(FlashWear, several_steps_at_once_are_so_many_steps_and_exceeded_leaves_nothing) {
  FlashWearHistory history;
  history.note(registers(1, 1), 0);
  history.note(registers(2, 1), 10 * kGB);
  history.note(registers(11, 1), 100 * kGB);
  const auto wear = history.project(days_of(100 * kMB, 7), {});
  EXPECT_EQ(wear.endurance_bytes, 100 * kGB);
  EXPECT_TRUE(wear.life->exceeded());
  EXPECT_EQ(wear.years_left, 0.0);
}

TEST(FlashWear, another_medium_begins_anew) {
  FlashWearHistory history;
  history.note(registers(1, 1), 0);
  history.note(registers(2, 1), 10 * kGB);
  history.note(registers(3, 1), 20 * kGB);
  EXPECT_TRUE(history.project(days_of(1, 7), {}).measured);
  history.note(registers(1, 1), 21 * kGB);
  EXPECT_FALSE(history.project(days_of(1, 7), {}).measured);
  history.note(registers(2, 1), 30 * kGB);
  history.note(registers(3, 1), 50 * kGB);
  EXPECT_EQ(history.project(days_of(1, 7), {}).endurance_bytes, 200 * kGB);
}

TEST(FlashWear, steps_are_kept_over_boots) {
  FlashWearHistory history;
  history.note(registers(1, 1), 0);
  history.note(registers(2, 1), 10 * kGB);
  wire::Record record;
  history.encode(record);
  auto booted = FlashWearHistory::decode(*wire::Record::decode(record.encode()));
  booted.note(registers(3, 1), 30 * kGB);
  EXPECT_EQ(booted.project(days_of(1, 7), {}).endurance_bytes, 200 * kGB);
  wire::Record none;
  FlashWearHistory{}.encode(none);
  EXPECT_EQ(none, wire::Record{});
  FlashWearHistory::decode(none).encode(none);
  EXPECT_EQ(none, wire::Record{});
}

}  // namespace
}  // namespace dormouse::store
