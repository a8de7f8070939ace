// SPDX-License-Identifier: Apache-2.0
// Starts and stops of a whole device: in order, with the clean mark last, and with one clear error when they fail.
#include <stdexcept>

#include <gtest/gtest.h>

#include "runtime/store/envelope.hpp"
#include "runtime/store/format.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/wire/record.hpp"
#include "tools/sim/simulated_device.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using actors::Event;
using jobs::State;

std::vector<Event::Kind> kinds(const SimulatedDevice& device) {
  std::vector<Event::Kind> all;
  for (const auto& event : device.events()) all.push_back(event.kind);
  return all;
}

TEST(Stop, LeavesTheCleanMarkSoThatTheNextBootKnows) {
  SimulatedDevice device;
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  device.submit("backup", after(1h));
  device.restart();
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(device.boots().boots.at(0).cause, BootCause::clean_restart);
  device.reboot();
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(device.boots().boots.at(0).cause, BootCause::clean_reboot);
}

TEST(Stop, TheCleanMarkIsTheVeryLastCommitAlsoAfterADrain) {
  SimulatedDevice device;
  device.handler("slow", {.takes = 3s, .heeds_stop = false});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("slow");
  device.restart();
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(device.state(id), State::succeeded);  // it ended in the drain, and that was recorded
  EXPECT_EQ(device.boots().boots.at(0).cause, BootCause::clean_restart);
}

TEST(Stop, T097_AnAttemptThatEndsInTimeIsStoredAndOneThatIgnoresItIsClosedAsInterrupted) {
  struct Row {
    const char* name;
    Duration takes;
    Duration ends;  // the stop, after so long
    State state;
    std::uint32_t interrupted;
  };
  const Row rows[] = {{"ends in 2 s", 2s, 2s, State::succeeded, 0}, {"ignores it", 1min, 5s, State::scheduled, 1}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    SimulatedDevice device({.service_manager = true});
    device.handler("slow", {.takes = row.takes, .heeds_stop = false});
    ASSERT_TRUE(device.boot().ok());
    const auto id = device.submit("slow");
    const Duration began = device.now();
    device.begin_stop();
    EXPECT_EQ(device.services().told().back(), "STOPPING");
    EXPECT_TRUE(device.stop().ok());
    EXPECT_GE(device.now() - began, row.ends);
    EXPECT_LE(device.now() - began, row.ends + 100ms);  // it is looked at in steps of that
    device.clock().restart(0s);
    ASSERT_TRUE(device.boot().ok());
    EXPECT_EQ(device.boots().boots.at(0).cause, BootCause::clean_restart);  // so the mark was the last write
    const auto job = device.job(id);
    ASSERT_TRUE(job);
    EXPECT_EQ(job->job.state, row.state);
    EXPECT_EQ(job->job.interrupted, row.interrupted);
  }
}

TEST(Stop, ASecondOrderEndsTheWait) {
  SimulatedDevice device;
  device.handler("slow", {.takes = 1min, .heeds_stop = false});
  ASSERT_TRUE(device.boot().ok());
  device.submit("slow");
  device.begin_stop();
  device.advance(1s);
  const Duration before = device.now();
  device.begin_stop(hal::StopReason::sigint);
  EXPECT_TRUE(device.stop().ok());
  EXPECT_EQ(device.now(), before);
  device.clock().restart(1s);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(device.boots().boots.at(0).cause, BootCause::clean_restart);
}

TEST(Stop, AProcessThatDiesInTheDrainWasNotStoppedCleanly) {
  SimulatedDevice device;
  device.handler("slow", {.takes = 1min, .heeds_stop = false});
  ASSERT_TRUE(device.boot().ok());
  device.submit("slow");
  device.begin_stop();
  device.advance(2s);
  device.crash();
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(device.boots().boots.at(0).cause, BootCause::crash_restart);
}

TEST(Stop, NothingStartsAndNothingIsTakenWhileItIsUnderWay) {
  SimulatedDevice device;
  device.handler("slow", {.takes = 1min, .heeds_stop = false});
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  device.submit("slow");
  device.submit("backup", after(2s));
  device.begin_stop();
  device.advance(3s);
  EXPECT_TRUE(device.runs("backup").empty());
  const auto refused = device.enqueue({.handler = "backup"});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "stopping");
  EXPECT_TRUE(device.stop().ok());
}

TEST(Start, GoesFromBootOverThePassToReady) {
  SimulatedDevice device;
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(kinds(device), (std::vector{Event::Kind::boot, Event::Kind::ready}));
}

TEST(Start, NoPeerGetsInBeforeTheDeviceIsReady) {
  SimulatedDevice device;
  device.handler("backup");
  bool ready = false;
  bool early = false;
  device.observe([&](const Event& event) {
    if (event.kind == Event::Kind::ready) ready = true;
    if (!ready && device.link().connect()) early = true;
  });
  ASSERT_TRUE(device.boot().ok());
  EXPECT_TRUE(ready);
  EXPECT_FALSE(early);
}

TEST(Start, AConfiguredScheduleThatIsWrongEndsItWithItsName) {
  SimulatedDevice device;
  schedules::Definition wrong;
  wrong.name = "nightly";
  wrong.handler = "nobody";
  wrong.timing.text = "0 3 * * *";
  device.configure(wrong);
  const Status ended = device.boot();
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, "invalid_input");
  EXPECT_NE(ended.error().message.find("nightly"), std::string::npos);
  EXPECT_FALSE(device.running());
}

TEST(Start, AStoreOfANewerFormatIsRefusedAndNotTouched) {
  SimulatedDevice device;
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.stop().ok());
  device.clock().restart(0s);
  wire::Record format;
  format.put_uint(wire::Key::format, store::format_version + 1).put_text(wire::Key::id, "x");
  const Bytes key = store::keys::meta("format");
  device.disk().tamper(key, store::seal(key, 1, format.encode()));
  const auto content = device.disk().content();
  const auto beats = device.heartbeat().bytes_written();
  const Status ended = device.boot();
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, "store.newer");
  EXPECT_EQ(device.disk().content(), content);
  EXPECT_EQ(device.heartbeat().bytes_written(), beats);
}

TEST(Start, AStoreThatCannotBeWrittenIsOneClearError) {
  SimulatedDevice device;
  device.disk().fail_commits("store.read_only");
  const Status ended = device.boot();
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, "store.read_only");
  EXPECT_TRUE(device.boot().ok());  // as soon as it can
}

TEST(Watching, APartThatDiesEndsTheDeviceWithAClearError) {
  SimulatedDevice device;
  device.handler("trap", {.ends = [](std::uint64_t, const jobs::Claimed&) -> jobs::Outcome {
                   throw std::runtime_error("a broken runner");
                 }});
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  const auto kept = device.submit("backup", after(1h));
  device.submit("trap");
  const Status ended = device.stop();
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, "device.actor_failed");
  device.clock().restart(0s);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(device.boots().boots.at(0).cause, BootCause::crash_restart);
  EXPECT_EQ(device.state(kept), State::scheduled);
}

}  // namespace
}  // namespace dormouse::sim
