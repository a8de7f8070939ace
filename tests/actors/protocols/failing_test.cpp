// SPDX-License-Identifier: Apache-2.0
// Storage over media that fail: what a checkpoint makes good is answered, and what nothing makes good is not
// answered at all.
#include <caf/typed_event_based_actor.hpp>
#include <gtest/gtest.h>

#include "tests/actors/protocols/bench.hpp"

namespace dormouse::actors {
namespace {

using Pending = Bench::Pending<EnqueueJobs::Value>;

std::vector<Pending> four(Bench& bench, const StorageActor& storage) {
  std::vector<Pending> told;
  for (int i = 0; i < 4; ++i) told.push_back(bench.send(storage, enqueue("h")));
  return told;
}

/// The storage actor with an owner who remembers what it was told.
class Owned {
 public:
  explicit Owned(Bench& bench) : bench_(bench) {
    owner_ = bench.system().spawn([this](StoreOwner::pointer) -> StoreOwner::behavior_type {
      return {[this](const StoreFailed& failed) { told_.push_back(failed.error); }};
    });
    auto setup = bench.setup();
    setup.owner = owner_;
    storage_ = spawn_storage(bench.system(), std::move(setup));
    check(bench.ask(storage_, bench.open_now()).ok(), "test:open");
    caf::anon_send(storage_, HandlersChanged{{{"h", 1}}});
    bench.settle();
  }
  ~Owned() {
    caf::anon_send_exit(storage_, caf::exit_reason::kill);
    caf::anon_send_exit(owner_, caf::exit_reason::kill);
    bench_.settle();
  }
  const StorageActor& storage() const { return storage_; }
  const std::vector<Error>& told() const { return told_; }

 private:
  Bench& bench_;
  StoreOwner owner_;
  StorageActor storage_;
  std::vector<Error> told_;
};

TEST(FailingMedium, D047_AJournalThatFailsOnceIsMadeGoodByACheckpointBeforeAnybodyIsAnswered) {
  Bench bench;
  Owned owned(bench);
  bench.journal().fail_syncs(1);
  const auto commits = bench.disk().traffic().syncs;
  const auto told = four(bench, owned.storage());
  bench.settle();
  for (const auto& one : told) {
    ASSERT_TRUE(one->result && one->result->ok());
    EXPECT_EQ(one->tree_syncs, commits + 2);  // the tree was committed by then
  }
  ASSERT_EQ(bench.events().size(), 1U);
  EXPECT_EQ(bench.events()[0].kind, Event::Kind::alarm);
  EXPECT_TRUE(owned.told().empty());
  const auto status = bench.ask(owned.storage(), GetStatus{});
  EXPECT_EQ(status->store.journal_failures, 1U);
  EXPECT_EQ(status->store.last_checkpoint, store::Checkpoint::medium);
}

TEST(FailingMedium, WhatNothingMakesGoodIsNeverAnsweredAndTheOwnerIsToldOnce) {
  Bench bench;
  Owned owned(bench);
  bench.journal().fail_syncs(1);
  bench.disk().fail_commits("store.io");
  const auto told = four(bench, owned.storage());
  const auto read = bench.send(owned.storage(), GetJob{Identity{}, 1, false});
  bench.settle();
  const auto later = bench.send(owned.storage(), enqueue("h"));
  const auto asked = bench.send(owned.storage(), GetStatus{});
  const auto closed = bench.send(owned.storage(), CloseStore{"sigterm", {}});
  caf::anon_send(owned.storage(), Wake{Purpose::store_upkeep});
  bench.settle();
  for (const auto& one : told) EXPECT_FALSE(one->result);
  EXPECT_FALSE(read->result);
  EXPECT_FALSE(later->result);
  EXPECT_FALSE(asked->result);
  EXPECT_FALSE(closed->result);
  ASSERT_EQ(owned.told().size(), 1U);
  EXPECT_EQ(owned.told()[0].code, "store.io");
  EXPECT_TRUE(bench.ask(owned.storage(), AreYouThere{}).ok());
}

TEST(FailingMedium, AStoreThatCannotBeginItsBootSaysSo) {
  Bench bench;
  ASSERT_TRUE(bench.ask(bench.storage(), enqueue("h")).ok());
  bench.power_cut();
  const auto storage = spawn_storage(bench.system(), bench.setup());
  bench.disk().fail_commits("store.read_only", store::MemoryDisk::unlimited);
  bench.journal().fail_syncs(1'000);
  EXPECT_FALSE(bench.ask(storage, bench.open_now()).ok());
  EXPECT_EQ(bench.ask(storage, GetStatus{}).error().code, "store.closed");
  caf::anon_send_exit(storage, caf::exit_reason::kill);
  bench.settle();
}

TEST(FailingMedium, AFullHalfWithoutRoomForACheckpointRefusesAndLives) {
  Limits limits;
  limits.journal_half_bytes = 16 * 1024;
  Bench bench(limits);
  Owned owned(bench);
  bench.disk().fail_commits("store.no_space", store::MemoryDisk::unlimited);
  std::size_t accepted = 0;
  std::optional<Error> refusal;
  while (!refusal && accepted < 1'000) {
    auto answer = bench.ask(owned.storage(), enqueue("h", 100));
    if (answer.ok()) {
      ++accepted;
    } else {
      refusal = answer.error();
    }
  }
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code, "store.no_space");
  EXPECT_GT(accepted, 0U);
  EXPECT_TRUE(owned.told().empty());
  EXPECT_EQ(bench.ask(owned.storage(), ListJobs{})->jobs.size(), accepted);
}

}  // namespace
}  // namespace dormouse::actors
