// SPDX-License-Identifier: Apache-2.0
// The machine's own wall clock, truly set: forward and back, to the same time again and again, and by whoever may
// not. Skipped where this process may not set it. No other test runs meanwhile.
#include <atomic>
#include <grp.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <thread>

#include "runtime/time/step.hpp"
#include "tests/hal/clock/clock_bed.hpp"
#include "tests/hal/linux_kernel/child.hpp"
#include "tests/hal/linux_kernel/wall_keeper.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::hal_linux {
namespace {

using hal::AlarmSet;
using hal::ClockEvent;

constexpr Duration kStep{5'000};
constexpr std::int64_t kSlackMs = 250;  // between reading the wall and setting it

/// Sets it to what it is, plus `by`.
Status move_wall(ClockBed& bed, Duration by) {
  return bed.clock->set_wall(bed.clock->read().wall + by);
}

/// A set by next to nothing: a nanosecond. False: not permitted.
bool set_same() {
  timex by{};
  by.modes = ADJ_SETOFFSET | ADJ_NANO;
  by.time.tv_usec = 1;
  return ::adjtimex(&by) >= 0;
}

TEST(LinuxWall, set_forward_and_back_is_told_and_seen_as_a_change_of_the_offset_alone) {
  const WallKeeper keeper;
  ClockBed bed;
  const Sample before = bed.clock->read();
  const Status set = move_wall(bed, kStep);
  if (!set.ok()) GTEST_SKIP() << set.error().code << ": " << set.error().message;

  EXPECT_TRUE(bed.told(ClockEvent::look_again));
  const Change forward = compare(before, bed.clock->read());
  EXPECT_NEAR(static_cast<double>(forward.stepped.count()), 5'000.0, kSlackMs);
  EXPECT_EQ(forward.suspended, Duration::zero());

  bed.events.clear();
  ASSERT_TRUE(move_wall(bed, -kStep).ok());
  EXPECT_TRUE(bed.told(ClockEvent::look_again));
  const Change both = compare(before, bed.clock->read());
  EXPECT_NEAR(static_cast<double>(both.stepped.count()), 0.0, kSlackMs);
  EXPECT_EQ(bed.clock->counts().rtc_not_set, 0u);  // the board names no RTC
}

TEST(LinuxWall, an_rtc_that_cannot_be_set_is_counted_and_the_wall_is_set_all_the_same) {
  const WallKeeper keeper;
  ClockBed bed({.rtc = ClockFacts::Rtc::kernel, .sys = fixture("laptop"), .dev = fixture("container")});
  const Status set = move_wall(bed, Duration{0});
  if (!set.ok()) GTEST_SKIP() << set.error().code << ": " << set.error().message;
  EXPECT_EQ(bed.clock->counts().rtc_not_set, 1u);
}

TEST(LinuxWall, a_set_by_next_to_nothing_is_told_each_time_and_changes_nothing) {
  const WallKeeper keeper;
  ClockBed bed;
  if (!set_same()) GTEST_SKIP() << "the wall cannot be set: " << std::strerror(errno);
  ASSERT_TRUE(bed.told(ClockEvent::look_again));
  const Sample before = bed.clock->read();
  for (std::size_t told = 1; told <= 3; ++told) {
    bed.runner.turn();
    bed.events.clear();
    ASSERT_TRUE(set_same());
    ASSERT_TRUE(bed.told(ClockEvent::look_again));
  }
  EXPECT_TRUE(compare(before, bed.clock->read()).nothing());
}

TEST(LinuxWall, sets_that_come_while_the_watch_is_armed_anew_are_not_lost) {
  const WallKeeper keeper;
  ClockBed bed;
  if (!set_same()) GTEST_SKIP() << "the wall cannot be set: " << std::strerror(errno);
  std::atomic<bool> done = false;
  std::thread setter([&] {
    for (int i = 0; i < 3'000; ++i) set_same();
    done = true;
  });
  while (!done) bed.runner.turn();
  setter.join();
  bed.runner.turn();
  EXPECT_FALSE(bed.events.empty());
  bed.events.clear();
  ASSERT_TRUE(set_same());
  EXPECT_TRUE(bed.told(ClockEvent::look_again));
}

TEST(LinuxWall, a_time_that_the_kernel_does_not_take_changes_nothing) {
  ClockBed bed;
  const Status set = bed.clock->set_wall(WallTime{-5'000});
  ASSERT_FALSE(set.ok());
  if (set.error().code == "time.not_permitted") GTEST_SKIP() << set.error().message;
  EXPECT_EQ(set.error().code, "time.out_of_range");
  bed.runner.turn();
  EXPECT_TRUE(bed.events.empty());
}

TEST(LinuxWall, the_kernels_error_bound_counts_although_it_is_marked_unsynchronised) {
  const WallKeeper keeper;
  const TempFolder run;  // no time daemon's marker
  const ClockBed bed({.run = run.path().string()});
  timex bound{};
  bound.modes = ADJ_MAXERROR | ADJ_STATUS;
  bound.maxerror = 20'000;
  bound.status = STA_UNSYNC;
  if (::adjtimex(&bound) < 0) GTEST_SKIP() << "the kernel's bound cannot be set: " << std::strerror(errno);
  const SyncState near = bed.clock->sync();
  EXPECT_TRUE(near.disciplined);
  EXPECT_GE(near.max_error_ms, 20);
  EXPECT_LT(near.max_error_ms, 40);  // it grows by half a millisecond a second

  bound.maxerror = 16'000'000;
  ASSERT_GE(::adjtimex(&bound), 0);
  EXPECT_FALSE(bed.clock->sync().disciplined);
}

/// Nobody's rights, so that nothing of root's may be written.
std::string become_nobody() {
  if (::geteuid() != 0) return "";
  const bool stays = ::setgroups(0, nullptr) != 0 || ::setgid(65'534) != 0 || ::setuid(65'534) != 0;
  return failed("rights cannot be given away", stays);
}

TEST(LinuxWall, without_the_rights_nothing_is_set_and_each_answer_says_so) {
  const Machine laptop("laptop");
  const std::string& sys = laptop.sys;
  write_file(sys + "/fs/pstore/dmesg-ramoops-0", "Panic#1 Part1\n");
  std::filesystem::permissions(laptop.folder.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(sys + "/fs/pstore", std::filesystem::perms(0700));
  std::filesystem::permissions(sys + "/class/rtc/rtc0/wakealarm", std::filesystem::perms(0444));
  if (::geteuid() != 0) GTEST_SKIP() << "the files must be another user's, which takes root";
  in_child(become_nobody, [&] {
    ClockBed bed({.rtc = ClockFacts::Rtc::kernel, .sys = sys, .var = laptop.folder.path().string()});
    const Sample before = bed.clock->read();
    const Status set = move_wall(bed, kStep);
    ASSERT_FALSE(set.ok());
    EXPECT_EQ(set.error().code, "time.not_permitted");
    EXPECT_NE(set.error().hint.find("CAP_SYS_TIME"), std::string::npos);
    EXPECT_TRUE(compare(before, bed.clock->read()).nothing());
    EXPECT_EQ(bed.clock->arm_wake(before.instant + kStep), AlarmSet::not_permitted);
    EXPECT_EQ(bed.clock->arm_wake(std::nullopt), AlarmSet::armed);
    EXPECT_FALSE(bed.clock->rtc().can_power_on);
    EXPECT_EQ(bed.clock->arm_power_on(before.wall + Duration{3'600'000}), AlarmSet::not_permitted);
    EXPECT_EQ(bed.clock->evidence().text, "");  // not to be seen
  });
}

}  // namespace
}  // namespace dormouse::hal_linux
