// SPDX-License-Identifier: Apache-2.0
// How scheduler, storage and dispatcher work together in a whole device: outcomes that the store refuses, stores
// that refuse everything, full windows, effects, and stops at bad moments.
#include <gtest/gtest.h>

#include "tools/sim/simulated_device.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using actors::Event;
using jobs::Outcome;
using jobs::State;

jobs::JobSpec job_of(const std::string& handler, jobs::DueSpec due = jobs::DueNow{}) {
  jobs::JobSpec spec;
  spec.handler = handler;
  spec.due = due;
  return spec;
}
std::size_t alarms(const SimulatedDevice& device) {
  std::size_t count = 0;
  for (const auto& event : device.events()) count += event.kind == Event::Kind::alarm ? 1 : 0;
  return count;
}

// -- a store that refuses --

TEST(RefusingStore, J058_AnOutcomeIsOfferedAgainAfterOneTwoAndFourSecondsAndTheHandlerRunsOnce) {
  SimulatedDevice device({.journal = false});
  device.handler("backup", {.takes = 10s});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("backup");
  device.advance(9s);
  device.disk().fail_commits("store.no_space", store::MemoryDisk::unlimited);
  std::vector<Duration> offered;
  for (std::size_t before = alarms(device); device.now() < 15s;) {
    device.advance(100ms);
    if (alarms(device) == before) continue;
    before = alarms(device);
    offered.push_back(device.now() - 10s);
  }
  EXPECT_EQ(offered, (std::vector<Duration>{0s, 1s, 3s}));
  device.disk().restore();
  device.advance(1'999ms);
  EXPECT_EQ(device.state(id), State::running);
  device.advance(1ms);
  EXPECT_EQ(device.state(id), State::succeeded);
  EXPECT_EQ(device.runs("backup").size(), 1U);
}

TEST(RefusingStore, J058_AProcessThatDiesWithAnOutcomeUnsavedRunsTheJobAgain) {
  SimulatedDevice device({.journal = false});
  device.handler("backup", {.takes = 10s});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("backup");
  device.advance(9s);
  device.disk().fail_commits("store.no_space", store::MemoryDisk::unlimited);
  device.advance(3s);
  device.crash(8s);
  device.disk().restore();
  ASSERT_TRUE(device.boot().ok());
  device.advance(1min);
  const auto runs = device.runs("backup");
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[1].attempt, 2U);
  EXPECT_EQ(runs[1].started, 22s);  // the process came back at 20
  EXPECT_EQ(device.state(id), State::succeeded);
}

TEST(RefusingStore, AnEnqueueIsToldTheCodeAndNothingIsKeptUntilItRecovers) {
  for (const std::string code : {"store.read_only", "store.no_space", "store.io"}) {
    SCOPED_TRACE(code);
    SimulatedDevice device({.journal = false});
    device.handler("backup");
    ASSERT_TRUE(device.boot().ok());
    device.disk().fail_commits(code, 3);
    for (int i = 0; i < 3; ++i) {
      const auto refused = device.enqueue(job_of("backup"));
      ASSERT_FALSE(refused.ok());
      EXPECT_EQ(refused.error().code, code);
    }
    EXPECT_TRUE(device.jobs().empty());
    EXPECT_TRUE(device.runs().empty());
    const auto id = device.submit("backup");
    EXPECT_EQ(device.state(id), State::succeeded);
  }
}

TEST(RefusingStore, AClaimThatIsRefusedIsTriedAgainAndCountsOneAttempt) {
  SimulatedDevice device({.journal = false});
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  device.advance(5s);  // trust in the clock's source takes two looks, and is written down
  const auto id = device.submit("backup", after(10s));
  device.disk().fail_commits("store.io", 2);
  device.advance(12s);
  EXPECT_TRUE(device.runs("backup").empty());
  device.advance(1s);
  ASSERT_EQ(device.runs("backup").size(), 1U);
  EXPECT_EQ(device.runs("backup")[0].attempt, 1U);
  EXPECT_EQ(device.runs("backup")[0].started, 5s + 13s);  // 10, 11, 13
  EXPECT_EQ(device.state(id), State::succeeded);
}

TEST(RefusingStore, AnExpiryThatIsRefusedIsTriedAgainWithoutHaste) {
  SimulatedDevice device({.journal = false});
  device.handler("busy", {.takes = 10min});
  ASSERT_TRUE(device.boot().ok());
  device.submit("busy");
  const auto expiring = device.submit("busy", jobs::DueNow{}, jobs::Misfire::windowed(1min));
  device.disk().fail_commits("store.io", store::MemoryDisk::unlimited);
  device.advance(2min);  // would never end if the refusal were answered at once
  EXPECT_LT(alarms(device), 20U);
  device.disk().restore();
  device.advance(1min);
  EXPECT_EQ(device.state(expiring), State::missed);
}

TEST(RefusingStore, ItDoesNotHoldUpAStop) {
  SimulatedDevice device({.journal = false});
  device.handler("backup", {.takes = 10s});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("backup");
  device.advance(9s);
  device.disk().fail_commits("store.io", store::MemoryDisk::unlimited);
  device.advance(2s);
  const Duration before = device.now();
  const Status ended = device.stop();
  EXPECT_EQ(ended.ok() ? "" : ended.error().code, "store.io");
  EXPECT_LE(device.now() - before, 6s);
  device.disk().restore();
  ASSERT_TRUE(device.boot().ok());
  device.advance(1min);
  EXPECT_EQ(device.state(id), State::succeeded);
}

TEST(RefusingStore, AStopWhileTheAttemptStillRunsEndsToo) {
  SimulatedDevice device({.journal = false});
  device.handler("backup", {.takes = 1h});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("backup");
  device.disk().fail_commits("store.io", store::MemoryDisk::unlimited);
  EXPECT_FALSE(device.stop().ok());
  device.disk().restore();
  ASSERT_TRUE(device.boot().ok());
  device.advance(1min);
  EXPECT_EQ(device.state(id), State::running);
  EXPECT_EQ(device.job(id)->job.attempt, 2U);
}

// -- wake-ups --

Limits window_of_four() {
  Limits limits;
  limits.ready_window = 4;
  limits.running_device = 2;
  return limits;
}

TEST(WakeUps, AJobThatAHandlerEnqueuedStartsAtOnce) {
  SimulatedDevice device;
  device.handler("first", {.enqueues = {job_of("second"), job_of("third", after(1min))}});
  device.handler("second");
  device.handler("third");
  ASSERT_TRUE(device.boot().ok());
  device.submit("first");
  EXPECT_EQ(device.runs("second").size(), 1U);
  device.advance(1min);
  ASSERT_EQ(device.runs("third").size(), 1U);
  EXPECT_EQ(device.runs("third")[0].started, 1min);
}

TEST(WakeUps, WithAFullWindowWhatFallsDueWaitsAndTheDeviceRests) {
  SimulatedDevice device({.limits = window_of_four()});
  for (const char* handler : {"a", "b", "c"}) device.handler(handler, {.takes = 4min});
  ASSERT_TRUE(device.boot().ok());
  for (const char* handler : {"a", "a", "a", "b", "b", "b"}) device.submit(handler);
  device.submit("c", after(1min));
  device.advance(2min);  // would never end if the due moment were told again and again
  EXPECT_EQ(device.runs("c").size(), 0U);
  device.advance(40min);
  EXPECT_EQ(device.runs("a").size(), 3U);
  EXPECT_EQ(device.runs("b").size(), 3U);
  EXPECT_EQ(device.runs("c").size(), 1U);
}

TEST(WakeUps, ACancelThatMakesRoomInAFullWindowLetsTheNextIn) {
  SimulatedDevice device({.limits = window_of_four()});
  for (const char* handler : {"a", "b", "c"}) device.handler(handler, {.takes = 4min});
  ASSERT_TRUE(device.boot().ok());
  std::vector<std::uint64_t> ids;
  for (const char* handler : {"a", "a", "a", "b", "b", "b"}) ids.push_back(device.submit(handler));
  device.submit("c", after(1min));
  device.advance(2min);
  for (const auto id : ids) ASSERT_TRUE(device.cancel(id).ok());
  device.advance(0s);
  EXPECT_EQ(device.runs("c").size(), 1U);
}

// -- attempts that do not heed --

TEST(Places, CodeThatIgnoresItsTimeLimitKeepsItsPlaceUntilItReturns) {
  SimulatedDevice device;
  device.handler("stubborn", {.takes = 30s, .heeds_stop = false});
  ASSERT_TRUE(device.boot().ok());
  auto spec = job_of("stubborn");
  spec.timeout = 10s;
  const auto first = device.enqueue(spec);
  const auto second = device.enqueue(spec);
  ASSERT_TRUE(first.ok() && second.ok());
  device.advance(10s);
  EXPECT_EQ(device.job(first->id)->job.attempts.at(0).outcome, Outcome::Kind::timed_out);
  device.advance(19'999ms);
  EXPECT_EQ(device.runs("stubborn").size(), 1U);
  device.advance(1ms);
  EXPECT_EQ(device.runs("stubborn").size(), 2U);
}

TEST(Places, AProcessThatIgnoresTheStopIsKilledAndTheNextAttemptStartsThen) {
  SimulatedDevice device;
  device.handler("stubborn", {.heeds_stop = false, .killable = true, .hangs = true});
  ASSERT_TRUE(device.boot().ok());
  auto spec = job_of("stubborn");
  spec.timeout = 10s;
  ASSERT_TRUE(device.enqueue(spec).ok());
  device.advance(16s);
  const auto runs = device.runs("stubborn");
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].ended, Duration{15s});
  EXPECT_EQ(runs[1].started, Duration{15s});  // not at 12, when the retry was due
}

TEST(Places, WhatDoesNotEndInTheDrainIsInterruptedAndRunsAgainInTheNextBoot) {
  SimulatedDevice device;
  device.handler("stubborn", {.takes = 1min, .heeds_stop = false});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("stubborn");
  const Duration before = device.now();
  EXPECT_TRUE(device.stop().ok());
  EXPECT_EQ(device.now() - before, 5s);
  device.clock().restart(0s);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(device.job(id)->job.interrupted, 1U);
  device.advance(2min);
  EXPECT_EQ(device.state(id), State::succeeded);
  EXPECT_EQ(device.runs("stubborn").size(), 2U);
}

}  // namespace
}  // namespace dormouse::sim
