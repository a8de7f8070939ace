// SPDX-License-Identifier: Apache-2.0
// Goal: the trees cannot be told apart. Method: one seeded stream of batches, syncs and cuts goes into a store
// over each tree and into a plain map; after every sync and every recovery all three hold the same.
#include <cstdlib>
#include <random>

#include "tests/runtime/store/beds.hpp"

namespace dormouse::store {
namespace {

using Model = std::map<Bytes, Bytes>;

struct Batch {
  std::vector<std::pair<Bytes, std::optional<Bytes>>> changes;
};

Batch random_batch(std::mt19937_64& random) {
  Batch batch;
  const auto effects = 1 + random() % 4;
  for (std::uint64_t i = 0; i < effects; ++i) {
    const Bytes key = keys::job(Due::at({static_cast<std::int64_t>(random() % 40)}), random() % 8);
    if (random() % 3 == 0)
      batch.changes.push_back({key, std::nullopt});
    else
      batch.changes.push_back({key, Bytes(random() % (random() % 50 == 0 ? 9'000 : 200), 'a' + random() % 26)});
  }
  return batch;
}

void apply(Store& store, const Batch& batch) {
  Transaction txn = store.begin();
  for (const auto& [key, body] : batch.changes)
    if (body)
      txn.put(key, *body);
    else
      txn.erase(key);
  ASSERT_TRUE(txn.apply(Durability::durable).ok());
}

void apply(Model& model, const Batch& batch) {
  for (const auto& [key, body] : batch.changes)
    if (body)
      model.insert_or_assign(key, *body);
    else
      model.erase(key);
}

void expect_equal(Store& store, const Model& model) {
  const auto entries = store.begin().scan("q", "r", 1'000'000);
  ASSERT_EQ(entries.size(), model.size());
  auto expected = model.begin();
  for (const Entry& entry : entries) {
    ASSERT_EQ(entry.key, expected->first);
    ASSERT_EQ(entry.value, expected->second);
    ++expected;
  }
}

TEST(RandomBatches, D086_BothTreesHoldTheSameAtEverySyncAndAfterEveryCut) {
  const char* given = std::getenv("DORMOUSE_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 0) : 86;
  SCOPED_TRACE("DORMOUSE_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  Machine memory(Kind::memory);
  Machine lmdb(Kind::lmdb);
  Model applied;
  Model durable;
  for (int i = 0; i < 10'000; ++i) {
    const Batch batch = random_batch(random);
    apply(memory.store(), batch);
    apply(lmdb.store(), batch);
    apply(applied, batch);
    const auto what = random() % 100;
    if (what < 8) {
      ASSERT_EQ(memory.store().sync().value(), lmdb.store().sync().value());
      durable = applied;
    } else if (what < 9) {
      memory.power_cut();
      lmdb.power_cut();
      applied = durable;
    } else {
      continue;
    }
    expect_equal(memory.store(), applied);
    expect_equal(lmdb.store(), applied);
    if (testing::Test::HasFatalFailure()) return;
  }
  std::vector<Entry> in_memory;
  std::vector<Entry> in_lmdb;
  memory.with_tree([&](Tree& tree) { in_memory = dump(tree); });
  lmdb.with_tree([&](Tree& tree) { in_lmdb = dump(tree); });
  EXPECT_EQ(in_memory, in_lmdb);
}

}  // namespace
}  // namespace dormouse::store
