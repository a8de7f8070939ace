// SPDX-License-Identifier: Apache-2.0
// How attempts end, and what that means for their job.
#include "bench.hpp"

namespace dormouse::jobs {
namespace {

TEST(Finish, J088OutcomesDecideBetweenRetryAndEnd) {
  Bench dead;
  dead.submitted(h());
  dead.end(dead.start_one().token(), Outcome::permanent("h.bad_args", "cannot be parsed"));
  EXPECT_EQ(dead.state(1), State::dead);
  EXPECT_EQ(dead.job(1).error_code, "h.bad_args");
  EXPECT_EQ(dead.job(1).used, 1u);

  Bench cancelled;
  cancelled.submitted(h());
  cancelled.end(cancelled.start_one().token(), Outcome::cancelled("x"));
  EXPECT_EQ(cancelled.state(1), State::cancelled);
  EXPECT_EQ(cancelled.job(1).reason, "x");

  Bench retried;
  retried.submitted(h());
  retried.end(retried.start_one().token(), Outcome::retryable("h.exit", "exit code 1"));
  EXPECT_EQ(retried.state(1), State::scheduled);
  EXPECT_EQ(retried.job(1).because, Because::retry);
  EXPECT_EQ(retried.due().next_instant, Instant{2'000});
}

TEST(Finish, J092AgainGoesOnLaterWithoutBeingCharged) {
  Bench device;
  device.submitted(h());
  for (const double start : {0.0, 5.0, 10.0}) {
    device.at(start);
    EXPECT_EQ(device.end(device.start_one().token(), Outcome::again(s(5))).state, State::scheduled);
    EXPECT_EQ(device.job(1).because, Because::again);
  }
  device.at(15);
  device.end(device.start_one().token(), Outcome::ok());
  EXPECT_EQ(device.state(1), State::succeeded);
  EXPECT_EQ(device.job(1).attempt, 4u);
  EXPECT_EQ(device.job(1).used, 1u);
}

TEST(Finish, J093AtMostOnceHasNeitherAgainNorRetry) {
  JobSpec spec = h();
  spec.delivery = Delivery::at_most_once;
  Bench again;
  again.submitted(spec);
  again.end(again.start_one().token(), Outcome::again(Duration{0}));
  EXPECT_EQ(again.state(1), State::dead);
  EXPECT_EQ(again.job(1).reason, "again_not_allowed");

  Bench retryable;
  retryable.submitted(spec);
  retryable.end(retryable.start_one().token(), Outcome::retryable("x.y", "no"));
  EXPECT_EQ(retryable.state(1), State::dead);
  EXPECT_EQ(retryable.job(1).attempt, 1u);
}

TEST(Finish, J054ALateOutcomeOfATimedOutAttemptIsRefused) {
  Bench device;
  device.submitted(h());
  const Job first = device.start_one();
  device.at(300);
  EXPECT_EQ(device.end(first.token(), Outcome::timed_out()).state, State::scheduled);
  device.at(310);
  EXPECT_EQ(device.end(first.token(), Outcome::ok()).refused->code, "job.stale_attempt");
  const Job second = device.start_one();
  EXPECT_EQ(second.attempt, 2u);
  EXPECT_EQ(device.end(first.token(), Outcome::ok()).refused->code, "job.stale_attempt");
  EXPECT_FALSE(device.end(second.token(), Outcome::ok()).refused);
  EXPECT_EQ(device.end(second.token(), Outcome::ok()).refused->code, "job.finished");
  EXPECT_EQ(device.end({1, 99, 1}, Outcome::ok()).refused->code, "job.not_found");
}

TEST(Finish, AnAttemptOfAnOlderEpochIsStale) {
  Bench device;
  device.submitted(h());
  Token token = device.start_one().token();
  --token.epoch;
  EXPECT_EQ(device.end(token, Outcome::ok()).refused->code, "job.stale_attempt");
  EXPECT_EQ(device.state(1), State::running);
}

TEST(Finish, ANotStartedAttemptIsNotCharged) {
  Bench device;
  device.submitted(h());
  device.end(device.start_one().token(), {.kind = Outcome::Kind::not_started, .code = "job.busy"});
  EXPECT_EQ(device.job(1).used, 0u);
  EXPECT_EQ(device.due().next_instant, Instant{1'000});
  device.at(1);
  EXPECT_EQ(device.start_one().attempt, 2u);
}

TEST(Finish, AResultAboveTheLimitEndsTheJobDead) {
  Bench device;
  device.submitted(h());
  device.submitted(h());
  const std::vector<Job> jobs = device.start_due();
  const Effects effects{.enqueue = {h()}};
  device.end(jobs.at(0).token(), Outcome::ok(Bytes(65'536, 'r')), effects);
  device.end(jobs.at(1).token(), Outcome::ok(Bytes(65'537, 'r')), effects);
  EXPECT_EQ(device.state(1), State::succeeded);
  EXPECT_EQ(device.job(1).result.size(), 65'536u);
  EXPECT_EQ(device.state(2), State::dead);
  EXPECT_EQ(device.job(2).reason, "result_too_large");
  EXPECT_EQ(device.count().scheduled, 1u) << "only the first job's effect";
}

TEST(Effects, CommitWithTheirJobOrNotAtAll) {
  Bench device;
  device.submitted(h());
  const Effects child{.enqueue = {after(h(), s(100))}};
  device.end(device.start_one().token(), Outcome::retryable("x.y", "no"), child);
  EXPECT_EQ(device.look(2).error().code, "job.not_found");
  device.at(2);
  device.end(device.start_one().token(), Outcome::ok(), child);
  EXPECT_EQ(device.job(2).trigger, Trigger::handler);
}

TEST(Effects, AreRefusedWholeIfOneIs) {
  Bench device;
  device.submitted(keyed(after(h(), s(100)), "K"));
  device.submitted(h());
  const Job job = device.start_one();
  const Effects effects{.enqueue = {after(h(), s(100)), keyed(h(), "K", ConflictPolicy::fail)}};
  EXPECT_EQ(device.end(job.token(), Outcome::ok(), effects).state, State::scheduled);
  EXPECT_EQ(device.job(2).error_code, "job.effects_refused");
  EXPECT_NE(device.job(2).error_message.find("job 1"), std::string::npos) << device.job(2).error_message;
  EXPECT_EQ(device.count().scheduled, 2u);
  EXPECT_EQ(device.due().next_instant, Instant{2'000});
}

TEST(Effects, FindTheirOwnJobEndedFirst) {
  Bench ended;
  ended.submitted(keyed(h(), "K"));
  ended.end(ended.start_one().token(), Outcome::ok(), {.enqueue = {keyed(h(), "K")}});
  EXPECT_EQ(ended.state(2), State::ready);

  Bench goes_on;
  goes_on.submitted(keyed(h(), "K"));
  goes_on.end(goes_on.start_one().token(), Outcome::again(Duration{0}), {.enqueue = {keyed(h(), "K")}});
  EXPECT_EQ(goes_on.look(2).error().code, "job.not_found") << "job 1 still holds the key";
}

TEST(Effects, CanCancelOthersButNotTheirOwnJob) {
  Bench device;
  device.submitted(h());
  device.submitted(after(h(), s(100)));
  const Job job = device.start_one();
  EXPECT_EQ(device.end(job.token(), Outcome::ok(), {.cancel = {1}}).state, State::scheduled);
  EXPECT_NE(device.job(1).error_message.find("own_job"), std::string::npos);
  device.at(2);
  device.end(device.start_one().token(), Outcome::ok(), {.cancel = {2}});
  EXPECT_EQ(device.state(2), State::cancelled);
}

}  // namespace
}  // namespace dormouse::jobs
