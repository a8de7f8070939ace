// SPDX-License-Identifier: Apache-2.0
// A whole device that is told to make everything durable, before a suspend above all; and the power that goes then.
#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;

/// A job was claimed 10 s before the power went. Whether the next boot knows of its first attempt.
bool claim_survives(std::uint64_t seed, bool flushed) {
  SimulatedDevice device({.seed = seed});
  device.handler("long", {.takes = 1h});
  check(device.boot().ok(), "flush_test:boot");
  device.advance(5s);
  const auto id = device.submit("long");
  if (flushed) check(device.flush().ok(), "flush_test:flush");
  device.advance(10s);
  device.power_cut(1min);
  check(device.boot().ok(), "flush_test:boot");
  return record(device, id).interrupted == 1;
}

TEST(Flush, AChangeThatWasLazySurvivesThePowerCut) {
  bool lost = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    EXPECT_TRUE(claim_survives(seed, true));
    lost = lost || !claim_survives(seed, false);
  }
  EXPECT_TRUE(lost) << "else it proves nothing";
}

/// Asleep; the process sees nothing of it any more, because the power goes meanwhile.
void lose_power_asleep(SimulatedDevice& device, Duration asleep, Duration off) {
  device.clock().settle_with({});
  device.clock().suspend(asleep);
  device.power_cut(off);
  device.clock().settle_with([&device] { device.settle(); });
  ASSERT_TRUE(device.boot().ok());
}

TEST(Flush, APowerCutInASuspendThatWasAnnouncedIsBoundedFromTheFlushOn) {
  for (const bool announced : {false, true}) {
    SCOPED_TRACE(announced);
    SimulatedDevice device;
    device.handler("h");
    ASSERT_TRUE(device.boot().ok());
    device.advance(5s);  // synced
    device.submit("h", after(100h));
    const auto beats = device.heartbeat().syncs();
    Duration last_beat{};
    while (device.now() < 1h) {  // they grow rare
      const auto before = device.heartbeat().syncs();
      device.advance(1s);
      if (device.heartbeat().syncs() != before) last_beat = device.now();
    }
    ASSERT_GT(device.heartbeat().syncs(), beats);
    ASSERT_GT(device.now() - last_beat, 10min);
    if (announced) {
      ASSERT_TRUE(device.flush(true).ok());
    }
    const Duration slept_at = device.now();
    const WallTime wall = device.wall();
    lose_power_asleep(device, 2h, 10min);

    const auto view = device.boots();
    EXPECT_EQ(view.boots.at(0).cause, BootCause::power_loss);
    EXPECT_EQ(view.boots.at(0).store_found.find("replayed") == std::string::npos, announced);
    ASSERT_EQ(view.gaps.size(), 1U);
    const Duration early = announced ? 0s : slept_at - last_beat;
    EXPECT_EQ(view.gaps[0].from, wall - early);
    EXPECT_EQ(view.gaps[0].length, 2h + 10min + early);
    EXPECT_EQ(view.gaps[0].certainty, Certainty::bounded);
  }
}

TEST(Flush, AnAnnouncedSuspendThatEndsWellIsTheGapOfItself) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.advance(5s);
  device.submit("h", after(1h));
  device.advance(10min);
  ASSERT_TRUE(device.flush(true).ok());
  device.advance(1s);
  device.suspend(30min);
  const auto gaps = device.boots().gaps;
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].cause, GapCause::suspend);
  EXPECT_EQ(gaps[0].length, 30min);
  device.advance(1h);
  EXPECT_EQ(starts(device, "h"), (std::vector<Duration>{1h + 5s}));
}

}  // namespace
}  // namespace dormouse::sim
