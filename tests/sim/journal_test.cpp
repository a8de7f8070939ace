// SPDX-License-Identifier: Apache-2.0
// The store's journal under a whole device: stops clean and short, cuts with the last group torn, what the next
// boot finds and tells, and a store that cannot go on.
#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using actors::Event;

Boot last_boot(SimulatedDevice& device) {
  return device.boots().boots.at(0);
}
std::optional<Gap> last_gap(SimulatedDevice& device) {
  const auto gaps = device.boots().gaps;
  return gaps.empty() ? std::nullopt : std::optional(gaps[0]);
}
/// A device that runs and is past all that a boot writes.
void settle_in(SimulatedDevice& device) {
  ASSERT_TRUE(device.boot().ok());
  device.advance(5s);  // trust in the clock's source takes two looks
}

// -- stops --

TEST(CleanStop, D051_LeavesNothingToReplay) {
  SimulatedDevice device;
  device.handler("h");
  settle_in(device);
  const auto id = device.submit("h", after(1h));
  device.restart();
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(last_boot(device).cause, BootCause::clean_restart);
  EXPECT_EQ(last_boot(device).store_found, "");  // neither replay nor verification
  EXPECT_EQ(device.state(id), State::scheduled);
}

TEST(CleanStop, D052_IsCleanWithoutTheCheckpointThatItHadNoTimeFor) {
  SimulatedDevice device({.hold_up = 200ms});
  device.handler("h");
  settle_in(device);
  const auto id = device.submit("h", after(1h));
  const auto checkpoints = device.disk().traffic().syncs;
  device.supply(hal::PowerEvent::failing);
  EXPECT_EQ(device.disk().traffic().syncs, checkpoints);
  device.power_cut(1min);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(last_boot(device).cause, BootCause::power_loss);
  EXPECT_TRUE(last_boot(device).announced);
  EXPECT_TRUE(last_boot(device).store_found.starts_with("replayed ")) << last_boot(device).store_found;
  EXPECT_EQ(device.state(id), State::scheduled);
}

TEST(CleanStop, WithTimeEnoughFailingPowerIsACheckpointToo) {
  SimulatedDevice device({.hold_up = 10s});
  device.handler("h");
  settle_in(device);
  device.submit("h", after(1h));
  device.supply(hal::PowerEvent::failing);
  device.power_cut(1min);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_TRUE(last_boot(device).announced);
  EXPECT_EQ(last_boot(device).store_found, "");
}

TEST(CleanStop, D053_ACutAfterTheNextStartIsNotCleanAlthoughNothingFollowedIt) {
  SimulatedDevice device({.start = kT0, .rtc = hal_sim::RtcKind::good});
  device.handler("h");
  settle_in(device);
  device.restart(10min);
  ASSERT_TRUE(device.boot().ok());
  ASSERT_EQ(last_boot(device).cause, BootCause::clean_restart);
  const auto opened = device.wall();
  device.power_cut(1h);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(last_boot(device).cause, BootCause::power_loss);
  EXPECT_FALSE(last_boot(device).announced);
  ASSERT_TRUE(last_gap(device));
  EXPECT_EQ(last_gap(device)->from, opened);  // the open batch, not the clean mark ten minutes before
}

// -- the last reading --

TEST(LastReading, D085_IsThatOfTheNewestGroup) {
  SimulatedDevice device;
  device.handler("h");
  settle_in(device);
  device.submit("h", after(10h));
  device.advance(50s);  // before the first heartbeat
  const auto beats = device.heartbeat().syncs();
  device.submit("h", after(10h));
  const auto wall = device.wall();
  device.advance(9s);
  ASSERT_EQ(device.heartbeat().syncs(), beats);
  device.power_cut(1h);
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(last_gap(device));
  EXPECT_EQ(last_gap(device)->from, wall);
  EXPECT_EQ(last_gap(device)->length, Duration{1h + 9s});
}

TEST(LastReading, OfALazyBatchThatSurvivedAKillCountsToo) {
  SimulatedDevice device;
  device.handler("h", {.takes = 1h});
  settle_in(device);
  device.submit("h", after(30s));
  device.advance(30s);  // claimed lazily
  const auto wall = device.wall();
  device.advance(20s);
  device.crash(1min);
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(last_gap(device));
  EXPECT_EQ(last_gap(device)->from, wall);
  EXPECT_EQ(last_gap(device)->length, Duration{80s});
}

TEST(LastReading, T034_ALazyBatchThatThePowerTookDoesNotCount) {
  SimulatedDevice device;
  device.handler("h", {.takes = 1h});
  settle_in(device);
  device.submit("h", after(10s));
  const auto wall = device.wall();
  const auto syncs = device.journal().syncs();
  device.advance(20s);  // claimed lazily after 10 s
  ASSERT_EQ(device.journal().syncs(), syncs);
  ASSERT_EQ(device.runs("h").size(), 1U);
  device.journal().cut_power();  // nothing that was not synced is kept
  device.power_cut(1h);
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(last_gap(device));
  EXPECT_EQ(last_gap(device)->from, wall);
  device.advance(1s);
  ASSERT_EQ(device.runs("h").size(), 2U);
  EXPECT_EQ(device.runs("h")[1].attempt, 1U);  // the claim is forgotten, the same attempt taken again
}

// -- what the next boot finds --

TEST(Found, AKilledProcessIsReplayedAndTheBootSaysSo) {
  SimulatedDevice device;
  device.handler("h");
  settle_in(device);
  device.submit("h", after(1h));
  const auto batches = device.status().store.batches;
  device.crash();
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(last_boot(device).store_found, "replayed " + std::to_string(batches) + " batches");
  device.crash();
  ASSERT_TRUE(device.boot().ok());
  EXPECT_TRUE(last_boot(device).store_found.starts_with("replayed ")) << last_boot(device).store_found;
}

TEST(Found, ATornTailIsCutAndItsPlaceToldByTheBoot) {
  // The last record spans several units; each but that of its head in turn is the one that did not get there.
  for (std::uint64_t lost = 1; lost < 4; ++lost) {
    SCOPED_TRACE(lost);
    SimulatedDevice device;
    device.handler("h");
    settle_in(device);
    const auto before = device.submit("h", after(1h));
    const auto batches = device.status().store.batches;
    const std::uint64_t end = store::journal_header_bytes + device.status().store.half_used +
                              (device.status().store.generation % 2) * device.status().store.half_bytes;
    const std::uint64_t first = end / hal_sim::MemoryFile::unit_bytes;
    device.journal().before_next_sync([&] {
      device.disk().cut_power();
      device.journal().cut_power([&](std::uint64_t unit) { return unit != first + lost; });
    });
    jobs::JobSpec spec = job_of("h", after(1h));
    spec.args = Bytes(1'500, 'x');
    EXPECT_EQ(device.enqueue(spec).error().code, "device.unanswered");
    device.power_cut(1min);
    ASSERT_TRUE(device.boot().ok());
    const std::string found = last_boot(device).store_found;
    EXPECT_EQ(found, "replayed " + std::to_string(batches) + " batches; torn tail at " + std::to_string(end));
    EXPECT_EQ(device.state(before), State::scheduled);
    EXPECT_EQ(device.jobs().size(), 1U);
  }
}

TEST(Found, WhatWasDamagedIsAnAlarm) {
  SimulatedDevice device;
  device.handler("h");
  settle_in(device);
  device.submit("h", after(1h));
  const std::uint64_t place = store::journal_header_bytes + device.status().store.half_used +
                              (device.status().store.generation % 2) * device.status().store.half_bytes - 16;
  for (int i = 0; i < 3; ++i) device.submit("h", after(1h));
  device.crash();
  device.journal().tamper(place, "noise");
  const auto told = device.events().size();
  ASSERT_TRUE(device.boot().ok());
  std::vector<std::string> alarms;
  for (std::size_t i = told; i < device.events().size(); ++i)
    if (device.events()[i].kind == Event::Kind::alarm) alarms.push_back(device.events()[i].text);
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_TRUE(alarms[0].starts_with("store.journal_corrupt: ")) << alarms[0];
}

// -- a store that cannot go on --

TEST(Broken, D048_EndsTheProcessUnansweredAndTheNextOpenDecides) {
  for (const bool kept : {true, false}) {
    SCOPED_TRACE(kept);
    SimulatedDevice device;
    device.handler("h");
    settle_in(device);
    device.journal().fail_syncs(1);
    device.disk().fail_commits("store.io", 1);
    const auto answer = device.enqueue(job_of("h"));
    EXPECT_EQ(answer.error().code, "device.unanswered");
    EXPECT_TRUE(device.runs("h").empty());  // nothing acted on it
    EXPECT_EQ(device.stop().error().code, "store.io");
    if (!kept) {
      device.journal().cut_power();
      device.clock().power_cut(1min);
    } else {
      device.clock().restart(1min);
    }
    device.journal().restore();
    device.disk().restore();
    ASSERT_TRUE(device.boot().ok());
    device.advance(1s);
    EXPECT_EQ(device.runs("h").size(), kept ? 1U : 0U);
    EXPECT_EQ(device.jobs().size(), kept ? 1U : 0U);
  }
}

TEST(Broken, FailingJournalsAreMadeGoodAndTold) {
  SimulatedDevice device;
  device.handler("h");
  settle_in(device);
  device.journal().fail_syncs(1);
  const auto id = device.submit("h", after(1min));
  EXPECT_EQ(device.events().back().kind, Event::Kind::enqueued);
  std::size_t alarms = 0;
  for (const auto& event : device.events()) alarms += event.kind == Event::Kind::alarm ? 1 : 0;
  EXPECT_EQ(alarms, 1U);
  device.power_cut(1s);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(device.state(id), State::scheduled);
}

// -- what it costs --

TEST(Cost, ALoneJobCostsTwoSyncsAndThreeOnProbation) {
  SimulatedDevice device;
  device.handler("h");
  settle_in(device);
  auto before = device.journal().syncs();
  device.submit("h");
  EXPECT_EQ(device.journal().syncs() - before, 2U);
  device.power_cut(1s);
  settle_in(device);
  before = device.journal().syncs();
  device.submit("h");
  EXPECT_EQ(device.journal().syncs() - before, 3U);
  device.advance(10min);
  before = device.journal().syncs();
  device.submit("h");
  EXPECT_EQ(device.journal().syncs() - before, 2U);
}

TEST(Cost, ALazySyncKeepsNoHeartbeatAliveAndNoWakeBehind) {
  SimulatedDevice device({.rtc = hal_sim::RtcKind::none, .synced = false});
  device.handler("h", {.takes = 2min});
  ASSERT_TRUE(device.boot().ok());
  device.submit("h");
  device.advance(3min);  // claimed, synced when a minute old, ended
  const auto beats = device.heartbeat().syncs();
  const auto syncs = device.journal().syncs();
  device.advance(24h);
  EXPECT_EQ(device.heartbeat().syncs(), beats);
  EXPECT_EQ(device.journal().syncs(), syncs);
  EXPECT_EQ(device.clock().armed(), std::nullopt);
}

}  // namespace
}  // namespace dormouse::sim
