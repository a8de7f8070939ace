// SPDX-License-Identifier: Apache-2.0
// Groups, lazy batches and checkpoints: when something is written, and what a medium that fails leads to.
#include "tests/runtime/store/beds.hpp"

namespace dormouse::store {
namespace {

using Names = std::vector<std::string>;

Now at(std::int64_t seconds) {
  return {.instant = {seconds * 1'000}};
}

Result<std::uint64_t> put_lazily(Machine& machine, BytesView key, BytesView body, const Now& now) {
  Transaction txn = machine.store().begin(now);
  txn.put(key, body);
  auto applied = txn.apply(Durability::lazy);
  if (applied) applied = machine.store().settle(now);
  return applied;
}

class Durable : public BothTrees {};
INSTANTIATE_TEST_SUITE_P(Trees, Durable, testing::Values(Kind::memory, Kind::lmdb), kind_name);

TEST_P(Durable, AGroupOfDurableBatchesCostsOneSync) {
  Machine machine(GetParam());
  const auto before = machine.journal().syncs();
  for (int i = 0; i < 10; ++i) {
    Transaction txn = machine.store().begin();
    txn.put("v" + std::to_string(i), "x");
    ASSERT_TRUE(txn.apply(Durability::durable).ok());
  }
  EXPECT_TRUE(machine.store().durable_pending());
  EXPECT_EQ(machine.store().settle({}).value(), 10u);
  EXPECT_FALSE(machine.store().durable_pending());
  EXPECT_EQ(machine.journal().syncs() - before, 1u);
  EXPECT_EQ(machine.store().stats().checkpoints, 0u);
}

TEST_P(Durable, D020_ALazyBatchAloneIsSyncedWhenItIsAMinuteOld) {
  Machine machine(GetParam());
  const auto before = machine.journal().syncs();
  ASSERT_TRUE(put_lazily(machine, "v1", "x", at(100)).ok());
  EXPECT_EQ(machine.store().upkeep_at(), Instant{160'000});
  ASSERT_TRUE(machine.store().upkeep(at(159)).ok());
  EXPECT_EQ(machine.journal().syncs(), before);
  ASSERT_TRUE(machine.store().upkeep(at(161)).ok());
  EXPECT_EQ(machine.journal().syncs(), before + 1);
  EXPECT_EQ(machine.store().upkeep_at(), std::nullopt);
  ASSERT_TRUE(machine.store().upkeep(at(1'000)).ok());
  EXPECT_EQ(machine.journal().syncs(), before + 1);
}

TEST_P(Durable, D021_ALazyBatchRidesOnTheNextSyncInItsPlace) {
  Machine machine(GetParam());
  const auto before = machine.journal().syncs();
  Transaction lazy = machine.store().begin();
  lazy.put("v1", "x");
  ASSERT_TRUE(lazy.apply(Durability::lazy).ok());
  EXPECT_FALSE(machine.store().durable_pending());
  Transaction durable = machine.store().begin();
  durable.put("v2", "x");
  ASSERT_TRUE(durable.apply(Durability::durable).ok());
  EXPECT_EQ(machine.store().settle({}).value(), 2u);
  EXPECT_EQ(machine.journal().syncs(), before + 1);
  machine.power_cut();
  EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2"}));
  EXPECT_EQ(machine.store().recovery().replayed, 2u);
}

TEST_P(Durable, D022_ALazyBatchThatWasAnsweredIsWholeOrAbsentAfterACut) {
  for (const bool kept : {false, true}) {
    Machine machine(GetParam());
    ASSERT_TRUE(put_lazily(machine, "v1", Bytes(1'500, 'x'), at(1)).ok());
    std::uint64_t first = 0;
    machine.cut([&](std::uint64_t unit) {
      if (first == 0) first = unit;
      return kept || unit == first;
    });
    machine.boot();
    EXPECT_EQ(machine.keys("v"), kept ? Names{"v1"} : Names{});
  }
}

TEST_P(Durable, D025_ABigBatchIsOneCheckpointAndLeavesTheJournalAlone) {
  Machine machine(GetParam());
  while (machine.store().stats().half_used < 256 * 1024 / 3) machine.keep("v", Bytes(4'000, 'x'));
  const auto before = machine.store().stats();
  const auto written = machine.journal().bytes_written();
  Transaction txn = machine.store().begin();
  for (char part = 'a'; part < 'k'; ++part) txn.put(Bytes("w") + part, Bytes(100'000, part));
  ASSERT_TRUE(txn.apply(Durability::durable).ok());
  EXPECT_EQ(machine.store().durable(), machine.store().applied());
  EXPECT_EQ(machine.store().stats().checkpoints, before.checkpoints + 1);
  EXPECT_EQ(machine.store().stats().last_checkpoint, Checkpoint::big);
  EXPECT_EQ(machine.journal().bytes_written(), written);
  machine.power_cut();
  EXPECT_EQ(machine.keys("w").size(), 10u);
}

TEST(Medium, D026_ABigBatchIsAllOrNothingAndTakesNothingBeforeItAlong) {
  for (const auto outcome : {MemoryDisk::Outcome::keeps_old, MemoryDisk::Outcome::has_new}) {
    Machine machine(Kind::memory);
    machine.keep("v1", "x");
    machine.disk().cut_power_in_next_commit(outcome);
    Transaction txn = machine.store().begin();
    for (char part = 'a'; part < 'k'; ++part) txn.put(Bytes("w") + part, Bytes(100'000, part));
    EXPECT_FALSE(txn.apply(Durability::durable).ok());
    machine.power_cut();
    EXPECT_EQ(machine.keys("v"), Names{"v1"});
    EXPECT_EQ(machine.keys("w").size(), outcome == MemoryDisk::Outcome::has_new ? 10u : 0u);
    machine.keep("v2", "x");
    machine.power_cut();
    EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2"}));
  }
}

TEST(Medium, D047_AJournalThatFailsOnceIsMadeGoodByACheckpoint) {
  Machine machine(Kind::memory);
  for (const char* key : {"v1", "v2", "v3", "v4"}) {
    Transaction txn = machine.store().begin();
    txn.put(key, "x");
    ASSERT_TRUE(txn.apply(Durability::durable).ok());
  }
  machine.journal().fail_syncs();
  EXPECT_EQ(machine.store().settle({}).value(), 4u);
  EXPECT_EQ(machine.store().stats().journal_failures, 1u);
  EXPECT_EQ(machine.store().stats().last_checkpoint, Checkpoint::medium);
  machine.keep("v5", "x");
  machine.power_cut();
  EXPECT_EQ(machine.keys("v").size(), 5u);
}

TEST(Medium, D048_WhenJournalAndCheckpointFailTheNextOpenDecides) {
  for (const bool kept : {false, true}) {
    Machine machine(Kind::memory);
    machine.keep("v0", "x");
    for (const char* key : {"v1", "v2", "v3", "v4"}) {
      Transaction txn = machine.store().begin();
      txn.put(key, "x");
      ASSERT_TRUE(txn.apply(Durability::durable).ok());
    }
    machine.journal().fail_syncs();
    machine.disk().fail_commits("store.io");
    EXPECT_EQ(machine.store().settle({}).error().code, "store.io");
    EXPECT_EQ(machine.put("v5", "x").error().code, "store.io");
    EXPECT_EQ(machine.store().settle({}).error().code, "store.io");
    EXPECT_EQ(machine.store().checkpoint(Checkpoint::stop).error().code, "store.io");
    machine.cut([&](std::uint64_t) { return kept; });
    machine.boot();
    EXPECT_EQ(machine.keys("v").size(), kept ? 5u : 1u);
    EXPECT_EQ(machine.store().durable(), machine.store().applied());
    machine.power_cut();
    EXPECT_EQ(machine.keys("v").size(), kept ? 5u : 1u);
  }
}

TEST(Medium, AJournalThatCannotBeWrittenIsMadeGoodToo) {
  Machine machine(Kind::memory);
  machine.journal().fail_writes();
  EXPECT_TRUE(put_lazily(machine, "v1", "x", at(1)).ok());
  EXPECT_EQ(machine.store().durable(), 1u);
  machine.power_cut();
  EXPECT_EQ(machine.keys("v"), Names{"v1"});
}

TEST(Medium, AMediumWithoutRoomIsBorneUntilTheHalfIsFull) {
  Machine machine(Kind::memory, with_half(16 * 1024));
  machine.disk().fail_commits("store.no_space", MemoryDisk::unlimited);
  std::uint64_t accepted = 0;
  Result<std::uint64_t> answer = std::uint64_t{0};
  while ((answer = machine.put("v" + std::to_string(accepted), Bytes(1'000, 'x'))).ok()) {
    ASSERT_TRUE(machine.store().settle({}).ok());
    ++accepted;
  }
  EXPECT_EQ(answer.error().code, "store.no_space");
  EXPECT_EQ(accepted, 15u);
  EXPECT_EQ(machine.keys("v").size(), accepted);
  machine.disk().restore();
  // Tried again after pauses that double up to an hour.
  EXPECT_EQ(machine.put("w", Bytes(1'000, 'x')).error().code, "store.no_space");
  Transaction later = machine.store().begin(at(1));
  later.put("w", "x");
  EXPECT_TRUE(later.apply(Durability::durable).ok());
  ASSERT_TRUE(machine.store().settle(at(1)).ok());
  machine.power_cut();
  EXPECT_EQ(machine.keys("v").size(), accepted);
  EXPECT_EQ(machine.get("w"), "x");
}

TEST(Medium, AnEraseIsTakenThoughTheHalfIsFullIfItCanBeCommitted) {
  Machine machine(Kind::memory, with_half(16 * 1024));
  machine.disk().fail_commits("store.no_space", MemoryDisk::unlimited);
  while (machine.put("v1", Bytes(1'000, 'x')).ok()) ASSERT_TRUE(machine.store().settle({}).ok());
  machine.disk().restore();
  Transaction txn = machine.store().begin();
  txn.erase("v1");
  EXPECT_TRUE(txn.apply(Durability::durable).ok());
  EXPECT_TRUE(machine.store().settle({}).ok());
  machine.power_cut();
  EXPECT_EQ(machine.keys("v"), Names{});
}

TEST_P(Durable, D056_AnIdleStoreMakesACheckpointOnlyIfItIsWorthOne) {
  for (const std::uint64_t percent : {30, 10}) {
    Machine machine(GetParam());
    while (machine.store().stats().half_used < 256 * 1024 * percent / 100)
      machine.keep("v", Bytes(4'000, 'x'), at(10));
    const bool worth = percent == 30;
    EXPECT_EQ(machine.store().upkeep_at().has_value(), worth);
    if (worth) {
      EXPECT_EQ(*machine.store().upkeep_at(), Instant{910'000});
    }
    ASSERT_TRUE(machine.store().upkeep(at(909)).ok());
    EXPECT_EQ(machine.store().stats().checkpoints, 0u);
    ASSERT_TRUE(machine.store().upkeep(at(911)).ok());
    EXPECT_EQ(machine.store().stats().checkpoints, worth ? 1u : 0u);
    EXPECT_EQ(machine.store().upkeep_at(), std::nullopt);
    if (worth) {
      EXPECT_EQ(machine.store().stats().last_checkpoint, Checkpoint::idle);
    }
  }
}

TEST_P(Durable, D057_ACounterEachMinuteCostsNoMoreSyncsThanItsAgeAllows) {
  Machine machine(GetParam());
  const auto before = machine.journal().syncs();
  for (std::int64_t minute = 0; minute < 24 * 60; ++minute) {
    for (auto due = machine.store().upkeep_at(); due && due->ms <= minute * 60'000;) {
      ASSERT_TRUE(machine.store().upkeep(at(minute * 60)).ok());
      due = machine.store().upkeep_at();
    }
    ASSERT_TRUE(put_lazily(machine, "v", "count", at(minute * 60)).ok());
  }
  EXPECT_LE(machine.journal().syncs() - before, 24u * 60);
  EXPECT_EQ(machine.store().stats().checkpoints, 0u);  // 24 h of it do not fill the half
}

TEST_P(Durable, D092_LazyBatchesAreSyncedWhenTheirBufferIsFull) {
  Machine machine(GetParam());
  const auto before = machine.journal().syncs();
  for (int i = 0; i < 9; ++i)
    ASSERT_TRUE(put_lazily(machine, "v" + std::to_string(i), Bytes(940, 'x'), at(i)).ok());
  EXPECT_EQ(machine.journal().syncs() - before, 1u);
}

/// From then on the tree has no memory for the key "vx".
void refuse_vx(Machine& machine) {
  machine.wrap_tree([](std::unique_ptr<Tree> below) {
    auto tree = std::make_unique<Refusing>(std::move(below));
    tree->refused_key = "vx";
    tree->refusal = "store.io";
    return tree;
  });
  machine.boot();
}

TEST_P(Durable, D100_ATreeWithoutMemoryRefusesThatBatchAndKeepsTheEarlierOnes) {
  Machine machine(GetParam());
  refuse_vx(machine);
  machine.keep("v1", "in the journal");
  ASSERT_TRUE(machine.put("v2", "in memory alone").ok());
  EXPECT_EQ(machine.put("vx", "x").error().code, "store.io");
  EXPECT_EQ(machine.get("v1"), "in the journal");
  EXPECT_EQ(machine.get("v2"), "in memory alone");
  ASSERT_TRUE(machine.put("v3", "x").ok());
  ASSERT_TRUE(machine.store().settle({}).ok());
  machine.power_cut();
  EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2", "v3"}));
}

TEST_P(Durable, AGroupThatFillsUpBeforeItIsSettledBeginsItsNextBlockInTheHalfOrInTheOther) {
  Machine machine(GetParam(), with_half(16 * 1024), JournalFacts::Align::block);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(machine.put("v" + std::to_string(i), Bytes(1'000, 'x')).ok());
  ASSERT_TRUE(machine.store().settle({}).ok());
  EXPECT_GT(machine.store().stats().checkpoints, 5u);
  machine.power_cut();
  EXPECT_EQ(machine.keys("v").size(), 200u);
}

TEST_P(Durable, D096_AKillAfterARebuildIsAKillBeforeTheRefusedBatch) {
  Machine machine(GetParam());
  refuse_vx(machine);
  for (const char* key : {"v1", "v2", "v3"}) machine.keep(key, "x");
  EXPECT_FALSE(machine.put("vx", "x").ok());
  machine.kill();
  machine.boot();
  EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2", "v3"}));
}

}  // namespace
}  // namespace dormouse::store
