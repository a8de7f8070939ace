// SPDX-License-Identifier: Apache-2.0
// What only the LMDB tree has: files.
#include "runtime/store/lmdb_tree.hpp"

#include <unistd.h>

#include "tests/runtime/store/beds.hpp"

namespace dormouse::store {
namespace {

TEST(LmdbTree, AFolderWithoutAnEnvironmentIsRefusedUnlessToldToCreate) {
  TempFolder folder;
  const auto refused = open_lmdb_tree(folder.path(), {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "store.io");
  EXPECT_NE(refused.error().message.find((folder.path() / "data.mdb").string()), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_FALSE(open_lmdb_tree(folder.path() / "absent", {.create = true}).ok());
}

TEST(LmdbTree, NoiseInsteadOfAnEnvironmentIsBroken) {
  TempFolder folder;
  {
    std::FILE* file = std::fopen((folder.path() / "data.mdb").c_str(), "w");
    ASSERT_NE(file, nullptr);
    for (int i = 0; i < 20'000; ++i) std::fputc('n', file);
    std::fclose(file);
  }
  const auto opened = open_lmdb_tree(folder.path(), {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, "store.broken");
}

TEST(LmdbTree, ReadOnlyReadsAndChangesNothing) {
  TempFolder folder;
  {
    auto tree = open_lmdb_tree(folder.path(), {.create = true}).value();
    ASSERT_TRUE(tree->put("va", "x").ok());
    ASSERT_TRUE(tree->commit().ok());
  }
  std::filesystem::remove(folder.path() / "lock.mdb");
  auto tree = open_lmdb_tree(folder.path(), {.read_only = true}).value();
  EXPECT_EQ(tree->get("va").value(), "x");
  EXPECT_EQ(tree->put("vb", "x").error().code, "store.read_only");
  EXPECT_EQ(tree->erase("va").error().code, "store.read_only");
  EXPECT_TRUE(tree->commit().ok());
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "lock.mdb"));
}

TEST(LmdbTree, D036_TwoCopiesOfOneCrashedFolderOpenEqual) {
  TempFolder folder;
  TempFolder copies;
  auto tree = open_lmdb_tree(folder.path(), {.create = true}).value();
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(tree->put("v" + std::to_string(i), Bytes(100, 'x')).ok());
  ASSERT_TRUE(tree->commit().ok());
  const auto committed = dump(*tree);
  for (int i = 0; i < 500; i += 3) ASSERT_TRUE(tree->put("v" + std::to_string(i), Bytes(300, 'y')).ok());
  for (const char* name : {"one", "two"}) std::filesystem::copy(folder.path(), copies.path() / name);
  auto one = open_lmdb_tree(copies.path() / "one", {}).value();
  auto two = open_lmdb_tree(copies.path() / "two", {}).value();
  EXPECT_EQ(dump(*one), dump(*two));
  EXPECT_EQ(dump(*one), committed);
}

TEST(LmdbTree, OnePutAndCommitCostsTheFewPagesThatLmdbRewrites) {
  TempFolder folder;
  auto tree = open_lmdb_tree(folder.path(), {.create = true}).value();
  for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(tree->put("v" + std::to_string(100'000 + i), Bytes(128, 'x')).ok());
  ASSERT_TRUE(tree->commit().ok());
  auto last = tree->traffic().bytes;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(tree->put("v" + std::to_string(100'000 + i * 97), Bytes(128, 'y')).ok());
    ASSERT_TRUE(tree->commit().ok());
    const auto spent = tree->traffic().bytes - last;
    last = tree->traffic().bytes;
    EXPECT_GE(spent, 4u * 4096) << i;  // root, leaf, free list, meta block
    EXPECT_LE(spent, 8u * 4096) << i;
  }
}

TEST(LmdbTree, ItsShapeFollowsTheFile) {
  TempFolder folder;
  auto tree = open_lmdb_tree(folder.path(), {.create = true}).value();
  for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(tree->put("v" + std::to_string(i), Bytes(100, 'x')).ok());
  ASSERT_TRUE(tree->commit().ok());
  const auto full = tree->shape();
  EXPECT_EQ(full.entries, 5'000u);
  EXPECT_EQ(full.page_bytes, static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(full.depth, 2u);
  EXPECT_GE(full.file_pages * full.page_bytes, 5'000u * 110);
  EXPECT_LE(full.file_pages * full.page_bytes, std::filesystem::file_size(folder.path() / "data.mdb"));
  for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(tree->erase("v" + std::to_string(i)).ok());
  EXPECT_EQ(tree->shape().entries, 0u);
  EXPECT_EQ(tree->shape().depth, 0u);
  EXPECT_EQ(tree->shape().free_pages, full.free_pages);  // until the commit
  ASSERT_TRUE(tree->commit().ok());
  EXPECT_GE(tree->shape().free_pages, full.file_pages - full.free_pages - 10);
  EXPECT_LT(tree->shape().free_pages, tree->shape().file_pages);
}

}  // namespace
}  // namespace dormouse::store
