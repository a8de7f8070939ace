// SPDX-License-Identifier: Apache-2.0
// The timekeeper in a whole device: one armed timer, heartbeats while something is outstanding, one pass for each
// change of the clock and one more for all that come during it.
#include <gtest/gtest.h>

#include "runtime/store/heartbeat.hpp"
#include "tools/sim/simulated_device.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using actors::Event;
using jobs::State;

/// When heartbeats were written while time passed, in whole seconds after `from`.
std::vector<std::int64_t> heartbeats(SimulatedDevice& device, Duration from, std::chrono::seconds length) {
  std::vector<std::int64_t> at;
  for (auto syncs = device.heartbeat().syncs(); device.now() < from + length;) {
    device.advance(1s);
    if (device.heartbeat().syncs() == syncs) continue;
    EXPECT_EQ(device.heartbeat().syncs(), syncs + 1);
    syncs = device.heartbeat().syncs();
    at.push_back((device.now() - from) / 1s);
  }
  return at;
}
std::size_t passes(SimulatedDevice& device, reconcile::Trigger trigger) {
  std::size_t count = 0;
  for (const auto& report : device.boots().reports) count += report.trigger == trigger ? 1 : 0;
  return count;
}

TEST(Timer, IsArmedForTheEarliestOfAllThatIsDueAndForNothingWhenNothingIs) {
  SimulatedDevice device;
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  device.advance(1min);
  EXPECT_EQ(device.clock().armed(), std::nullopt);
  const auto first = device.submit("backup", after(30s));
  device.submit("backup", after(20s));
  const auto third = device.submit("backup", after(40s));
  EXPECT_EQ(device.clock().to_armed(), Duration{20s});
  device.advance(20s);
  EXPECT_EQ(device.clock().to_armed(), Duration{10s});
  ASSERT_TRUE(device.cancel(first).ok());
  device.advance(10s);  // it may wake for nothing once, and no more
  EXPECT_EQ(device.clock().to_armed(), Duration{10s});
  ASSERT_TRUE(device.cancel(third).ok());
  device.advance(10s);
  EXPECT_EQ(device.clock().armed(), std::nullopt);
  EXPECT_EQ(device.runs("backup").size(), 1U);
}

// -- heartbeats --

TEST(Heartbeats, T026_WithoutAnRtcOneAMinuteWhileAJobWaits) {
  SimulatedDevice device({.rtc = hal_sim::RtcKind::none, .synced = false});
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  device.submit("backup", after(1h));
  const auto written = device.heartbeat().bytes_written();
  const auto beats = heartbeats(device, 0s, 10min);
  EXPECT_EQ(beats, (std::vector<std::int64_t>{60, 120, 180, 240, 300, 360, 420, 480, 540, 600}));
  EXPECT_LE(device.heartbeat().bytes_written() - written, 10 * 4'096U);
  // Pages alternate: of the two, both now hold a stamp.
  const auto medium = hal_sim::open_memory_medium(device.heartbeat());
  for (const std::uint64_t page : {0U, 1U}) {
    EXPECT_EQ(medium->read(page * store::Heartbeat::kPageBytes, 4).value(), "DMHB") << page;
  }
}

TEST(Heartbeats, T027_WithAnRtcThatCountsWhileOffTheyGrowRare) {
  SimulatedDevice device;
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  device.advance(5s);  // synced
  device.submit("backup", after(2h));
  EXPECT_EQ(heartbeats(device, 5s, 1h), (std::vector<std::int64_t>{60, 180, 420, 900, 1'860, 2'820}));
}

TEST(Heartbeats, T028_ADurableCommitBringsBackTheShortInterval) {
  SimulatedDevice device;
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  device.advance(5s);  // synced
  device.submit("backup", after(2h));
  ASSERT_EQ(heartbeats(device, 5s, 1'000s), (std::vector<std::int64_t>{60, 180, 420, 900}));
  device.submit("backup", after(3h));
  EXPECT_EQ(heartbeats(device, 5s, 1'100s), (std::vector<std::int64_t>{1'060}));
}

TEST(Heartbeats, T029_NoneWhileCommitsSpeakForThem) {
  SimulatedDevice device;
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  device.submit("backup", after(2h));
  const auto before = device.heartbeat().syncs();
  for (int i = 0; i < 30; ++i) {
    device.advance(20s);
    device.submit("backup", after(2h));
  }
  EXPECT_EQ(device.heartbeat().syncs(), before);
  // The newest stamp is that of the last commit: it bounds the gap.
  device.advance(19s);
  device.power_cut(1h);
  ASSERT_TRUE(device.boot().ok());
  const auto gaps = device.boots().gaps;
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_GE(gaps[0].length, Duration{1h});
  EXPECT_LE(gaps[0].length, Duration{1h + 20s});
}

TEST(Heartbeats, T035_ThreeThatFailAreToldOnceAndJobsRun) {
  SimulatedDevice device({.rtc = hal_sim::RtcKind::none, .synced = false});
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  device.submit("backup", after(1h));
  device.heartbeat().fail_writes(3);
  const auto told = [&] {
    std::size_t count = 0;
    for (const auto& event : device.events()) count += event.text.starts_with("time.heartbeat_failed") ? 1 : 0;
    return count;
  };
  device.advance(2min + 30s);
  EXPECT_EQ(told(), 0U);
  device.advance(1min);
  EXPECT_EQ(told(), 1U);
  device.advance(1h);
  EXPECT_EQ(told(), 1U);
  EXPECT_EQ(device.runs("backup").size(), 1U);
}

// -- passes --

TEST(Passes, ASuspendOverADueMomentIsOnePass) {
  SimulatedDevice device;
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("backup", after(10min), jobs::Misfire::skip());
  device.advance(1min);
  device.suspend(2h);
  EXPECT_EQ(device.state(id), State::missed);
  EXPECT_EQ(passes(device, reconcile::Trigger::resume), 1U);
  ASSERT_EQ(device.boots().gaps.size(), 1U);
  EXPECT_EQ(device.boots().gaps[0].cause, GapCause::suspend);
}

TEST(Passes, AStepOverADueMomentIsOnePass) {
  SimulatedDevice device;
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  device.advance(5s);
  const auto id = device.submit("backup", at(device.wall() + 10min), jobs::Misfire::skip());
  device.clock().step(2h);
  device.settle();
  EXPECT_EQ(device.state(id), State::missed);
  EXPECT_EQ(passes(device, reconcile::Trigger::step), 1U);
}

TEST(Passes, AStepThatPassedNothingLeavesElapsedTimeAlone) {
  SimulatedDevice device;
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  device.submit("backup", after(10min));
  device.advance(5min);
  device.clock().step(2h);
  device.advance(4min + 59s);
  EXPECT_TRUE(device.runs("backup").empty());
  device.advance(1s);
  EXPECT_EQ(device.runs("backup").size(), 1U);
}

TEST(Passes, APassThatTheStoreRefusesIsOfferedAgainBeforeAnythingStarts) {
  SimulatedDevice device({.journal = false});
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  device.submit("backup", after(1h));
  device.power_cut(2h);
  // The first commit of a boot is the boot itself, the second the pass.
  bool armed = false;
  device.observe([&](const Event& event) {
    if (event.kind != Event::Kind::boot || armed) return;
    armed = true;
    device.disk().fail_commits("store.io", 2);
  });
  ASSERT_TRUE(device.boot().ok());
  EXPECT_TRUE(device.runs("backup").empty());
  device.advance(2'999ms);  // refused at 0 and 1 s, taken at 3 s
  EXPECT_TRUE(device.runs("backup").empty());
  device.advance(1ms);
  ASSERT_EQ(device.runs("backup").size(), 1U);
  EXPECT_EQ(device.runs("backup")[0].missed_count, 1U);
  EXPECT_EQ(passes(device, reconcile::Trigger::boot), 1U);
}

TEST(Passes, T107_ThreeTriggersDuringAPassLeadToExactlyOneMore) {
  SimulatedDevice device({.journal = false});
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  device.advance(5s);
  const auto id = device.submit("backup", at(device.wall() + 30min), jobs::Misfire::skip());
  device.disk().fail_commits("store.io", 4);
  device.clock().step(1h);  // its pass is refused at 0, 1, 3 and 7 s, and taken at 15 s
  device.settle();
  device.advance(7s + 500ms);
  for (int i = 0; i < 3; ++i) device.suspend(2s + 100ms);
  EXPECT_EQ(passes(device, reconcile::Trigger::step), 0U);
  EXPECT_EQ(passes(device, reconcile::Trigger::resume), 0U);
  device.advance(2s);
  EXPECT_EQ(passes(device, reconcile::Trigger::step), 1U);
  EXPECT_EQ(passes(device, reconcile::Trigger::resume), 1U);
  EXPECT_EQ(device.boots().gaps.size(), 1U + 3U);
  EXPECT_EQ(device.state(id), State::missed);
}

}  // namespace
}  // namespace dormouse::sim
