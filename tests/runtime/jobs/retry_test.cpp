// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/retry.hpp"

#include "bench.hpp"

namespace dormouse::jobs {
namespace {

std::vector<std::int64_t> sleeps(const Retry& retry) {
  std::vector<std::int64_t> all;
  for (std::uint32_t used = 1; used < retry.max_attempts; ++used) all.push_back(sleep_after(retry, used).count());
  return all;
}

JobSpec with_retry(const Retry& retry) {
  JobSpec spec = h();
  spec.retry = retry;
  return spec;
}

/// Runs a job that always fails; when it started, in ms.
std::vector<std::int64_t> starts_of_a_failing_job(const Retry& retry, Job& last) {
  Bench device;
  const std::uint64_t id = device.submitted(with_retry(retry));
  std::vector<std::int64_t> starts;
  while (true) {
    for (const Job& job : device.start_due()) {
      starts.push_back(device.ms());
      device.end(job.token(), Outcome::retryable("net.down", "no route"));
    }
    const std::optional<Instant> next = device.due().next_instant;
    if (!next) break;
    device.at_ms(next->ms);
  }
  last = device.job(id);
  return starts;
}

TEST(Retry, J085EveryPresetSleepsExactlyAsItsTableSays) {
  struct Row {
    const char* name;
    std::vector<std::int64_t> sleeps;
    std::vector<std::int64_t> starts;
  };
  const Row rows[] = {
      {"none", {}, {0}},
      {"fast", {1'000, 2'000}, {0, 1'000, 3'000}},
      {"standard", {2'000, 4'000, 8'000, 16'000}, {0, 2'000, 6'000, 14'000, 30'000}},
      {"rate_limit",
       {5'000, 15'000, 45'000, 135'000, 300'000, 300'000, 300'000},
       {0, 5'000, 20'000, 65'000, 200'000, 500'000, 800'000, 1'100'000}},
      {"dns", {10'000, 20'000, 40'000}, {0, 10'000, 30'000, 70'000}},
      {"verification",
       {30'000, 45'000, 67'500, 101'250, 151'875, 227'812, 341'718, 512'578, 600'000},
       {0, 30'000, 75'000, 142'500, 243'750, 395'625, 623'437, 965'155, 1'477'733, 2'077'733}},
  };
  for (const Row& row : rows) {
    const std::optional<Retry> retry = retry_preset(row.name);
    ASSERT_TRUE(retry) << row.name;
    EXPECT_EQ(sleeps(*retry), row.sleeps) << row.name;
    Job last;
    EXPECT_EQ(starts_of_a_failing_job(*retry, last), row.starts) << row.name;
    EXPECT_EQ(last.state, State::dead) << row.name;
    EXPECT_EQ(last.error_code, "net.down");
    EXPECT_EQ(last.reason, "attempts_exhausted");
  }
  EXPECT_EQ(retry_preset("rateLimit"), retry_preset("rate_limit"));
  EXPECT_FALSE(retry_preset("sometimes"));
}

TEST(Retry, J087ARemoteHintLengthensTheSleepUpToItsCap) {
  for (const auto& [hint, next] : {std::pair{90.0, 90'000}, {1.0, 2'000}, {18'000.0, 3'600'000}}) {
    Bench device;
    device.submitted(h());
    device.end(device.start_one().token(), Outcome::retryable("http.429", "later", s(hint)));
    EXPECT_EQ(device.due().next_instant, Instant{next}) << hint;
  }
}

TEST(Retry, J089TwoFailuresThenSuccess) {
  Bench device;
  const std::uint64_t id = device.submitted(h());
  for (const double start : {0.0, 2.0}) {
    device.at(start);
    device.end(device.start_one().token(), Outcome::retryable("x.y", "no"));
  }
  device.at(6);
  device.end(device.start_one().token(), Outcome::ok("done"));
  const Job job = device.job(id);
  EXPECT_EQ(job.state, State::succeeded);
  EXPECT_EQ(job.used, 3u);
  EXPECT_EQ(job.result, "done");
  ASSERT_EQ(job.attempts.size(), 3u);
  EXPECT_EQ(job.attempts[0].code, "x.y");
  EXPECT_EQ(job.attempts[1].code, "x.y");
  EXPECT_EQ(job.attempts[2].outcome, Outcome::Kind::ok);
}

TEST(Retry, J090NumbersOutOfRangeAreRefused) {
  const Retry rows[] = {
      {.preset = "", .max_attempts = 0},
      {.preset = "", .max_attempts = 101},
      {.preset = "", .factor_percent = 50},
      {.preset = "", .initial = s(2), .max = s(1)},
  };
  for (const Retry& retry : rows) {
    Bench device;
    const auto refused = device.submit(with_retry(retry));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, "invalid_input");
    EXPECT_EQ(fields_of(refused.error()), "retry: out_of_range");
  }
}

TEST(Retry, J091OwnNumbersAreFollowed) {
  const Retry own{.preset = "", .max_attempts = 4, .initial = s(1), .max = s(1.5), .factor_percent = 125};
  EXPECT_EQ(sleeps(own), (std::vector<std::int64_t>{1'000, 1'250, 1'500}));
  Job last;
  EXPECT_EQ(starts_of_a_failing_job(own, last), (std::vector<std::int64_t>{0, 1'000, 2'250, 3'750}));
}

TEST(Retry, InterruptionsDoubleTheirDelayWithoutEnd) {
  EXPECT_EQ(interruption_delay(1), s(2));
  EXPECT_EQ(interruption_delay(3), s(8));
  EXPECT_GT(interruption_delay(100), Duration{});
}

}  // namespace
}  // namespace dormouse::jobs
