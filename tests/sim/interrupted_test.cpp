// SPDX-License-Identifier: Apache-2.0
// Attempts that the end of the process or of the power interrupted, and claims that a cut forgot.
#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;

using Starts = std::vector<Duration>;

TEST(Interrupted, J042_AKilledAttemptIsInterruptedAndTheNextComesTwoSecondsAfterTheRestart) {
  SimulatedDevice device;
  device.handler("h", {.takes = 20s});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  device.crash(10s);
  ASSERT_TRUE(device.boot().ok());
  device.advance(2s);
  EXPECT_EQ(starts(device, "h"), (Starts{0s, 12s}));
  const jobs::Job job = record(device, id);
  EXPECT_EQ(job.attempt, 2U);
  EXPECT_EQ(job.used, 1U);
  ASSERT_FALSE(job.attempts.empty());
  EXPECT_EQ(job.attempts[0].outcome, jobs::Outcome::Kind::interrupted);
  // On probation the claim is durable before the start: no cut forgets it.
  device.journal().cut_power();
  device.power_cut(1s);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(record(device, id).attempt, 2U);
}

/// Nothing of what was not synced is there after it.
void forget_unsynced(SimulatedDevice& device, Duration off) {
  device.journal().cut_power();
  device.power_cut(off);
  ASSERT_TRUE(device.boot().ok());
}

TEST(Interrupted, J041_AClaimThatThePowerTookIsTakenAgainUnderTheSameNumber) {
  {  // An ordinary job may have started; it starts again.
    SimulatedDevice device;
    device.handler("h", {.takes = 20s});
    ASSERT_TRUE(device.boot().ok());
    const auto id = device.submit("h", after(5s));
    device.advance(6s);
    ASSERT_EQ(device.runs("h").size(), 1U);
    const auto epoch = record(device, id).epoch;
    forget_unsynced(device, 1s);
    device.advance(1s);
    ASSERT_EQ(device.runs("h").size(), 2U);
    EXPECT_EQ(device.runs("h")[1].attempt, 1U);
    EXPECT_EQ(record(device, id).used, 1U);
    EXPECT_GT(record(device, id).epoch, epoch);
  }
  {  // A lost claim settles nothing.
    SimulatedDevice device;
    device.handler("h", {.takes = 20s});
    ASSERT_TRUE(device.boot().ok());
    const auto id = device.submit("h", after(5s), Misfire::skip());
    device.advance(5s);
    ASSERT_EQ(device.runs("h").size(), 1U);
    forget_unsynced(device, 61s);
    device.advance(1min);
    EXPECT_EQ(device.state(id), State::missed);
    EXPECT_EQ(device.runs("h").size(), 1U);
  }
  for (const bool probation : {false, true}) {  // claimed durably first, so not started
    SCOPED_TRACE(probation);
    SimulatedDevice device;
    device.handler("h");
    ASSERT_TRUE(device.boot().ok());
    if (probation) away(device, Fate::crash, 1s);
    device.advance(5s);
    const auto id = accept(device, probation ? job_of("h", after(5s)) : once_at_most("h", after(5s)));
    device.advance(4'999ms);
    device.cut_power_in_next_commit(SimulatedDevice::Kept::nothing);
    device.advance(1ms);
    EXPECT_EQ(device.runs().size(), 0U);
    device.power_cut(1s);
    ASSERT_TRUE(device.boot().ok());
    device.advance(1s);
    ASSERT_EQ(device.runs("h").size(), 1U);
    EXPECT_EQ(device.runs("h")[0].attempt, 1U);
    EXPECT_EQ(record(device, id).used, 1U);
    EXPECT_EQ(device.state(id), State::succeeded);
  }
}

TEST(Interrupted, J043_AJobThatMayStartOnceIsDeadOnceItsClaimStands) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const auto id = accept(device, once_at_most("h", after(5s)));
  device.advance(4'999ms);
  device.cut_power_in_next_commit(SimulatedDevice::Kept::all);
  device.advance(1ms);
  device.power_cut(1s);
  ASSERT_TRUE(device.boot().ok());
  device.advance(1h);
  EXPECT_EQ(device.runs().size(), 0U);
  EXPECT_EQ(device.state(id), State::dead);
  EXPECT_EQ(record(device, id).reason, "interrupted");
}

TEST(Interrupted, J044_RunOnceIfMissedStartsOnceThoughItIsKilledInTheRun) {
  SimulatedDevice device;
  device.handler("h", {.takes = 1min});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h", after(10min), Misfire::run_once_if_missed());
  device.power_cut(30min);
  ASSERT_TRUE(device.boot().ok());
  device.advance(30s);
  for (int restarts = 0; restarts < 2; ++restarts) {
    device.crash(1s);
    ASSERT_TRUE(device.boot().ok());
    device.advance(1h);
  }
  EXPECT_EQ(device.runs("h").size(), 1U);
  EXPECT_EQ(device.state(id), State::dead);
  EXPECT_EQ(record(device, id).reason, "interrupted");
}

TEST(Interrupted, J045_AJobThatKillsTheProcessEachTimeIsDeadAfterThreeStarts) {
  SimulatedDevice device;
  device.handler("h", {.kills = [](std::uint64_t) { return true; }});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  EXPECT_FALSE(device.running());
  live_on(device, 9s, 1s);
  EXPECT_EQ(device.now(), 9s);
  EXPECT_EQ(starts(device, "h"), (Starts{0s, 3s, 8s}));
  EXPECT_EQ(device.state(id), State::dead);
  EXPECT_EQ(record(device, id).reason, "interrupted_limit");
  device.advance(1h);
  EXPECT_EQ(device.runs("h").size(), 3U);
}

TEST(Interrupted, J045_AJobThatOrdersARebootEachTimeIsNotImmortalEither) {
  SimulatedDevice device;
  device.handler("h", {.heeds_stop = false, .hangs = true});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  for (int reboots = 0; reboots < 5; ++reboots) {
    device.advance(1min);
    device.reboot(20s);
    ASSERT_TRUE(device.boot().ok());
  }
  EXPECT_EQ(device.runs("h").size(), 3U);
  EXPECT_EQ(device.state(id), State::dead);
  EXPECT_EQ(record(device, id).reason, "interrupted_limit");
}

TEST(Interrupted, J046_AnEndOfAnyOtherKindBeginsTheCountAnew) {
  SimulatedDevice device;
  device.handler("h", {.takes = 1s,
                       .ends =
                           [](std::uint64_t start, const jobs::Claimed&) {
                             return start == 3 ? jobs::Outcome::retryable("h.later", "later") : jobs::Outcome::ok();
                           },
                       .kills = [](std::uint64_t start) { return start != 3 && start != 6; }});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  live_on(device, 5min, 1s);
  EXPECT_EQ(device.runs("h").size(), 6U);
  EXPECT_EQ(device.state(id), State::succeeded);
  EXPECT_EQ(record(device, id).used, 2U);
}

TEST(Interrupted, J070_AJobThatStartedInTimeIsSettledAndNotMissedAfterALongCrash) {
  SimulatedDevice device;
  device.handler("h", {.takes = 1min});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h", jobs::DueNow{}, Misfire::skip());
  device.crash(1h);
  ASSERT_TRUE(device.boot().ok());
  device.advance(2min);
  EXPECT_EQ(starts(device, "h"), (Starts{0s, 3'602s}));
  EXPECT_EQ(device.state(id), State::succeeded);
}

TEST(Interrupted, TwoPowerCutsInARowCostTwoInterruptionsAndNoRetry) {
  SimulatedDevice device;
  device.handler("h", {.takes = 10min});
  ASSERT_TRUE(device.boot().ok());
  auto spec = job_of("h");
  spec.timeout = 1h;
  const auto id = accept(device, spec);
  for (int cuts = 0; cuts < 2; ++cuts) {
    device.advance(1min);
    device.power_cut(1h);
    ASSERT_TRUE(device.boot().ok());
  }
  device.advance(20min);
  EXPECT_EQ(device.runs("h").size(), 3U);
  EXPECT_EQ(device.state(id), State::succeeded);
  EXPECT_EQ(record(device, id).used, 1U);
}

}  // namespace
}  // namespace dormouse::sim
