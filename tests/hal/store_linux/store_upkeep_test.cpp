// SPDX-License-Identifier: Apache-2.0
// Looking at a stopped store, and giving back the room it no longer needs.
#include <gtest/gtest.h>

#include "hal/linux/data/compact_store.hpp"
#include "hal/linux/data/data_directory.hpp"
#include "hal/linux/data/store_stats.hpp"
#include "hal/linux/data/store_view.hpp"
#include "runtime/store/keys.hpp"
#include "tests/hal/store_linux/places.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;
using store::Checkpoint;
using store::Durability;

/// A device's folder; open only inside of with_store.
class Folder {
 public:
  explicit Folder(bool prezero = false) {
    options_.allow_fs = {"overlay"};
    options_.store.limits.map_bytes = 4 * 1024 * 1024;
    options_.store.prezero = prezero;
  }
  fs::path path() const { return folder_.path() / "data"; }
  fs::path data_file() const { return path() / "store/data.mdb"; }

  void with_store(const std::function<void(store::Store&)>& work) {
    auto directory = DataDirectory::acquire(path(), options_);
    ASSERT_EQ(errors_of(directory), "ok");
    auto opened = (*directory)->open_store();
    ASSERT_EQ(errors_of(opened), "ok");
    work(*opened->store);
  }
  /// Many records, of which few are left: most pages are free after it.
  void fill_and_empty() {
    with_store([](store::Store& store) {
      store.own(7);
      for (std::uint64_t round = 0; round < 2; ++round) {
        for (std::uint64_t id = 1; id <= 400; ++id) {
          auto txn = store.begin();
          if (round == 0) txn.put(store::keys::finished(id), Bytes(3'000, 'x'));
          if (round == 1 && id > 5) txn.erase(store::keys::finished(id));
          ASSERT_TRUE(txn.apply(Durability::lazy).ok());
        }
        ASSERT_TRUE(store.checkpoint(Checkpoint::command).ok());
      }
      auto txn = store.begin();
      txn.put(store::keys::meta("work"), "in the journal alone");
      ASSERT_TRUE(txn.apply(Durability::durable).ok());
      ASSERT_TRUE(store.sync().ok());
    });
  }
  std::vector<store::Entry> content() {
    auto view = view_store(path());
    EXPECT_EQ(errors_of(view), "ok");
    const auto all = store::keys::starting_with("");
    return view->opened.store->begin().scan(all.from, all.to, 10'000);
  }

 private:
  TempFolder folder_;
  DataDirectory::Options options_;
};

TEST(StoreStats, tells_numbers_files_and_flash_of_a_stopped_store_and_changes_nothing) {
  Folder folder;
  folder.fill_and_empty();
  const auto before = files_in(folder.path());
  const auto stats = stats_of_store(folder.path());
  ASSERT_EQ(errors_of(stats), "ok");
  EXPECT_EQ(stats->store_id.size(), 32U);
  EXPECT_EQ(stats->epoch, 7U);
  EXPECT_EQ(stats->sequence, 796U);
  EXPECT_EQ(stats->in_journal, 1U);
  EXPECT_GT(stats->tree.free_pages, 100U);
  EXPECT_GT(stats->store.half_bytes, 0U);
  EXPECT_EQ(stats->data_bytes, fs::file_size(folder.data_file()));
  EXPECT_TRUE(stats->snapshots.empty());
  EXPECT_FALSE(stats->flash.empty());
  EXPECT_EQ(files_in(folder.path()), before);
}

TEST(StoreStats, an_owned_store_and_a_folder_without_one_are_refused) {
  Folder folder;
  folder.with_store([&folder](store::Store&) {
    EXPECT_EQ(errors_of(stats_of_store(folder.path())), "store.locked");
    EXPECT_EQ(errors_of(compact_store(folder.path())), "store.locked");
  });
  const TempFolder empty;
  EXPECT_EQ(errors_of(stats_of_store(empty.path())), errors_of(check_store(empty.path())));
  EXPECT_FALSE(compact_store(empty.path()).ok());
  EXPECT_TRUE(files_in(empty.path()).empty());
}

TEST(CompactStore, gives_back_free_pages_and_keeps_every_record_and_the_journal) {
  Folder folder;
  folder.fill_and_empty();
  const auto content = folder.content();
  auto others = files_in(folder.path());
  const auto compacted = compact_store(folder.path());
  ASSERT_EQ(errors_of(compacted), "ok");
  EXPECT_LT(compacted->pages_after, compacted->pages_before / 10);
  EXPECT_LT(compacted->file_after, compacted->file_before / 10);
  EXPECT_EQ(compacted->file_after, fs::file_size(folder.data_file()));
  EXPECT_EQ(folder.content(), content);
  auto now = files_in(folder.path());
  others.erase("store/data.mdb");
  now.erase("store/data.mdb");
  EXPECT_EQ(now, others) << "the journal, the lock and its note";

  folder.with_store([](store::Store& store) {
    EXPECT_EQ(store.recovery().replayed, 1U);
    EXPECT_EQ(store.begin().get(store::keys::meta("work")), "in the journal alone");
  });
  EXPECT_EQ(folder.content(), content);
}

TEST(CompactStore, a_file_of_full_size_keeps_its_size) {
  Folder folder(true);
  folder.fill_and_empty();
  const auto size = fs::file_size(folder.data_file());
  const auto compacted = compact_store(folder.path());
  ASSERT_EQ(errors_of(compacted), "ok");
  EXPECT_LT(compacted->pages_after, compacted->pages_before);
  EXPECT_EQ(compacted->file_after, size);
  EXPECT_EQ(fs::file_size(folder.data_file()), size);
  folder.with_store([](store::Store& store) { EXPECT_EQ(store.recovery().replayed, 1U); });
}

TEST(CompactStore, a_store_that_is_not_sound_is_left_alone) {
  Folder folder;
  folder.fill_and_empty();
  auto bytes = content_of(folder.data_file());
  const auto record = bytes.find("xxxxxxxx");
  ASSERT_NE(record, std::string::npos);
  for (auto at = record; at != std::string::npos; at = bytes.find("xxxxxxxx", at + 1)) bytes[at] = 'y';
  write_file(folder.data_file(), bytes);
  const auto before = files_in(folder.path());
  EXPECT_EQ(errors_of(compact_store(folder.path())), "store.broken");
  EXPECT_EQ(files_in(folder.path()), before);
}

TEST(CompactStore, a_rebuild_under_way_is_a_runs_to_end_first) {
  Folder folder;
  folder.fill_and_empty();
  write_file(folder.path() / "provisioned",
             content_of(folder.path() / "provisioned") + "rebuilding store.broken-1\n");
  const auto before = files_in(folder.path());
  EXPECT_EQ(errors_of(compact_store(folder.path())), "store.broken");
  EXPECT_EQ(files_in(folder.path()), before);
}

TEST(CompactStore, a_disk_without_room_for_the_copy_leaves_the_store_as_it_is) {
  const Mount disk("tmpfs", "size=8m");
  if (!disk) GTEST_SKIP() << "this process may not mount a file system";
  const auto path = disk.path() / "data";
  {
    auto directory = DataDirectory::acquire(path, {.store = {.limits = Limits{.map_bytes = 1024 * 1024}}});
    ASSERT_EQ(errors_of(directory), "ok");
    ASSERT_EQ(errors_of((*directory)->open_store()), "ok");
  }
  {
    std::ofstream all(disk.path() / "all", std::ios::binary);
    while (all.write(Bytes(4096, 'z').data(), 4096).flush()) continue;
  }
  auto before = files_in(path);
  const auto compacted = compact_store(path);
  EXPECT_TRUE(errors_of(compacted) == "store.no_space" || errors_of(compacted) == "store.snapshot_failed")
      << errors_of(compacted);
  EXPECT_EQ(files_in(path), before);
}

}  // namespace
}  // namespace dormouse::hal_linux
