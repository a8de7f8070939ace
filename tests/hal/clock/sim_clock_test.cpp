// SPDX-License-Identifier: Apache-2.0
// Every control of the simulated clock and its exact effect: what each moves, what it tells and what else it does.
// Alarms and setting the wall: sim_clock_alarms_test.cpp; what disciplines it: sim_clock_sync_test.cpp.
#include "runtime/time/step.hpp"
#include "tests/hal/clock/sim_clock_bed.hpp"

namespace dormouse::hal_sim {
namespace {

using hal::ClockEvent;

TEST(SimClock, each_control_moves_exactly_the_clocks_it_should) {
  struct Row {
    const char* name;
    void (*control)(SimClock&);
    std::int64_t wall = 0;
    std::int64_t instant = 0;
    std::int64_t monotonic = 0;
    std::vector<ClockEvent> events = {};
    bool disciplined = true;
    std::int64_t max_error = 40;
    std::int64_t true_ms = 0;
  };
  const Row rows[] = {
      {.name = "advance",
       .control = [](SimClock& c) { c.advance(Duration{5'000}); },
       .wall = 5'000,
       .instant = 5'000,
       .monotonic = 5'000,
       .true_ms = 5'000},
      {.name = "step",
       .control = [](SimClock& c) { c.step(-kHour); },
       .wall = -3'600'000,
       .events = {ClockEvent::look_again},
       .disciplined = false,
       .max_error = 16'000},
      {.name = "set_same", .control = [](SimClock& c) { c.set_same(); }, .events = {ClockEvent::look_again}},
      {.name = "slew",
       .control = [](SimClock& c) { c.slew(500, kHour); },
       .wall = 3'601'800,
       .instant = 3'601'800,
       .monotonic = 3'601'800,
       .true_ms = 3'600'000},
      {.name = "slew back",
       .control = [](SimClock& c) { c.slew(-500, kHour); },
       .wall = 3'598'200,
       .instant = 3'598'200,
       .monotonic = 3'598'200,
       .true_ms = 3'600'000},
      {.name = "suspend",
       .control = [](SimClock& c) { c.suspend(kHour); },
       .wall = 3'600'000,
       .instant = 3'600'000,
       .events = {ClockEvent::look_again},
       .true_ms = 3'600'000},
      {.name = "restart",
       .control = [](SimClock& c) { c.restart(Duration{12'000}); },
       .wall = 12'000,
       .instant = 12'000,
       .monotonic = 12'000,
       .true_ms = 12'000},
      {.name = "clone",
       .control = [](SimClock& c) { c.clone(Instant{300'000}); },
       .instant = 300'000 - 3'600'000,
       .monotonic = 300'000 - 3'600'000},
      {.name = "rtc_reset", .control = [](SimClock& c) { c.rtc_reset(WallTime{}); }},
      {.name = "rtc_dead", .control = [](SimClock& c) { c.rtc_dead(); }},
      {.name = "rtc_ppm", .control = [](SimClock& c) { c.rtc_ppm(100); }},
      {.name = "sync arrives by step",
       .control = [](SimClock& c) { c.sync_arrives(SyncBy::step, false, kNoon); },
       .wall = -3'600'000,
       .events = {ClockEvent::look_again}},
      {.name = "sync arrives by slew, with a marker",
       .control = [](SimClock& c) { c.sync_arrives(SyncBy::slew, true, c.read().wall + Duration{300}); },
       .wall = 300,
       .instant = 300,
       .monotonic = 300,
       .events = {ClockEvent::sync_hint}},
      {.name = "sync lost", .control = [](SimClock& c) { c.sync_lost(); }},
      {.name = "leap second",
       .control = [](SimClock& c) { c.leap_second(); },
       .wall = -1'000,
       .events = {ClockEvent::look_again}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Bed bed;
    row.control(bed.clock);
    EXPECT_EQ(bed.wall_moved(), row.wall);
    EXPECT_EQ(bed.instant_moved(), row.instant);
    EXPECT_EQ(bed.monotonic_moved(), row.monotonic);
    EXPECT_EQ(bed.clock.kernel_boot_id(), bed.id);
    EXPECT_EQ(bed.events, row.events);
    EXPECT_EQ(bed.clock.sync().disciplined, row.disciplined);
    EXPECT_EQ(bed.clock.sync().max_error_ms, row.max_error);
    EXPECT_EQ((bed.clock.true_now() - kHour).count(), row.true_ms);
  }
}

TEST(SimClock, a_new_kernel_boot_starts_at_zero_with_another_id_and_its_evidence) {
  struct Row {
    const char* name;
    void (*control)(SimClock&, Duration);
    bool watchdog = false;
    bool panic = false;
  };
  const Row rows[] = {
      {.name = "power_cut", .control = [](SimClock& c, Duration d) { c.power_cut(d); }},
      {.name = "reboot", .control = [](SimClock& c, Duration d) { c.reboot(d); }},
      {.name = "panic", .control = [](SimClock& c, Duration d) { c.panic(d); }, .panic = true},
      {.name = "watchdog_reset", .control = [](SimClock& c, Duration d) { c.watchdog_reset(d); }, .watchdog = true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Bed bed;
    bed.clock.arm(Instant{4'000'000});
    bed.clock.sync_arrives(SyncBy::slew, true);
    bed.events.clear();
    row.control(bed.clock, kHour);
    EXPECT_EQ(bed.clock.read().instant, Instant{0});
    EXPECT_EQ(bed.clock.read().monotonic, Duration::zero());
    EXPECT_EQ(bed.clock.read().wall, kNoon + 2 * kHour);  // the RTC counted on
    EXPECT_NE(bed.clock.kernel_boot_id(), bed.id);
    EXPECT_EQ(bed.clock.kernel_boot_id().size(), 16u);
    EXPECT_FALSE(bed.clock.sync().disciplined);
    EXPECT_EQ(bed.clock.sync().max_error_ms, 16'000);
    EXPECT_EQ(bed.clock.evidence().watchdog, row.watchdog);
    EXPECT_EQ(bed.clock.evidence().panic, row.panic);
    EXPECT_EQ(bed.clock.armed(), std::nullopt);
    bed.clock.advance(2 * kHour);
    EXPECT_TRUE(bed.events.empty());  // the process that listened is gone

    bed.clock.power_cut(kHour);
    EXPECT_FALSE(bed.clock.evidence().watchdog);       // that was before
    EXPECT_EQ(bed.clock.evidence().panic, row.panic);  // its record lies there until somebody takes it away
    EXPECT_EQ(bed.clock.evidence().text.empty(), !row.panic);
  }
}

TEST(SimClock, the_rtc_decides_what_the_wall_is_after_a_power_cut) {
  const WallTime restored = *parse_rfc3339("2026-05-29T12:00:00Z");
  struct Row {
    const char* name;
    SimClockSetup setup;
    void (*control)(SimClock&);
    WallTime wall;
    bool present = true;
    bool set_wall = true;
    bool valid = true;
  };
  const Row rows[] = {
      {.name = "good", .setup = with_rtc(RtcKind::good), .control = [](SimClock&) {}, .wall = kNoon + 2 * kHour},
      {.name = "none",
       .setup = with_rtc(RtcKind::none),
       .control =
           [](SimClock& c) {
             c.rtc_reset(kNoon);
             c.rtc_ppm(1'000);
             c.rtc_dead();
           },
       .wall = WallTime{},
       .present = false,
       .set_wall = false,
       .valid = false},
      {.name = "none, but a time was restored",
       .setup = {.start = kNoon, .wall_without_rtc = restored, .rtc = RtcKind::none},
       .control = [](SimClock&) {},
       .wall = restored,
       .present = false,
       .set_wall = false,
       .valid = false},
      {.name = "died",
       .setup = with_rtc(RtcKind::good),
       .control = [](SimClock& c) { c.rtc_dead(); },
       .wall = WallTime{},
       .set_wall = false,
       .valid = false},
      {.name = "reset",
       .setup = with_rtc(RtcKind::good),
       .control = [](SimClock& c) { c.rtc_reset(*parse_rfc3339("2098-03-01T00:00:00Z")); },
       .wall = *parse_rfc3339("2098-03-01T01:00:00Z")},
      {.name = "fast by 1,000 ppm",
       .setup = with_rtc(RtcKind::good),
       .control = [](SimClock& c) { c.rtc_ppm(1'000); },
       .wall = kNoon + 2 * kHour + Duration{3'600}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Bed bed(row.setup);
    row.control(bed.clock);
    EXPECT_EQ(bed.wall_moved(), 0);
    bed.clock.power_cut(kHour);
    EXPECT_EQ(format_utc(bed.clock.read().wall), format_utc(row.wall));
    EXPECT_EQ(bed.clock.rtc().present, row.present);
    EXPECT_EQ(bed.clock.rtc().set_wall_at_boot, row.set_wall);
    EXPECT_EQ(bed.clock.rtc().valid, row.valid);
  }
}

TEST(SimClock, advance_delivers_every_armed_instant_in_order_at_its_own_moment) {
  Bed bed;
  std::vector<std::int64_t> told_at;
  bed.clock.listen([&](ClockEvent event) {
    ASSERT_EQ(event, ClockEvent::timer_due);
    told_at.push_back(bed.instant_moved());
  });
  // The device arms anew once it is quiet, not from inside the event.
  bed.clock.settle_with([&] {
    if (told_at.size() < 3) bed.clock.arm(bed.clock.read().instant + Duration{1'000});
  });
  bed.clock.arm(bed.before.instant + Duration{1'000});
  bed.clock.advance(Duration{2'500});
  EXPECT_EQ(told_at, (std::vector<std::int64_t>{1'000, 2'000}));
  EXPECT_EQ(bed.instant_moved(), 2'500);
  EXPECT_EQ(bed.clock.to_armed(), Duration{500});
  bed.clock.advance(kHour);
  EXPECT_EQ(told_at, (std::vector<std::int64_t>{1'000, 2'000, 3'000}));
  EXPECT_EQ(bed.clock.armed(), std::nullopt);
  EXPECT_EQ(bed.clock.to_armed(), std::nullopt);
}

TEST(SimClock, an_instant_that_is_past_when_armed_is_delivered_without_time_moving) {
  Bed bed;
  bed.clock.arm(bed.before.instant - Duration{1});
  EXPECT_EQ(bed.clock.to_armed(), Duration::zero());
  EXPECT_TRUE(bed.events.empty());
  bed.clock.advance(Duration::zero());
  EXPECT_EQ(bed.events, (std::vector<ClockEvent>{ClockEvent::timer_due}));
  EXPECT_EQ(bed.instant_moved(), 0);
}

TEST(SimClock, T088_a_day_of_slew_leaves_wall_minus_instant_as_it_was_and_delivers_on_the_way) {
  Bed bed;
  std::int64_t told_at = 0;
  bed.clock.listen([&](ClockEvent) { told_at = bed.instant_moved(); });
  bed.clock.arm(bed.before.instant + 12 * kHour);
  bed.clock.slew(500, 24 * kHour);
  EXPECT_EQ(told_at, (12 * kHour).count());
  EXPECT_EQ(bed.instant_moved(), (24 * kHour).count() + 43'200);
  EXPECT_TRUE(compare(bed.before, bed.clock.read()).nothing());
}

TEST(SimClock, a_due_that_passes_in_suspend_fires_at_resume) {
  Bed bed;
  bed.clock.arm(bed.before.instant + Duration{3'000});
  bed.clock.suspend(Duration{6'000});
  EXPECT_EQ(bed.events, (std::vector<ClockEvent>{ClockEvent::timer_due, ClockEvent::look_again}));
  EXPECT_EQ(bed.instant_moved(), 6'000);
  EXPECT_EQ(compare(bed.before, bed.clock.read()).suspended, Duration{6'000});
}

TEST(SimClock, a_restart_silences_what_the_process_had_armed) {
  Bed bed;
  bed.clock.arm(bed.before.instant + Duration{3'000});
  bed.clock.restart(Duration{6'000});
  EXPECT_TRUE(bed.events.empty());
  EXPECT_EQ(bed.clock.armed(), std::nullopt);
}

TEST(SimClock, a_power_cut_from_inside_an_event_ends_that_life_and_time_goes_on) {
  Bed bed;
  bed.clock.listen([&](ClockEvent) { bed.clock.power_cut(kHour); });
  bed.clock.arm(bed.before.instant + Duration{1'000});
  bed.clock.advance(Duration{5'000});
  EXPECT_EQ(bed.clock.read().instant, Instant{4'000});
  EXPECT_EQ(bed.clock.true_now(), 2 * kHour + Duration{5'000});
}

TEST(SimClock, the_same_seed_makes_the_same_kernel_boot_ids) {
  SimClock one(synced());
  SimClock two(synced());
  EXPECT_EQ(one.kernel_boot_id(), two.kernel_boot_id());
  one.power_cut(kHour);
  EXPECT_NE(one.kernel_boot_id(), two.kernel_boot_id());
  two.power_cut(kHour);
  EXPECT_EQ(one.kernel_boot_id(), two.kernel_boot_id());
  SimClockSetup other = synced();
  other.seed = 2;
  EXPECT_NE(SimClock(other).kernel_boot_id(), SimClock(synced()).kernel_boot_id());
}

}  // namespace
}  // namespace dormouse::hal_sim
