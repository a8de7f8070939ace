// SPDX-License-Identifier: Apache-2.0
// A supply that says it is failing: what was under way is durable and answered within the time it holds, then
// nothing is done. It goes, or it comes back, or it never meant it.
#include "actors/messages.hpp"
#include "tests/actors/link/peer.hpp"
#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using hal::PowerEvent;
using wire::Frame;
using wire::Key;
using wire::Message;
using wire::Record;
using Kind = actors::Event::Kind;

const Identity kGuard{"guard", Role::none, {Capability::power}};

std::vector<std::string> texts(const SimulatedDevice& device, Kind kind) {
  std::vector<std::string> found;
  for (const auto& event : device.events())
    if (event.kind == kind) found.push_back(event.text);
  return found;
}
bool alarmed(const SimulatedDevice& device, const std::string& code) {
  const auto alarms = texts(device, Kind::alarm);
  return std::any_of(alarms.begin(), alarms.end(), [&](const auto& text) { return text.starts_with(code); });
}
Boot newest_boot(SimulatedDevice& device) {
  return device.boots().boots.at(0);
}
Record job_body(const std::string& handler, std::uint64_t after_ms) {
  return Record().put_text(Key::handler, handler).put_uint(Key::after, after_ms);
}

/// Tells a device of its supply, as firmware does over a link: frames that are not reliable.
class Guard {
 public:
  explicit Guard(SimulatedDevice& device, const Identity& who = kGuard) : device_(device), peer_(device, who) {
    check(peer_.birth().has_value(), "failing_power_test:birth");
  }
  void say(Message word, const Record& body = {}) { say_in(peer_.epoch(), word, body); }
  void say_in(std::uint16_t epoch, Message word, const Record& body = {}) {
    peer_.write(wire::encode_frame({.type = word, .epoch = epoch, .body = body.encode()}));
    device_.advance(0s);
  }
  /// What came back since the last time.
  std::vector<Message> heard() {
    std::vector<Message> types;
    for (const Frame& frame : peer_.take()) {
      types.push_back(frame.type);
      if (frame.type == Message::power_saved) clean_.push_back(*Record::decode(frame.body)->get_bool(Key::clean));
    }
    return types;
  }
  const std::vector<bool>& clean() const { return clean_; }
  Peer& peer() { return peer_; }

 private:
  SimulatedDevice& device_;
  Peer peer_;
  std::vector<bool> clean_;
};

/// Thirty requests wait in the device when the word comes.
struct Thirty {
  explicit Thirty(SimulatedDevice& device) : guard(device), asker(device, kOperator) {
    check(asker.birth().has_value(), "failing_power_test:birth");
    for (int i = 0; i < 30; ++i) asker.send(Message::job_enqueue, job_body("h", 3'600'000));
  }
  int answered() {
    int answers = 0;
    for (const Frame& frame : asker.take()) answers += frame.type == Message::reply ? 1 : 0;
    return answers;
  }
  Guard guard;
  Peer asker;
};

TEST(FailingPower, T099_ThirtyWaitingBatchesAreDurableAndAnsweredAndTheMarkIsCleanWithinTheHoldUp) {
  SimulatedDevice device({.hold_up = 200ms});
  device.handler("h");
  device.handler("due");
  ASSERT_TRUE(device.boot().ok());
  device.submit("due", after(100ms));
  device.slow_commits(50ms);  // three of them fit, thirty would not
  const Duration began = device.now();
  Thirty thirty(device);
  thirty.guard.say(Message::power_failing);
  EXPECT_EQ(thirty.guard.heard(), std::vector{Message::power_saved});
  EXPECT_EQ(thirty.guard.clean(), std::vector{true});
  EXPECT_LE(device.now() - began, 200ms);
  EXPECT_EQ(thirty.answered(), 30);
  device.advance(10s);
  EXPECT_TRUE(device.runs().empty());  // nothing starts, though it fell due
  const auto refused = device.enqueue(job_of("h"));
  ASSERT_FALSE(refused.ok());
  device.power_cut(1min);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(newest_boot(device).cause, BootCause::power_loss);
  EXPECT_TRUE(newest_boot(device).announced);
  EXPECT_EQ(device.jobs().size(), 31U);
}

TEST(FailingPower, T100_WithPowerBackAfterThreeSecondsTheStartMarkComesFirstAndThenWork) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const auto due = device.submit("h", after(1s));
  Guard guard(device);
  guard.say(Message::power_failing);
  device.advance(3s);
  EXPECT_TRUE(device.runs().empty());
  bool marked = false;  // the boot stands in the store before anything starts
  device.observe([&](const actors::Event& event) {
    if (event.kind == Kind::boot) marked = true;
    EXPECT_TRUE(marked || event.kind != Kind::started);
  });
  guard.say(Message::power_restored);
  device.advance(1s);
  EXPECT_EQ(device.state(due), State::succeeded);
  EXPECT_EQ(newest_boot(device).cause, BootCause::clean_restart);
  EXPECT_EQ(newest_boot(device).number, 2U);
  const Gap gap = device.boots().gaps.at(0);
  EXPECT_EQ(gap.cause, GapCause::stopped);
  EXPECT_EQ(gap.length, 3s);
  EXPECT_EQ(gap.certainty, Certainty::exact);
  EXPECT_FALSE(alarmed(device, "power.false_alarm"));
  EXPECT_EQ(texts(device, Kind::power), (std::vector<std::string>{"failing", "saved", "restored"}));
  EXPECT_EQ(guard.heard(), (std::vector{Message::power_saved, Message::rebirth}));  // its session was of that boot
  EXPECT_TRUE(guard.peer().birth({.nonce = 2, .firmware = "test", .frames = 1, .max_frame = 512}));
}

TEST(FailingPower, T100_AfterThirtySecondsOfSilenceItWasAFalseAlarm) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.submit("h", after(1s));
  device.supply(PowerEvent::failing);
  device.advance(30s - 1ms);
  EXPECT_TRUE(device.runs().empty());
  EXPECT_FALSE(alarmed(device, "power.false_alarm"));
  device.advance(1ms);
  EXPECT_TRUE(alarmed(device, "power.false_alarm"));
  EXPECT_EQ(device.runs().size(), 1U);
  EXPECT_EQ(device.boots().gaps.at(0).cause, GapCause::stopped);
  EXPECT_EQ(device.boots().gaps.at(0).length, 30s);
}

TEST(FailingPower, AnotherWordWithinTheSilenceBeginsItAnew) {
  SimulatedDevice device;
  ASSERT_TRUE(device.boot().ok());
  device.supply(PowerEvent::failing);
  device.advance(20s);
  device.supply(PowerEvent::failing);
  device.advance(30s - 1ms);
  EXPECT_EQ(texts(device, Kind::boot).size(), 1U);
  device.advance(1ms);
  EXPECT_EQ(texts(device, Kind::boot).size(), 2U);
}

TEST(FailingPower, T101_AMediumThatBlocksLeavesNoCleanMarkAndNothingAcknowledgedIsMissing) {
  SimulatedDevice device({.hold_up = 200ms});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const auto kept = device.submit("h", after(1h));
  device.slow_commits(1s);
  Thirty thirty(device);
  thirty.guard.say(Message::power_failing);
  EXPECT_EQ(thirty.guard.heard(), std::vector{Message::power_saved});
  EXPECT_EQ(thirty.guard.clean(), std::vector{false});
  EXPECT_TRUE(alarmed(device, "power.hold_up_missed"));
  const int acknowledged = thirty.answered();
  device.power_cut(1min);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(newest_boot(device).cause, BootCause::power_loss);
  EXPECT_FALSE(newest_boot(device).announced);
  EXPECT_GE(device.jobs().size(), 1U + static_cast<std::size_t>(acknowledged));
  EXPECT_EQ(device.state(kept), State::scheduled);
}

TEST(FailingPower, T101_ThePowerThatGoesWhileTheMediumBlocksTakesNothingThatWasAcknowledged) {
  SimulatedDevice device({.hold_up = 200ms});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const auto kept = device.submit("h", after(1h));
  device.slow_commits(1s);
  device.cut_power_in_next_commit(SimulatedDevice::Kept::nothing);
  Thirty thirty(device);
  thirty.guard.say(Message::power_failing);
  EXPECT_TRUE(alarmed(device, "power.hold_up_missed"));  // told at the bound, while the medium still blocked
  EXPECT_EQ(thirty.answered(), 0);
  device.power_cut(1min);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_FALSE(newest_boot(device).announced);
  EXPECT_EQ(device.state(kept), State::scheduled);
}

TEST(FailingPower, L094_SaidFiveTimesItIsSavedOnceAndAnsweredEachTime) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.submit("h", after(1h));
  Guard guard(device);
  const auto syncs = device.journal().syncs();
  for (int i = 0; i < 5; ++i) {
    guard.say(Message::power_failing, Record().put_uint(Key::hold_up, 500));
    device.advance(20ms);
  }
  EXPECT_EQ(guard.heard(), std::vector<Message>(5, Message::power_saved));
  EXPECT_EQ(guard.clean(), std::vector<bool>(5, true));
  EXPECT_EQ(device.journal().syncs(), syncs + 1);  // the clean mark's
}

TEST(FailingPower, L095_WithoutTheCapabilityNothingIsSavedAndInAWrongEpochItIsARebirth) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const auto syncs = device.journal().syncs();
  Guard stranger(device, kPump);
  stranger.say(Message::power_failing);
  EXPECT_TRUE(stranger.heard().empty());
  Guard guard(device);
  guard.say_in(static_cast<std::uint16_t>(guard.peer().epoch() + 1), Message::power_failing);
  EXPECT_EQ(guard.heard(), std::vector{Message::rebirth});
  EXPECT_EQ(device.journal().syncs(), syncs);
  EXPECT_TRUE(texts(device, Kind::power).empty());
}

TEST(FailingPower, IsActedOnOnceASecondHoweverOftenALinkSaysIt) {
  SimulatedDevice device;
  ASSERT_TRUE(device.boot().ok());
  Guard guard(device);
  guard.say(Message::power_failing);
  guard.say(Message::power_restored);
  ASSERT_TRUE(guard.peer().birth());
  (void)guard.heard();
  guard.say(Message::power_failing);
  EXPECT_TRUE(guard.heard().empty());  // it repeats, and is heard later
  device.advance(1s);
  guard.say(Message::power_failing);
  EXPECT_EQ(guard.heard(), std::vector{Message::power_saved});
}

TEST(FailingPower, DoesNotWaitForAttemptsAndCountsThemAsInterrupted) {
  SimulatedDevice device;
  device.handler("h", {.takes = 2min});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  device.advance(1min);
  device.supply(PowerEvent::failing);
  device.advance(3s);
  device.supply(PowerEvent::restored);
  device.advance(1s);
  EXPECT_EQ(record(device, id).interrupted, 1U);
  device.advance(3min);
  ASSERT_EQ(device.runs("h").size(), 2U);
  EXPECT_EQ(device.state(id), State::succeeded);
}

TEST(FailingPower, ACodeThatStillRunsHoldsTheNextLifeBackSoThatNoAttemptsOverlap) {
  SimulatedDevice device;
  device.handler("h", {.takes = 10s, .heeds_stop = false});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  device.advance(4s);
  device.supply(PowerEvent::failing);
  device.advance(2s);
  device.supply(PowerEvent::restored);
  device.advance(4s - 1ms);
  EXPECT_EQ(texts(device, Kind::boot).size(), 1U);
  device.advance(1ms);  // the code returns
  EXPECT_EQ(texts(device, Kind::boot).size(), 2U);
  device.advance(20s);
  ASSERT_EQ(device.runs("h").size(), 2U);
  EXPECT_EQ(device.runs("h")[0].ended, 10s);
  EXPECT_GE(device.runs("h")[1].started, 10s);
  EXPECT_EQ(device.state(id), State::succeeded);
}

TEST(FailingPower, ACodeThatNeverReturnsEndsTheProcessForOnlyThatEndsTheCode) {
  SimulatedDevice device;
  device.handler("h", {.heeds_stop = false, .hangs = true});
  ASSERT_TRUE(device.boot().ok());
  device.submit("h");
  device.supply(PowerEvent::failing);
  device.advance(2s);
  device.supply(PowerEvent::restored);
  device.advance(5s);
  const Status ended = device.stop();
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, "device.handler_stuck");
  device.clock().restart(1s);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(newest_boot(device).cause, BootCause::clean_restart);
}

TEST(FailingPower, AStopWhileAllIsSavedEndsTheProcessCleanly) {
  SimulatedDevice device;
  ASSERT_TRUE(device.boot().ok());
  device.supply(PowerEvent::failing);
  device.advance(1s);
  EXPECT_TRUE(device.stop().ok());
  device.clock().restart(1s);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(newest_boot(device).cause, BootCause::clean_restart);
}

TEST(FailingPower, InAStopEndsTheWaitForAttempts) {
  SimulatedDevice device;
  device.handler("h", {.takes = 1min, .heeds_stop = false});
  ASSERT_TRUE(device.boot().ok());
  device.submit("h");
  device.begin_stop();
  device.advance(1s);
  const Duration began = device.now();
  device.supply(PowerEvent::failing);
  EXPECT_TRUE(device.stop().ok());
  EXPECT_LE(device.now() - began, 200ms);
  device.power_cut(1min);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_TRUE(newest_boot(device).announced);
}

}  // namespace
}  // namespace dormouse::sim
