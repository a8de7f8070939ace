// SPDX-License-Identifier: Apache-2.0
// A whole device whose medium turns read-only while it runs: it answers what it is asked, starts nothing, hands on
// no slot, tells senders, and does all that without haste.
#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using actors::Event;

class TurnedReadOnly : public testing::Test {
 protected:
  void SetUp() override {
    device.handler("h", {.takes = 10s});
    device.handler("s");
    ASSERT_TRUE(device.boot().ok());
    device.advance(5s);
  }
  void turn_read_only() {
    device.journal().turn_read_only();
    device.heartbeat().turn_read_only();
    device.disk().fail_commits("store.read_only", store::MemoryDisk::unlimited);
  }
  std::string enqueued() {
    jobs::JobSpec spec;
    spec.handler = "h";
    const auto told = device.enqueue(spec);
    return told.ok() ? "ok" : told.error().code;
  }
  std::size_t count(Event::Kind kind, const std::string& begin = "") const {
    std::size_t found = 0;
    for (const auto& event : device.events()) found += event.kind == kind && event.text.starts_with(begin) ? 1 : 0;
    return found;
  }

  SimulatedDevice device;
};

TEST_F(TurnedReadOnly, NothingIsAckedNothingStartsAndTheDeviceAnswers) {
  const auto due = device.submit("h", after(1min));
  ASSERT_TRUE(device.put(every("s", 10min, Misfire::catch_up())).ok());
  const auto slots = count(Event::Kind::slots);
  turn_read_only();
  EXPECT_EQ(enqueued(), "store.read_only");
  device.advance(1h);
  EXPECT_TRUE(device.runs().empty());
  EXPECT_EQ(count(Event::Kind::started), 0U);
  EXPECT_EQ(count(Event::Kind::slots), slots);
  EXPECT_TRUE(device.running());
  EXPECT_EQ(count(Event::Kind::alarm, "store.read_only"), 1U);
  EXPECT_EQ(device.jobs().size(), 1U);
  EXPECT_EQ(device.state(due), State::ready);
  EXPECT_FALSE(device.explain(std::to_string(due)).empty());
  EXPECT_TRUE(device.schedule("s"));
  EXPECT_EQ(device.boots().boots.size(), 1U);
  EXPECT_EQ(device.status().boot.number, 1U);
  EXPECT_FALSE(device.cancel(due).ok());
  for (const bool checkpoint : {false, true}) EXPECT_EQ(device.flush(checkpoint).error().code, "store.read_only");
  EXPECT_TRUE(device.stop().ok());
}

TEST_F(TurnedReadOnly, AnAttemptThatRunsEndsAndItsJobRunsAgainOnceTheMediumTakesIt) {
  const auto id = device.submit("h");
  turn_read_only();
  device.advance(10min);
  ASSERT_EQ(device.runs("h").size(), 1U);
  EXPECT_EQ(count(Event::Kind::alarm, "store.read_only"), 1U);
  ASSERT_TRUE(device.stop().ok());
  device.clock().restart(1min);
  device.journal().restore();
  device.heartbeat().restore();
  device.disk().restore();
  ASSERT_TRUE(device.boot().ok());
  device.advance(10min);
  EXPECT_EQ(device.runs("h").size(), 2U);
  EXPECT_EQ(device.state(id), State::succeeded);
}

TEST_F(TurnedReadOnly, WhatIsRefusedIsOfferedAgainWithoutHaste) {
  device.submit("h", after(1min));
  turn_read_only();
  device.advance(1h);
  std::size_t wakes = 0;
  for (auto next = device.clock().to_armed(); next && device.now() < 2h; next = device.clock().to_armed()) {
    ++wakes;
    device.advance(std::max(Duration{1}, *next));
  }
  EXPECT_LE(wakes, 400U) << "two a minute for each of scheduler, heartbeat";
}

}  // namespace
}  // namespace dormouse::sim
