// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/misfire.hpp"

#include "bench.hpp"

namespace dormouse::jobs {
namespace {

Misfire with_max_age(std::int64_t ms) {
  Misfire misfire = Misfire::catch_up();
  misfire.max_age = Duration{ms};
  return misfire;
}

TEST(Misfire, IsJudgedByLatenessAloneWithInclusiveBounds) {
  struct Row {
    const char* name;
    Misfire misfire;
    std::int64_t grace_ms;
    std::int64_t lateness_ms;
    Fate fate;
  };
  const Row rows[] = {
      {"J062 skip at the grace", Misfire::skip(), 60'000, 60'000, Fate::runs_on_time},
      {"J062 skip above the grace", Misfire::skip(), 60'000, 60'001, Fate::missed},
      {"J063 skip, grace 0, on time", Misfire::skip(), 0, 0, Fate::runs_on_time},
      {"J063 skip, grace 0, late", Misfire::skip(), 0, 1, Fate::missed},
      {"J063 windowed 30 at its end", Misfire::windowed(Duration{30}), 60'000, 30, Fate::runs_on_time},
      {"J063 windowed 30 past its end", Misfire::windowed(Duration{30}), 60'000, 31, Fate::missed},
      {"J063 windowed 0 on time", Misfire::windowed(Duration{0}), 60'000, 0, Fate::runs_on_time},
      {"J063 windowed 0 late", Misfire::windowed(Duration{0}), 60'000, 1, Fate::missed},
      {"window above the grace", Misfire::windowed(Duration{90'000}), 60'000, 61'000, Fate::runs_late},
      {"J064 max_age at its end", with_max_age(3'600'000), 60'000, 3'600'000, Fate::runs_late},
      {"J064 max_age past its end", with_max_age(3'600'000), 60'000, 3'600'001, Fate::missed},
      {"J064 grace counts before max_age", with_max_age(1'000), 60'000, 60'000, Fate::runs_on_time},
      {"J064 past both", with_max_age(1'000), 60'000, 60'001, Fate::missed},
      {"catch_up never expires", Misfire::catch_up(), 0, 315'360'000'000, Fate::runs_late},
      {"run_once_if_missed never expires", Misfire::run_once_if_missed(), 0, 315'360'000'000, Fate::runs_late},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(judge(row.misfire, Duration{row.grace_ms}, Duration{row.lateness_ms}), row.fate) << row.name;
  }
}

TEST(Misfire, NamesAndAliasesAreRead) {
  EXPECT_EQ(parse_policy("catch_up_all"), Misfire::Policy::catch_up);
  EXPECT_EQ(parse_policy("catch_up_one"), Misfire::Policy::run_once_if_missed);
  for (const auto policy : {Misfire::Policy::catch_up, Misfire::Policy::skip, Misfire::Policy::run_once_if_missed,
                            Misfire::Policy::windowed}) {
    EXPECT_EQ(parse_policy(name_of(policy)), policy);
  }
  EXPECT_FALSE(parse_policy("soon"));
}

TEST(Misfire, J062ToJ064HoldForAJobThroughAnOutage) {
  struct Row {
    Misfire misfire;
    std::int64_t grace_ms;
    std::int64_t back_at_ms;
    State state;
  };
  const Row rows[] = {
      {Misfire::skip(), 60'000, 60'000, State::succeeded},
      {Misfire::skip(), 60'000, 60'001, State::missed},
      {Misfire::skip(), 0, 0, State::succeeded},
      {Misfire::skip(), 0, 1, State::missed},
      {Misfire::windowed(Duration{30}), 60'000, 30, State::succeeded},
      {Misfire::windowed(Duration{30}), 60'000, 31, State::missed},
      {with_max_age(3'600'000), 60'000, 3'600'000, State::succeeded},
      {with_max_age(3'600'000), 60'000, 3'600'001, State::missed},
  };
  for (const Row& row : rows) {
    Bench device;
    JobSpec spec = due_at(h(row.misfire), 0);
    spec.grace = Duration{row.grace_ms};
    device.at_ms(-1'000);
    const std::uint64_t id = device.submitted(spec);
    device.reboot_at(row.back_at_ms / 1'000.0);
    device.at_ms(row.back_at_ms);
    device.run_due();
    EXPECT_EQ(device.state(id), row.state) << name_of(row.misfire.policy) << " until " << row.back_at_ms;
    EXPECT_EQ(device.job(id).used, row.state == State::missed ? 0u : 1u);
  }
}

TEST(Misfire, J066AYearOffIsOneRunThatIsToldWhatItMissed) {
  Bench device;
  const std::uint64_t id = device.submitted(due_at(h(), 10));
  device.reboot_at(31'536'000);
  const Job job = device.start_one();
  EXPECT_EQ(job.id, id);
  EXPECT_EQ(job.missed_count, 1u);
  EXPECT_EQ(job.first_missed_ms, kT0 + 10'000);
  device.end(job.token(), Outcome::ok());
  EXPECT_EQ(device.run_due(), 0u);
}

TEST(Misfire, J004ADueInThePastIsJudgedByThePolicy) {
  Bench device;
  const std::uint64_t runs = device.submitted(due_at(h(), -3'600));
  const std::uint64_t skipped = device.submitted(due_at(h(Misfire::skip()), -3'600));
  const Job job = device.start_one();
  EXPECT_EQ(job.id, runs);
  EXPECT_EQ(job.missed_count, 1u);
  EXPECT_EQ(job.first_missed_ms, kT0 - 3'600'000);
  EXPECT_EQ(device.state(skipped), State::missed);
}

TEST(Misfire, WhatWasToldAtTheFirstClaimIsToldInRetriesToo) {
  Bench device;
  device.submitted(due_at(h(), -3'600));
  device.end(device.start_one().token(), Outcome::retryable("x.y", "again"));
  device.at(2);
  EXPECT_EQ(device.start_one().missed_count, 1u);
}

TEST(Misfire, AJobThatCannotRunExpiresWhereItWaits) {
  Bench device;
  JobSpec spec = due_at(h(Misfire::skip()), 0);
  spec.handler = "absent";
  spec.handler_check = HandlerCheck::later;
  const std::uint64_t id = device.submitted(spec);
  EXPECT_TRUE(device.due().jobs.empty());
  EXPECT_EQ(device.due().next_instant, Instant{60'001});
  device.at_ms(60'001);
  const DueBatch batch = device.due();
  ASSERT_EQ(batch.jobs.size(), 1u);
  EXPECT_EQ(batch.jobs[0].id, id);
  EXPECT_EQ(device.in_work([&](Work& work) { return expire(work, {id}); }), std::vector<std::uint64_t>{id});
  EXPECT_EQ(device.state(id), State::missed);
}

}  // namespace
}  // namespace dormouse::jobs
