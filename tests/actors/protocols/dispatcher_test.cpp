// SPDX-License-Identifier: Apache-2.0
// The dispatcher with a runner, a scheduler and a timekeeper that only remember what they were told.
#include "actors/dispatcher/dispatcher.hpp"

#include <gtest/gtest.h>

#include "tests/actors/protocols/bench.hpp"

namespace dormouse::actors {
namespace {

using Kind = jobs::Outcome::Kind;

/// Starts nothing, forgets nothing; the test plays the code.
class HeldRunner : public Runner {
 public:
  void start(const jobs::Claimed& claimed, Returned returned) override {
    started.push_back(claimed.job.token());
    running[claimed.job.token()] = std::move(returned);
  }
  void stop(const jobs::Token& token) override { stopped.push_back(token); }
  void kill(const jobs::Token& token) override { killed.push_back(token); }
  bool drain(const jobs::Token& token) override { return can_be_told ? Runner::drain(token) : false; }
  void end(const jobs::Token& token, jobs::Outcome outcome) { running.at(token)(std::move(outcome), {}); }

  bool can_be_told = true;  // that the device stops
  std::vector<jobs::Token> started, stopped, killed;
  std::map<jobs::Token, Returned> running;
};

jobs::Token token(std::uint64_t job, std::uint32_t attempt = 1) {
  return {.epoch = 1, .job = job, .attempt = attempt};
}

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() {
    // Each is handed what it tells: an actor spawned without an argument makes CAF bind a reference to nothing.
    const auto scheduler = [](caf::event_based_actor*, DispatcherTest* test) {
      return caf::behavior{
          [test](AttemptEnded& end) { test->ended_.push_back(std::move(end)); },
          [test](const PlaceFree& free) { test->free_.push_back(free.token); },
          [test](const StartAttempt& start) { test->to_start_ = start; },
      };
    };
    const auto watch = [](caf::event_based_actor*, DispatcherTest* test) {
      return caf::behavior{[test](const SetWake& wake) {
        test->wake_ = wake.instant;
        ++test->wakes_told_;
      }};
    };
    scheduler_ = bench_.system().spawn(scheduler, this);
    const auto timekeeper = bench_.system().spawn(watch, this);
    DispatcherSetup setup;
    setup.handlers = {{"h", {runner_, {}}}, {"brief", {runner_, Duration{1'000}}}};
    setup.timekeeper = caf::actor_cast<TimekeeperActor>(timekeeper);
    setup.time = bench_.time();
    dispatcher_ = spawn_dispatcher(bench_.system(), std::move(setup));
    others_ = {scheduler_, timekeeper, caf::actor_cast<caf::actor>(dispatcher_)};
    bench_.settle();
  }
  ~DispatcherTest() override {
    runner_->running.clear();
    for (const auto& actor : others_) caf::anon_send_exit(actor, caf::exit_reason::kill);
    bench_.settle();
  }

  void start(std::uint64_t job, const std::string& handler = "h", Duration timeout = Duration{10'000}) {
    StartAttempt start;
    start.claimed.job.id = job;
    start.claimed.job.epoch = 1;
    start.claimed.job.attempt = 1;
    start.claimed.job.spec.handler = handler;
    start.claimed.job.spec.timeout = timeout;
    caf::send_as(scheduler_, dispatcher_, std::move(start));
    bench_.settle();
  }
  void cancel(std::uint64_t job) {
    caf::anon_send(dispatcher_, StopAttempt{job, StopCause::cancel});
    bench_.settle();
  }
  void returns(std::uint64_t job, jobs::Outcome outcome = jobs::Outcome::ok()) {
    runner_->end(token(job), std::move(outcome));
    bench_.settle();
  }
  /// Moves time to the wake that was asked for, if it is not after `until`, and delivers it; then to `until`.
  void pass_to(std::int64_t until_ms) {
    while (wake_ && wake_->ms <= until_ms) {
      const Instant at = *std::exchange(wake_, std::nullopt);
      bench_.clock().advance(std::max(Duration{0}, at - bench_.clock().read().instant));
      caf::anon_send(dispatcher_, Wake{Purpose::attempt_limits});
      bench_.settle();
    }
    bench_.clock().advance(Duration{until_ms} - bench_.clock().true_now());
  }

  Bench bench_;
  std::shared_ptr<HeldRunner> runner_ = std::make_shared<HeldRunner>();
  caf::actor scheduler_;
  DispatcherActor dispatcher_;
  std::vector<caf::actor> others_;
  std::vector<AttemptEnded> ended_;
  std::vector<jobs::Token> free_;
  std::optional<StartAttempt> to_start_;
  std::optional<Instant> wake_;
  unsigned wakes_told_ = 0;
};

TEST_F(DispatcherTest, AnAttemptStartsAndItsEndIsReported) {
  start(1);
  ASSERT_EQ(runner_->started.size(), 1U);
  EXPECT_TRUE(ended_.empty());
  returns(1, jobs::Outcome::ok("done"));
  ASSERT_EQ(ended_.size(), 1U);
  EXPECT_EQ(ended_[0].finish.token, token(1));
  EXPECT_EQ(ended_[0].finish.outcome.result, "done");
  EXPECT_TRUE(ended_[0].code_returned);
  EXPECT_EQ(wake_, std::nullopt);  // nothing more to watch
}

TEST_F(DispatcherTest, TheTimekeeperIsToldOnlyWhatMoves) {
  start(1);
  EXPECT_EQ(wakes_told_, 1U);
  start(2);  // out of time with the first
  start(3, "h", Duration{20'000});
  EXPECT_EQ(wakes_told_, 1U);
  returns(1);
  EXPECT_EQ(wakes_told_, 1U);
  returns(2);
  EXPECT_EQ(wakes_told_, 2U);
  EXPECT_EQ(wake_, Instant{20'000});
  returns(3);
  EXPECT_EQ(wakes_told_, 3U);
  EXPECT_EQ(wake_, std::nullopt);
}

TEST_F(DispatcherTest, AHandlerThatIsNotHereStartsNothingAndCountsNothing) {
  start(1, "absent");
  ASSERT_EQ(ended_.size(), 1U);
  EXPECT_EQ(ended_[0].finish.outcome.kind, Kind::not_started);
  EXPECT_EQ(ended_[0].finish.outcome.code, "job.unknown_handler");
}

TEST_F(DispatcherTest, OutOfTimeItEndsAtOnceItsCodeIsStoppedThenKilledAndThePlaceStaysTaken) {
  start(1);
  pass_to(9'999);
  EXPECT_TRUE(ended_.empty());
  pass_to(10'000);
  ASSERT_EQ(ended_.size(), 1U);
  EXPECT_EQ(ended_[0].finish.outcome.kind, Kind::timed_out);
  EXPECT_FALSE(ended_[0].code_returned);
  EXPECT_EQ(runner_->stopped.size(), 1U);
  EXPECT_TRUE(runner_->killed.empty());
  pass_to(14'999);
  EXPECT_TRUE(runner_->killed.empty());
  pass_to(15'000);
  EXPECT_EQ(runner_->killed.size(), 1U);
  EXPECT_TRUE(free_.empty());
  pass_to(60'000);
  returns(1, jobs::Outcome::ok("too late"));
  EXPECT_EQ(ended_.size(), 1U);  // told once
  EXPECT_EQ(free_, std::vector{token(1)});
}

TEST_F(DispatcherTest, TheHandlersOwnTimeLimitIsTheShorterOne) {
  start(1, "brief");
  pass_to(1'000);
  ASSERT_EQ(ended_.size(), 1U);
  EXPECT_EQ(ended_[0].finish.outcome.kind, Kind::timed_out);
}

TEST_F(DispatcherTest, TimeAsleepDoesNotCountAgainstTheLimit) {
  start(1);
  pass_to(5'000);
  bench_.clock().suspend(Duration{60'000});
  caf::anon_send(dispatcher_, Wake{Purpose::attempt_limits});  // the armed instant passed in the suspend
  bench_.settle();
  EXPECT_TRUE(ended_.empty());
  ASSERT_TRUE(wake_);
  EXPECT_EQ(wake_->ms, 70'000);
}

TEST_F(DispatcherTest, ACancelledAttemptThatHeedsItEndsAsItSays) {
  start(1);
  cancel(1);
  EXPECT_EQ(runner_->stopped.size(), 1U);
  EXPECT_TRUE(ended_.empty());
  returns(1, jobs::Outcome::cancelled("asked to"));
  ASSERT_EQ(ended_.size(), 1U);
  EXPECT_EQ(ended_[0].finish.outcome.kind, Kind::cancelled);
  pass_to(60'000);
  EXPECT_TRUE(runner_->killed.empty());
}

TEST_F(DispatcherTest, ACancelledAttemptThatDoesNotIsKilledAfterTheGraceAndEndsCancelled) {
  start(1, "h", Duration{3'000});
  cancel(1);
  cancel(1);
  pass_to(4'999);
  EXPECT_TRUE(ended_.empty());  // nor does its time limit count any more
  pass_to(5'000);
  ASSERT_EQ(ended_.size(), 1U);
  EXPECT_EQ(ended_[0].finish.outcome.kind, Kind::cancelled);
  EXPECT_FALSE(ended_[0].code_returned);
  EXPECT_EQ(runner_->stopped.size(), 1U);
  EXPECT_EQ(runner_->killed.size(), 1U);
}

TEST_F(DispatcherTest, AStopWaitsForWhatRunsAndAnswersWhenItHasEnded) {
  start(1);
  const auto stopped = bench_.send(dispatcher_, StopWork{});
  bench_.settle();
  EXPECT_EQ(runner_->stopped.size(), 1U);
  EXPECT_FALSE(stopped->result);
  returns(1);
  EXPECT_TRUE(stopped->result);
  EXPECT_EQ(ended_.at(0).finish.outcome.kind, Kind::ok);
  EXPECT_EQ(stopped->times, 1U);
}

TEST_F(DispatcherTest, WhatDoesNotEndInTheDrainIsInterrupted) {
  start(1);
  const auto stopped = bench_.send(dispatcher_, StopWork{});
  bench_.settle();
  pass_to(4'999);
  EXPECT_FALSE(stopped->result);
  pass_to(5'000);
  EXPECT_TRUE(stopped->result);
  ASSERT_EQ(ended_.size(), 1U);
  EXPECT_EQ(ended_[0].finish.outcome.kind, Kind::interrupted);
  EXPECT_EQ(runner_->killed.size(), 1U);
}

TEST_F(DispatcherTest, WhatCannotBeToldRunsOnInTheDrainIsAskedAtItsEndAndKilledASecondLater) {
  runner_->can_be_told = false;
  start(1);
  const auto stopped = bench_.send(dispatcher_, StopWork{});
  bench_.settle();
  pass_to(4'999);
  EXPECT_TRUE(runner_->stopped.empty());
  pass_to(5'999);
  EXPECT_EQ(runner_->stopped.size(), 1U);
  EXPECT_TRUE(runner_->killed.empty());
  EXPECT_FALSE(stopped->result);
  pass_to(6'000);
  EXPECT_EQ(runner_->killed.size(), 1U);
  EXPECT_TRUE(stopped->result);
  ASSERT_EQ(ended_.size(), 1U);
  EXPECT_EQ(ended_[0].finish.outcome.kind, Kind::interrupted);
}

TEST_F(DispatcherTest, AtOnceNothingIsWaitedForAlsoAfterAPatientStop) {
  start(1);
  const auto patient = bench_.send(dispatcher_, StopWork{});
  bench_.settle();
  EXPECT_FALSE(patient->result);
  const auto at_once = bench_.send(dispatcher_, StopWork{.at_once = true});
  bench_.settle();
  EXPECT_TRUE(patient->result);
  EXPECT_TRUE(at_once->result);
  EXPECT_EQ(ended_.size(), 1U);
}

TEST_F(DispatcherTest, AnAttemptThatArrivesAfterTheStopIsNotStarted) {
  for (const bool at_once : {false, true}) {
    SCOPED_TRACE(at_once);
    const auto stopped = bench_.send(dispatcher_, StopWork{.at_once = at_once});
    bench_.settle();
    EXPECT_TRUE(stopped->result);
    ended_.clear();
    start(1);
    EXPECT_TRUE(runner_->started.empty());
    ASSERT_EQ(ended_.size(), 1U);
    EXPECT_EQ(ended_[0].finish.outcome.kind, Kind::not_started);
    EXPECT_TRUE(ended_[0].code_returned);
  }
}

}  // namespace
}  // namespace dormouse::actors
