// SPDX-License-Identifier: Apache-2.0
// What a batch costs on real files: blocks and syncs, as they are shown.
#include <gtest/gtest.h>

#include "hal/linux/files/file_medium.hpp"
#include "runtime/store/flash_account.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "tests/hal/store_linux/places.hpp"

namespace dormouse::hal_linux {
namespace {

using store::FlashCause;

TEST(FlashUse, D079_a_batch_within_a_block_is_4096_bytes_and_one_sync_and_one_across_two_is_8192) {
  const TempFolder folder;
  const store::JournalFacts facts{.half_bytes = 64 * 1024, .store_id = "0123456789abcdef"};
  auto tree = store::open_lmdb_tree(folder.path(), {.map_bytes = 1024 * 1024, .create = true});
  auto journal = open_file_medium(folder.path() / "journal", facts.file_bytes());
  ASSERT_TRUE(tree.ok() && journal.ok());
  auto store =
      store::Store::open({std::move(tree).value(), std::move(journal).value(), facts, false}, Limits{}).value();
  store::FlashAccount account;
  account.note_store(store->stats());

  int within = 0;
  int across = 0;
  while (across < 3) {
    const auto before = account.use().today().of(FlashCause::journal);
    const std::uint64_t first_block = store->stats().half_used / store::flash_block_bytes;
    auto txn = store->begin();
    txn.put(store::keys::meta("work"), Bytes(100, 'x'));
    ASSERT_TRUE(txn.apply(store::Durability::durable).ok());
    ASSERT_TRUE(store->settle({}).ok());
    const std::uint64_t last_block = (store->stats().half_used - 1) / store::flash_block_bytes;

    account.note_store(store->stats());
    const auto& after = account.use().today().of(FlashCause::journal);
    ++(first_block == last_block ? within : across);
    EXPECT_EQ(after.bytes - before.bytes, first_block == last_block ? 4096U : 8192U);
    EXPECT_EQ(after.syncs - before.syncs, 1U);
  }
  EXPECT_GT(within, 3);
}

}  // namespace
}  // namespace dormouse::hal_linux
