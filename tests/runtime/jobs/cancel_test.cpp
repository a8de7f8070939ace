// SPDX-License-Identifier: Apache-2.0
#include "bench.hpp"

namespace dormouse::jobs {
namespace {

TEST(Cancel, J017EndsAJobThatWaitsAndRefusesOneThatHasEnded) {
  Bench device;
  device.submitted(after(h(), s(10)));
  ASSERT_TRUE(device.cancel_job(1, "a").ok());
  EXPECT_EQ(device.state(1), State::cancelled);
  EXPECT_EQ(device.job(1).reason, "a");
  EXPECT_EQ(device.cancel_job(1, "b").error().code, "job.finished");
  EXPECT_EQ(device.job(1).reason, "a");
  EXPECT_EQ(device.cancel_job(999, "c").error().code, "job.not_found");

  device.submitted(h());
  device.run_due();
  EXPECT_EQ(device.cancel_job(2, "late").error().code, "job.finished");
  EXPECT_EQ(device.state(2), State::succeeded);
}

TEST(Cancel, J018TheFirstRequestWinsAndEffectsAreDropped) {
  Bench device;
  device.submitted(h());
  const Job job = device.start_one();
  device.at(5);
  const auto first = device.cancel_job(1, "first");
  EXPECT_TRUE(first->requested);
  EXPECT_EQ(first->token, job.token());
  EXPECT_TRUE(device.cancel_job(1, "second")->requested);
  device.at(6);
  EXPECT_EQ(device.end(job.token(), Outcome::ok("result"), {.enqueue = {h()}}).state, State::cancelled);
  EXPECT_EQ(device.job(1).reason, "first");
  EXPECT_EQ(device.job(1).result, "");
  EXPECT_EQ(device.look(2).error().code, "job.not_found");
}

TEST(Cancel, J021EndsAJobBetweenItsAttempts) {
  Bench device;
  device.submitted(h());
  device.end(device.start_one().token(), Outcome::retryable("x.y", "no"));
  device.at(1);
  ASSERT_TRUE(device.cancel_job(1, "enough").ok());
  device.at(2);
  EXPECT_EQ(device.run_due(), 0u);
  EXPECT_EQ(device.state(1), State::cancelled);
}

TEST(Cancel, J024ARequestOutlivesTheProcess) {
  Bench device;
  device.submitted(h());
  device.start_one();
  device.at(5);
  EXPECT_TRUE(device.cancel_job(1, "stop").ok());
  device.restart_at(6);
  EXPECT_EQ(device.state(1), State::cancelled);
  device.at(100);
  EXPECT_EQ(device.run_due(), 0u);
}

TEST(Cancel, AForeignJobIsNotFound) {
  Bench device;
  device.submitted(after(h(), s(10)), "b");
  EXPECT_EQ(device.cancel_job(1, "mine?").error().code, "job.not_found");
  EXPECT_EQ(device.look(1).error().code, "job.not_found");
  const Identity operator_role{"device", Role::operator_};
  EXPECT_TRUE(device.in_work([&](Work& work) { return cancel(work, operator_role, 1, "by hand"); }).ok());
}

}  // namespace
}  // namespace dormouse::jobs
