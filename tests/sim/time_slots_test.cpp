// SPDX-License-Identifier: Apache-2.0
// Slots and dues under wrong clocks: an RTC days or decades ahead, spans that get better, time that is set back.
#include "runtime/store/heartbeat.hpp"
#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using actors::Event;

using Starts = std::vector<Duration>;
using Slots = std::vector<std::string>;

const WallTime kNoon = utc("2026-06-01T12:00:00Z");
const WallTime kBuild = utc("2026-01-01T00:00:00Z");

Trust trust_of(SimulatedDevice& device) {
  return device.status().now.trust;
}
std::size_t alarms(const SimulatedDevice& device, const std::string& code) {
  std::size_t count = 0;
  for (const auto& event : device.events())
    count += event.kind == Event::Kind::alarm && event.text.starts_with(code + ": ") ? 1 : 0;
  return count;
}
// -- an RTC that is wrong --

TEST(WrongRtc, T041_days_that_an_rtc_ran_ahead_run_once_each_when_they_come) {
  SimulatedDevice device({.start = utc("2026-05-31T23:30:00Z"), .build_date = kBuild});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("h", "0 * * * *", Misfire::skip())).ok());
  device.advance(30min);  // 06-01T00:00 ran
  device.clock().rtc_reset(utc("2026-06-04T00:00:00Z"));
  away(device, Fate::power_cut, 30min);
  EXPECT_EQ(trust_of(device), Trust::rtc);
  device.advance(100min);  // 06-04T02:10 by the RTC, 06-01T02:10 in truth
  EXPECT_EQ(slots(device, "h"), (Slots{"2026-06-01T00:00:00Z", "2026-06-04T01:00:00Z", "2026-06-04T02:00:00Z"}));
  sync(device);
  device.advance(2s);
  EXPECT_EQ(trust_of(device), Trust::synced);
  EXPECT_EQ(alarms(device, "time.conflict"), 0U);
  device.advance(utc("2026-06-04T03:30:00Z") - device.wall());
  const auto ran = slots(device, "h");
  ASSERT_EQ(ran.size(), 3U + 70 + 1);  // 06-01T03:00 .. 06-04T00:00, then 03:00
  EXPECT_EQ(ran[3], "2026-06-01T03:00:00Z");
  EXPECT_EQ(ran[72], "2026-06-04T00:00:00Z");
  EXPECT_EQ(ran[73], "2026-06-04T03:00:00Z");
}

TEST(WrongRtc, T040_an_rtc_in_2098_holds_wall_work_until_the_network_says_better) {
  SimulatedDevice device({.start = kNoon, .build_date = kBuild});
  device.handler("daily");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("daily", "0 9 * * *", Misfire::skip())).ok());
  device.advance(10s);
  device.clock().rtc_reset(utc("2098-03-01T00:00:00Z"));
  away(device, Fate::power_cut, utc("2026-06-02T07:58:30Z") - device.wall());
  EXPECT_EQ(trust_of(device), Trust::untrusted);
  EXPECT_EQ(alarms(device, "time.untrusted"), 1U);
  const auto boots = device.boots();
  EXPECT_FALSE(boots.boots.at(0).wall_believable);
  EXPECT_EQ(boots.gaps.at(0).certainty, Certainty::unknown);
  device.advance(90s);
  EXPECT_EQ(device.runs("daily").size(), 0U);
  sync(device);
  device.advance(2s - 1ms);
  EXPECT_EQ(trust_of(device), Trust::untrusted);
  device.advance(1ms);
  EXPECT_EQ(trust_of(device), Trust::synced);
  device.advance(1h);
  EXPECT_EQ(slots(device, "daily"), (Slots{"2026-06-02T09:00:00Z"}));
  const auto medium = hal_sim::open_memory_medium(device.heartbeat());
  const auto page = store::Heartbeat(*medium).newest();
  ASSERT_TRUE(page.ok() && *page);
  EXPECT_LT((*page)->floor, utc("2027-01-01T00:00:00Z"));
}

// -- elapsed grids over kernel boots --

/// Every hour from 0 s = 12:00:00 synced; the last reading is 1,200 s = 12:20:00; then a kernel boot without an
/// RTC, whose instant 0 is 12:30:00 in truth.
struct EveryHour {
  SimulatedDevice device{{.start = kNoon, .build_date = kBuild}};
  Duration boot{};
  explicit EveryHour(Misfire misfire) {
    device.handler("h");
    device.handler("mark");
    check(device.boot().ok(), "stories:boot");
    check(device.put(every("h", 1h, misfire)).ok(), "stories:put");
    device.advance(1'200s);
    device.submit("mark");  // a durable commit: the last reading
    device.clock().rtc_dead();
    away(device, Fate::power_cut, 600s);
    boot = device.now();
  }
  Starts starts_since_boot() const {
    Starts found;
    for (const Duration start : starts(device, "h")) found.push_back(start - boot);
    return found;
  }
};

TEST(Grid, T072_a_better_span_moves_a_slot_back_to_the_true_grid) {
  EveryHour story(Misfire::skip());
  story.device.advance(300s);
  sync(story.device);
  story.device.advance(1'500s - 1ms);
  EXPECT_EQ(story.starts_since_boot(), Starts{});
  story.device.advance(1ms);
  EXPECT_EQ(story.starts_since_boot(), (Starts{1'800s}));
  EXPECT_EQ(story.device.wall(), utc("2026-06-01T13:00:00Z"));
}

TEST(Grid, T073_a_slot_that_a_sync_shows_to_be_late_follows_its_policy_and_the_grid_stays) {
  for (const bool skip : {true, false}) {
    EveryHour story(skip ? Misfire::skip() : Misfire::catch_up());
    story.device.advance(2'100s);
    sync(story.device);
    EXPECT_EQ(story.starts_since_boot(), Starts{});
    story.device.advance(2s);
    EXPECT_EQ(story.starts_since_boot(), skip ? Starts{} : Starts{2'102s});
    EXPECT_EQ(story.device.schedule("h")->missed, 1U);
    EXPECT_EQ(story.device.boots().reports.at(0).lines.back().lateness, Duration{302s});
    story.device.advance(3'299s);  // b 5,401 s
    EXPECT_EQ(story.starts_since_boot(), skip ? (Starts{5'400s}) : (Starts{2'102s, 5'400s}));
  }
}

TEST(Grid, T074_a_slot_that_has_run_does_not_run_again_on_the_better_grid) {
  EveryHour story(Misfire::catch_up());
  story.device.advance(2'400s);
  EXPECT_EQ(story.starts_since_boot(), (Starts{2'400s}));
  story.device.advance(600s);
  sync(story.device);
  story.device.advance(2'401s);  // b 5,401 s
  EXPECT_EQ(story.starts_since_boot(), (Starts{2'400s, 5'400s}));
  EXPECT_EQ(story.device.runs("h").back().slot_ms, Duration(2h).count());
  EXPECT_EQ(story.device.wall() - 1s, utc("2026-06-01T14:00:00Z"));
  EXPECT_EQ(story.device.schedule("h")->missed, 0U);
}

TEST(Grid, T075_a_period_longer_than_the_uptime_does_fire) {
  SimulatedDevice device(without_rtc("2026-06-01T12:00:00Z"));
  device.handler("h");
  device.handler("mark");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(every("h", 1h, Misfire::skip())).ok());
  device.advance(2'940s);
  device.submit("mark");
  away(device, Fate::power_cut, 10h);
  const Duration boot = device.now();
  device.advance(660s - 1ms);
  EXPECT_EQ(device.runs("h").size(), 0U);
  device.advance(1ms);
  EXPECT_EQ(starts(device, "h"), (Starts{boot + 660s}));
}

TEST(Delay, T078_ten_years_are_taken_and_a_millisecond_more_is_refused) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const Duration ten_years{315'360'000'000};
  const auto before = device.store_traffic().bytes;
  const auto refused = device.enqueue(job_of("h", after(ten_years + 1ms)));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "time.delay_too_long");
  EXPECT_TRUE(device.jobs().empty());
  EXPECT_EQ(device.store_traffic().bytes, before);
  EXPECT_TRUE(device.enqueue(job_of("h", after(ten_years))).ok());
}

// -- made before time was known --

TEST(NeverTrusted, T079_a_schedule_of_a_boot_without_time_counts_from_the_start_of_the_first_that_has_it) {
  SimulatedDevice device(without_rtc("2026-06-01T10:00:00Z"));
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.advance(10min);
  away(device, Fate::power_cut, 5min);
  ASSERT_TRUE(device.put(cron("h", "0 * * * *", Misfire::skip())).ok());
  device.advance(5min);
  away(device, Fate::power_cut, 10min);  // 10:30:00
  device.advance(90min + 8s);
  sync(device);
  EXPECT_EQ(device.runs("h").size(), 0U);
  device.advance(2s);  // 12:00:10
  EXPECT_EQ(slots(device, "h"), (Slots{"2026-06-01T12:00:00Z"}));
  EXPECT_EQ(device.schedule("h")->missed, 1U);
  EXPECT_EQ(device.boots().reports.at(0).lines.back().newest_missed, utc("2026-06-01T11:00:00Z").ms);
}

TEST(NeverTrusted, TwoCutsBeforeAnySyncLeaveTwoExplainedBootsAndEveryJob) {
  SimulatedDevice device({.start = kNoon, .build_date = kBuild});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h", after(2h));
  device.advance(600s);
  device.clock().rtc_dead();
  away(device, Fate::power_cut, 1h);
  device.advance(300s);
  away(device, Fate::power_cut, 6h);
  const auto view = device.boots();
  for (const auto index : {0U, 1U}) {
    const Boot& boot = view.boots.at(index);
    EXPECT_EQ(boot.cause, BootCause::power_loss);
    EXPECT_EQ(boot.before, "not clean");
    ASSERT_FALSE(boot.remarks.empty());
    EXPECT_TRUE(boot.remarks.back().starts_with("time.untrusted: ")) << boot.remarks.back();
    EXPECT_EQ(view.gaps.at(index).certainty, Certainty::unknown);
  }
  EXPECT_EQ(device.state(id), State::scheduled);
  device.advance(60s);
  sync(device);
  device.advance(2s);
  EXPECT_EQ(device.state(id), State::succeeded);
  const Boot boot = device.boots().boots.at(0);
  ASSERT_EQ(boot.gains.size(), 1U);
  EXPECT_EQ(boot.gains[0].trust, Trust::synced);
  EXPECT_EQ(boot.gains[0].instant, Instant{62'000});
  EXPECT_EQ(boot.gains[0].source, "kernel");
  EXPECT_EQ(wall_of_start(boot), device.wall() - 62s);
  EXPECT_EQ(device.boots().gaps.at(0).to, wall_of_start(boot));
}

// -- steps --

TEST(Jump, AStepOverNothingLeavesNeitherGapNorReport) {
  SimulatedDevice device({.start = kNoon, .build_date = kBuild});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.submit("h", at(kNoon + 2h));
  device.advance(10s);
  step(device, 1h);
  device.advance(10s);
  EXPECT_TRUE(device.boots().gaps.empty());
  EXPECT_TRUE(device.boots().reports.empty());
}

TEST(SetBack, ADayBackIsOneLineInAReportAndNothingRunsTwice) {
  SimulatedDevice device({.start = utc("2026-06-02T10:30:00Z"), .build_date = kBuild});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("h", "0 * * * *", Misfire::skip())).ok());
  device.advance(40min);  // 11:00 ran
  step(device, -(24h - 30min));
  device.advance(5s);
  EXPECT_EQ(trust_of(device), Trust::synced);
  const auto reports = device.boots().reports;
  ASSERT_FALSE(reports.empty());
  ASSERT_EQ(reports[0].lines.size(), 1U);
  EXPECT_EQ(
      reports[0].lines[0].text,
      "the wall clock was set back by 23h30min to 2026-06-01T11:40:00Z: 1 schedule planned anew, and nothing that "
      "has run runs again");
  device.advance(24h + 20s);
  const auto ran = slots(device, "h");
  ASSERT_EQ(ran.size(), 1U + 23);  // 06-01T12:00 .. 06-02T10:00, and not 11:00 again
  EXPECT_EQ(ran[1], "2026-06-01T12:00:00Z");
  EXPECT_EQ(ran[23], "2026-06-02T10:00:00Z");
}

// -- ends of a life --

TEST(CleanMark, OneTornByACutIsAPowerLossAndNoJobIsLost) {
  SimulatedDevice device({.start = kNoon, .build_date = kBuild});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h", after(10min));
  device.advance(1min);
  device.cut_power_in_next_commit(SimulatedDevice::Kept::nothing);
  (void)device.stop();
  device.power_cut(1h);
  ASSERT_TRUE(device.boot().ok());
  const Boot boot = device.boots().boots.at(0);
  EXPECT_EQ(boot.cause, BootCause::power_loss);
  EXPECT_EQ(boot.before, "not clean");
  device.advance(1s);
  EXPECT_EQ(device.state(id), State::succeeded);
}

}  // namespace
}  // namespace dormouse::sim
