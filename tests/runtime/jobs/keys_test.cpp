// SPDX-License-Identifier: Apache-2.0
// Conflict keys and idempotency keys.
#include "bench.hpp"

namespace dormouse::jobs {
namespace {

constexpr auto kFail = ConflictPolicy::fail;

TEST(ConflictKey, J094TheHolderAnswersOrTheEnqueueFails) {
  Bench device;
  JobSpec first = keyed(after(h(), s(10)), "K");
  first.args = "1";
  device.submitted(first);
  const auto before = device.disk().content();
  JobSpec second = keyed(h(), "K");
  second.args = "2";
  const auto dedupe = device.submit(second);
  ASSERT_TRUE(dedupe.ok());
  EXPECT_EQ(dedupe->id, 1u);
  EXPECT_FALSE(dedupe->created);
  second.conflict_policy = kFail;
  const auto fails = device.submit(second);
  ASSERT_FALSE(fails.ok());
  EXPECT_EQ(fails.error().code, "job.conflict");
  EXPECT_EQ(fails.error().id, 1u);
  EXPECT_EQ(device.disk().content(), before);
  EXPECT_EQ(device.job(1).spec.args, "1");
}

TEST(ConflictKey, J098ItsScopeIsTheComponent) {
  Bench device;
  device.submitted(keyed(after(h(), s(10)), "K"));
  EXPECT_TRUE(device.submit(keyed(h(), "K", kFail), "b").ok());
  JobSpec other_handler = keyed(h(), "K");
  other_handler.handler = "g";
  EXPECT_EQ(device.submitted(other_handler), 1u);
  JobSpec no_key = h();
  no_key.conflict_policy = kFail;
  std::set<std::uint64_t> ids;
  for (int i = 0; i < 3; ++i) ids.insert(device.submitted(no_key));
  EXPECT_EQ(ids.size(), 3u);
}

TEST(ConflictKey, J099IsHeldBetweenAttemptsAndFreeAfterTheEnd) {
  Bench device;
  const std::uint64_t id = device.submitted(keyed(h(), "K"));
  device.end(device.start_one().token(), Outcome::retryable("x.y", "no", s(30)));
  const Due due = device.job(id).due;
  EXPECT_EQ(device.submitted(keyed(h(), "K")), id);
  EXPECT_EQ(device.job(id).due, due);
  device.at(30);
  device.end(device.start_one().token(), Outcome::ok());
  EXPECT_TRUE(device.submit(keyed(h(), "K", kFail)).ok());
}

TEST(ConflictKey, J097ACancelledAttemptFreesItsKeyButHoldsBackTheNextJob) {
  Bench device;
  device.submitted(keyed(h(), "K"));
  const Job first = device.start_one();
  EXPECT_TRUE(device.cancel_job(1, "stop")->requested);
  device.at(2);
  const auto second = device.submit(keyed(h(), "K"));
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(second->created);
  EXPECT_TRUE(device.due().jobs.empty());
  EXPECT_EQ(device.state(second->id), State::waiting);
  EXPECT_EQ(device.job(second->id).because, Because::old_attempt);
  device.at(5);
  device.end(first.token(), Outcome::ok());
  EXPECT_EQ(device.state(1), State::cancelled);
  EXPECT_EQ(device.start_one().id, second->id);
}

TEST(ConflictKey, ACancelCanNameTheHolder) {
  Bench device;
  device.submitted(keyed(after(h(), s(10)), "K"));
  const auto by_key = [&](const std::string& key) {
    return device.in_work([&](Work& work) { return cancel_by_key(work, Bench::who("app"), key, "not now"); });
  };
  EXPECT_EQ(by_key("L").error().code, "job.not_found");
  EXPECT_EQ(by_key("K")->id, 1u);
  EXPECT_EQ(device.job(1).reason, "not now");
  EXPECT_EQ(by_key("K").error().code, "job.not_found");
}

JobSpec request(const Bytes& args = "1") {
  JobSpec spec = h();
  spec.idempotency_key = "q";
  spec.args = args;
  return spec;
}

TEST(IdempotencyKey, J100TheFirstJobAnswersWhileItsRecordIsThere) {
  Bench device;
  device.submitted(request());
  device.run_due();
  device.at(10);
  const auto mismatch = device.submit(request("2"));
  ASSERT_FALSE(mismatch.ok());
  EXPECT_EQ(mismatch.error().code, "job.idempotency_mismatch");
  EXPECT_EQ(mismatch.error().id, 1u);
  device.at(86'400);
  const auto repeat = device.submit(request());
  ASSERT_TRUE(repeat.ok());
  EXPECT_EQ(repeat->id, 1u);
  EXPECT_FALSE(repeat->created);
}

/// A device whose job 1 with key q has been pushed out of the finished ring.
void purge_job_1(Bench& device) {
  device.submitted(request());
  device.run_due();
  device.submitted(h());
  device.run_due();
  ASSERT_EQ(device.look(1).error().code, "job.not_found");
}

TEST(IdempotencyKey, J100OutlivesItsRecordForItsTime) {
  for (const auto& [at, id, created] : {std::tuple{86'399.0, 1u, false}, {86'400.0, 3u, true}}) {
    Limits limits;
    limits.finished_ring = 1;
    Bench device(limits);
    purge_job_1(device);
    device.at(at);
    const auto repeat = device.submit(request());
    ASSERT_TRUE(repeat.ok());
    EXPECT_EQ(repeat->id, id);
    EXPECT_EQ(repeat->created, created);
  }
}

TEST(IdempotencyKey, TheOldestRememberedKeysAreForgottenFirst) {
  Limits limits;
  limits.finished_ring = 1;
  limits.remembered_keys = 1;
  Bench device(limits);
  for (const std::string key : {"a", "b", "c"}) {
    JobSpec spec = h();
    spec.idempotency_key = key;
    device.submitted(spec);
    device.run_due();
    device.at_ms(device.ms() + 1);
  }
  const auto repeat = [&](const std::string& key) {
    JobSpec spec = h();
    spec.idempotency_key = key;
    return device.submit(spec)->created;
  };
  EXPECT_TRUE(repeat("a")) << "forgotten";
  EXPECT_FALSE(repeat("b"));
  EXPECT_FALSE(repeat("c"));
}

TEST(IdempotencyKey, IsAskedBeforeConflictKeyAndQuota) {
  Limits limits;
  limits.active_jobs_component = 1;
  Bench device(limits);
  JobSpec spec = keyed(request(), "K", kFail);
  device.submitted(spec);
  EXPECT_FALSE(device.submit(spec)->created);
}

}  // namespace
}  // namespace dormouse::jobs
