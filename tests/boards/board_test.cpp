// SPDX-License-Identifier: Apache-2.0
// That every shipped board reads, and that a wrong one is refused with all its mistakes at once.
#include "boards/board.hpp"

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

namespace dormouse::boards {
namespace {

const std::filesystem::path kTree = DORMOUSE_SOURCE_DIR;

TEST(Boards, every_shipped_board_loads_under_its_folders_name) {
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kTree / "boards")) {
    if (!entry.is_directory()) continue;
    const auto facts = load_board(entry.path());
    ASSERT_TRUE(facts.ok()) << facts.error().message;
    EXPECT_EQ(facts->name, entry.path().filename().string());
    EXPECT_FALSE(facts->description.empty());
    EXPECT_GE(facts->heartbeat(), Duration{5'000});
    ++found;
  }
  EXPECT_EQ(found, 3U);
}

TEST(Boards, states_what_each_shipped_board_is) {
  const auto generic = load_board(kTree / "boards/generic-linux");
  ASSERT_TRUE(generic.ok());
  EXPECT_EQ(generic->rtc.kind, hal::RtcFact::Kind::host);
  EXPECT_EQ(generic->allow_fs, std::vector<std::string>{"overlay"});
  EXPECT_TRUE(generic->watchdog_device.empty());
  EXPECT_EQ(generic->reset_register, "");
  EXPECT_EQ(generic->data_dir, "/var/lib/dormouse");
  EXPECT_FALSE(generic->simulated);

  const auto raspberry = load_board(kTree / "boards/raspberry-pi-4");
  ASSERT_TRUE(raspberry.ok());
  EXPECT_EQ(raspberry->rtc.kind, hal::RtcFact::Kind::none);
  EXPECT_EQ(raspberry->watchdog_device, "/dev/watchdog0");
  EXPECT_EQ(raspberry->watchdog_timeout, Duration{15'000});
  EXPECT_EQ(raspberry->reset_register, "/proc/device-tree/chosen/bootloader/rsts");
  ASSERT_EQ(raspberry->links.size(), 1U);
  EXPECT_EQ(raspberry->links[0], (hal::LinkFact{"uart0", "/dev/serial0", 115'200, false}));

  const auto sim = load_board(kTree / "boards/sim");
  ASSERT_TRUE(sim.ok());
  EXPECT_TRUE(sim->simulated);
  EXPECT_EQ(sim->build_date, WallTime{1'767'225'600'000});
}

TEST(Boards, a_board_that_says_only_its_name_has_the_defaults) {
  const auto facts = parse_board("name = 'plain'", "board.toml");
  ASSERT_TRUE(facts.ok()) << facts.error().message;
  EXPECT_EQ(facts->rtc.kind, hal::RtcFact::Kind::none);  // not believed
  EXPECT_EQ(facts->threads, 1U);
  EXPECT_EQ(facts->heartbeat_interval, Duration{60'000});
  EXPECT_EQ(facts->limits.running_device, 4U);
  EXPECT_EQ(facts->limits.catch_up_parallel, 2U);
  EXPECT_EQ(facts->limits.reconcile_rate, 20U);
}

TEST(Boards, how_the_store_lies_on_the_flash_is_stated) {
  const auto facts = parse_board(
      "name = 'x'\n[store]\nprezero = true\njournal_align = 'block'\njournal_half = '1 MiB'\non_broken = 'stop'\n",
      "board.toml");
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->store, (hal::StoreFact{.prezero = true, .journal_blocks = true, .stop_when_broken = true}));
  EXPECT_EQ(facts->limits.journal_half_bytes, 1U << 20);
  const auto plain = parse_board("name = 'x'\n", "board.toml");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->store, hal::StoreFact{});
  EXPECT_EQ(plain->limits.journal_half_bytes, Limits{}.journal_half_bytes);
  for (const char* key :
       {"journal_align = 'odd'", "journal_half = '8 MiB'", "journal_half = 70000", "on_broken = 'x'"}) {
    const auto refused = parse_board("name = 'x'\n[store]\n" + std::string(key) + "\n", "board.toml");
    ASSERT_FALSE(refused.ok()) << key;
    EXPECT_EQ(refused.error().fields.size(), 1U) << key;
  }
}

TEST(Boards, flash_is_stated_with_its_device_and_what_it_bears) {
  const auto facts = parse_board(
      "name = 'x'\n[flash]\ntype = 'emmc'\ndevice = 'mmcblk2'\nendurance_bytes = '12 TiB'\n"
      "write_amplification = 2.5\nbytes_per_day = '64 MiB'\n",
      "board.toml");
  ASSERT_TRUE(facts.ok()) << facts.error().message;
  EXPECT_EQ(facts->flash, (hal::FlashFact{"emmc", "mmcblk2", 12ULL << 40, 2.5, 64ULL << 20}));
  for (const auto* device : {"/dev/mmcblk0", "../mmcblk0", "..", "a/b"}) {
    const auto refused = parse_board("name = 'x'\n[flash]\ndevice = '" + std::string(device) + "'\n", "board.toml");
    ASSERT_FALSE(refused.ok()) << device;
    EXPECT_EQ(refused.error().fields[0].field, "flash.device");
  }
  const auto plain = parse_board("name = 'x'", "board.toml");
  EXPECT_EQ(plain->flash.device, "");
  EXPECT_EQ(plain->flash.endurance_bytes, std::nullopt);
  EXPECT_EQ(plain->flash.bytes_per_day, 0U);
}

TEST(Boards, overrides_stand_on_their_preset) {
  const auto facts = parse_board(
      "name = 'x'\n[limits]\npreset = 'tiny'\nmap_bytes = '2 MiB'\nactive_jobs_device = 9\n[running]\n"
      "max_running = 3\n",
      "board.toml");
  ASSERT_TRUE(facts.ok()) << facts.error().message;
  EXPECT_EQ(facts->limits.map_bytes, 2U * 1024 * 1024);
  EXPECT_EQ(facts->limits.active_jobs_device, 9U);
  EXPECT_EQ(facts->limits.running_device, 3U);
  EXPECT_EQ(facts->limits.reconcile_batch, Limits::tiny().reconcile_batch);
}

TEST(Boards, T030_a_heartbeat_of_2_s_is_out_of_range_and_the_error_names_field_and_bounds) {
  struct Row {
    const char* interval;
    bool good;
  };
  const Row rows[] = {{"2s", false}, {"4999ms", false}, {"5s", true}, {"1h", true}, {"1h1ms", false}};
  for (const auto& row : rows) {
    const auto facts =
        parse_board("name = 'x'\n[clock]\nheartbeat = '" + std::string(row.interval) + "'\n", "board.toml");
    EXPECT_EQ(facts.ok(), row.good) << row.interval;
    if (facts.ok()) continue;
    EXPECT_EQ(facts.error().code, "config.out_of_range");
    ASSERT_EQ(facts.error().fields.size(), 1U);
    EXPECT_EQ(facts.error().fields[0].field, "clock.heartbeat");
    EXPECT_NE(facts.error().message.find("5s..1h"), std::string::npos) << facts.error().message;
    EXPECT_NE(facts.error().message.find("board.toml:3"), std::string::npos) << facts.error().message;
  }
}

TEST(Boards, T031_a_budget_of_288_writes_a_day_makes_the_interval_300_s) {
  const auto facts = parse_board("name = 'x'\n[clock]\nheartbeat = '60s'\nheartbeat_writes_per_day = 288\n", "b");
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->heartbeat(), Duration{300'000});
}

TEST(Boards, all_mistakes_are_told_at_once) {
  const auto path = kTree / "tests/boards/fixtures";
  const auto file = path / "mistakes.toml";
  const auto dir = std::filesystem::path(::testing::TempDir()) / "dormouse_board_mistakes";
  std::filesystem::create_directories(dir);
  std::filesystem::copy_file(file, dir / "board.toml", std::filesystem::copy_options::overwrite_existing);
  const auto facts = load_board(dir);
  ASSERT_FALSE(facts.ok());
  struct Row {
    const char* field;
    const char* code;
  };
  const Row rows[] = {
      {"name", "required"},
      {"colour", "unknown_key"},
      {"places.data_dir", "bad_format"},
      {"places.allow_fs", "bad_type"},
      {"clock.rtc", "out_of_range"},
      {"clock.heartbeat", "out_of_range"},
      {"flash.type", "out_of_range"},
      {"flash.write_amplification", "out_of_range"},
      {"power.drain_bound", "out_of_range"},
      {"power.watchdog", "bad_format"},
      {"power.reset_register", "bad_format"},
      {"running.threads", "bad_type"},
      {"limits.preset", "out_of_range"},
      {"limits.map_bytes", "out_of_range"},
      {"links.0.device", "required"},
      {"links.0.baud", "out_of_range"},
      {"links.1.name", "out_of_range"},
  };
  EXPECT_EQ(facts.error().fields.size(), std::size(rows)) << facts.error().message;
  for (const auto& row : rows) {
    const auto& fields = facts.error().fields;
    const auto found =
        std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.field == row.field; });
    ASSERT_NE(found, fields.end()) << row.field;
    EXPECT_EQ(found->code, row.code) << row.field;
    EXPECT_NE(found->message.find("board.toml"), std::string::npos) << found->message;
  }
}

TEST(Boards, a_board_is_found_by_name_by_folder_and_in_the_folder_that_the_environment_names) {
  EXPECT_TRUE(find_board("generic-linux").ok());
  EXPECT_TRUE(find_board((kTree / "boards/sim").string()).ok());
  const auto names = board_names();
  EXPECT_NE(std::find(names.begin(), names.end(), "raspberry-pi-4"), names.end());

  const auto folder = std::filesystem::path(::testing::TempDir()) / "dormouse_boards";
  std::filesystem::create_directories(folder / "mine");
  std::filesystem::copy_file(kTree / "boards/sim/board.toml", folder / "mine/board.toml",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_FALSE(find_board("mine").ok());
  ::setenv("DORMOUSE_BOARDS", folder.c_str(), 1);
  EXPECT_TRUE(find_board("mine").ok());
  ::unsetenv("DORMOUSE_BOARDS");

  const auto unknown = find_board("toaster");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, "config.unknown_board");
  EXPECT_NE(unknown.error().message.find("generic-linux"), std::string::npos);
}

}  // namespace
}  // namespace dormouse::boards
