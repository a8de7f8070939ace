// SPDX-License-Identifier: Apache-2.0
// Enqueues and ends that arrive together cost few batches; each is still answered for itself, after its sync, and
// in the order it came.
#include <gtest/gtest.h>

#include "actors/scheduling/scheduler.hpp"
#include "actors/storage/batches.hpp"
#include "actors/storage/enqueue_desk.hpp"
#include "tests/actors/protocols/bench.hpp"

namespace dormouse::actors {
namespace {

using Pending = Bench::Pending<EnqueueJobs::Value>;

EnqueueJobs due_now(const std::string& conflict_key = "") {
  auto op = enqueue("h");
  op.specs[0].due = jobs::DueNow{};
  if (!conflict_key.empty()) op.specs[0].conflict_key = conflict_key;
  return op;
}
std::string code_of(const Pending& told) {
  if (!told->result) return "unanswered";
  return told->result->ok() ? "" : told->result->error().code;
}
std::uint64_t id_of(const Pending& told) {
  return code_of(told).empty() ? (*told->result)->at(0).id : 0;
}

/// A scheduler over a real store; the test plays the dispatcher and the timekeeper.
class Gathering : public testing::Test {
 protected:
  explicit Gathering(bool with_journal = true) : bench_({}, with_journal) {
    // Each is handed what it tells: an actor spawned without an argument makes CAF bind a reference to nothing.
    const auto dispatcher = [](caf::event_based_actor*, Gathering* test) {
      return caf::behavior{
          [test](const StartAttempt& start) { test->started_.push_back(start.claimed.job.token()); },
          [test](const StopAttempt& stop) { test->to_stop_.push_back(stop.job); }};
    };
    const auto timekeeper = [](caf::event_based_actor*, Gathering* test) {
      return caf::behavior{[test](const SetWake& wake) { test->wakes_.push_back(wake.purpose); }};
    };
    dispatcher_ = bench_.system().spawn(dispatcher, this);
    timekeeper_ = bench_.system().spawn(timekeeper, this);
    Limits limits;
    limits.running_device = limits.running_component = 8;
    scheduler_ = spawn_scheduler(
        bench_.system(), {bench_.storage(), caf::actor_cast<TimekeeperActor>(timekeeper_),
                          caf::actor_cast<DispatcherActor>(dispatcher_), bench_.time(), limits, bench_.observer()});
    set_places(8);
    caf::anon_send(scheduler_, TimeChanged{});
    bench_.settle();
  }
  ~Gathering() override {
    caf::anon_send_exit(scheduler_, caf::exit_reason::kill);
    caf::anon_send_exit(dispatcher_, caf::exit_reason::kill);
    caf::anon_send_exit(timekeeper_, caf::exit_reason::kill);
    bench_.settle();
  }

  void set_places(std::uint64_t places) {
    caf::anon_send(scheduler_, HandlersChanged{{{"h", places}}});
    bench_.settle();
  }
  /// So many, and they run.
  void run(unsigned jobs) {
    for (unsigned i = 0; i < jobs; ++i) bench_.send(scheduler_, due_now());
    bench_.settle();
    ASSERT_EQ(started_.size(), jobs);
  }
  void ends(std::size_t attempt, jobs::Outcome outcome = jobs::Outcome::ok(), bool code_returned = true) {
    caf::anon_send(scheduler_, AttemptEnded{{started_.at(attempt), std::move(outcome), {}}, code_returned});
  }
  jobs::State state(std::uint64_t id) {
    auto view = bench_.ask(bench_.storage(), GetJob{Identity{}, id, false});
    check(view.ok(), "test:job");
    return view->job.state;
  }
  std::uint64_t batches() { return bench_.ask(bench_.storage(), GetStatus{})->store.batches; }

  Bench bench_;
  caf::actor dispatcher_;
  caf::actor timekeeper_;
  SchedulerActor scheduler_;
  std::vector<jobs::Token> started_;
  std::vector<std::uint64_t> to_stop_;
  std::vector<Purpose> wakes_;
};

class GatheringWithoutJournal : public Gathering {
 protected:
  GatheringWithoutJournal() : Gathering(false) {}
};

// -- enqueues --

TEST_F(Gathering, EnqueuesInTheMailboxMakeOneBatchAndAreAnsweredInOrderAfterItsSync) {
  const auto before = batches();
  const auto syncs = bench_.syncs();
  std::vector<Pending> told;
  for (int i = 0; i < 10; ++i) told.push_back(bench_.send(scheduler_, enqueue("h")));
  bench_.settle();
  EXPECT_EQ(batches(), before + 1);
  for (std::size_t i = 0; i < told.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(id_of(told[i]), i + 1);
    EXPECT_EQ(told[i]->place, told[0]->place + i);
    EXPECT_EQ(told[i]->syncs, syncs + 1);
    EXPECT_EQ(told[i]->times, 1U);
  }
}

TEST_F(Gathering, ARefusalAmongThemCostsTheOthersNothing) {
  const std::vector told = {bench_.send(scheduler_, enqueue("h")), bench_.send(scheduler_, enqueue("unknown")),
                            bench_.send(scheduler_, enqueue("h"))};
  bench_.settle();
  EXPECT_EQ(id_of(told[0]), 1U);
  EXPECT_EQ(code_of(told[1]), "invalid_input");
  EXPECT_EQ(id_of(told[2]), 2U);
  EXPECT_EQ(bench_.ask(bench_.storage(), ListJobs{})->jobs.size(), 2U);
}

TEST_F(Gathering, OneThatFailsForTheOneBeforeItIsToldSo) {
  auto second = due_now("pump");
  second.specs[0].conflict_policy = jobs::ConflictPolicy::fail;
  const std::vector told = {bench_.send(scheduler_, due_now("pump")), bench_.send(scheduler_, second)};
  bench_.settle();
  EXPECT_EQ(id_of(told[0]), 1U);
  EXPECT_EQ(code_of(told[1]), "job.conflict");
}

TEST_F(Gathering, ACancelFindsTheEnqueueThatWasSentBeforeIt) {
  auto later = enqueue("h");
  later.specs[0].conflict_key = "pump";
  const auto enqueued = bench_.send(scheduler_, later);
  const auto cancelled = bench_.send(scheduler_, CancelJob{.conflict_key = "pump", .reason = "no more"});
  bench_.settle();
  EXPECT_EQ(id_of(enqueued), 1U);
  ASSERT_TRUE(cancelled->result && cancelled->result->ok());
  EXPECT_EQ(state(1), jobs::State::cancelled);
}

TEST_F(Gathering, WhatWasSentBeforeTheStopIsTakenAndWhatComesAfterItIsNot) {
  const auto before = bench_.send(scheduler_, enqueue("h"));
  const auto stopped = bench_.send(scheduler_, StopWork{});
  const auto after = bench_.send(scheduler_, enqueue("h"));
  bench_.settle();
  EXPECT_EQ(id_of(before), 1U);
  EXPECT_TRUE(stopped->result);
  EXPECT_EQ(code_of(after), "stopping");
}

TEST_F(GatheringWithoutJournal, AFailedSyncIsToldToEachAndTheirOwnErrorsSayMore) {
  bench_.disk().fail_commits("store.io");
  const std::vector told = {bench_.send(scheduler_, enqueue("h")), bench_.send(scheduler_, enqueue("unknown")),
                            bench_.send(scheduler_, enqueue("h"))};
  bench_.settle();
  EXPECT_EQ(code_of(told[0]), "store.io");
  EXPECT_EQ(code_of(told[1]), "invalid_input");
  EXPECT_EQ(code_of(told[2]), "store.io");
  EXPECT_TRUE(bench_.ask(bench_.storage(), ListJobs{})->jobs.empty());
}

TEST_F(Gathering, MoreThanOneBatchTakesIsSplitAndNoneCostsACheckpoint) {
  EnqueueGroup group;
  for (int i = 0; i < 100; ++i) group.commands.push_back(enqueue("h", 1'000));
  const auto before = bench_.ask(bench_.storage(), GetStatus{})->store;
  const auto answers = bench_.ask(bench_.storage(), group);
  ASSERT_TRUE(answers.ok());
  ASSERT_EQ(answers->size(), 100U);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(answers->at(i)->at(0).id, i + 1);
  const auto after = bench_.ask(bench_.storage(), GetStatus{})->store;
  EXPECT_GT(after.batches, before.batches + 1);
  EXPECT_LT(after.batches, before.batches + 10);
  EXPECT_NE(after.last_checkpoint, store::Checkpoint::big);
}

// -- ends --

TEST_F(Gathering, TwoEndsInTheMailboxMakeOneBatchAndOneSync) {
  run(2);
  const auto before = batches();
  const auto syncs = bench_.syncs();
  ends(0);
  ends(1);
  bench_.settle();
  EXPECT_EQ(batches(), before + 1);
  EXPECT_EQ(bench_.syncs(), syncs + 1);
  EXPECT_EQ(state(1), jobs::State::succeeded);
  EXPECT_EQ(state(2), jobs::State::succeeded);
}

TEST_F(Gathering, PlacesAreFreeAgainAfterEndsThatCameTogether) {
  run(8);
  for (std::size_t i = 0; i < 8; ++i) ends(i);
  for (int i = 0; i < 8; ++i) bench_.send(scheduler_, due_now());
  bench_.settle();
  EXPECT_EQ(started_.size(), 16U);
}

TEST_F(Gathering, AStopIsAnsweredAfterTheEndsInTheMailboxAreDurable) {
  run(2);
  const auto syncs = bench_.syncs();
  ends(0);
  ends(1, jobs::Outcome::timed_out(), false);  // its code still runs
  const auto stopped = bench_.send(scheduler_, StopWork{});
  bench_.settle();
  ASSERT_TRUE(stopped->result);
  EXPECT_GT(stopped->syncs, syncs);
  EXPECT_EQ(state(1), jobs::State::succeeded);
  EXPECT_NE(state(2), jobs::State::running);
}

TEST_F(GatheringWithoutJournal, EndsThatAreRefusedTogetherAreOfferedAgainEachAlone) {
  run(3);
  const auto before = batches();
  bench_.disk().fail_commits("store.io");
  for (std::size_t i = 0; i < 3; ++i) ends(i);
  bench_.settle();
  EXPECT_EQ(state(1), jobs::State::running);
  ASSERT_FALSE(wakes_.empty());
  EXPECT_EQ(wakes_.back(), Purpose::retry_storage);
  const auto refused = batches();
  EXPECT_EQ(refused, before + 1);
  caf::anon_send(scheduler_, Wake{Purpose::retry_storage});
  bench_.settle();
  EXPECT_EQ(batches(), refused + 3);
  for (const std::uint64_t id : {1, 2, 3}) EXPECT_EQ(state(id), jobs::State::succeeded);
}

TEST_F(Gathering, ThePlaceOfCodeThatReturnsBeforeItsEndIsRecordedIsFreedOnce) {
  set_places(1);
  run(1);
  const auto next = bench_.send(scheduler_, due_now());
  bench_.settle();
  ends(0, jobs::Outcome::timed_out(), false);
  caf::anon_send(scheduler_, PlaceFree{started_.at(0)});
  bench_.settle();
  ASSERT_EQ(started_.size(), 2U);
  EXPECT_EQ(started_[1].job, id_of(next));
  bench_.clock().advance(Duration{3'600'000});  // the first is due again
  caf::anon_send(scheduler_, Wake{Purpose::scheduler_due});
  bench_.settle();
  EXPECT_EQ(started_.size(), 2U);  // there is one place
}

// -- from other threads --

class Desk : public Gathering {
 protected:
  using Future = std::future<Result<jobs::Enqueued>>;
  Future leave(EnqueueJobs command) {
    auto left = EnqueueDesk::leave(desk_, std::move(command));
    if (left.call) caf::anon_send(bench_.storage(), FetchEnqueues{std::move(left.call), scheduler_});
    return std::move(left.future);
  }
  static std::string code_of(Future told) {
    const auto answer = told.get();
    return answer.ok() ? "" : answer.error().code;
  }
  std::shared_ptr<EnqueueDesk> desk_ = std::make_shared<EnqueueDesk>();
};

TEST_F(Desk, WhatWaitsMakesOneBatchAndOneSync) {
  const auto before = batches();
  const auto syncs = bench_.syncs();
  std::vector<Future> told;
  for (int i = 0; i < 5; ++i) told.push_back(leave(enqueue("h")));
  bench_.settle();
  EXPECT_EQ(batches(), before + 1);
  EXPECT_EQ(bench_.syncs(), syncs + 1);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(told[i].get()->id, i + 1);
}

TEST_F(Desk, NobodyIsToldBeforeTheSync) {
  bench_.journal().fail_syncs(1);
  bench_.disk().fail_commits("store.io");
  auto told = leave(enqueue("h"));
  bench_.settle();
  EXPECT_EQ(told.wait_for(std::chrono::seconds(0)), std::future_status::timeout);  // the store has given up
  caf::anon_send_exit(bench_.storage(), caf::exit_reason::kill);
  bench_.settle();
  EXPECT_EQ(code_of(std::move(told)), "device.unanswered");  // nobody knows whether it was done
}

TEST_F(Desk, ARefusalCostsTheOthersNothing) {
  std::vector<Future> told;
  for (const char* handler : {"h", "unknown", "h"}) told.push_back(leave(enqueue(handler)));
  bench_.settle();
  EXPECT_EQ(told[0].get()->id, 1U);
  EXPECT_EQ(code_of(std::move(told[1])), "invalid_input");
  EXPECT_EQ(told[2].get()->id, 2U);
}

TEST_F(Desk, TheSchedulerIsToldWhatWasMadeOnceAGroup) {
  std::vector<Future> told;
  for (int i = 0; i < 5; ++i) told.push_back(leave(due_now()));
  told.push_back(leave(enqueue("h")));
  bench_.settle();
  EXPECT_EQ(started_.size(), 5U);
  std::vector<std::uint64_t> ids;
  for (const auto& event : bench_.events())
    if (event.kind == Event::Kind::enqueued) ids.push_back(event.job);
  EXPECT_EQ(ids, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6}));
  ASSERT_FALSE(wakes_.empty());
  EXPECT_EQ(wakes_.back(), Purpose::scheduler_due);  // for the sixth
}

TEST_F(Desk, AfterTheStopOfTheSchedulerNothingIsTaken) {
  auto before = leave(enqueue("h"));
  bench_.send(scheduler_, StopWork{});
  bench_.settle();
  EXPECT_EQ(before.get()->id, 1U);
  auto after = leave(enqueue("h"));
  bench_.settle();
  EXPECT_EQ(code_of(std::move(after)), "stopping");
}

TEST_F(Desk, WhoeverCallsAStorageThatHasEndedIsToldSo) {
  const auto storage = bench_.storage();
  auto before = leave(enqueue("h"));
  bench_.settle();
  EXPECT_EQ(code_of(std::move(before)), "");
  caf::anon_send_exit(storage, caf::exit_reason::kill);
  auto in_the_mailbox = leave(enqueue("h"));
  auto with_it = leave(enqueue("h"));
  bench_.settle();
  EXPECT_EQ(code_of(std::move(in_the_mailbox)), "store.closed");
  EXPECT_EQ(code_of(std::move(with_it)), "store.closed");
  EXPECT_EQ(code_of(leave(enqueue("h"))), "store.closed");
}

TEST_F(Desk, ACallThatGoesUnheardTellsAllThatWaits) {
  auto first = EnqueueDesk::leave(desk_, enqueue("h"));
  auto second = EnqueueDesk::leave(desk_, enqueue("h"));
  ASSERT_NE(first.call, nullptr);
  EXPECT_EQ(second.call, nullptr);
  first.call.reset();
  EXPECT_EQ(code_of(std::move(first.future)), "store.closed");
  EXPECT_EQ(code_of(std::move(second.future)), "store.closed");
  auto third = leave(enqueue("h"));  // the desk goes on
  bench_.settle();
  EXPECT_EQ(third.get()->id, 1U);
}

TEST_F(Desk, WhatWasFetchedAndNeverAnsweredIsToldSo) {
  auto left = EnqueueDesk::leave(desk_, enqueue("h"));
  EXPECT_NE(left.call->fetch(), nullptr);
  EXPECT_EQ(code_of(std::move(left.future)), "device.unanswered");
}

// -- batches --

TEST(Batches, HaveOneItemAtLeastAndEndBeforeTheyAreTooBig) {
  std::vector<jobs::Finish> ends(5);
  ends[1].outcome.result = std::string(10'000, 'x');
  const auto small = bytes_of(ends[0]);
  EXPECT_GE(bytes_of(ends[1]), small + 10'000);
  EXPECT_EQ(end_of_batch(ends, 0, 4 * small), 1U);  // the second is too big
  EXPECT_EQ(end_of_batch(ends, 1, 4 * small), 2U);  // and goes alone
  EXPECT_EQ(end_of_batch(ends, 2, 4 * small), 5U);
  EXPECT_EQ(end_of_batch(ends, 2, 2 * small), 4U);
  EXPECT_EQ(end_of_batch(ends, 4, 0), 5U);
}

TEST(Batches, AreHalfOfWhatAGroupTakes) {
  Limits limits;
  limits.group_bytes = 64 * 1024;
  limits.journal_half_bytes = 256 * 1024;
  EXPECT_EQ(shared_batch_bytes(limits), 32U * 1024);
  limits.journal_half_bytes = 16 * 1024;
  EXPECT_EQ(shared_batch_bytes(limits), 2U * 1024);
}

}  // namespace
}  // namespace dormouse::actors
