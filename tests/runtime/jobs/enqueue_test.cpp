// SPDX-License-Identifier: Apache-2.0
#include "bench.hpp"

namespace dormouse::jobs {
namespace {

TEST(Enqueue, J001ArgsReachTheHandlerAsTheyWereGiven) {
  for (const Bytes& args : {Bytes("a\0b", 3), Bytes(R"({"type":"email","to":"x"})"), Bytes(100'000, '\xff')}) {
    Bench device;
    JobSpec spec = h();
    spec.args = args;
    const auto enqueued = device.submit(spec);
    ASSERT_TRUE(enqueued.ok());
    EXPECT_EQ(enqueued->id, 1u);
    EXPECT_TRUE(enqueued->created);
    const Job job = device.start_one();
    EXPECT_EQ(job.spec.args, args);
    EXPECT_EQ(device.end(job.token(), Outcome::ok()).state, State::succeeded);
    EXPECT_EQ(device.job(1).attempt, 1u);
    EXPECT_EQ(device.job(1).used, 1u);
    EXPECT_EQ(device.job(1).spec.args, "") << "dropped after success";
  }
}

TEST(Enqueue, J002ADelayIsElapsedTimeHoweverLong) {
  for (const double delay : {5.0, 864'000.0}) {
    Bench device;
    const std::uint64_t id = device.submitted(after(h(), s(delay)));
    device.at_ms(s(delay).count() - 1);
    EXPECT_EQ(device.run_due(), 0u);
    EXPECT_EQ(device.state(id), State::scheduled);
    EXPECT_EQ(device.job(id).because, Because::not_due);
    EXPECT_EQ(device.due().next_instant, Instant{s(delay).count()});
    device.at(delay);
    EXPECT_EQ(device.start_one().missed_count, 0u);
    EXPECT_EQ(device.run_due(), 0u);
  }
}

TEST(Enqueue, J003AJobAtAnInstantStartsAtIt) {
  Bench device;
  const std::uint64_t id = device.submitted(due_at(h(Misfire::skip()), 60));
  EXPECT_EQ(device.due().next_wall, WallTime{kT0} + s(60));
  device.at_ms(59'999);
  EXPECT_EQ(device.run_due(), 0u);
  EXPECT_EQ(device.state(id), State::scheduled);
  device.at(60);
  EXPECT_EQ(device.start_one().id, id);
}

TEST(Enqueue, J005DuesOutOfBoundsAreRefusedAndWriteNothing) {
  struct Row {
    JobSpec spec;
    const char* code;
  };
  JobSpec before_1970 = h();
  before_1970.due = DueAt{WallTime{-1}};
  JobSpec after_2199 = h();
  after_2199.due = DueAt{WallTime{7'258'118'400'000}};
  const Row rows[] = {
      {after(h(), Duration{-1}), "invalid_input"},
      {after(h(), Duration{315'360'000'001}), "time.delay_too_long"},
      {before_1970, "time.bad_instant"},
      {after_2199, "time.bad_instant"},
  };
  Bench device;
  const auto before = device.disk().content();
  for (const Row& row : rows) {
    const auto refused = device.submit(row.spec);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, row.code);
    EXPECT_EQ(refused.error().fields.at(0).field, "due");
  }
  EXPECT_EQ(device.disk().content(), before);
  EXPECT_EQ(device.submitted(after(h(), Duration{315'360'000'000})), 1u);
}

TEST(Enqueue, J006ArgsHaveALimit) {
  Bench device;
  JobSpec spec = h();
  spec.args = Bytes(100'000, 'a');
  EXPECT_TRUE(device.submit(spec).ok());
  spec.args.push_back('a');
  const auto refused = device.submit(spec);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(fields_of(refused.error()), "args: too_large");
}

TEST(Enqueue, J007AnUnknownHandlerIsRefusedOrWaitedFor) {
  Bench device;
  JobSpec spec = h();
  spec.handler = "x";
  const auto refused = device.submit(spec);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(fields_of(refused.error()), "handler: unknown_handler");
  EXPECT_NE(refused.error().message.find("g, h"), std::string::npos) << refused.error().message;
  spec.handler_check = HandlerCheck::later;
  const std::uint64_t id = device.submitted(spec);
  EXPECT_EQ(device.run_due(), 0u);
  EXPECT_EQ(device.state(id), State::waiting);
  EXPECT_EQ(device.job(id).because, Because::handler_absent);
  EXPECT_EQ(device.job(id).used, 0u);
  device.handlers().insert("x");
  device.at(30);
  EXPECT_EQ(device.start_one().id, id);
}

TEST(Enqueue, J008AllFailingFieldsAreNamedAtOnce) {
  Bench device;
  JobSpec spec;
  spec.priority = 10;
  spec.grace = Duration{-1};
  const auto refused = device.submit(spec);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "invalid_input");
  EXPECT_EQ(fields_of(refused.error()), "handler: required, grace: out_of_range, priority: out_of_range");
  EXPECT_NE(refused.error().message.find("0..9"), std::string::npos);
  EXPECT_EQ(device.submitted(h()), 1u);
}

TEST(Enqueue, J009QuotasCountActiveJobs) {
  Limits limits;
  limits.active_jobs_component = 3;
  limits.active_jobs_device = 5;
  Bench device(limits);
  for (int i = 0; i < 3; ++i) device.submitted(h());
  const auto refused = device.submit(h());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "job.quota_exceeded");
  EXPECT_NE(refused.error().message.find("component app"), std::string::npos);
  EXPECT_NE(refused.error().message.find("3"), std::string::npos);
  EXPECT_TRUE(device.submit(h(), "b").ok());
  const Job job = device.start({1}).at(0);
  device.end(job.token(), Outcome::ok());
  EXPECT_TRUE(device.submit(h()).ok());
  EXPECT_TRUE(device.submit(h(), "b").ok());
  EXPECT_EQ(device.submit(h(), "c").error().code, "job.quota_exceeded") << "the device is full";
}

TEST(Enqueue, J009TheDefaultQuotaOfAComponentIsAThousand) {
  Bench device;
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(device.enqueue_all(std::vector<JobSpec>(500, h())).ok());
  EXPECT_EQ(device.submit(h()).error().code, "job.quota_exceeded");
  EXPECT_TRUE(device.submit(h(), "b").ok());
}

TEST(Enqueue, J010ABatchIsAllOrNothing) {
  Bench device;
  std::vector<JobSpec> specs(3, h());
  specs[1].priority = 10;
  const auto refused = device.enqueue_all(specs);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(fields_of(refused.error()), "items.1.priority: out_of_range");
  specs[1].priority = 5;
  const std::uint64_t before = device.batches();
  const auto all = device.enqueue_all(specs);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(device.batches(), before + 1);
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(all->at(i).id, i + 1);
}

TEST(Enqueue, J011ABatchIsBoundedAndActsInOrder) {
  Bench device;
  EXPECT_TRUE(device.enqueue_all(std::vector<JobSpec>(500, h())).ok());
  EXPECT_EQ(device.enqueue_all(std::vector<JobSpec>(501, h()), "b").error().code, "job.too_large");
  JobSpec large = h();
  large.args = Bytes(100'000, 'x');
  EXPECT_EQ(device.enqueue_all(std::vector<JobSpec>(11, large), "b").error().code, "job.too_large");

  Bench fresh;
  JobSpec first = keyed(h(), "K");
  first.args = "1";
  JobSpec second = keyed(h(), "K");
  second.args = "2";
  const auto both = fresh.enqueue_all({first, second});
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both->at(0).id, 1u);
  EXPECT_EQ(both->at(1).id, 1u);
  EXPECT_TRUE(both->at(0).created);
  EXPECT_FALSE(both->at(1).created);
  EXPECT_EQ(fresh.count().scheduled, 1u);
  EXPECT_EQ(fresh.job(1).spec.args, "1");
}

TEST(Enqueue, J065PolicyWindowAndRetryMustFit) {
  Bench device;
  JobSpec window_without_policy = h(Misfire::skip());
  window_without_policy.misfire.window = Duration{5};
  EXPECT_EQ(fields_of(device.submit(window_without_policy).error()), "window: not_allowed");
  JobSpec once = h(Misfire::run_once_if_missed());
  once.retry = Retry{.preset = "fast"};
  EXPECT_EQ(fields_of(device.submit(once).error()), "retry: not_allowed");
  once.retry.reset();
  const auto shown = device.submit(once);
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(shown->misfire.policy, Misfire::Policy::run_once_if_missed);
  EXPECT_EQ(shown->delivery, Delivery::at_most_once);
  EXPECT_EQ(device.job(shown->id).spec.retry->preset, "none");
}

TEST(Enqueue, ASlotBecomesAJobOnce) {
  Bench device;
  const SlotJob slot{.component = 1,
                     .schedule = 4,
                     .schedule_name = "nightly",
                     .slot_ms = kT0,
                     .spec = h(),
                     .due = Due::at(WallTime{kT0})};
  const auto put = [&] { return device.in_work([&](Work& work) { return enqueue_slot(work, slot); }); };
  EXPECT_EQ(put(), 1u);
  EXPECT_FALSE(put());
  EXPECT_EQ(device.start_one().schedule_name, "nightly");
}

TEST(Enqueue, ReadersChangeNothingAndBadComponentsAreRefused) {
  Bench device;
  const auto as = [&](const Identity& who) {
    return device.in_work([&](Work& work) { return enqueue(work, who, Trigger::link, {h()}); });
  };
  EXPECT_EQ(as({"app", Role::reader}).error().code, "denied");
  EXPECT_EQ(fields_of(as({"App!", Role::none}).error()), "component: bad_format");
}

}  // namespace
}  // namespace dormouse::jobs
