// SPDX-License-Identifier: Apache-2.0
// The alarm that powers the device on: whose it is, and what becomes of another's. On plain files in place of the
// kernel's.
#include <gtest/gtest.h>

#include "hal/linux/clock/clock_text.hpp"
#include "hal/linux/clock/power_on_alarm.hpp"
#include "runtime/time/rfc3339.hpp"
#include "tests/hal/clock/clock_bed.hpp"

namespace dormouse::hal_linux {
namespace {

using hal::AlarmSet;
using Seconds = std::optional<std::int64_t>;

constexpr std::int64_t kNow = 1'780'315'200;
const WallTime kNoon{kNow * 1'000};  // 2026-06-01T12:00:00Z
constexpr Duration kHour{3'600'000};

TEST(LinuxAlarm, what_becomes_of_an_alarm_depends_on_whose_it_is) {
  struct Row {
    const char* name;
    Seconds standing;
    std::optional<AlarmNote> note;
    Seconds wanted;
    Seconds alarm;
    std::optional<AlarmNote> noted;
    AlarmSet answer = AlarmSet::armed;
  };
  const std::int64_t h = 3'600;
  const auto at = [](std::int64_t later) { return kNow + later; };
  const Row rows[] = {
      {"nothing stands", {}, {}, at(8 * h), at(8 * h), AlarmNote{at(8 * h)}},
      {"ours, earlier", at(h), AlarmNote{at(h)}, at(8 * h), at(8 * h), AlarmNote{at(8 * h)}},
      {"ours, later", at(9 * h), AlarmNote{at(9 * h)}, at(8 * h), at(8 * h), AlarmNote{at(8 * h)}},
      {"ours, the same", at(8 * h), AlarmNote{at(8 * h)}, at(8 * h), at(8 * h), AlarmNote{at(8 * h)}},
      {"another's, earlier", at(h), {}, at(8 * h), at(h), {}, AlarmSet::busy},
      {"another's, a second earlier", at(8 * h - 1), {}, at(8 * h), at(8 * h - 1), {}, AlarmSet::busy},
      {"another's, the same", at(8 * h), {}, at(8 * h), at(8 * h), AlarmNote{at(8 * h)}},
      {"another's, later", at(9 * h), {}, at(8 * h), at(8 * h), AlarmNote{at(8 * h), at(9 * h)}},
      {"another's in place of ours", at(h), AlarmNote{at(2 * h)}, at(8 * h), at(h), {}, AlarmSet::busy},
      {"ours moves, the hidden one is later still", at(h), AlarmNote{at(h), at(9 * h)}, at(8 * h), at(8 * h),
       AlarmNote{at(8 * h), at(9 * h)}},
      {"ours moves behind the hidden one",
       at(h),
       AlarmNote{at(h), at(2 * h)},
       at(8 * h),
       at(2 * h),
       {},
       AlarmSet::busy},
      {"ours moves onto the hidden one", at(h), AlarmNote{at(h), at(8 * h)}, at(8 * h), at(8 * h),
       AlarmNote{at(8 * h)}},
      {"ours has rung, the hidden one is to come",
       {},
       AlarmNote{at(-h), at(9 * h)},
       at(8 * h),
       at(8 * h),
       AlarmNote{at(8 * h), at(9 * h)}},
      {"somebody cleared all", {}, AlarmNote{at(h), at(9 * h)}, at(8 * h), at(8 * h), AlarmNote{at(8 * h)}},
      {"none wanted, none stands", {}, {}, {}, {}, {}},
      {"none wanted, ours stands", at(h), AlarmNote{at(h)}, {}, {}, {}},
      {"none wanted, another's stands", at(h), {}, {}, at(h), {}},
      {"none wanted, ours hides another's", at(h), AlarmNote{at(h), at(9 * h)}, {}, at(9 * h), {}},
      {"none wanted, the hidden one has passed", at(h), AlarmNote{at(h), at(0)}, {}, {}, {}},
      {"none wanted, ours has rung, the hidden one is to come",
       {},
       AlarmNote{at(-h), at(9 * h)},
       {},
       at(9 * h),
       {}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const AlarmPlan plan = plan_alarm(kNow, row.standing, row.note, row.wanted);
    EXPECT_EQ(plan.alarm, row.alarm);
    EXPECT_EQ(plan.note, row.noted);
    EXPECT_EQ(plan.answer, row.answer);
  }
}

/// A laptop of its own, and a place for the note.
struct Laptop : Machine {
  Laptop() : Machine("laptop") {}
  std::string alarm() const { return text_of(rtc / "wakealarm"); }
  void others_set(const std::string& seconds) const { write_file(rtc / "wakealarm", seconds + "\n"); }
  /// Every call is a process of its own: only the files remember.
  AlarmSet set(std::optional<WallTime> due, WallTime wall = kNoon) const {
    return PowerOnAlarm(rtc, note).set(due, wall);
  }

  std::filesystem::path rtc = sys + "/class/rtc/rtc0";
  std::filesystem::path note = folder.path().string() + "/power_on_alarm";
};

TEST(LinuxAlarm, is_set_replaced_and_taken_away_also_by_a_process_that_came_later) {
  const Laptop laptop;
  EXPECT_EQ(laptop.set(*parse_rfc3339("2026-06-02T05:59:30Z")), AlarmSet::armed);
  EXPECT_EQ(laptop.alarm(), "1780379970\n");
  EXPECT_EQ(laptop.set(*parse_rfc3339("2026-06-02T06:59:30.900Z")), AlarmSet::armed);
  EXPECT_EQ(laptop.alarm(), "1780383570\n");  // never later than asked
  EXPECT_EQ(laptop.set(std::nullopt), AlarmSet::armed);
  EXPECT_EQ(laptop.alarm(), "0\n");
  EXPECT_FALSE(std::filesystem::exists(laptop.note));
}

TEST(LinuxAlarm, anothers_that_is_earlier_stays_and_one_that_is_later_comes_back) {
  const Laptop laptop;
  laptop.others_set(std::to_string(kNow + 3'600));
  EXPECT_EQ(laptop.set(kNoon + 2 * kHour), AlarmSet::busy);
  EXPECT_EQ(laptop.alarm(), std::to_string(kNow + 3'600) + "\n");
  EXPECT_EQ(laptop.set(kNoon + kHour / 2), AlarmSet::armed);
  EXPECT_EQ(laptop.alarm(), std::to_string(kNow + 1'800) + "\n");
  EXPECT_EQ(laptop.set(std::nullopt), AlarmSet::armed);
  EXPECT_EQ(laptop.alarm(), std::to_string(kNow + 3'600) + "\n");
}

TEST(LinuxAlarm, that_is_past_is_none) {
  const Laptop laptop;
  laptop.others_set(std::to_string(kNow));
  EXPECT_EQ(laptop.set(kNoon + kHour), AlarmSet::armed);
}

TEST(LinuxAlarm, without_its_note_ours_looks_like_anothers_but_the_same_due_is_ours_again) {
  const Laptop laptop;
  laptop.set(kNoon + kHour);
  write_file(laptop.note, "garbage\n");
  EXPECT_EQ(laptop.set(kNoon + 2 * kHour), AlarmSet::busy);
  EXPECT_EQ(laptop.set(kNoon + kHour), AlarmSet::armed);
  EXPECT_EQ(laptop.set(kNoon + 2 * kHour), AlarmSet::armed);
}

TEST(LinuxAlarm, a_note_that_cannot_be_kept_is_kept_for_the_life_of_the_process) {
  const Laptop laptop;
  PowerOnAlarm alarm(laptop.rtc, laptop.folder.path().string() + "/no such folder/note");
  EXPECT_EQ(alarm.set(kNoon + kHour, kNoon), AlarmSet::armed);
  EXPECT_EQ(alarm.set(kNoon + 2 * kHour, kNoon), AlarmSet::armed);
  EXPECT_EQ(alarm.set(std::nullopt, kNoon), AlarmSet::armed);
  EXPECT_EQ(laptop.alarm(), "0\n");
}

TEST(LinuxAlarm, is_told_in_the_rtcs_own_time_where_that_is_another_than_the_walls) {
  struct Row {
    const char* name;
    Duration wall_ahead;
    std::int64_t set_ahead;  // of the RTC's noon, for a due one hour after the wall
  };
  const Row rows[] = {
      {"agrees", Duration{0}, 3'600},
      {"2 s off is as good as equal", Duration{2'000}, 3'602},
      {"keeps local time", 2 * kHour, 3'600},
      {"is an hour fast", -kHour, 3'600},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const Laptop laptop;
    const WallTime wall = kNoon + row.wall_ahead;
    EXPECT_EQ(laptop.set(wall + kHour, wall), AlarmSet::armed);
    EXPECT_EQ(parse_number(laptop.alarm()), kNow + row.set_ahead);
  }
}

TEST(LinuxAlarm, rings_a_minute_from_now_at_the_earliest_so_that_the_machine_is_off_by_then) {
  const Laptop laptop;
  for (const Duration ahead : {-kHour, Duration{0}, Duration{59'000}}) {
    EXPECT_EQ(laptop.set(kNoon + ahead), AlarmSet::armed);
    EXPECT_EQ(parse_number(laptop.alarm()), kNow + 60);
  }
}

TEST(LinuxAlarm, there_is_none_on_machines_without_one_and_none_is_always_cleared) {
  for (const char* machine : {"raspberry-pi-4-ds3231", "raspberry-pi-4-ds3231-lost", "vm-efi", "container"}) {
    SCOPED_TRACE(machine);
    const ClockBed bed({.rtc = ClockFacts::Rtc::kernel, .sys = fixture(machine)});
    EXPECT_EQ(bed.clock->arm_power_on(kNoon + kHour), AlarmSet::unsupported);
    EXPECT_EQ(bed.clock->arm_power_on(std::nullopt), AlarmSet::armed);
    EXPECT_EQ(bed.clock->arm_wake(Instant{1}), AlarmSet::unsupported);
    EXPECT_EQ(bed.clock->arm_wake(std::nullopt), AlarmSet::armed);
  }
  const ClockBed host({.rtc = ClockFacts::Rtc::host, .sys = fixture("laptop")});  // not the board's to use
  EXPECT_EQ(host.clock->arm_power_on(kNoon + kHour), AlarmSet::unsupported);
}

TEST(LinuxAlarm, that_reads_back_as_something_else_does_not_stand) {
  const Laptop laptop;
  std::filesystem::remove(laptop.rtc / "wakealarm");
  std::filesystem::create_symlink("/dev/null", laptop.rtc / "wakealarm");  // takes all, tells nothing
  EXPECT_EQ(laptop.set(kNoon + kHour), AlarmSet::unsupported);
  EXPECT_FALSE(std::filesystem::exists(laptop.note));
}

TEST(LinuxAlarm, that_the_kernel_refuses_does_not_stand) {
  const Laptop laptop;
  std::filesystem::remove(laptop.rtc / "wakealarm");
  std::filesystem::create_symlink("/dev/full", laptop.rtc / "wakealarm");
  EXPECT_EQ(laptop.set(kNoon + kHour), AlarmSet::unsupported);
}

TEST(LinuxAlarm, the_clock_sets_it_by_its_own_wall_and_the_boards_rtc) {
  const Laptop laptop;
  const std::string& sys = laptop.sys;
  std::filesystem::rename(laptop.rtc, sys + "/class/rtc/rtc3");
  ClockBed bed({.rtc = ClockFacts::Rtc::kernel, .rtc_number = 3, .power_on_note = laptop.note, .sys = sys});
  EXPECT_EQ(bed.clock->arm_power_on(bed.clock->read().wall + kHour), AlarmSet::armed);
  const auto alarm = parse_number(text_of(sys + "/class/rtc/rtc3/wakealarm"));
  // The wall may have moved on between the two readings, or the RTC may be within its 2 s of it.
  EXPECT_NEAR(static_cast<double>(alarm.value_or(0)), static_cast<double>(kNow + 3'600), 3);
}

}  // namespace
}  // namespace dormouse::hal_linux
