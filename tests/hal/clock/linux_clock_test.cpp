// SPDX-License-Identifier: Apache-2.0
// The real clock on the machine that runs the tests, and its reading of the kernel's files on made-up ones.
#include <thread>

#include <gtest/gtest.h>

#include "hal/linux/clock/clock_text.hpp"
#include "runtime/time/rfc3339.hpp"
#include "runtime/time/step.hpp"
#include "tests/hal/clock/clock_bed.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::hal_linux {
namespace {

using hal::ClockEvent;
using Bed = ClockBed;

TEST(LinuxClock, samples_rise_and_agree_with_one_another) {
  const Bed bed;
  const Sample first = bed.clock->read();
  const Sample second = bed.clock->read();
  EXPECT_GE(second.instant, first.instant);
  EXPECT_GE(second.monotonic, first.monotonic);
  EXPECT_GT(first.instant.ms, 0);
  EXPECT_GE(Duration{first.instant.ms + 1}, first.monotonic);  // suspend only adds
  EXPECT_GT(first.wall, *parse_rfc3339("2020-01-01T00:00:00Z"));
  EXPECT_EQ(compare(first, second).suspended, Duration::zero());
}

TEST(LinuxClock, the_kernel_boot_id_is_sixteen_bytes_and_the_same_for_every_clock) {
  const Bed one;
  const Bed two;
  EXPECT_EQ(one.clock->kernel_boot_id().size(), 16u);
  EXPECT_EQ(one.clock->kernel_boot_id(), two.clock->kernel_boot_id());
}

TEST(LinuxClock, without_a_kernel_boot_id_there_is_no_clock) {
  LoopRunner runner;
  const TempFolder folder;
  const auto made = make_linux_clock(runner.loop, {.proc = folder.path().string()});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, "time.read_failed");
  EXPECT_NE(made.error().message.find("/sys/kernel/random/boot_id"), std::string::npos);
}

TEST(LinuxClock, the_armed_timer_fires_not_before_its_instant) {
  Bed bed;
  const Instant due = bed.clock->read().instant + Duration{20};
  bed.clock->arm(due);
  ASSERT_TRUE(bed.told(ClockEvent::timer_due));
  EXPECT_GE(bed.clock->read().instant, due);
  EXPECT_EQ(bed.events.size(), 1u);
}

TEST(LinuxClock, what_is_armed_in_the_past_fires_at_once_and_only_the_last_counts) {
  Bed bed;
  bed.clock->arm(bed.clock->read().instant + Duration{3'600'000});
  bed.clock->arm(Instant{0});
  ASSERT_TRUE(bed.told(ClockEvent::timer_due));
}

TEST(LinuxClock, arming_nothing_disarms) {
  Bed bed;
  bed.clock->arm(Instant{1});
  bed.clock->arm(std::nullopt);
  bed.runner.turn();
  EXPECT_TRUE(bed.events.empty());
}

TEST(LinuxClock, it_can_be_armed_again_and_from_another_thread) {
  Bed bed;
  for (std::size_t i = 1; i <= 3; ++i) {
    std::thread([&] { bed.clock->arm(Instant{1}); }).join();
    ASSERT_TRUE(bed.runner.until([&] { return bed.events.size() == i; }));
  }
}

TEST(LinuxClock, a_clock_that_is_gone_tells_nobody) {
  Bed bed;
  bed.clock->arm(Instant{1});
  bed.clock.reset();
  bed.runner.turn();
  EXPECT_TRUE(bed.events.empty());
}

TEST(LinuxClock, a_daemons_marker_is_seen_also_where_its_folders_come_later) {
  Bed bed;
  const std::string run = bed.folder.path().string();
  std::filesystem::create_directories(run + "/systemd");
  bed.open({.run = run});
  const SyncState before = bed.clock->sync();
  std::filesystem::create_directories(run + "/systemd/timesync");
  bed.runner.turn();
  EXPECT_TRUE(bed.events.empty());
  write_file(run + "/systemd/timesync/synchronized", "");
  ASSERT_TRUE(bed.told(ClockEvent::sync_hint));
  EXPECT_TRUE(bed.clock->sync().disciplined);
  EXPECT_EQ(before.disciplined, before.max_error_ms < 16'000);
}

/// A folder for markers, and a clock that watches it.
struct MarkerBed : ClockBed {
  MarkerBed() {
    std::filesystem::create_directories(run + "/systemd");
    open({.run = run});
  }
  /// Told once more since the last question.
  bool told_again() {
    if (!runner.until([&] { return events.size() > seen; })) return false;
    runner.turn();
    return ++seen == events.size() && events.back() == ClockEvent::sync_hint;
  }
  std::string run = folder.path().string();
  std::filesystem::path timesync = run + "/systemd/timesync";
  std::filesystem::path marker = timesync / "synchronized";
  std::size_t seen = 0;
};

TEST(LinuxClock, a_marker_that_comes_anew_is_told_anew) {
  MarkerBed bed;
  write_file(bed.marker, "");
  ASSERT_TRUE(bed.told_again());
  std::filesystem::remove(bed.marker);
  write_file(bed.marker, "");
  ASSERT_TRUE(bed.told_again());
  write_file(bed.timesync / "new", "");
  std::filesystem::rename(bed.timesync / "new", bed.marker);
  ASSERT_TRUE(bed.told_again());
}

TEST(LinuxClock, a_marker_is_seen_after_its_folder_went_and_came_back) {
  MarkerBed bed;
  for (int i = 0; i < 3; ++i) {
    write_file(bed.marker, "");
    ASSERT_TRUE(bed.told_again()) << i;
    std::filesystem::remove_all(bed.timesync);
    bed.runner.turn();
    EXPECT_EQ(bed.clock->sync().disciplined, bed.clock->sync().max_error_ms < 16'000);
  }
}

TEST(LinuxClock, other_files_beside_the_marker_are_no_news) {
  MarkerBed bed;
  write_file(bed.timesync / "clock", "");
  write_file(bed.run + "/systemd/other", "");
  bed.runner.turn();
  write_file(bed.timesync / "synchronized.tmp", "");
  bed.runner.turn();
  EXPECT_TRUE(bed.events.empty());
}

TEST(LinuxClock, a_marker_that_stood_before_is_no_news_but_counts) {
  MarkerBed bed;
  write_file(bed.marker, "");
  bed.events.clear();
  bed.open({.run = bed.run});
  bed.runner.turn();
  EXPECT_TRUE(bed.events.empty());
  EXPECT_TRUE(bed.clock->sync().disciplined);
}

TEST(LinuxClock, nothing_went_wrong_is_what_it_counts_at_first) {
  const Bed bed;
  bed.clock->read();
  EXPECT_EQ(bed.clock->counts().rtc_not_set, 0u);
}

TEST(ClockText, reads_what_the_kernel_writes_and_nothing_else) {
  const auto id = parse_boot_id("b8a1f0c2-0011-4233-8455-66778899aabb\n");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(*id, std::string("\xb8\xa1\xf0\xc2\x00\x11\x42\x33\x84\x55\x66\x77\x88\x99\xaa\xbb", 16));
  for (const char* bad :
       {"", "\n", "b8a1f0c2", "b8a1f0c2-0011-4233-8455-66778899aab", "zza1f0c2-0011-4233-8455-66778899aabb"})
    EXPECT_EQ(parse_boot_id(bad), std::nullopt) << bad;

  EXPECT_EQ(parse_number("1780315200\n"), 1'780'315'200);
  EXPECT_EQ(parse_number("-5"), -5);
  for (const char* bad : {"", "\n", "1 2", "one", "99999999999999999999"})
    EXPECT_EQ(parse_number(bad), std::nullopt);

  EXPECT_TRUE(was_watchdog_reset("32\n"));
  EXPECT_TRUE(was_watchdog_reset("33\n"));
  EXPECT_FALSE(was_watchdog_reset("0\n"));
  EXPECT_FALSE(was_watchdog_reset("1\n"));  // too hot
  EXPECT_FALSE(was_watchdog_reset(""));
}

}  // namespace
}  // namespace dormouse::hal_linux
