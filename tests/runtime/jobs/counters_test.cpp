// SPDX-License-Identifier: Apache-2.0
// The numbers beside the jobs: right while all is well, and soon right again when their record was lost. Claims
// that were lost or outlived their attempt.
#include "runtime/jobs/counters.hpp"

#include "bench.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::jobs {
namespace {

namespace keys = store::keys;

void lose(Bench& device, const Bytes& key) {
  device.in_work([&](Work& work) {
    EXPECT_TRUE(work.txn.get(key)) << "nothing to lose";
    work.txn.erase(key);
    return Done{};
  });
}

std::uint64_t claims(Bench& device) {
  return device.in_work([](Work& work) {
    const keys::Range all = keys::starting_with("r");
    return work.txn.scan(all.from, all.to, 100).size();
  });
}

Limits with_quota(std::uint64_t jobs) {
  Limits limits;
  limits.active_jobs_component = jobs;
  return limits;
}

TEST(Counters, TellWhereJobsAre) {
  Bench device;
  for (int i = 0; i < 5; ++i) device.submitted(h());
  EXPECT_EQ(device.count().scheduled, 5u);
  const std::vector<Job> running = device.start({1, 2, 3, 4});
  ASSERT_EQ(running.size(), 4u);
  EXPECT_EQ(device.count().scheduled, 1u);
  EXPECT_EQ(device.count().running, 4u);
  device.end(running[0].token(), Outcome::ok());
  device.end(running[1].token(), Outcome::permanent("x.y", "no"));
  device.end(running[2].token(), Outcome::retryable("x.y", "later"));
  device.end(running[3].token(), Outcome{.kind = Outcome::Kind::interrupted});
  ASSERT_TRUE(device.cancel_job(5, "a").ok());
  const Counts counts = device.count();
  EXPECT_EQ(counts.scheduled, 2u);
  EXPECT_EQ(counts.running, 0u);
  EXPECT_EQ(counts.succeeded, 1u);
  EXPECT_EQ(counts.dead, 1u);
  EXPECT_EQ(counts.cancelled, 1u);
  EXPECT_EQ(counts.interrupted, 1u);
}

TEST(Counters, OfARestartAreThoseOfBefore) {
  Bench device;
  for (int i = 0; i < 3; ++i) device.submitted(h());
  ASSERT_EQ(device.start({1}).size(), 1u);
  device.restart_at(1);
  EXPECT_EQ(device.count().running, 0u) << "interrupted";
  EXPECT_EQ(device.count().scheduled, 3u);
}

TEST(Counters, LostTheyDoNotUseUpTheQuota) {
  Bench device(with_quota(2));
  for (int i = 0; i < 20; ++i) {
    device.submitted(h());
    EXPECT_EQ(device.run_due(), 1u);
  }
  lose(device, keys::meta("counters"));
  device.submitted(h());
  device.submitted(h());
  EXPECT_EQ(device.submit(h()).error().code, "job.quota_exceeded");
  EXPECT_EQ(device.run_due(), 2u);
  EXPECT_EQ(device.count().scheduled, 0u);
  device.submitted(h());
}

TEST(Counters, LostWithActiveJobsTheyCountFromZeroAndNeverBelow) {
  Bench device(with_quota(3));
  for (int i = 0; i < 3; ++i) device.submitted(h());
  lose(device, keys::meta("counters"));
  EXPECT_EQ(device.count().scheduled, 0u);
  EXPECT_EQ(device.run_due(), 3u);
  EXPECT_EQ(device.count().scheduled, 0u);
  for (int i = 0; i < 3; ++i) device.submitted(h());
  EXPECT_EQ(device.submit(h()).error().code, "job.quota_exceeded");
}

TEST(Counters, OfJobsBegunLostTheyFollowThoseEnded) {
  Bench device(with_quota(1));
  for (int i = 0; i < 20; ++i) {
    device.submitted(h());
    EXPECT_EQ(device.run_due(), 1u);
  }
  device.in_work([&](Work& work) {
    Begun begun = load_begun(work.txn);
    begun.jobs.clear();
    store_begun(work.txn, begun);
    return Done{};
  });
  device.submitted(h());
  EXPECT_EQ(device.submit(h()).error().code, "job.quota_exceeded");
  EXPECT_EQ(device.count().scheduled, 1u);
}

TEST(Counters, KeepTheIdsOfOthers) {
  Bench device;
  device.in_work([&](Work& work) {
    work.txn.put(keys::meta("ids"), wire::Record{}.put_uint(wire::Key::schedule, 77).encode());
    return Done{};
  });
  EXPECT_EQ(device.submitted(h()), 1u);
  const auto body = device.in_work([](Work& work) { return work.txn.get(keys::meta("ids")); });
  EXPECT_EQ(wire::Record::decode(*body)->get_uint(wire::Key::schedule), 77u);
}

TEST(Claims, AreGoneWithTheirAttempt) {
  Bench device;
  for (int i = 0; i < 4; ++i) device.submitted(h(i == 3 ? Misfire::run_once_if_missed() : Misfire::catch_up()));
  const std::vector<Job> running = device.start_due();
  ASSERT_EQ(running.size(), 4u);
  EXPECT_EQ(claims(device), 4u);
  device.end(running[0].token(), Outcome::ok());
  device.end(running[1].token(), Outcome::retryable("x.y", "later"));
  ASSERT_TRUE(device.cancel_job(running[2].id, "enough")->requested);
  device.end(running[2].token(), Outcome::ok());
  EXPECT_EQ(device.state(running[2].id), State::cancelled);
  device.end(running[3].token(), Outcome::ok());
  EXPECT_EQ(claims(device), 0u);
}

TEST(Claims, LostLetAJobRunAgainUnlessItRunsAtMostOnce) {
  Bench device;
  device.submitted(h());
  device.submitted(h(Misfire::run_once_if_missed()));
  ASSERT_EQ(device.start_due().size(), 2u);
  lose(device, keys::running(1));
  lose(device, keys::running(2));
  EXPECT_EQ(device.job(1).attempt, 0u);
  EXPECT_EQ(device.state(1), State::ready);
  EXPECT_EQ(device.state(2), State::running);
  EXPECT_EQ(device.start_due().size(), 1u);
}

TEST(Claims, KeepAllThatIsAskedOfARunningJob) {
  Bench device;
  device.submitted(h());
  device.at(90);
  const Job job = device.start_one();
  EXPECT_EQ(device.job(1), job);
  EXPECT_EQ(job.missed_count, 1u);
  EXPECT_TRUE(job.settled);
  ASSERT_TRUE(device.cancel_job(1, "enough").ok());
  EXPECT_EQ(device.job(1).cancel_requested, "enough");
  EXPECT_EQ(device.job(1).token(), job.token());
  EXPECT_EQ(device.job(1).started, job.started);
}

}  // namespace
}  // namespace dormouse::jobs
