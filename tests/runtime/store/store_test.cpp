// SPDX-License-Identifier: Apache-2.0
// What the store promises, over both trees.
#include "runtime/store/store.hpp"

#include "runtime/store/format.hpp"
#include "tests/runtime/store/beds.hpp"

namespace dormouse::store {
namespace {

using Names = std::vector<std::string>;

class StoreContract : public BothTrees {};
INSTANTIATE_TEST_SUITE_P(Trees, StoreContract, testing::Values(Kind::memory, Kind::lmdb), kind_name);

std::string code_of(const Result<std::uint64_t>& result) {
  return result.ok() ? "ok" : result.error().code;
}

TEST_P(StoreContract, D014_AnOperationThatIsDroppedLeavesNothingBehind) {
  Machine machine(GetParam());
  ASSERT_TRUE(machine.put("vk", "old").ok());
  {
    Transaction txn = machine.store().begin();
    txn.put("vk", "new");
    txn.put("vj", "new");
    EXPECT_EQ(txn.get("vk"), "new");
  }
  EXPECT_EQ(machine.get("vk"), "old");
  EXPECT_EQ(machine.get("vj"), "(none)");
  EXPECT_EQ(code_of(machine.put("vj", "next")), "ok");
  EXPECT_EQ(machine.get("vj"), "next");
}

TEST_P(StoreContract, D015_AnOperationSeesItsOwnChangesAndOthersDoNotUntilApply) {
  Machine machine(GetParam());
  for (const char* key : {"va", "vb", "vc", "vd"}) ASSERT_TRUE(machine.put(key, "old").ok());
  Transaction txn = machine.store().begin();
  txn.put("vb", "new");
  txn.erase("vc");
  const std::vector<Entry> up = {{"va", "old"}, {"vb", "new"}, {"vd", "old"}};
  EXPECT_EQ(txn.scan("va", "ve", 10), up);
  EXPECT_EQ(txn.scan("va", "ve", 10, Direction::backward), (std::vector<Entry>{up.rbegin(), up.rend()}));
  EXPECT_EQ(keys_of(txn.scan("va", "ve", 2)), (Names{"va", "vb"}));
  EXPECT_EQ(keys_of(txn.scan("va", "ve", 2, Direction::backward)), (Names{"vd", "vb"}));
  Transaction other = machine.store().begin();
  EXPECT_EQ(keys_of(other.scan("va", "ve", 10)), (Names{"va", "vb", "vc", "vd"}));
  EXPECT_EQ(other.get("vb"), "old");
  ASSERT_TRUE(txn.apply(Durability::durable).ok());
  EXPECT_EQ(other.get("vb"), "new");
  EXPECT_EQ(other.get("vc"), std::nullopt);
}

TEST_P(StoreContract, D016_KeysAndValuesHaveBounds) {
  Limits limits;
  Machine machine(GetParam(), limits);
  struct Row {
    const char* name;
    Bytes key;
    Bytes body;
    const char* expect;
  };
  const Row rows[] = {
      {"empty key", "", "x", "store.bad_key"},
      {"key of 401 bytes", Bytes(401, 'v'), "x", "store.bad_key"},
      {"unknown prefix", "e1", "x", "store.bad_key"},
      {"key at its limit", Bytes(400, 'v'), "x", "ok"},
      {"value at its limit", "v1", Bytes(limits.value_bytes, 'x'), "ok"},
      {"value one byte longer", "v2", Bytes(limits.value_bytes + 1, 'x'), "store.too_big"},
  };
  for (const Row& row : rows) {
    const auto applied = machine.put(row.key, row.body);
    EXPECT_EQ(code_of(applied), row.expect) << row.name;
  }
  EXPECT_NE(machine.put("v2", Bytes(limits.value_bytes + 1, 'x')).error().message.find("131072"),
            std::string::npos);
  EXPECT_EQ(keys_of(machine.store().begin().scan("v", "w", 10)), (Names{"v1", Bytes(400, 'v')}));
}

TEST_P(StoreContract, ABatchHasBoundsAndARefusedOneLeavesNothing) {
  const Limits limits = Limits::tiny();
  Machine machine(GetParam(), limits);
  Transaction many = machine.store().begin();
  for (unsigned i = 0; i <= limits.batch_effects; ++i) many.put("v" + std::to_string(i), "x");
  EXPECT_EQ(code_of(many.apply(Durability::durable)), "store.too_big");
  Transaction heavy = machine.store().begin();
  for (int i = 0; i < 5; ++i) heavy.put("v" + std::to_string(i), Bytes(limits.value_bytes, 'x'));
  EXPECT_EQ(code_of(heavy.apply(Durability::durable)), "store.too_big");
  EXPECT_TRUE(machine.store().begin().scan("v", "w", 10).empty());
  EXPECT_EQ(machine.store().applied(), 0u);
}

TEST_P(StoreContract, D017_TheLastPutWinsAndAnEmptyBatchCostsNothing) {
  Machine machine(GetParam());
  Transaction txn = machine.store().begin();
  txn.put("vk", "first");
  txn.put("vk", "last");
  EXPECT_EQ(txn.apply(Durability::durable).value(), 1u);
  ASSERT_TRUE(machine.store().sync().ok());
  EXPECT_EQ(machine.get("vk"), "last");

  const auto before = machine.store().stats();
  EXPECT_EQ(machine.store().begin().apply(Durability::durable).value(), 1u);
  EXPECT_EQ(machine.store().sync().value(), 1u);
  const auto after = machine.store().stats();
  EXPECT_EQ(after.traffic.bytes, before.traffic.bytes);
  EXPECT_EQ(after.traffic.syncs, before.traffic.syncs);
  EXPECT_EQ(after.batches, before.batches);
  EXPECT_EQ(after.syncs, before.syncs);
}

TEST_P(StoreContract, OneSyncCoversAllBatchesBeforeIt) {
  Machine machine(GetParam());
  for (std::uint64_t n = 1; n <= 10; ++n) EXPECT_EQ(machine.put("v" + std::to_string(n), "x").value(), n);
  EXPECT_EQ(machine.store().applied(), 10u);
  EXPECT_EQ(machine.store().durable(), 0u);
  EXPECT_EQ(machine.store().sync().value(), 10u);
  EXPECT_EQ(machine.store().durable(), 10u);
  EXPECT_EQ(machine.store().stats().syncs, 1u);
}

TEST_P(StoreContract, D027_PagingOverManyJobsMeetsEachOnce) {
  Limits limits;
  limits.map_bytes = 256 * 1024 * 1024;
  Machine machine(GetParam(), limits);
  constexpr std::uint64_t jobs = 100'000;
  for (std::uint64_t id = 0; id < jobs;) {
    Transaction txn = machine.store().begin();
    for (int i = 0; i < 5'000; ++i, ++id) txn.put(keys::job(Due::at({static_cast<std::int64_t>(id / 3)}), id), "j");
    ASSERT_TRUE(txn.apply(Durability::lazy).ok());
  }
  ASSERT_TRUE(machine.store().sync().ok());
  auto range = keys::jobs_in_lane(Due::Lane::wall, 0);
  Transaction txn = machine.store().begin();
  std::uint64_t next = 0;
  while (true) {
    const auto page = txn.scan(range.from, range.to, 100);
    ASSERT_LE(page.size(), 100u);
    for (const Entry& entry : page) ASSERT_EQ(keys::parse_job(entry.key)->id, next++);
    if (page.size() < 100) break;
    range.from = keys::after(page.back().key);
  }
  EXPECT_EQ(next, jobs);
}

TEST_P(StoreContract, D029_WhatWasSyncedSurvivesACutAtOnce) {
  Machine machine(GetParam());
  ASSERT_TRUE(machine.put("vk", "acked").ok());
  ASSERT_EQ(machine.store().sync().value(), 1u);
  machine.power_cut();
  EXPECT_EQ(machine.get("vk"), "acked");
  EXPECT_EQ(machine.store().durable(), 1u);
  EXPECT_EQ(machine.put("vl", "x").value(), 2u);
}

TEST_P(StoreContract, D030_AnUnsyncedGroupIsAPrefixOfItselfAfterACut) {
  Machine machine(GetParam());
  ASSERT_TRUE(machine.put("v0", "x").ok());
  ASSERT_TRUE(machine.store().sync().ok());
  for (const char* key : {"v1", "v2", "v3"}) ASSERT_TRUE(machine.put(key, "x").ok());
  machine.power_cut();
  const auto found = keys_of(machine.store().begin().scan("v", "w", 10));
  const Names all = {"v0", "v1", "v2", "v3"};
  ASSERT_GE(found.size(), 1u);
  ASSERT_LE(found.size(), all.size());
  EXPECT_TRUE(std::equal(found.begin(), found.end(), all.begin()));
}

TEST_P(StoreContract, D060_ABatchThatOverflowsTheMapIsRefusedAlone) {
  Limits limits;
  limits.map_bytes = 1024 * 1024;
  Machine machine(GetParam(), limits);
  ASSERT_TRUE(machine.put("vold", Bytes(100'000, 'o')).ok());
  ASSERT_TRUE(machine.store().sync().ok());

  EXPECT_EQ(code_of(machine.put("v1", Bytes(100'000, '1'))), "ok");
  EXPECT_EQ(code_of(machine.put("v2", "2")), "ok");
  Transaction third = machine.store().begin();
  for (int i = 0; i < 12; ++i) third.put("v3" + std::to_string(i), Bytes(100'000, '3'));
  EXPECT_EQ(code_of(third.apply(Durability::durable)), "store.full");
  EXPECT_EQ(code_of(machine.put("v4", "4")), "ok");
  EXPECT_EQ(code_of(machine.put("v5", "5")), "ok");
  EXPECT_TRUE(machine.store().sync().ok());

  machine.power_cut();
  EXPECT_EQ(keys_of(machine.store().begin().scan("v", "w", 100)), (Names{"v1", "v2", "v4", "v5", "vold"}));
  EXPECT_EQ(machine.get("v1"), Bytes(100'000, '1'));
}

TEST_P(StoreContract, AFullStoreStillTakesErasesAndThenPutsAgain) {
  Limits limits;
  limits.map_bytes = 1024 * 1024;
  Machine machine(GetParam(), limits);
  unsigned kept = 0;
  while (machine.put("v" + std::to_string(kept), Bytes(3'000, 'x')).ok()) {
    ++kept;
    const bool synced = kept % 7 != 0 || machine.store().sync().ok();
    ASSERT_TRUE(synced);
    ASSERT_LT(kept, 1'000u);
  }
  EXPECT_GT(kept, 150u);
  EXPECT_GE(machine.store().stats().used_percent, 95u);
  ASSERT_TRUE(machine.store().sync().ok());
  Transaction txn = machine.store().begin();
  EXPECT_EQ(txn.erase_range("v", "w", 20), 20u);
  ASSERT_EQ(code_of(txn.apply(Durability::durable)), "ok");
  ASSERT_TRUE(machine.store().sync().ok());
  EXPECT_EQ(code_of(machine.put("vnew", Bytes(3'000, 'y'))), "ok");
  EXPECT_TRUE(machine.store().sync().ok());
  machine.power_cut();
  EXPECT_EQ(machine.store().begin().scan("v", "w", 1'000).size(), kept - 20 + 1);
}

TEST_P(StoreContract, D065_OneCorruptRecordIsSetAsideAndAllElseIsServed) {
  Machine machine(GetParam());
  for (const char* key : {"va", "vb", "vc"}) ASSERT_TRUE(machine.put(key, "x").ok());
  ASSERT_TRUE(machine.store().sync().ok());
  Bytes damaged;
  machine.with_tree([&](Tree& tree) {
    damaged = tree.get("vb").value().value();
    damaged.back() ^= 1;
    ASSERT_TRUE(tree.put("vb", damaged).ok());
    ASSERT_TRUE(tree.commit().ok());
  });
  EXPECT_EQ(keys_of(machine.store().begin().scan("v", "w", 10)), (Names{"va", "vc"}));
  EXPECT_EQ(machine.get("vb"), "(none)");
  const auto bad = machine.store().take_bad_records();
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_EQ(bad[0].key, "vb");
  EXPECT_EQ(bad[0].error.code, "store.corrupt_record");

  ASSERT_TRUE(machine.store().set_aside(bad, 7).ok());
  ASSERT_TRUE(machine.store().sync().ok());
  machine.power_cut();
  EXPECT_EQ(keys_of(machine.store().begin().scan("v", "w", 10)), (Names{"va", "vc"}));
  EXPECT_TRUE(machine.store().take_bad_records().empty());
  const auto aside = machine.store().begin().get(keys::set_aside(7, 0));
  ASSERT_TRUE(aside);
  EXPECT_NE(aside->find("vb"), Bytes::npos);
  EXPECT_NE(aside->find(damaged), Bytes::npos);
}

TEST_P(StoreContract, D066_ABadRecordAtTheHeadOfALaneDoesNotHideTheNextJob) {
  Machine machine(GetParam());
  for (std::uint64_t id = 1; id <= 3; ++id) ASSERT_TRUE(machine.put(keys::job(Due::at({10}), id), "j").ok());
  ASSERT_TRUE(machine.store().sync().ok());
  machine.with_tree([&](Tree& tree) {
    ASSERT_TRUE(tree.put(keys::job(Due::at({10}), 1), "noise").ok());
    ASSERT_TRUE(tree.commit().ok());
  });
  const auto due = keys::jobs_due_until(Due::at({10}));
  const auto found = machine.store().begin().scan(due.from, due.to, 1);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(keys::parse_job(found[0].key)->id, 2u);
  ASSERT_TRUE(machine.store().set_aside(machine.store().take_bad_records(), 1).ok());
  EXPECT_EQ(machine.store().begin().scan(due.from, due.to, 10).size(), 2u);
  EXPECT_TRUE(machine.store().take_bad_records().empty());
}

TEST_P(StoreContract, ARecordOfANewerProgramIsLeftAlone) {
  Machine machine(GetParam());
  ASSERT_TRUE(machine.put("va", "x").ok());
  ASSERT_TRUE(machine.store().sync().ok());
  Bytes newer = seal("vb", 1, "of the future");
  newer[0] = 9;
  machine.with_tree([&](Tree& tree) {
    ASSERT_TRUE(tree.put("vb", newer).ok());
    ASSERT_TRUE(tree.commit().ok());
  });
  Transaction txn = machine.store().begin();
  EXPECT_EQ(keys_of(txn.scan("v", "w", 10)), Names{"va"});
  EXPECT_EQ(txn.get("vb"), std::nullopt);
  EXPECT_EQ(code_of(txn.apply(Durability::durable)), "store.newer_record");
  const auto bad = machine.store().take_bad_records();
  ASSERT_EQ(bad.size(), 1u);
  ASSERT_TRUE(machine.store().set_aside(bad, 1).ok());
  ASSERT_TRUE(machine.store().sync().ok());
  machine.with_tree([&](Tree& tree) { EXPECT_EQ(tree.get("vb").value(), newer); });
}

TEST_P(StoreContract, ANewerFormatIsRefusedAndNothingChanges) {
  Machine machine(GetParam());
  ASSERT_TRUE(machine.put("va", "x").ok());
  ASSERT_TRUE(machine.store().sync().ok());
  machine.with_tree([&](Tree& tree) {
    const auto before = dump(tree);
    ASSERT_TRUE(write_format(tree, {.version = format_version + 1, .store_id = "id"}).ok());
    const auto format = read_format(tree);
    ASSERT_FALSE(format.ok());
    EXPECT_EQ(format.error().code, "store.newer");
    EXPECT_NE(format.error().message.find(std::to_string(format_version + 1)), std::string::npos);
    ASSERT_TRUE(tree.abort().ok());
    EXPECT_EQ(dump(tree), before);
  });
}

TEST_P(StoreContract, TheSequenceIsFoundAgainWhenItsRecordIsDamaged) {
  Machine machine(GetParam());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(machine.put("v" + std::to_string(i), "x").ok());
  ASSERT_TRUE(machine.store().sync().ok());
  machine.with_tree([](Tree& tree) {
    ASSERT_TRUE(tree.put(keys::meta("position"), "noise").ok());
    ASSERT_TRUE(tree.commit().ok());
  });
  EXPECT_EQ(machine.store().applied(), 5u);
  EXPECT_EQ(machine.store().take_bad_records().size(), 1u);
  EXPECT_EQ(machine.put("v9", "x").value(), 6u);
}

}  // namespace
}  // namespace dormouse::store
