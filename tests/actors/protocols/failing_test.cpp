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
    // With an argument: without any, CAF binds a reference to nothing.
    const auto owner = [](StoreOwner::pointer, std::vector<Error>* told) -> StoreOwner::behavior_type {
      return {[told](const StoreFailed& failed) { told->push_back(failed.error); }};
    };
    owner_ = bench.system().spawn(owner, &told_);
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
  bench.disk().fail_commits("store.io", store::MemoryDisk::unlimited);
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

// -- media that have turned read-only --

void turn_read_only(Bench& bench) {
  bench.journal().turn_read_only();
  bench.disk().fail_commits("store.read_only", store::MemoryDisk::unlimited);
}
std::size_t alarms_of_read_only(const Bench& bench) {
  std::size_t count = 0;
  for (const auto& event : bench.events())
    count += event.kind == Event::Kind::alarm && event.text.starts_with("store.read_only") ? 1 : 0;
  return count;
}

TEST(ReadOnlyMedium, AGroupIsRefusedAndQuestionsAreAnswered) {
  Bench bench;
  Owned owned(bench);
  ASSERT_TRUE(bench.ask(owned.storage(), enqueue("h")).ok());
  turn_read_only(bench);
  const auto told = four(bench, owned.storage());
  const auto read = bench.send(owned.storage(), GetJob{Identity{}, 2, false});
  bench.settle();
  for (const auto& one : told) {
    ASSERT_TRUE(one->result);
    EXPECT_EQ(one->result->error().code, "store.read_only");
  }
  ASSERT_TRUE(read->result);
  EXPECT_EQ(read->result->error().code, "store.read_only") << "it saw what is not there";
  EXPECT_TRUE(owned.told().empty());
  EXPECT_EQ(bench.ask(owned.storage(), enqueue("h")).error().code, "store.read_only");
  EXPECT_EQ(bench.ask(owned.storage(), CancelJob{.id = 1}).error().code, "store.read_only");
  EXPECT_EQ(bench.ask(owned.storage(), ListJobs{})->jobs.size(), 1U);
  EXPECT_TRUE(bench.ask(owned.storage(), GetStatus{}).ok());
  EXPECT_TRUE(bench.ask(owned.storage(), GetBoots{}).ok());
  EXPECT_FALSE(bench.ask(owned.storage(), Explain{Identity{}, "1"})->empty());
  EXPECT_EQ(alarms_of_read_only(bench), 1U);
  EXPECT_TRUE(bench.ask(owned.storage(), CloseStore{"sigterm", {}}).ok());
}

TEST(ReadOnlyMedium, AStoreThatIsOnlyLookedAtBeginsItsBootWithoutARecord) {
  Bench bench;
  ASSERT_TRUE(bench.ask(bench.storage(), enqueue("h")).ok());
  bench.power_cut();
  auto setup = bench.setup();
  setup.open_store = [&bench]() -> Result<store::OpenedStore> {
    auto opened = bench.open_store();
    if (opened.ok()) opened->store->refuse_changes({"store.read_only", "Only looked at."});
    return opened;
  };
  const auto storage = spawn_storage(bench.system(), std::move(setup));
  const auto start = bench.ask(storage, bench.open_now());
  ASSERT_TRUE(start.ok()) << start.error().message;
  EXPECT_EQ(start->boot.number, 2U);
  EXPECT_EQ(alarms_of_read_only(bench), 1U);
  caf::anon_send(storage, HandlersChanged{{{"h", 1}}});
  EXPECT_EQ(bench.ask(storage, GetBoots{})->boots.size(), 1U);
  EXPECT_EQ(bench.ask(storage, ListJobs{})->jobs.size(), 1U);
  EXPECT_EQ(bench.ask(storage, enqueue("h")).error().code, "store.read_only");
  EXPECT_TRUE(bench.ask(storage, CloseStore{"sigterm", {}}).ok());
  EXPECT_EQ(alarms_of_read_only(bench), 1U);
  caf::anon_send_exit(storage, caf::exit_reason::kill);
  bench.settle();
}

}  // namespace
}  // namespace dormouse::actors
