// SPDX-License-Identifier: Apache-2.0
// The simulated clock's alarms, which end a suspend or an outage early, and setting its wall.
#include "tests/hal/clock/sim_clock_bed.hpp"

namespace dormouse::hal_sim {
namespace {

using hal::AlarmSet;
using hal::ClockEvent;

constexpr Duration kMinute{60'000};

TEST(SimClock, an_armed_wake_ends_a_suspend_early) {
  struct Row {
    const char* name;
    AlarmSet answer = AlarmSet::armed;
    std::optional<Duration> wake;  // armed so long after the start of the suspend
    bool works = true;
    Duration slept;
  };
  const Row rows[] = {
      {.name = "none armed", .slept = kHour},
      {.name = "in ten minutes", .wake = 10 * kMinute, .slept = 10 * kMinute},
      {.name = "after the end", .wake = 2 * kHour, .slept = kHour},
      {.name = "already past", .wake = -kMinute, .slept = Duration{0}},
      {.name = "fails to wake", .wake = 10 * kMinute, .works = false, .slept = kHour},
      {.name = "unsupported", .answer = AlarmSet::unsupported, .wake = 10 * kMinute, .slept = kHour},
      {.name = "not permitted", .answer = AlarmSet::not_permitted, .wake = 10 * kMinute, .slept = kHour},
      {.name = "busy", .answer = AlarmSet::busy, .wake = 10 * kMinute, .slept = kHour},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    SimClockSetup setup = synced();
    setup.wake = row.answer;
    Bed bed(setup);
    if (row.wake) {
      EXPECT_EQ(bed.clock.arm_wake(bed.before.instant + *row.wake), row.answer);
    }
    EXPECT_EQ(bed.clock.sleeps(kHour, row.works), row.slept);
    bed.clock.suspend(kHour, row.works);
    EXPECT_EQ(bed.instant_moved(), row.slept.count());
    EXPECT_EQ(bed.wall_moved(), row.slept.count());
    EXPECT_EQ(bed.monotonic_moved(), 0);
    EXPECT_EQ(bed.events, (std::vector<ClockEvent>{ClockEvent::look_again}));
  }
}

TEST(SimClock, a_wake_is_replaced_cleared_and_forgotten_with_its_process) {
  Bed bed;
  const Instant soon = bed.before.instant + kMinute;
  EXPECT_EQ(bed.clock.arm_wake(soon), AlarmSet::armed);
  EXPECT_EQ(bed.clock.arm_wake(soon + kMinute), AlarmSet::armed);
  EXPECT_EQ(bed.clock.wake_armed(), soon + kMinute);
  EXPECT_EQ(bed.clock.arm_wake(std::nullopt), AlarmSet::armed);
  EXPECT_EQ(bed.clock.wake_armed(), std::nullopt);
  bed.clock.arm_wake(soon);
  bed.clock.restart(Duration{0});
  EXPECT_EQ(bed.clock.wake_armed(), std::nullopt);
}

TEST(SimClock, an_armed_power_on_ends_an_outage_early_by_the_rtc) {
  struct Row {
    const char* name;
    RtcKind rtc = RtcKind::good;
    AlarmSet answer = AlarmSet::armed;
    Duration alarm;  // after the cut, as the RTC reads it
    void (*control)(SimClock&) = [](SimClock&) {};
    Duration off;
    bool still_armed = false;
  };
  const Row rows[] = {
      {.name = "inside the outage", .alarm = kMinute, .off = kMinute},
      {.name = "after the outage", .alarm = 2 * kHour, .off = kHour, .still_armed = true},
      {.name = "behind: it has come before", .alarm = -kMinute, .off = kHour},
      {.name = "a fast RTC comes early",
       .alarm = Duration{1'001'000},
       .control = [](SimClock& c) { c.rtc_ppm(1'000); },
       .off = Duration{1'000'000}},
      {.name = "an RTC that was set ahead",
       .alarm = 30 * kMinute,
       .control = [](SimClock& c) { c.rtc_reset(*c.rtc().reading + 20 * kMinute); },
       .off = 10 * kMinute},
      {.name = "an RTC that died",
       .alarm = kMinute,
       .control = [](SimClock& c) { c.rtc_dead(); },
       .off = kHour,
       .still_armed = true},
      {.name = "no RTC", .rtc = RtcKind::none, .answer = AlarmSet::unsupported, .alarm = kMinute, .off = kHour},
      {.name = "not permitted", .answer = AlarmSet::not_permitted, .alarm = kMinute, .off = kHour},
      {.name = "busy", .answer = AlarmSet::busy, .alarm = kMinute, .off = kHour},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    SimClockSetup setup = with_rtc(row.rtc);
    if (row.rtc != RtcKind::none) setup.power_on = row.answer;
    Bed bed(setup);
    EXPECT_EQ(bed.clock.arm_power_on(bed.clock.true_wall() + row.alarm), row.answer);
    row.control(bed.clock);
    const Duration before = bed.clock.true_now();
    bed.clock.power_cut(kHour);
    EXPECT_EQ(bed.clock.true_now() - before, row.off);
    EXPECT_EQ(bed.clock.power_on_armed().has_value(), row.still_armed);
  }
}

TEST(SimClock, a_power_on_outlives_the_process_and_can_be_cleared) {
  Bed bed;
  bed.clock.arm_power_on(bed.clock.true_wall() + kHour);
  bed.clock.restart(kMinute);
  EXPECT_EQ(bed.clock.power_on_armed(), bed.before.wall + kHour);
  EXPECT_EQ(bed.clock.arm_power_on(std::nullopt), AlarmSet::armed);
  EXPECT_EQ(bed.clock.power_on_armed(), std::nullopt);
}

TEST(SimClock, setting_the_wall_sets_the_rtc_and_ends_the_discipline_unless_it_is_refused) {
  struct Row {
    const char* name;
    RtcKind rtc = RtcKind::good;
    bool may = true;
    std::int64_t wall = 0;
    std::optional<WallTime> rtc_reads;
  };
  const WallTime wanted = kNoon + 3 * kHour;
  const Row rows[] = {
      {.name = "with an RTC", .wall = 7'200'000, .rtc_reads = wanted},
      {.name = "one that had died is right again", .rtc = RtcKind::dead, .wall = 7'200'000, .rtc_reads = wanted},
      {.name = "without one", .rtc = RtcKind::none, .wall = 7'200'000},
      {.name = "without the privilege", .may = false, .rtc_reads = kNoon + kHour},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Bed bed(SimClockSetup{.start = kNoon, .rtc = row.rtc, .synced = true, .may_set = row.may});
    const auto set = bed.clock.set_wall(wanted);
    EXPECT_EQ(set.ok(), row.may);
    if (!row.may) {
      EXPECT_EQ(set.error().code, "time.not_permitted");
    }
    EXPECT_EQ(bed.wall_moved(), row.wall);
    EXPECT_EQ(bed.instant_moved(), 0);
    EXPECT_EQ(bed.monotonic_moved(), 0);
    EXPECT_EQ(bed.clock.kernel_boot_id(), bed.id);
    EXPECT_EQ(bed.clock.rtc().reading, row.rtc_reads);
    EXPECT_EQ(bed.clock.rtc().valid, row.rtc != RtcKind::none);
    EXPECT_EQ(bed.clock.sync().disciplined, !row.may);  // as the kernel, which forgets its source
    EXPECT_EQ(bed.events, row.may ? std::vector{ClockEvent::look_again} : std::vector<ClockEvent>{});
  }
}

TEST(SimClock, what_the_rtc_can_do_follows_from_the_setup) {
  SimClockSetup setup = with_rtc(RtcKind::good);
  EXPECT_TRUE(SimClock(setup).rtc().can_wake);
  EXPECT_TRUE(SimClock(setup).rtc().can_power_on);
  setup.wake = AlarmSet::unsupported;
  setup.power_on = AlarmSet::unsupported;
  EXPECT_FALSE(SimClock(setup).rtc().can_wake);
  EXPECT_FALSE(SimClock(setup).rtc().can_power_on);
  EXPECT_FALSE(SimClock(with_rtc(RtcKind::none)).rtc().can_wake);
}

TEST(SimClock, records_of_panics_gather_and_a_watchdog_is_told_once) {
  Bed bed;
  bed.clock.panic(kMinute);
  EXPECT_EQ(bed.clock.evidence().text, "dmesg-ramoops-1");
  bed.clock.panic(kMinute);
  bed.clock.watchdog_reset(kMinute);
  EXPECT_EQ(bed.clock.evidence().text, "dmesg-ramoops-1 dmesg-ramoops-2 watchdog0");
  bed.clock.power_cut(kMinute);
  EXPECT_EQ(bed.clock.evidence().text, "dmesg-ramoops-1 dmesg-ramoops-2");
}

TEST(SimClock, to_armed_tells_how_long_a_slew_takes_to_get_there) {
  Bed bed;
  bed.clock.arm(bed.before.instant + Duration{1'000'500});
  EXPECT_EQ(bed.clock.to_armed(), Duration{1'000'500});
  EXPECT_EQ(bed.clock.to_armed(500), Duration{1'000'000});
  bed.clock.slew(500, *bed.clock.to_armed(500));
  EXPECT_EQ(bed.events, (std::vector<ClockEvent>{ClockEvent::timer_due}));
}

}  // namespace
}  // namespace dormouse::hal_sim
