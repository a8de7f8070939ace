// SPDX-License-Identifier: Apache-2.0
// The store when the medium says no, on the memory twin, which can be told to.
#include "tests/runtime/store/beds.hpp"

namespace dormouse::store {
namespace {

struct Desk {
  MemoryDisk disk;
  std::unique_ptr<Store> store = Store::open(open_memory_tree(disk), {}).value();

  Result<std::uint64_t> put(BytesView key) {
    Transaction txn = store->begin();
    txn.put(key, "x");
    return txn.apply(Durability::durable);
  }
  void boot() {
    store.reset();
    disk.restore();
    store = Store::open(open_memory_tree(disk), {}).value();
  }
  std::vector<std::string> values() { return keys_of(store->begin().scan("v", "w", 100)); }
};

using Names = std::vector<std::string>;

TEST(StoreFaults, AFailedSyncReportsAndTheStoreGoesOn) {
  for (const char* code : {"store.io", "store.no_space", "store.read_only"}) {
    Desk desk;
    ASSERT_TRUE(desk.put("v1").ok());
    ASSERT_TRUE(desk.store->sync().ok());
    ASSERT_TRUE(desk.put("v2").ok());
    desk.disk.fail_commits(code);
    const auto synced = desk.store->sync();
    ASSERT_FALSE(synced.ok());
    EXPECT_EQ(synced.error().code, code);
    EXPECT_EQ(desk.values(), Names{"v1"});
    EXPECT_EQ(desk.store->applied(), 1u);
    ASSERT_TRUE(desk.put("v3").ok());
    ASSERT_EQ(desk.store->sync().value(), 2u);
    desk.boot();
    EXPECT_EQ(desk.values(), (Names{"v1", "v3"}));
  }
}

TEST(StoreFaults, D034_ACutInsideTheCommitKeepsAllOrNothing) {
  for (const auto outcome : {MemoryDisk::Outcome::keeps_old, MemoryDisk::Outcome::has_new}) {
    Desk desk;
    ASSERT_TRUE(desk.put("v1").ok());
    ASSERT_TRUE(desk.store->sync().ok());
    ASSERT_TRUE(desk.put("v2").ok());
    ASSERT_TRUE(desk.put("v3").ok());
    desk.disk.cut_power_in_next_commit(outcome);
    EXPECT_FALSE(desk.store->sync().ok());
    EXPECT_FALSE(desk.disk.has_power());
    desk.boot();
    const bool has_new = outcome == MemoryDisk::Outcome::has_new;
    EXPECT_EQ(desk.values(), has_new ? (Names{"v1", "v2", "v3"}) : Names{"v1"});
    EXPECT_EQ(desk.store->applied(), has_new ? 3u : 1u);
  }
}

TEST(StoreFaults, WithoutPowerNothingWorksAndNothingChanges) {
  Desk desk;
  ASSERT_TRUE(desk.put("v1").ok());
  ASSERT_TRUE(desk.store->sync().ok());
  const auto before = desk.disk.content();
  ASSERT_TRUE(desk.put("v2").ok());
  desk.disk.cut_power();
  EXPECT_EQ(desk.store->sync().error().code, "store.io");
  EXPECT_EQ(desk.put("v3").error().code, "store.io");
  Transaction txn = desk.store->begin();
  EXPECT_EQ(txn.get("v1"), std::nullopt);
  ASSERT_TRUE(txn.failed());
  EXPECT_EQ(txn.failed()->code, "store.io");
  EXPECT_EQ(desk.disk.content(), before);
  desk.boot();
  EXPECT_EQ(desk.values(), Names{"v1"});
}

TEST(StoreFaults, D060_ATreeThatFillsUpInsideABatchIsRebuiltWithTheBatchesBefore) {
  MemoryDisk disk;
  auto tree = std::make_unique<Refusing>(open_memory_tree(disk));
  tree->refused_key = "v3b";
  auto store = Store::open(std::move(tree), {}).value();
  std::vector<std::string> answers;
  for (const char* name : {"v1", "v2", "v3", "v4", "v5"}) {
    Transaction txn = store->begin();
    for (const char* part : {"a", "b", "c"}) txn.put(Bytes(name) + part, "x");
    const auto applied = txn.apply(Durability::durable);
    answers.push_back(applied.ok() ? std::to_string(*applied) : applied.error().code);
  }
  EXPECT_EQ(answers, (Names{"1", "2", "store.full", "3", "4"}));
  ASSERT_TRUE(store->sync().ok());
  store = Store::open(open_memory_tree(disk), {}).value();
  EXPECT_EQ(keys_of(store->begin().scan("v", "w", 100)),
            (Names{"v1a", "v1b", "v1c", "v2a", "v2b", "v2c", "v4a", "v4b", "v4c", "v5a", "v5b", "v5c"}));
}

TEST(StoreFaults, WhenARebuildFailsTheStoreAnswersThatAlone) {
  MemoryDisk disk;
  auto tree = std::make_unique<Refusing>(open_memory_tree(disk));
  Refusing& refusing = *tree;
  auto store = Store::open(std::move(tree), {}).value();
  const auto put = [&](BytesView key) {
    Transaction txn = store->begin();
    txn.put(key, "x");
    return txn.apply(Durability::durable);
  };
  ASSERT_TRUE(put("v1").ok());
  refusing.failing = true;
  EXPECT_EQ(put("v2").error().code, "store.io");
  refusing.failing = false;
  EXPECT_EQ(put("v3").error().code, "store.io");
  EXPECT_EQ(store->sync().error().code, "store.io");
  EXPECT_EQ(store->checkpoint(Checkpoint::command).error().code, "store.io");
  store = Store::open(open_memory_tree(disk), {}).value();
  EXPECT_TRUE(store->begin().scan("v", "w", 10).empty());
}

}  // namespace
}  // namespace dormouse::store
