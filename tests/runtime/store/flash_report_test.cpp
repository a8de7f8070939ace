// SPDX-License-Identifier: Apache-2.0
// The flash account in words and numbers.
#include "runtime/store/flash_report.hpp"

#include <gtest/gtest.h>

namespace dormouse::store {
namespace {

using wire::Key;

constexpr Duration kHour{3'600'000};
constexpr std::uint64_t kMiB = 1024 * 1024;

std::string name(std::uint16_t component) {
  return "component" + std::to_string(component);
}

Now at(Duration since_boot) {
  return {.instant = Instant{since_boot.count()}};
}

std::vector<std::string> texts(const FlashAccount& account) {
  std::vector<std::string> texts;
  for (const auto& item : flash_items(account, name)) texts.push_back(item.get_text(Key::text).value_or("(none)"));
  return texts;
}

TEST(FlashReport, sizes_are_written_as_people_read_them) {
  const std::pair<std::uint64_t, const char*> rows[] = {{0, "0 B"},
                                                        {1023, "1023 B"},
                                                        {1024, "1.0 KiB"},
                                                        {1536, "1.5 KiB"},
                                                        {1024 * kMiB - 1, "1.0 GiB"},
                                                        {256 * kMiB, "256.0 MiB"},
                                                        {3ULL << 41, "6.0 TiB"}};
  for (const auto& [bytes, text] : rows) EXPECT_EQ(size_text(bytes), text) << bytes;
}

TEST(FlashReport, says_of_a_new_device_only_what_is_known) {
  const std::vector<std::string> expected = {
      "today, 0s: 0 B in 0 syncs",
      "wear: life used unknown, reserve unknown; no day is over yet",
  };
  EXPECT_EQ(texts(FlashAccount{}), expected);
}

TEST(FlashReport, tells_days_causes_components_budget_and_wear) {
  FlashAccount account({.endurance = {.bytes = 1'000 * kMiB, .write_amplification = 2}, .bytes_per_day = 4 * kMiB});
  account.note(FlashCause::journal, kMiB, 10);
  account.advance(at(24 * kHour));
  account.note(FlashCause::journal, 2 * kMiB, 250);
  account.note(FlashCause::checkpoint, kMiB, 1);
  account.note_records(1, 30);
  account.note_records(2, 10);
  for (int job = 0; job < 4; ++job) account.note_ended();
  FlashReading reading;
  reading.life_time = {2, 5};
  reading.pre_eol = 1;
  reading.device_bytes = 10 * kMiB;
  account.note_reading(reading);
  reading.device_bytes = 15 * kMiB;
  account.note_reading(reading);
  account.advance(at(29 * kHour + Duration{90'000}));
  const std::vector<std::string> expected = {
      "today, 5h1min: 3.0 MiB in 251 syncs, 4 jobs ended, 768.0 KiB a job; the device counted 5.0 MiB",
      "  journal: 2.0 MiB in 250 syncs",
      "  checkpoint: 1.0 MiB in 1 sync",
      "  component1: 1.5 MiB of the journal",
      "  component2: 512.0 KiB of the journal",
      "1 day ago: 1.0 MiB in 10 syncs",
      "budget: 4.0 MiB a day, 1.8 MiB left",
      "wear: 40 to 50 % of its life used, reserve normal; 1.0 MiB a day, 73.0 % of its life a year as the board "
      "states it; 0.7 years left",
  };
  EXPECT_EQ(texts(account), expected);
  const auto items = flash_items(account, name);
  EXPECT_EQ(items[1].get_text(Key::cause), "journal");
  EXPECT_EQ(items[1].get_uint(Key::bytes), 2 * kMiB);
  EXPECT_EQ(items[3].get_text(Key::component), "component1");
  EXPECT_EQ(items[5].get_uint(Key::count), 1U);
  EXPECT_EQ(items[6].get_bool(Key::saving), false);
  const auto& wear = items.back();
  EXPECT_EQ(wear.get_ints(Key::life), (std::vector<std::int64_t>{40, 50}));
  EXPECT_EQ(wear.get_text(Key::pre_eol), "normal");
  EXPECT_EQ(wear.get_uint(Key::wear_ppm), 730'500U);
  EXPECT_EQ(wear.get_uint(Key::left_days), 250U);
}

TEST(FlashReport, an_account_that_is_full_still_fits_a_message) {
  FlashAccount account({.endurance = {.bytes = 1}, .bytes_per_day = 1});
  for (int day = 0; day < 9; ++day) {
    for (std::size_t cause = 0; cause < flash_causes; ++cause)
      account.note(static_cast<FlashCause>(cause), 1ULL << 40, 1'000'000'000);
    for (std::uint16_t component = 1; component < 100; ++component) account.note_records(component, 1ULL << 30);
    if (day < 8) account.advance(at((day + 1) * 24 * kHour));
  }
  FlashReading reading;
  reading.life_time = {11, 11};
  reading.pre_eol = 3;
  account.note_reading(reading);
  const auto items = flash_items(account, name);
  EXPECT_EQ(items.size(), 1 + flash_causes + FlashDay::components_kept + 7 + 2);
  wire::Record body;
  body.put_records(Key::items, items);
  const auto read = wire::Record::decode(body.encode());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read->get_records(Key::items), items);
  EXPECT_NE(texts(account).back().find("life used up, reserve urgent"), std::string::npos) << texts(account).back();
  EXPECT_NE(texts(account).back().find("0.0 years left"), std::string::npos);
}

TEST(FlashReport, the_alarm_names_the_top_three_spenders) {
  FlashAccount account({.bytes_per_day = kMiB});
  account.note(FlashCause::journal, 4 * kMiB, 1);
  account.note(FlashCause::heartbeat, 2 * kMiB, 1);
  account.note(FlashCause::snapshot, 10, 1);
  account.note_records(7, 300);
  account.note_records(9, 100);
  EXPECT_EQ(account.take_budget_change(), FlashBudget::Change::emptied);
  const auto alarm = flash_alarm(account, name);
  EXPECT_EQ(alarm.code, "store.flash_budget");
  EXPECT_NE(alarm.message.find("component7 3.0 MiB, heartbeat 2.0 MiB, component9 1.0 MiB."), std::string::npos)
      << alarm.message;
}

}  // namespace
}  // namespace dormouse::store
