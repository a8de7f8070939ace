// SPDX-License-Identifier: Apache-2.0
// What every tree promises.
#include "tests/runtime/store/beds.hpp"

namespace dormouse::store {
namespace {

using Names = std::vector<std::string>;

INSTANTIATE_TEST_SUITE_P(Trees, BothTrees, testing::Values(Kind::memory, Kind::lmdb), kind_name);

TEST_P(BothTrees, ReadsSeeEveryPutBeforeItIsCommitted) {
  Bed bed(GetParam());
  auto tree = bed.open();
  ASSERT_TRUE(tree->put("va", "1").ok());
  EXPECT_EQ(tree->get("va").value(), "1");
  ASSERT_TRUE(tree->put("va", "2").ok());
  EXPECT_EQ(tree->get("va").value(), "2");
  ASSERT_TRUE(tree->erase("va").ok());
  EXPECT_EQ(tree->get("va").value(), std::nullopt);
  EXPECT_TRUE(tree->erase("never there").ok());
}

TEST_P(BothTrees, ACrashKeepsWhatWasCommittedAndNothingElse) {
  Bed bed(GetParam());
  {
    auto tree = bed.open();
    ASSERT_TRUE(tree->put("va", "old").ok());
    ASSERT_TRUE(tree->put("vb", "").ok());
    ASSERT_TRUE(tree->commit().ok());
    ASSERT_TRUE(tree->put("va", "new").ok());
    ASSERT_TRUE(tree->erase("vb").ok());
    ASSERT_TRUE(tree->put("vc", "new").ok());
  }
  auto tree = bed.open();
  EXPECT_EQ(dump(*tree), (std::vector<Entry>{{"va", "old"}, {"vb", ""}}));
}

TEST_P(BothTrees, AbortGoesBackToTheLastCommit) {
  Bed bed(GetParam());
  auto tree = bed.open();
  ASSERT_TRUE(tree->put("va", "old").ok());
  ASSERT_TRUE(tree->commit().ok());
  ASSERT_TRUE(tree->put("va", "new").ok());
  ASSERT_TRUE(tree->abort().ok());
  EXPECT_EQ(tree->get("va").value(), "old");
  ASSERT_TRUE(tree->put("vb", "after").ok());
  ASSERT_TRUE(tree->commit().ok());
  EXPECT_EQ(dump(*tree), (std::vector<Entry>{{"va", "old"}, {"vb", "after"}}));
}

TEST_P(BothTrees, AWalkShowsWhatAScanDoesUntilItIsToldToStop) {
  Bed bed(GetParam());
  auto tree = bed.open();
  for (int i = 1'000; i < 1'300; ++i) ASSERT_TRUE(tree->put("v" + std::to_string(i), std::to_string(i)).ok());
  const auto walked = [&](BytesView from, BytesView to, std::size_t at_most) {
    std::vector<Entry> seen;
    const auto visit = [&](BytesView key, BytesView value) {
      seen.push_back({Bytes(key), Bytes(value)});
      return seen.size() < at_most;
    };
    EXPECT_TRUE(tree->walk(from, to, visit).ok());
    return seen;
  };
  EXPECT_EQ(walked("", "\xFF", 1'000), dump(*tree));
  EXPECT_EQ(walked("v1010", "v1012", 1'000), (std::vector<Entry>{{"v1010", "1010"}, {"v1011", "1011"}}));
  EXPECT_EQ(walked("v1298", "w", 1).size(), 1u);
  EXPECT_EQ(walked("w", "x", 1).size(), 0u);
  for (const char* key : {"v1000", "v1299"}) EXPECT_TRUE(tree->has(key).value()) << key;
  for (const char* key : {"a", "v1000x", "w"}) EXPECT_FALSE(tree->has(key).value()) << key;
}

TEST_P(BothTrees, ScansAreHalfOpenAndBoundedInBothDirections) {
  Bed bed(GetParam());
  auto tree = bed.open();
  for (const char* key : {"va", "vc", "ve", "vg"}) ASSERT_TRUE(tree->put(key, "x").ok());
  ASSERT_TRUE(tree->commit().ok());
  ASSERT_TRUE(tree->put("vd", "x").ok());
  ASSERT_TRUE(tree->erase("ve").ok());
  struct Row {
    const char* name;
    const char* from;
    const char* to;
    std::uint64_t limit;
    Direction direction;
    Names expect;
  };
  const Row rows[] = {
      {"up", "va", "vg", 10, Direction::forward, {"va", "vc", "vd"}},
      {"down", "va", "vg", 10, Direction::backward, {"vd", "vc", "va"}},
      {"up, limited", "va", "vz", 2, Direction::forward, {"va", "vc"}},
      {"down, limited", "va", "vz", 2, Direction::backward, {"vg", "vd"}},
      {"down from between keys", "vb", "vf", 10, Direction::backward, {"vd", "vc"}},
      {"all, from the empty key", "", "\xFF", 10, Direction::forward, {"va", "vc", "vd", "vg"}},
      {"all, down", "", "\xFF", 10, Direction::backward, {"vg", "vd", "vc", "va"}},
      {"nothing", "vh", "vz", 10, Direction::forward, {}},
      {"nothing, down", "a", "b", 10, Direction::backward, {}},
      {"limit 0", "va", "vz", 0, Direction::forward, {}},
      {"upside down", "vz", "va", 10, Direction::forward, {}},
  };
  for (const Row& row : rows)
    EXPECT_EQ(keys_of(tree->scan(row.from, row.to, row.limit, row.direction).value()), row.expect) << row.name;
}

TEST_P(BothTrees, AFullMapRefusesAndTheCommittedPartHolds) {
  Bed bed(GetParam(), 1024 * 1024);
  auto tree = bed.open();
  ASSERT_TRUE(tree->put("v0", Bytes(100'000, 'x')).ok());
  ASSERT_TRUE(tree->commit().ok());
  Status refused = done();
  for (int i = 0; i < 20 && refused; ++i) refused = tree->put("v1" + std::to_string(i), Bytes(100'000, 'y'));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "store.full");
  ASSERT_TRUE(tree->abort().ok());
  EXPECT_GE(tree->used_percent(), 9u);
  EXPECT_LE(tree->used_percent(), 12u);
  EXPECT_EQ(dump(*tree).size(), 1u);
  ASSERT_TRUE(tree->put("v2", "small").ok());
  EXPECT_TRUE(tree->commit().ok());
}

TEST_P(BothTrees, TrafficCountsWholeBlocksAndNothingForAnEmptyCommit) {
  Bed bed(GetParam());
  auto tree = bed.open();
  ASSERT_TRUE(tree->put("va", "1").ok());
  ASSERT_TRUE(tree->commit().ok());
  const auto before = tree->traffic();
  EXPECT_GT(before.bytes, 0u);
  EXPECT_EQ(before.bytes % 4096, 0u);
  ASSERT_TRUE(tree->commit().ok());
  EXPECT_EQ(tree->traffic().bytes, before.bytes);
  EXPECT_EQ(tree->traffic().syncs, before.syncs);
  ASSERT_TRUE(tree->put("va", Bytes(40'000, 'x')).ok());
  ASSERT_TRUE(tree->commit().ok());
  EXPECT_GE(tree->traffic().bytes - before.bytes, 40'960u);
  EXPECT_LE(tree->traffic().bytes - before.bytes, 40'960u + 6 * 4096);
  EXPECT_EQ(tree->traffic().syncs, before.syncs + 2);
}

TEST_P(BothTrees, CountsItsEntriesWithTheOpenTransaction) {
  Bed bed(GetParam());
  auto tree = bed.open();
  EXPECT_EQ(tree->shape().entries, 0u);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(tree->put("v" + std::to_string(i), "x").ok());
  ASSERT_TRUE(tree->commit().ok());
  ASSERT_TRUE(tree->put("v3", "again").ok());
  ASSERT_TRUE(tree->put("w", "new").ok());
  ASSERT_TRUE(tree->put("w2", "new, and gone").ok());
  ASSERT_TRUE(tree->erase("w2").ok());
  ASSERT_TRUE(tree->erase("v4").ok());
  ASSERT_TRUE(tree->erase("v5").ok());
  ASSERT_TRUE(tree->erase("never there").ok());
  EXPECT_EQ(tree->shape().entries, 9u);
  ASSERT_TRUE(tree->abort().ok());
  EXPECT_EQ(tree->shape().entries, 10u);
}

TEST_P(BothTrees, IsDirtyFromTheFirstChangeToTheCommit) {
  Bed bed(GetParam());
  auto tree = bed.open();
  EXPECT_EQ(tree->dirty_bytes(), 0u);
  ASSERT_TRUE(tree->erase("never there").ok());
  ASSERT_TRUE(tree->put("va", Bytes(20'000, 'x')).ok());
  EXPECT_GE(tree->dirty_bytes(), 20'000u);
  ASSERT_TRUE(tree->abort().ok());
  EXPECT_EQ(tree->dirty_bytes(), 0u);
  ASSERT_TRUE(tree->put("va", "1").ok());
  ASSERT_TRUE(tree->put("va", "2").ok());
  EXPECT_GE(tree->dirty_bytes(), 4'096u);
  EXPECT_LE(tree->dirty_bytes(), 4 * 4'096u);
  ASSERT_TRUE(tree->commit().ok());
  EXPECT_EQ(tree->dirty_bytes(), 0u);
}

}  // namespace
}  // namespace dormouse::store
