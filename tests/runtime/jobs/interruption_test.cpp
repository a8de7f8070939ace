// SPDX-License-Identifier: Apache-2.0
// Attempts that the process or the power did not let end.
#include "bench.hpp"

namespace dormouse::jobs {
namespace {

TEST(Interruption, J041AClaimThatWasLostSettledNothing) {
  Bench device;
  device.submitted(due_at(h(Misfire::skip()), 0));
  EXPECT_EQ(device.claim_and_lose({1}).claimed.size(), 1u);
  device.restart_at(61);
  EXPECT_EQ(device.run_due(), 0u);
  EXPECT_EQ(device.state(1), State::missed);
}

TEST(Interruption, J041TheSameAttemptNumberIsTakenAgainUnderANewEpoch) {
  Bench device;
  device.submitted(h());
  const Token lost = device.claim_and_lose({1}).claimed.at(0).job.token();
  device.restart_at(10);
  const Job job = device.start_one();
  EXPECT_EQ(job.attempt, 1u);
  EXPECT_EQ(job.used, 1u);
  EXPECT_GT(job.token().epoch, lost.epoch);
  EXPECT_EQ(device.end(lost, Outcome::ok()).refused->code, "job.stale_attempt");
}

TEST(Interruption, J042AKilledAttemptIsRepeatedAndNotCharged) {
  Bench device;
  device.submitted(h());
  device.start_one();
  device.restart_at(10);
  EXPECT_EQ(device.job(1).because, Because::interrupted);
  EXPECT_EQ(device.job(1).attempts.at(0).outcome, Outcome::Kind::interrupted);
  EXPECT_EQ(device.due().next_instant, Instant{12'000});
  device.at(12);
  const Job job = device.start_one();
  EXPECT_EQ(job.attempt, 2u);
  EXPECT_EQ(job.used, 1u);
  EXPECT_EQ(device.count().interrupted, 1u);
}

TEST(Interruption, J043AtMostOnceIsNotRepeated) {
  Bench device;
  JobSpec spec = h();
  spec.delivery = Delivery::at_most_once;
  device.submitted(spec);
  device.start_one();
  device.restart_at(10);
  EXPECT_EQ(device.state(1), State::dead);
  EXPECT_EQ(device.job(1).reason, "interrupted");
  device.at(1'000);
  EXPECT_EQ(device.run_due(), 0u);
}

TEST(Interruption, J044RunOnceIfMissedStartsOnce) {
  Bench device;
  device.submitted(due_at(h(Misfire::run_once_if_missed()), 10));
  device.reboot_at(1'000);
  EXPECT_EQ(device.start_one().missed_count, 1u);
  device.restart_at(1'001);
  device.restart_at(1'002);
  EXPECT_EQ(device.run_due(), 0u);
  EXPECT_EQ(device.state(1), State::dead);
  EXPECT_EQ(device.job(1).attempt, 1u);
  EXPECT_EQ(device.job(1).reason, "interrupted");
}

TEST(Interruption, J045AJobThatKillsTheProcessIsNotImmortal) {
  Bench device;
  device.submitted(h());
  for (const double start : {0.0, 3.0, 8.0}) {
    device.at(start);
    ASSERT_EQ(device.start_due().size(), 1u) << start;
    device.restart_at(start + 1);
  }
  EXPECT_EQ(device.state(1), State::dead);
  EXPECT_EQ(device.job(1).reason, "interrupted_limit");
  EXPECT_EQ(device.job(1).ended->wall.ms, kT0 + 9'000);
}

TEST(Interruption, J045NeitherIsOneThatRebootsTheDevice) {
  Bench device;
  device.submitted(h());
  int starts = 0;
  for (double at = 0; at < 300; at += 30) {
    device.at(at);
    if (device.start_due().empty()) break;
    ++starts;
    device.reboot_at(at + 20);
  }
  EXPECT_EQ(starts, 3);
  EXPECT_EQ(device.job(1).reason, "interrupted_limit");
}

TEST(Interruption, J046AnyOtherEndBeginsTheCountAnew) {
  Bench device;
  device.submitted(h());
  double at = 0;
  for (int attempt = 1; attempt <= 6; ++attempt, at += 100) {
    device.at(at);
    const Job job = device.start_one();
    ASSERT_EQ(job.attempt, static_cast<std::uint32_t>(attempt));
    if (attempt == 3) {
      device.end(job.token(), Outcome::retryable("x.y", "no"));
    } else if (attempt == 6) {
      device.end(job.token(), Outcome::ok());
    } else {
      device.restart_at(at + 1);
    }
  }
  EXPECT_EQ(device.state(1), State::succeeded);
  EXPECT_EQ(device.job(1).used, 2u);
}

TEST(Interruption, ADelayFromAnEarlierKernelBootCountsProvenTimeOnly) {
  Bench device;
  device.submitted(h());
  device.end(device.start_one().token(), Outcome::retryable("x.y", "no", s(100)));
  device.at(10);
  device.reboot_at(60);
  EXPECT_EQ(device.due().next_instant, Instant{40'000});
  device.at_ms(99'999);
  EXPECT_TRUE(device.due().jobs.empty());
  device.at(100);
  EXPECT_EQ(device.start_one().attempt, 2u);
}

}  // namespace
}  // namespace dormouse::jobs
