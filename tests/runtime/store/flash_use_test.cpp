// SPDX-License-Identifier: Apache-2.0
// Counting what is written: blocks, causes, days, shares, and what survives a record.
#include "runtime/store/flash_use.hpp"

#include <gtest/gtest.h>

namespace dormouse::store {
namespace {

constexpr Duration kHour{3'600'000};

FlashUse again(const FlashUse& use) {
  const auto today = wire::Record::decode(use.encode().encode());
  const auto days = wire::Record::decode(use.encode_days().encode());
  EXPECT_TRUE(today.ok() && days.ok());
  return FlashUse::decode(*today, *days);
}

TEST(FlashUse, bytes_count_as_the_blocks_they_touch) {
  struct Row {
    std::uint64_t offset, bytes, touched;
  };
  const Row rows[] = {{0, 0, 0},         {0, 1, 4096},    {4095, 1, 4096}, {4095, 2, 8192},   {100, 100, 4096},
                      {4046, 100, 8192}, {0, 4096, 4096}, {1, 4096, 8192}, {8192, 8192, 8192}};
  for (const auto& row : rows) EXPECT_EQ(blocks_touched(row.offset, row.bytes), row.touched) << row.offset;
}

TEST(FlashUse, counts_by_cause_and_per_ended_job) {
  FlashUse use;
  EXPECT_EQ(use.today().bytes_per_job(), std::nullopt);
  use.note(FlashCause::journal, 8192, 2);
  use.note(FlashCause::journal, 4096, 1);
  use.note(FlashCause::heartbeat, 4096, 1);
  use.note_ended(4);
  EXPECT_EQ(use.today().of(FlashCause::journal).bytes, 12'288U);
  EXPECT_EQ(use.today().of(FlashCause::journal).syncs, 3U);
  EXPECT_EQ(use.today().total().bytes, 16'384U);
  EXPECT_EQ(use.today().total().syncs, 4U);
  EXPECT_EQ(use.today().bytes_per_job(), 4'096U);
}

TEST(FlashUse, a_day_ends_after_24_hours_that_have_passed_and_eight_are_kept) {
  FlashUse use;
  for (std::uint64_t day = 1; day <= 20; ++day) {
    use.note(FlashCause::journal, day * 4096, 1);
    use.advance(23 * kHour);
    EXPECT_EQ(use.today().total().bytes, day * 4096) << "not over yet";
    use.advance(kHour);
    EXPECT_EQ(use.today().total().bytes, 0U);
  }
  ASSERT_EQ(use.days().size(), FlashUse::days_kept - 1);
  EXPECT_EQ(use.days().front().total().bytes, 20U * 4096);
  EXPECT_EQ(use.days().back().total().bytes, 14U * 4096);
  EXPECT_EQ(use.mean_day(), 17U * 4096);
  EXPECT_EQ(use.ever().bytes, 210U * 4096);
}

TEST(FlashUse, there_is_no_mean_before_a_day_is_over_and_short_steps_make_the_same_day) {
  FlashUse use;
  use.note(FlashCause::blob, 4096, 1);
  for (int minute = 0; minute < 24 * 60 - 1; ++minute) use.advance(Duration{60'000});
  EXPECT_EQ(use.mean_day(), std::nullopt);
  use.advance(Duration{60'000});
  EXPECT_EQ(use.mean_day(), 4096U);
}

TEST(FlashUse, a_long_sleep_is_days_of_nothing_and_time_never_runs_back) {
  FlashUse use;
  use.note(FlashCause::journal, 4096, 1);
  use.advance(-100 * kHour);
  EXPECT_TRUE(use.days().empty());
  use.advance(3 * 24 * kHour + kHour);
  ASSERT_EQ(use.days().size(), 3U);
  EXPECT_EQ(use.days().back().total().bytes, 4096U);
  EXPECT_EQ(use.today().elapsed, kHour);
  use.advance(Duration::max());
  ASSERT_EQ(use.days().size(), 7U);
  EXPECT_EQ(use.mean_day(), 0U);
}

TEST(FlashUse, components_share_the_journal_by_their_records) {
  FlashUse use;
  use.note(FlashCause::journal, 40'960, 10);
  use.note_records(1, 300);
  use.note_records(2, 100);
  const auto shares = use.today().journal_shares();
  EXPECT_EQ(shares.at(1), 30'720U);
  EXPECT_EQ(shares.at(2), 10'240U);
}

TEST(FlashUse, more_components_than_have_a_place_are_counted_as_others) {
  FlashUse use;
  for (std::uint16_t component = 1; component <= 100; ++component) use.note_records(component, 10);
  const auto& records = use.today().records;
  EXPECT_EQ(records.size(), FlashDay::components_kept);
  EXPECT_EQ(records.at(FlashDay::other_components), (100 - FlashDay::components_kept + 1) * 10);
}

TEST(FlashUse, the_top_spenders_are_components_and_causes_the_most_first) {
  FlashUse use;
  use.note(FlashCause::journal, 10'000'000, 10);
  use.note(FlashCause::heartbeat, 3'000'000, 10);
  use.note(FlashCause::checkpoint, 2'000'000, 10);
  use.note_records(7, 80);
  use.note_records(9, 20);
  const std::vector<FlashSpender> expected = {{FlashCause::journal, 7, 8'000'000},
                                              {FlashCause::heartbeat, std::nullopt, 3'000'000},
                                              {FlashCause::journal, 9, 2'000'000}};
  EXPECT_EQ(use.spenders(3), expected);
  EXPECT_TRUE(FlashUse{}.spenders(3).empty());
}

TEST(FlashUse, the_journal_spends_for_itself_while_no_component_is_known) {
  FlashUse use;
  use.note(FlashCause::journal, 4096, 1);
  const std::vector<FlashSpender> expected = {{FlashCause::journal, std::nullopt, 4096}};
  EXPECT_EQ(use.spenders(3), expected);
}

TEST(FlashUse, records_give_back_what_was_counted) {
  FlashUse use;
  for (std::uint16_t day = 1; day <= 9; ++day) {
    for (std::size_t cause = 0; cause < flash_causes; ++cause)
      use.note(static_cast<FlashCause>(cause), day * 1'000'000'000ULL + cause, day + cause);
    for (std::uint16_t component = 1; component <= 20; ++component) use.note_records(component, component * day);
    use.note_ended(day);
    use.note_device(day * 5'000'000'000ULL);
    if (day < 9) use.advance(24 * kHour);
  }
  use.advance(5 * kHour);
  EXPECT_TRUE(use.days_changed());
  EXPECT_FALSE(use.days_changed());
  FlashUse read = again(use);
  EXPECT_EQ(read.encode(), use.encode());
  EXPECT_EQ(read.encode_days(), use.encode_days());
  EXPECT_EQ(read.today().elapsed, 5 * kHour);
  EXPECT_EQ(read.mean_day(), use.mean_day());
  EXPECT_EQ(read.ever().bytes, use.ever().bytes);
  EXPECT_EQ(read.days().front().device_bytes, 40'000'000'000ULL);
  EXPECT_FALSE(read.days_changed());
  EXPECT_LT(use.encode().encode().size(), 400U);  // it is written often
}

TEST(FlashUse, fields_that_make_no_sense_count_as_nothing) {
  wire::Record today;
  today.put_int(wire::Key::length, -5).put_ints(wire::Key::bytes, {-1, 2}).put_ints(wire::Key::syncs, {3});
  today.put_text(wire::Key::ended, "many");
  const auto use = FlashUse::decode(today, {});
  EXPECT_EQ(use.today().elapsed, Duration{});
  EXPECT_EQ(use.today().total().bytes, 0U);
  EXPECT_EQ(use.today().total().syncs, 3U);
  EXPECT_EQ(use.today().ended_jobs, 0U);
}

}  // namespace
}  // namespace dormouse::store
