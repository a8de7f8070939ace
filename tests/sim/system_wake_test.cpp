// SPDX-License-Identifier: Apache-2.0
// Work that wakes the whole device: from suspend while it runs, from off after a clean stop.
#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using hal::AlarmSet;

SimulatedSetup at_time(const char* start) {
  return {.start = utc(start), .build_date = utc("2026-01-01T00:00:00Z")};
}
jobs::JobSpec waking(const std::string& handler, jobs::DueSpec due, Misfire misfire = Misfire::catch_up()) {
  jobs::JobSpec spec = job_of(handler, due, misfire);
  spec.wake_system = true;
  return spec;
}
std::size_t told(const SimulatedDevice& device, const std::string& code) {
  std::size_t count = 0;
  for (const auto& event : device.events()) {
    count += event.kind == actors::Event::Kind::alarm && event.text.starts_with(code + ":") ? 1 : 0;
  }
  return count;
}

TEST(SystemWake, T095_a_job_that_wakes_the_device_ends_a_suspend_and_runs_in_time) {
  SimulatedDevice device(at_time("2026-06-01T12:00:00Z"));
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.advance(1min);
  const auto id = accept(device, waking("h", after(10min)));
  EXPECT_EQ(device.clock().wake_armed(), device.clock().read().instant + 10min);
  device.suspend(1h);
  EXPECT_EQ(device.now(), 11min);
  EXPECT_EQ(starts(device, "h"), (std::vector<Duration>{11min}));
  EXPECT_EQ(device.state(id), State::succeeded);
  EXPECT_EQ(device.clock().wake_armed(), std::nullopt);
}

TEST(SystemWake, T095_where_the_alarm_is_not_permitted_it_runs_at_the_resume_by_its_policy) {
  struct Row {
    const char* name;
    Misfire misfire;
    State end;
  };
  for (const Row& row :
       {Row{"catch_up", Misfire::catch_up(), State::succeeded}, Row{"skip", Misfire::skip(), State::missed}}) {
    SCOPED_TRACE(row.name);
    SimulatedSetup setup = at_time("2026-06-01T12:00:00Z");
    setup.wake = AlarmSet::not_permitted;
    SimulatedDevice device(setup);
    device.handler("h");
    ASSERT_TRUE(device.boot().ok());
    device.advance(1min);
    const auto id = accept(device, waking("h", after(10min), row.misfire));
    EXPECT_EQ(told(device, "time.wake_not_permitted"), 1U);
    device.suspend(1h);
    EXPECT_EQ(device.now(), 61min);
    EXPECT_EQ(device.state(id), row.end);
    EXPECT_EQ(device.runs("h").size(), row.end == State::succeeded ? 1U : 0U);
    EXPECT_EQ(device.now() - 11min, 50min);  // late
    EXPECT_EQ(told(device, "time.wake_not_permitted"), 1U);
  }
}

TEST(SystemWake, T096_at_a_clean_stop_the_device_is_to_be_powered_on_half_a_minute_before_its_work) {
  for (const AlarmSet answer : {AlarmSet::armed, AlarmSet::busy}) {
    SimulatedSetup setup = at_time("2026-06-01T21:50:00Z");
    setup.power_on = answer;
    setup.boot_takes = 30s;
    SimulatedDevice device(setup);
    device.handler("daily");
    ASSERT_TRUE(device.boot().ok());
    schedules::Definition daily = cron("daily", "0 6 * * *", Misfire::skip());
    daily.wake_system = true;
    ASSERT_TRUE(device.put(daily).ok());
    device.advance(10min);
    ASSERT_TRUE(device.stop().ok());
    const bool armed = answer == AlarmSet::armed;
    EXPECT_EQ(device.clock().power_on_armed(), armed ? std::optional(utc("2026-06-02T05:59:30Z")) : std::nullopt);
    EXPECT_EQ(told(device, "time.wake_busy"), armed ? 0U : 1U);
  }
}

TEST(SystemWake, the_earliest_is_armed_and_armed_anew_at_each_start) {
  SimulatedDevice device(at_time("2026-06-01T12:00:00Z"));
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.advance(1min);
  EXPECT_EQ(device.clock().wake_armed(), std::nullopt);
  const auto wake_in = [&] { return *device.clock().wake_armed() - device.clock().read().instant; };
  accept(device, job_of("h", after(1min)));  // it wakes nobody
  const auto at_noon = accept(device, waking("h", at(utc("2026-06-01T13:00:00Z"))));
  EXPECT_EQ(wake_in(), 59min);
  const auto sooner = accept(device, waking("h", after(30min)));
  EXPECT_EQ(wake_in(), 30min);
  device.crash(1min);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(wake_in(), 29min);
  ASSERT_TRUE(device.cancel(sooner).ok());
  EXPECT_EQ(wake_in(), 58min);
  ASSERT_TRUE(device.cancel(at_noon).ok());
  EXPECT_EQ(device.clock().wake_armed(), std::nullopt);
}

TEST(SystemWake, a_schedule_that_no_longer_wakes_disarms) {
  SimulatedDevice device(at_time("2026-06-01T12:00:00Z"));
  device.handler("hourly");
  ASSERT_TRUE(device.boot().ok());
  device.advance(1min);
  schedules::Definition hourly = cron("hourly", "0 * * * *", Misfire::skip());
  hourly.wake_system = true;
  ASSERT_TRUE(device.put(hourly).ok());
  device.advance(2h);
  EXPECT_EQ(*device.clock().wake_armed() - device.clock().read().instant, 59min);
  hourly.wake_system = false;
  ASSERT_TRUE(device.put(hourly).ok());
  EXPECT_EQ(device.clock().wake_armed(), std::nullopt);
}

}  // namespace
}  // namespace dormouse::sim
