// SPDX-License-Identifier: Apache-2.0
// Whether the time is believed: sources that come, go and contradict one another, times that links and people tell,
// many steps at once, and what looking for all this costs in wake-ups.
#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using hal_sim::SyncBy;

const WallTime kNoon = utc("2026-06-01T12:00:00Z");

/// No RTC, and nothing disciplines the clock, which is off by `off`.
SimulatedSetup without_source(WallTime wall_at_start) {
  return {.start = kNoon,
          .rtc = hal_sim::RtcKind::none,
          .synced = false,
          .wall_without_rtc = wall_at_start,
          .build_date = utc("2026-01-01T00:00:00Z")};
}

std::size_t told(const SimulatedDevice& device, const std::string& code) {
  std::size_t count = 0;
  for (const auto& event : device.events()) {
    count += event.kind == actors::Event::Kind::alarm && event.text.starts_with(code) ? 1 : 0;
  }
  return count;
}
std::size_t passes(SimulatedDevice& device, reconcile::Trigger trigger) {
  std::size_t count = 0;
  for (const auto& report : device.boots().reports) count += report.trigger == trigger ? 1 : 0;
  return count;
}
WallTime device_wall(SimulatedDevice& device) {
  return device.clock().read().wall;
}
/// Told by a link that may, or by an operator who insists: "ok" or the code.
std::string set_time(SimulatedDevice& device, WallTime wall, bool forced = false) {
  const auto set = device.set_time({.wall = wall, .component = "gnss", .source = "gnss", .forced = forced});
  return set.ok() ? "ok" : set.error().code;
}

// -- sources --

TEST(TimeStory, T048_a_slewed_clock_is_synced_two_seconds_after_its_marker) {
  SimulatedDevice device(without_source(kNoon - 300ms));
  ASSERT_TRUE(device.boot().ok());
  device.advance(10s);
  device.clock().sync_arrives(SyncBy::slew, true);
  device.settle();
  EXPECT_EQ(device.time().wakes.of(WakeCause::look_again), 0U);
  EXPECT_EQ(device.time().wakes.of(WakeCause::sync_hint), 1U);
  device.advance(1'999ms);
  EXPECT_EQ(device.trust(), Trust::untrusted);
  device.advance(1ms);
  EXPECT_EQ(device.trust(), Trust::synced);
  EXPECT_EQ(device.time().wakes.of(WakeCause::confirmation), 1U);
}

TEST(TimeStory, T049_a_slewed_clock_without_a_marker_is_found_by_the_trust_poll) {
  SimulatedDevice device(without_source(kNoon + 300ms));
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.submit("h", at(kNoon + 1h));
  device.clock().sync_arrives(SyncBy::slew);
  device.advance(32s - 1ms);
  EXPECT_EQ(device.trust(), Trust::untrusted);
  device.advance(1ms);
  EXPECT_EQ(device.trust(), Trust::synced);
  EXPECT_EQ(device.time().wakes.of(WakeCause::trust_poll), 1U);
  device.advance(10min);
  EXPECT_EQ(device.time().wakes.of(WakeCause::trust_poll), 1U);
}

TEST(TimeStory, T104_while_wall_time_work_is_held_the_source_is_looked_for_twice_a_minute) {
  for (const bool held : {true, false}) {
    SCOPED_TRACE(held);
    SimulatedDevice device(without_source(WallTime{}));
    device.handler("h");
    ASSERT_TRUE(device.boot().ok());
    device.advance(90s);
    if (held) device.submit("h", at(kNoon + 1h));
    const auto before = device.wakeups();
    device.advance(10min);
    const WakeCounts wakes = device.time().wakes;
    EXPECT_EQ(wakes.of(WakeCause::trust_poll), held ? 20U : 0U);
    EXPECT_EQ(wakes.of(WakeCause::heartbeat), held ? 10U : 0U);
    EXPECT_EQ(wakes.of(WakeCause::due), 0U);
    // So 10 of the polls came in the wake-up of a heartbeat.
    EXPECT_EQ(device.wakeups() - before, held ? 20U : 0U);
  }
}

TEST(TimeStory, a_loss_of_trust_is_stamped_at_once) {
  SimulatedDevice device({.start = kNoon, .build_date = utc("2026-01-01T00:00:00Z")});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.advance(10s);
  device.submit("h", after(1h));
  device.advance(10s);
  const auto beats = device.heartbeat().syncs();
  device.clock().step(24h * 365 * 60);
  device.settle();
  EXPECT_EQ(device.trust(), Trust::untrusted);
  EXPECT_EQ(told(device, "time.conflict"), 1U);
  EXPECT_EQ(device.heartbeat().syncs(), beats + 1);
  // The next boot knows that its kernel's clock was no more believed.
  device.crash(1s);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(device.trust(), Trust::untrusted);
}

// -- conflicts --

/// A device that knows it was `floor`, and whose source, after a power cut, says so much less.
struct Conflict {
  SimulatedDevice device{
      {.start = kNoon, .rtc = hal_sim::RtcKind::none, .build_date = utc("2026-01-01T00:00:00Z")}};
  WallTime floor;
  std::uint64_t wall_job = 0;
  std::uint64_t elapsed_job = 0;

  explicit Conflict(Duration below) {
    device.handler("h");
    check(device.boot().ok(), "time_trust_test:boot");
    device.advance(10s);
    wall_job = device.submit("h", at(kNoon + 1h));
    device.power_cut(1min);
    check(device.boot().ok(), "time_trust_test:boot");
    floor = device.time().trust.floor();
    elapsed_job = device.submit("h", after(2s + 500ms));
    device.clock().sync_arrives(SyncBy::step, false, floor - below - 2s);
    device.advance(2s);
    check(device_wall(device) == floor - below, "time_trust_test:wall");
  }
};

TEST(TimeStory, T055_a_source_that_says_more_than_a_day_before_the_floor_is_a_conflict) {
  Conflict story(24h + 1s);
  EXPECT_EQ(story.device.time().trust.mode(), TrustMode::conflict);
  EXPECT_EQ(story.device.trust(), Trust::untrusted);
  EXPECT_EQ(told(story.device, "time.conflict"), 1U);
  story.device.advance(500ms);
  EXPECT_EQ(story.device.state(story.elapsed_job), State::succeeded);
  EXPECT_EQ(story.device.state(story.wall_job), State::scheduled);
  EXPECT_EQ(story.device.job(story.wall_job)->shown.told.because, jobs::Because::time);
  EXPECT_EQ(story.device.time().trust.floor(), story.floor);
  // A moment later it is less than a day, and the source is inside again.
  story.device.advance(40s);
  EXPECT_EQ(story.device.trust(), Trust::synced);
  EXPECT_EQ(told(story.device, "time.floor_lowered"), 1U);
}

TEST(TimeStory, a_conflict_lasts_as_long_as_its_source_says_so) {
  Conflict story(72h);
  story.device.advance(24h);
  EXPECT_EQ(story.device.trust(), Trust::untrusted);
  EXPECT_EQ(story.device.state(story.wall_job), State::scheduled);
  EXPECT_EQ(told(story.device, "time.conflict"), 1U);
}

TEST(TimeStory, T056_an_operator_ends_a_conflict_by_force_in_one_reconcile) {
  Conflict story(24h + 1s);
  const WallTime told_wall = story.floor - 72h;
  const auto late = story.device.submit("h", at(told_wall - 10min), Misfire::skip());
  EXPECT_EQ(set_time(story.device, told_wall), "time.disciplined");
  EXPECT_EQ(set_time(story.device, told_wall, true), "ok");
  EXPECT_EQ(story.device.trust(), Trust::synced);
  EXPECT_EQ(device_wall(story.device), told_wall);
  EXPECT_EQ(story.device.time().trust.floor(), told_wall);
  EXPECT_EQ(told(story.device, "time.floor_lowered"), 1U);
  EXPECT_EQ(passes(story.device, reconcile::Trigger::trust), 1U);
  EXPECT_EQ(passes(story.device, reconcile::Trigger::step), 0U);
  EXPECT_EQ(story.device.state(late), State::missed);
}

TEST(TimeStory, T057_a_link_that_says_the_same_within_two_seconds_ends_a_conflict) {
  Conflict story(72h);
  story.device.advance(30s);
  const WallTime kernel = device_wall(story.device);
  EXPECT_EQ(set_time(story.device, kernel + 800ms), "ok");
  EXPECT_EQ(story.device.trust(), Trust::synced);
  EXPECT_EQ(device_wall(story.device), kernel);
  EXPECT_EQ(story.device.time().trust.floor(), kernel);
  EXPECT_EQ(told(story.device, "time.floor_lowered"), 1U);
}

// -- times that are told --

TEST(TimeStory, T060_a_link_that_tells_the_time_makes_it_synced_at_once) {
  SimulatedSetup setup = without_source(WallTime{});
  setup.rtc = hal_sim::RtcKind::dead;
  SimulatedDevice device(setup);
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.advance(90s);
  const auto id = device.submit("h", at(kNoon + 10min));
  const auto late = device.submit("h", at(kNoon - 10min));
  EXPECT_EQ(set_time(device, kNoon), "ok");
  EXPECT_EQ(device.trust(), Trust::synced);
  EXPECT_EQ(device_wall(device), kNoon);
  EXPECT_EQ(device.clock().rtc().reading, kNoon);
  EXPECT_EQ(passes(device, reconcile::Trigger::trust), 1U);
  EXPECT_EQ(device.boots().reports.size(), 1U);
  device.advance(10min);
  EXPECT_EQ(device.state(late), State::succeeded);
  EXPECT_EQ(device.state(id), State::succeeded);
}

TEST(TimeStory, T061_a_disciplined_clock_is_set_by_force_alone) {
  SimulatedDevice device({.start = kNoon, .build_date = utc("2026-01-01T00:00:00Z")});
  ASSERT_TRUE(device.boot().ok());
  device.advance(10s);
  const auto reports = device.boots().reports.size();
  EXPECT_EQ(set_time(device, device_wall(device) + 400ms), "ok");
  EXPECT_EQ(device_wall(device), kNoon + 10s);
  EXPECT_EQ(set_time(device, device_wall(device) + 5s), "time.disciplined");
  EXPECT_EQ(device_wall(device), kNoon + 10s);
  EXPECT_EQ(device.boots().reports.size(), reports);
  EXPECT_EQ(set_time(device, device_wall(device) + 5s, true), "ok");
  EXPECT_EQ(device_wall(device), kNoon + 15s);
  EXPECT_EQ(device.trust(), Trust::synced);
}

TEST(TimeStory, T062_where_the_process_may_not_set_the_clock_nothing_changes) {
  SimulatedSetup setup = without_source(WallTime{});
  setup.may_set_clock = false;
  SimulatedDevice device(setup);
  ASSERT_TRUE(device.boot().ok());
  device.advance(90s);
  EXPECT_EQ(set_time(device, kNoon), "time.not_permitted");
  EXPECT_EQ(device_wall(device), WallTime{90'000});
  EXPECT_EQ(device.trust(), Trust::untrusted);
}

// -- steps --

TEST(TimeStory, T087_a_hundred_and_one_steps_inside_a_second_are_two_passes_and_decide_once) {
  SimulatedDevice device({.start = utc("2026-06-01T11:55:00Z"), .build_date = utc("2026-01-01T00:00:00Z")});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("h", "*/10 * * * *", Misfire::skip())).ok());
  device.advance(5min + 1s);  // 12:00 has run
  for (int i = 0; i <= 100; ++i) {
    device.clock().step(i % 2 == 0 ? 1h : -1h);
    device.advance(9ms);
  }
  device.advance(5s);
  EXPECT_EQ(passes(device, reconcile::Trigger::step), 1U);  // the second has nothing to tell
  EXPECT_EQ(device.schedule("h")->missed, 5U);
  EXPECT_EQ(slots(device, "h"), (std::vector<std::string>{"2026-06-01T12:00:00Z", "2026-06-01T13:00:00Z"}));
  ASSERT_EQ(device.boots().gaps.size(), 1U);
  EXPECT_EQ(device.boots().gaps[0].length, 1h);
}

// -- rest --

TEST(TimeStory, T032_at_rest_there_is_one_stamp_and_then_nothing_wakes_and_nothing_is_written) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.advance(1min);  // synced
  device.submit("h");
  const WallTime rest = device_wall(device);
  device.settle();
  const auto woken = device.wakeups();
  const auto counted = device.time().wakes.wake_ups();
  const auto bytes = device.store_traffic().bytes;
  const auto beats = device.heartbeat().syncs();
  EXPECT_EQ(device.clock().armed(), std::nullopt);
  device.advance(24h);
  EXPECT_EQ(device.wakeups(), woken);
  EXPECT_EQ(device.time().wakes.wake_ups(), counted);
  EXPECT_EQ(device.store_traffic().bytes, bytes);
  EXPECT_EQ(device.heartbeat().syncs(), beats);
  // The stamp is that of the batch that ended the last job: the gap begins there.
  device.power_cut(1h);
  ASSERT_TRUE(device.boot().ok());
  ASSERT_EQ(device.boots().gaps.size(), 1U);
  EXPECT_EQ(device.boots().gaps[0].from, rest);
}

}  // namespace
}  // namespace dormouse::sim
