// SPDX-License-Identifier: Apache-2.0
// A store whose medium takes no more writes: nothing of the group is answered as durable, what was not durable is
// gone from every read, and what is durable stays readable.
#include "tests/runtime/store/beds.hpp"

namespace dormouse::store {
namespace {

using Names = std::vector<std::string>;

/// A machine whose whole medium can be told to be read-only.
class Frozen : public BothTrees {
 protected:
  explicit Frozen(const Limits& limits = {}) : machine(GetParam(), limits) {
    machine.wrap_tree([this](std::unique_ptr<Tree> below) {
      auto tree = std::make_unique<Refusing>(std::move(below));
      tree_ = tree.get();
      return tree;
    });
    machine.boot();
  }
  void freeze() {
    machine.journal().turn_read_only();
    tree_->read_only = true;
  }
  void put_unsynced(BytesView key, Durability durability) {
    Transaction txn = machine.store().begin();
    txn.put(key, "x");
    ASSERT_TRUE(txn.apply(durability).ok());
  }
  std::string settled() {
    const auto settled = machine.store().settle({});
    return settled.ok() ? "ok" : settled.error().code;
  }
  void expect_read_only() {
    EXPECT_FALSE(machine.store().failed());
    ASSERT_TRUE(machine.store().read_only());
    EXPECT_EQ(machine.store().read_only()->code, "store.read_only");
    EXPECT_EQ(machine.put("vlate", "x").error().code, "store.read_only");
    EXPECT_EQ(settled(), "store.read_only");
    EXPECT_EQ(machine.store().checkpoint(Checkpoint::command).error().code, "store.read_only");
    EXPECT_EQ(machine.store().upkeep_at(), std::nullopt);
    EXPECT_FALSE(machine.store().durable_pending());
    EXPECT_EQ(machine.store().applied(), machine.store().durable());
  }

  Machine machine;

 private:
  Refusing* tree_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Trees, Frozen, testing::Values(Kind::memory, Kind::lmdb), kind_name);

class FrozenSmall : public Frozen {
 protected:
  FrozenSmall() : Frozen(with_half(16 * 1024)) {}
};
INSTANTIATE_TEST_SUITE_P(Trees, FrozenSmall, testing::Values(Kind::memory, Kind::lmdb), kind_name);

TEST_P(Frozen, AGroupIsRefusedAndOnlyWhatWasDurableIsRead) {
  machine.keep("v1", "x");
  ASSERT_TRUE(machine.store().checkpoint(Checkpoint::command).ok());
  machine.keep("v2", "x");
  put_unsynced("v3", Durability::lazy);
  ASSERT_EQ(settled(), "ok");  // appended, not synced
  put_unsynced("v4", Durability::durable);
  put_unsynced("v5", Durability::durable);
  freeze();
  const auto written = machine.journal().bytes_written();
  EXPECT_EQ(settled(), "store.read_only");
  EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2"}));
  expect_read_only();
  EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2"}));
  EXPECT_EQ(machine.journal().bytes_written(), written);
  machine.power_cut();
  EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2"}));
  machine.keep("v6", "x");
  machine.power_cut();
  EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2", "v6"}));
}

TEST_P(Frozen, AGroupThatWasAppendedAndNotSyncedIsDroppedToo) {
  machine.keep("v1", "x");
  put_unsynced("v2", Durability::durable);
  machine.journal().fail_syncs(1, "store.read_only");  // the append before it succeeds
  EXPECT_EQ(settled(), "store.read_only");
  EXPECT_EQ(machine.keys("v"), Names{"v1"});
  freeze();
  expect_read_only();
  machine.kill();  // the kernel lives, and has all that was appended
  machine.boot();
  EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2"}));
}

TEST_P(Frozen, ABatchTooBigForTheJournalIsRefused) {
  machine.keep("v1", "x");
  put_unsynced("v2", Durability::durable);
  freeze();
  Transaction txn = machine.store().begin();
  for (char part = 'a'; part < 'k'; ++part) txn.put(Bytes("w") + part, Bytes(100'000, part));
  EXPECT_EQ(txn.apply(Durability::durable).error().code, "store.read_only");
  EXPECT_EQ(settled(), "store.read_only") << "the batch before it waits for its answer";
  EXPECT_EQ(machine.keys("v"), Names{"v1"});
  EXPECT_TRUE(machine.keys("w").empty());
  expect_read_only();
}

TEST_P(Frozen, ACheckpointOfWhatTheJournalHasLosesNothing) {
  machine.keep("v1", "x");
  freeze();
  EXPECT_EQ(machine.store().checkpoint(Checkpoint::command).error().code, "store.read_only");
  EXPECT_EQ(machine.keys("v"), Names{"v1"});
  expect_read_only();
}

TEST_P(Frozen, AnOldLazyBatchThatCannotBeSyncedIsDropped) {
  machine.keep("v1", "x");
  put_unsynced("v2", Durability::lazy);
  ASSERT_EQ(settled(), "ok");
  freeze();
  EXPECT_EQ(machine.store().upkeep({.instant = {61'000}}).error().code, "store.read_only");
  EXPECT_EQ(machine.keys("v"), Names{"v1"});
  expect_read_only();
}

TEST_P(FrozenSmall, AHalfThatIsFullRefusesTheGroupThatWaits) {
  machine.keep("v1", "x");
  while (machine.store().stats().half_used < 12 * 1024) machine.keep("v2", Bytes(1'500, 'x'));
  freeze();
  std::string refused;
  for (int i = 0; i < 100 && refused.empty(); ++i)
    if (const auto put = machine.put("w" + std::to_string(i), Bytes(1'500, 'x')); !put) refused = put.error().code;
  EXPECT_EQ(refused, "store.read_only");
  EXPECT_EQ(settled(), "store.read_only") << "some of the group was applied and waits for its answer";
  EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2"}));
  EXPECT_TRUE(machine.keys("w").empty());
  expect_read_only();
}

TEST_P(Frozen, AStoreThatIsOnlyLookedAtTakesNoChangeFromTheStart) {
  machine.keep("v1", "x");
  machine.store().refuse_changes({.code = "store.read_only", .message = "only looked at"});
  EXPECT_EQ(machine.put("v2", "x").error().message, "only looked at");
  EXPECT_EQ(machine.keys("v"), Names{"v1"});
  expect_read_only();
}

}  // namespace
}  // namespace dormouse::store
