// SPDX-License-Identifier: Apache-2.0
// Looking at a store that nobody owns: what it would be if it were opened, and not a byte changed.
#include "hal/linux/data/store_view.hpp"

#include <gtest/gtest.h>

#include "runtime/store/envelope.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "tests/hal/store_linux/life.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;

TEST(StoreView, ShowsACleanStoreAndChangesNeitherFilesNorEpochNorLock) {
  TempFolder folder;
  {
    Life life(folder.path());
    life.boot();
    life.put_range(1, 3);
    life.stop();
  }
  const auto before = files_in(folder.path());
  {
    auto view = view_store(folder.path());
    ASSERT_EQ(errors_of(view), "ok");
    EXPECT_EQ(view->opened.store->begin({}).scan("v", "w", 10).size(), 3u);
    EXPECT_EQ(view->opened.recovery.replayed, 0u);
    EXPECT_TRUE(view->opened.alarms.empty());
  }
  EXPECT_EQ(files_in(folder.path()), before);
  EXPECT_EQ(Life(folder.path()).boot().boot.epoch, 2u);
}

TEST(StoreView, KeepsOwnersOutAndLetsOthersLook) {
  TempFolder folder;
  { Life life(folder.path()); }
  const auto view = view_store(folder.path());
  ASSERT_EQ(errors_of(view), "ok");
  EXPECT_EQ(errors_of(check_store(folder.path())), "ok");
  write_file(folder.path() / "lock", std::to_string(::getpid()) + "\n");  // nobody waits for one that lives
  EXPECT_EQ(errors_of(DataDirectory::acquire(folder.path(), {})), "store.locked");
}

TEST(StoreView, ShowsWhatIsInTheJournalAlone) {
  TempFolder folder;
  live_and_be_killed(folder.path(), [](Life& life) {
    life.put_range(1, 3);
    life.checkpoint();
    life.put_range(2, 7);
  });
  const auto before = files_in(folder.path());
  {
    auto view = view_store(folder.path());
    ASSERT_EQ(errors_of(view), "ok");
    auto txn = view->opened.store->begin({});
    EXPECT_EQ(txn.scan("v", "w", 10).size(), 7u);
    EXPECT_EQ(txn.scan("v", "w", 2, store::Direction::backward).back().key, "v6");
    txn.put("v8", "x");
    EXPECT_TRUE(txn.apply(store::Durability::durable).ok());
    EXPECT_TRUE(view->opened.store->sync().ok());
  }
  const auto check = check_store(folder.path());
  ASSERT_EQ(errors_of(check), "ok");
  EXPECT_EQ(check->in_journal, 6u);
  EXPECT_EQ(check->tree.records.at('v'), 3u);
  EXPECT_TRUE(check->sound());
  EXPECT_EQ(files_in(folder.path()), before) << "what was put into the view is gone with it";
  EXPECT_EQ(Life(folder.path()).count(), 7u);
}

TEST(StoreView, TellsOfAJournalThatIsGoneGarbledOrForeign) {
  TempFolder folder;
  live_and_be_killed(folder.path(), [](Life& life) { life.put_range(1, 3); });
  const auto journal = folder.path() / "store" / "journal";
  const auto bytes = content_of(journal);
  const auto alarms_with = [&](const std::string& content) {
    write_file(journal, content);
    const auto before = files_in(folder.path());
    const auto check = check_store(folder.path());
    EXPECT_EQ(errors_of(check), "ok");
    EXPECT_EQ(files_in(folder.path()), before);
    return codes_of(check->alarms);
  };
  EXPECT_EQ(alarms_with("Z" + bytes.substr(1)), (std::set<std::string>{}))
      << "the header is mended at the next open";
  EXPECT_EQ(alarms_with(bytes.substr(0, 5000)), (std::set<std::string>{"store.journal_lost"}));
  TempFolder other;
  { Life life(other.path()); }
  EXPECT_EQ(alarms_with(content_of(other.path() / "store" / "journal")), (std::set<std::string>{"store.mixed"}));
  write_file(journal, bytes);
  fs::remove(journal);
  EXPECT_EQ(codes_of(check_store(folder.path())->alarms), (std::set<std::string>{"store.journal_lost"}));
  EXPECT_FALSE(fs::exists(journal));
}

TEST(CheckStore, CountsAndChangesNothing) {
  TempFolder folder;
  { Life life(folder.path()); }
  {
    auto tree = store::open_lmdb_tree(folder.path() / "store", {}).value();
    ASSERT_TRUE(tree->put("va", "noise").ok());
    ASSERT_TRUE(tree->put("vb", store::seal("vb", 1, "fine")).ok());
    ASSERT_TRUE(tree->put("z1", store::seal("z1", 1, "q1")).ok());
    ASSERT_TRUE(tree->commit().ok());
  }
  const auto before = files_in(folder.path());
  const auto report = check_store(folder.path());
  ASSERT_EQ(errors_of(report), "ok");
  EXPECT_EQ(report->tree.records, (std::map<char, std::uint64_t>{{'m', 3}, {'v', 2}, {'z', 1}}));
  EXPECT_EQ(report->tree.bad_count, 1u);
  EXPECT_EQ(report->tree.dangling_count, 1u);
  EXPECT_FALSE(report->sound());
  EXPECT_EQ(files_in(folder.path()), before);
  TempFolder empty;
  EXPECT_EQ(errors_of(check_store(empty.path())), "store.io");
  EXPECT_TRUE(fs::is_empty(empty.path()));
}

}  // namespace
}  // namespace dormouse::hal_linux
