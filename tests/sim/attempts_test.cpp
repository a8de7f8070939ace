// SPDX-License-Identifier: Apache-2.0
// Attempts: retried, cancelled, out of time, drained.
#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;

using Starts = std::vector<Duration>;

// -- retried --

jobs::Outcome always_retryable(std::uint64_t, const jobs::Claimed&) {
  return jobs::Outcome::retryable("h.broken", "broken");
}

TEST(Retries, J085_EachPresetStartsAtItsTimesAndThenTheJobIsDead) {
  struct Row {
    const char* preset;
    Starts starts;
  };
  const Row rows[] = {
      {.preset = "none", .starts = {0s}},
      {.preset = "fast", .starts = {0s, 1s, 3s}},
      {.preset = "standard", .starts = {0s, 2s, 6s, 14s, 30s}},
      {.preset = "rate_limit", .starts = {0s, 5s, 20s, 65s, 200s, 500s, 800s, 1'100s}},
      {.preset = "dns", .starts = {0s, 10s, 30s, 70s}},
      {.preset = "verification",
       .starts = {0s, 30s, 75s, 142'500ms, 243'750ms, 395'625ms, 623'437ms, 965'155ms, 1'477'733ms, 2'077'733ms}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.preset);
    SimulatedDevice device;
    device.handler("h", {.ends = always_retryable});
    ASSERT_TRUE(device.boot().ok());
    auto spec = job_of("h");
    spec.retry = jobs::retry_preset(row.preset);
    const auto id = accept(device, spec);
    device.advance(1h);
    EXPECT_EQ(starts(device, "h"), row.starts);
    EXPECT_EQ(device.state(id), State::dead);
    EXPECT_EQ(record(device, id).error_code, "h.broken");
    EXPECT_EQ(record(device, id).reason, "attempts_exhausted");
  }
}

TEST(Retries, J089_TwoFailuresAndASuccessMakeThreeStarts) {
  SimulatedDevice device;
  device.handler("h", {.ends = [](std::uint64_t start, const jobs::Claimed& claimed) {
                   return start < 3 ? always_retryable(start, claimed) : jobs::Outcome::ok();
                 }});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  device.advance(1min);
  EXPECT_EQ(starts(device, "h"), (Starts{0s, 2s, 6s}));
  EXPECT_EQ(device.state(id), State::succeeded);
  EXPECT_EQ(record(device, id).used, 3U);
  EXPECT_EQ(record(device, id).attempts.size(), 3U);
}

TEST(Retries, J081_ARetrySleepIsElapsedTimeWhateverTheClockOrTheProcessDoes) {
  struct Row {
    const char* name;
    Duration off;  // killed at 7 for so long; 0: the wall steps instead
    Duration fourth;
  };
  const Row rows[] = {{.name = "step", .off = 0s, .fourth = 14s},
                      {.name = "killed", .off = 3s, .fourth = 14s},
                      {.name = "killed for long", .off = 60s, .fourth = 67s}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    SimulatedDevice device;
    device.handler("h", {.ends = always_retryable});
    ASSERT_TRUE(device.boot().ok());
    device.submit("h");
    device.advance(7s);  // attempt 3 failed at 6
    if (row.off == 0s) {
      device.clock().sync_arrives(hal_sim::SyncBy::step, false, device.wall() + 1h);
    } else {
      away(device, Fate::crash, row.off);
    }
    device.advance(2min);
    ASSERT_GE(device.runs("h").size(), 4U);
    EXPECT_EQ(starts(device, "h")[3], row.fourth);
  }
}

// -- cancelled, out of time --

TEST(Cancel, J017_AWaitingJobIsCancelledAtOnceAndAnEndedOneStays) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const auto waiting = device.submit("h", after(1h));
  const auto ended = device.submit("h");
  ASSERT_TRUE(device.cancel(waiting, "a").ok());
  EXPECT_EQ(device.state(waiting), State::cancelled);
  EXPECT_EQ(record(device, waiting).reason, "a");
  EXPECT_EQ(device.cancel(waiting, "b").error().code, "job.finished");
  EXPECT_EQ(device.cancel(999).error().code, "job.not_found");
  EXPECT_EQ(device.cancel(ended).error().code, "job.finished");
  EXPECT_EQ(device.state(ended), State::succeeded);
}

TEST(Cancel, AJobEndsAtTheGraceAndTheNextOfItsKeyWaitsForTheOldCode) {
  SimulatedDevice device;
  device.handler("h", {.takes = 40s, .heeds_stop = false, .places = 2});
  ASSERT_TRUE(device.boot().ok());
  auto spec = job_of("h");
  spec.conflict_key = "K";
  spec.conflict_policy = jobs::ConflictPolicy::fail;
  const auto first = accept(device, spec);
  device.advance(5s);
  EXPECT_TRUE(device.cancel(first, "enough")->requested);
  device.advance(4'999ms);
  EXPECT_EQ(device.state(first), State::running);
  device.advance(1ms);
  EXPECT_EQ(device.state(first), State::cancelled);
  device.advance(10s);
  accept(device, spec);  // accepted, but it does not start beside the old code
  device.advance(1min);
  EXPECT_EQ(starts(device, "h"), (Starts{0s, 40s}));
  EXPECT_EQ(device.state(first), State::cancelled);
}

TEST(Cancel, J097_TheNextHolderOfAKeyWaitsForTheCancelledAttemptAndStartsWhenItEnds) {
  SimulatedDevice device;
  device.handler("h", {.takes = 5s, .heeds_stop = false});
  ASSERT_TRUE(device.boot().ok());
  auto spec = job_of("h");
  spec.conflict_key = "K";
  const auto first = accept(device, spec);
  device.advance(1s);
  ASSERT_TRUE(device.cancel(first).ok());
  device.advance(1s);
  const auto second = device.enqueue(spec);
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(second->created);
  EXPECT_EQ(device.state(second->id), State::waiting);
  EXPECT_EQ(device.job(second->id)->shown.told.because, jobs::Because::old_attempt);
  device.advance(1min);
  EXPECT_EQ(starts(device, "h"), (Starts{0s, 5s}));
  EXPECT_EQ(device.state(first), State::cancelled);
  EXPECT_EQ(device.state(second->id), State::succeeded);
}

TEST(Cancel, J020_WhatCanBeKilledIsKilledAtTheGrace) {
  SimulatedDevice device;
  device.handler("h", {.heeds_stop = false, .killable = true, .hangs = true});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  device.advance(5s);
  ASSERT_TRUE(device.cancel(id).ok());
  device.advance(5s);
  EXPECT_EQ(device.state(id), State::cancelled);
  EXPECT_EQ(device.runs("h")[0].ended, 10s);
}

TEST(Cancel, J024_ACancelThatWasAskedForStandsAfterACrash) {
  SimulatedDevice device;
  device.handler("h", {.heeds_stop = false, .hangs = true});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  device.advance(5s);
  ASSERT_TRUE(device.cancel(id).ok());
  device.advance(500ms);
  away(device, Fate::crash, 1s);
  device.advance(1h);
  EXPECT_EQ(device.state(id), State::cancelled);
  EXPECT_EQ(device.runs("h").size(), 1U);
}

TEST(Cancel, J021_ACancelledRetryDoesNotStart) {
  SimulatedDevice device;
  device.handler("h", {.ends = always_retryable});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  device.advance(1s);
  ASSERT_TRUE(device.cancel(id).ok());
  device.advance(1h);
  EXPECT_EQ(device.state(id), State::cancelled);
  EXPECT_EQ(device.runs("h").size(), 1U);
}

TEST(Timeout, J054_ALateOkIsRefusedAndTheNextAttemptWaitsForTheOldCode) {
  SimulatedDevice device;
  device.handler("h", {.takes = 310s, .heeds_stop = false});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  device.advance(301s);
  EXPECT_EQ(device.state(id), State::scheduled);  // timed out at 300
  device.advance(20s);
  EXPECT_EQ(starts(device, "h"), (Starts{0s, 310s}));
  EXPECT_EQ(record(device, id).used, 2U);
}

TEST(Timeout, J107_ACommandThatIgnoresTheRequestIsKilledAtTheGraceAndTriedAgainThen) {
  SimulatedDevice device;
  device.handler("h", {.heeds_stop = false, .killable = true, .hangs = true});
  ASSERT_TRUE(device.boot().ok());
  auto spec = job_of("h");
  spec.timeout = 10s;
  const auto id = accept(device, spec);
  device.advance(16s);
  EXPECT_EQ(starts(device, "h"), (Starts{0s, 15s}));
  EXPECT_EQ(record(device, id).attempts[0].outcome, jobs::Outcome::Kind::timed_out);
}

TEST(Timeout, J082_TimeInSuspendDoesNotCount) {
  SimulatedDevice device;
  device.handler("h", {.heeds_stop = false, .hangs = true});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  device.advance(100s);
  device.suspend(1h);
  device.advance(199'999ms);
  EXPECT_EQ(device.state(id), State::running);
  device.advance(1ms);
  EXPECT_NE(device.state(id), State::running);
  EXPECT_EQ(record(device, id).attempts.at(0).outcome, jobs::Outcome::Kind::timed_out);
}

// -- a clean stop --

TEST(Stop, J061_AttemptsGetTheDrainBoundAndNothingNewIsTaken) {
  SimulatedDevice device;
  device.handler("long", {.takes = 30s, .heeds_stop = false});
  device.handler("short", {.takes = 3s, .heeds_stop = false});
  ASSERT_TRUE(device.boot().ok());
  const auto long_job = device.submit("long");
  device.advance(4s);
  const auto short_job = device.submit("short");
  device.advance(1s);
  device.begin_stop();
  device.advance(1s);
  EXPECT_EQ(device.enqueue(job_of("short")).error().code, "stopping");
  ASSERT_TRUE(device.stop().ok());
  EXPECT_EQ(device.now(), 10s);
  EXPECT_EQ(device.runs("short")[0].ended, 7s);
  device.crash(90s);  // nothing is left to end: just the time
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(starts(device, "long"), (Starts{0s, 100s}));
  EXPECT_EQ(record(device, long_job).used, 1U);
  EXPECT_EQ(device.state(short_job), State::succeeded);
}

// -- keys --

TEST(Keys, J057_ManySendersOfOneKeyMakeOneJob) {
  SimulatedDevice device;
  device.handler("h", {.takes = 1s});
  ASSERT_TRUE(device.boot().ok());
  auto by_conflict_key = job_of("h");
  by_conflict_key.conflict_key = "K";
  auto by_idempotency_key = job_of("h");
  by_idempotency_key.idempotency_key = "q";
  for (const auto& [spec, senders] : {std::pair{by_conflict_key, 8}, {by_idempotency_key, 50}}) {
    std::set<std::uint64_t> ids;
    int created = 0;
    for (int i = 0; i < senders; ++i) {
      const auto enqueued = device.enqueue(spec);
      ASSERT_TRUE(enqueued.ok());
      ids.insert(enqueued->id);
      created += enqueued->created ? 1 : 0;
    }
    EXPECT_EQ(ids.size(), 1U);
    EXPECT_EQ(created, 1);
  }
  device.advance(1min);
  EXPECT_EQ(device.runs("h").size(), 2U);
}

TEST(Keys, J094_TheHolderOfAKeyAnswersOrStandsInTheWayAlsoAfterAPowerCut) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  auto spec = job_of("h", after(1h));
  spec.conflict_key = "K";
  spec.args = "1";
  const auto holder = accept(device, spec);
  away(device, Fate::power_cut, 1min);
  spec.args = "2";
  const auto written = device.store_traffic().bytes;
  const auto again = device.enqueue(spec);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->id, holder);
  EXPECT_FALSE(again->created);
  EXPECT_EQ(record(device, holder).spec.args, "1");
  spec.conflict_policy = jobs::ConflictPolicy::fail;
  const auto refused = device.enqueue(spec);
  EXPECT_EQ(refused.error().code, "job.conflict");
  EXPECT_EQ(refused.error().id, holder);
  EXPECT_EQ(device.store_traffic().bytes, written);
}

TEST(Keys, J040_ASenderThatRepeatsAfterACrashGetsTheSameJob) {
  SimulatedDevice device;
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  auto spec = job_of("h", after(1min));
  spec.idempotency_key = "q";
  const auto id = accept(device, spec);
  away(device, Fate::crash, 1s);
  const auto repeated = device.enqueue(spec);
  ASSERT_TRUE(repeated.ok());
  EXPECT_EQ(repeated->id, id);
  EXPECT_FALSE(repeated->created);
  device.advance(1h);
  EXPECT_EQ(device.runs("h").size(), 1U);
}

}  // namespace
}  // namespace dormouse::sim
