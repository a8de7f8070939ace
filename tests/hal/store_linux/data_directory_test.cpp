// SPDX-License-Identifier: Apache-2.0
// What a data directory holds, and what becomes of one in which something is missing or not ours.
#include "hal/linux/data/data_directory.hpp"

#include <unistd.h>

#include <gtest/gtest.h>

#include "hal/linux/files/file_medium.hpp"
#include "runtime/store/format.hpp"
#include "runtime/store/heartbeat.hpp"
#include "runtime/store/little_endian.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "tests/hal/store_linux/life.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;

/// The error of opening the store there; "ok" if it opens.
Error error_of_opening(const fs::path& path, const DataDirectory::Options& options = {}) {
  auto data = DataDirectory::acquire(path, options);
  if (!data) return data.error();
  auto opened = (*data)->open_store();
  return opened ? Error{.code = "ok"} : std::move(opened).error();
}

TEST(DataDirectory, D001_AnEmptyFolderBecomesADataDirectory) {
  TempFolder folder;
  const auto path = folder.path() / "made" / "data";
  Life life(path);
  ASSERT_EQ(errors_of(life.data->open_heartbeat()), "ok");
  EXPECT_TRUE(life.opened.created);
  EXPECT_TRUE(life.opened.alarms.empty());
  EXPECT_TRUE(life.opened.notes.empty());
  EXPECT_EQ(life.opened.store_id.size(), 32u);
  const auto start = life.boot();
  EXPECT_EQ(start.boot.number, 1u);
  EXPECT_EQ(start.boot.epoch, 1u);
  EXPECT_EQ(start.boot.cause, BootCause::first_boot);
  EXPECT_EQ(names_in(path),
            (std::set<std::string>{"blobs", "heartbeat", "lock", "provisioned", "snapshots", "store"}));
  EXPECT_EQ(names_in(path / "store"), (std::set<std::string>{"data.mdb", "journal", "lock.mdb"}));
  EXPECT_TRUE(fs::is_empty(path / "blobs") && fs::is_empty(path / "snapshots"));
  EXPECT_EQ(fs::file_size(path / "heartbeat"), 8192u);
  EXPECT_EQ(fs::file_size(path / "store" / "journal"), 4096u + 2 * Limits().journal_half_bytes);
  EXPECT_EQ(content_of(path / "provisioned"), life.opened.store_id + "\n");
  EXPECT_EQ(fs::status(path).permissions() & fs::perms::others_all, fs::perms::none);
  EXPECT_FALSE(life.data->is_volatile());
}

TEST(DataDirectory, AStoreWithoutItsMarkerIsUsedAndMarked) {
  TempFolder folder;
  const std::string id = Life(folder.path()).opened.store_id;
  fs::remove(folder.path() / "provisioned");
  write_file(folder.path() / "provisioned.new-77", "half");
  Life life(folder.path());
  EXPECT_FALSE(life.opened.created);
  EXPECT_TRUE(life.opened.alarms.empty());
  EXPECT_EQ(life.opened.store_id, id);
  EXPECT_EQ(content_of(folder.path() / "provisioned"), id + "\n");
  EXPECT_FALSE(fs::exists(folder.path() / "provisioned.new-77"));
}

TEST(DataDirectory, D003_AMarkerWithoutAStoreIsALossAndNothingIsErased) {
  TempFolder folder;
  std::string id;
  {
    Life life(folder.path());
    id = life.opened.store_id;
    auto medium = life.data->open_heartbeat();
    ASSERT_EQ(errors_of(medium), "ok");
    store::Heartbeat heartbeat(**medium);
    ASSERT_EQ(errors_of(heartbeat.newest()), "ok");
    ASSERT_EQ(errors_of(heartbeat.write({.epoch = 7, .boot = 7, .kernel_boot_id = "kernel boot 0001"})), "ok");
  }
  write_file(folder.path() / "blobs" / "picture", "bytes");
  write_file(folder.path() / "snapshots" / "copy", "bytes");
  fs::rename(folder.path() / "store", folder.path() / "elsewhere");
  {
    Life life(folder.path());
    EXPECT_TRUE(life.opened.created);
    ASSERT_EQ(codes_of(life.opened.alarms), (std::set<std::string>{"store.lost"}));
    EXPECT_NE(life.opened.alarms[0].message.find(id), std::string::npos);
    EXPECT_NE(life.opened.store_id, id);
  }
  EXPECT_EQ(content_of(folder.path() / "blobs.broken-7" / "picture"), "bytes");
  EXPECT_EQ(content_of(folder.path() / "snapshots" / "copy"), "bytes");
  EXPECT_TRUE(fs::is_empty(folder.path() / "blobs"));
  EXPECT_TRUE(Life(folder.path()).opened.alarms.empty());

  fs::remove_all(folder.path() / "store");
  EXPECT_EQ(codes_of(Life(folder.path()).opened.alarms), (std::set<std::string>{"store.lost"}));
  EXPECT_TRUE(fs::exists(folder.path() / "blobs.broken-7-2")) << "the first one is not given up";
}

TEST(DataDirectory, ALossOfWhichNoBootIsKnownHasTheNumberOne) {
  TempFolder folder;
  { Life life(folder.path()); }
  fs::remove_all(folder.path() / "store");
  { Life life(folder.path()); }
  EXPECT_TRUE(fs::exists(folder.path() / "blobs.broken-1"));
}

TEST(DataDirectory, D009_LargePagesAreOneWarningAndALargeMapOn32BitsIsRefused) {
  TempFolder folder;
  const auto path = folder.path() / "data";
  DataDirectory::Options options;
  options.store.limits.map_bytes = 512ULL * 1024 * 1024;
  options.platform = {.page_bytes = 4096, .word_bits = 32};
  const auto refused = DataDirectory::acquire(path, options);
  ASSERT_EQ(errors_of(refused), "store.map_too_large");
  EXPECT_NE(refused.error().message.find("256 MiB"), std::string::npos);
  EXPECT_FALSE(fs::exists(path));

  options.store.limits.map_bytes = 256ULL * 1024 * 1024;
  EXPECT_TRUE(Life(path, options).opened.notes.empty());
  options.platform = {.page_bytes = 16'384, .word_bits = 64};
  const auto notes = Life(path, options).opened.notes;
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("4 times"), std::string::npos) << notes[0];
}

TEST(DataDirectory, D010_ANewerStoreIsRefusedAndEveryFileStaysAsItWas) {
  TempFolder folder;
  { Life life(folder.path()); }
  {
    auto tree = store::open_lmdb_tree(folder.path() / "store", {}).value();
    ASSERT_TRUE(store::write_format(*tree, {.version = store::format_version + 2, .store_id = "id"}).ok());
    ASSERT_TRUE(tree->commit().ok());
  }
  const auto before = files_in(folder.path());
  const auto refused = error_of_opening(folder.path());
  ASSERT_EQ(refused.code, "store.newer");
  EXPECT_NE(refused.message.find("format " + std::to_string(store::format_version + 2)), std::string::npos);
  EXPECT_NE(refused.message.find("up to " + std::to_string(store::format_version)), std::string::npos);
  EXPECT_EQ(files_in(folder.path()), before);
}

/// The two first pages of a data file that a 32-bit program made (runtime/store/lmdb_head.hpp).
std::string data_file_of_32_bits() {
  std::string file;
  for (const std::uint32_t page : {0U, 1U}) {
    std::string bytes;
    const auto put32 = [&](std::uint32_t number) { store::append_le(bytes, number); };
    put32(page);
    put32(8U << 16);  // pad, flags
    put32(0);
    for (const std::uint32_t number : {0xBEEFC0DEU, 1U, 0U, 1U << 26}) put32(number);
    for (const std::uint32_t page_bytes : {4096U, 0U})
      for (const std::uint32_t number : {page_bytes, 0U, 0U, 0U, 0U, 0U, 0xFFFF'FFFFU}) put32(number);
    put32(1);
    put32(page);  // the transaction
    bytes.resize(4096, '\0');
    file += bytes;
  }
  return file;
}

TEST(DataDirectory, D012_ADataFileOfA32BitProgramIsNamedAndLeftAlone) {
  TempFolder folder;
  { Life life(folder.path()); }
  write_file(folder.path() / "store" / "data.mdb", data_file_of_32_bits());
  const auto before = files_in(folder.path());
  const auto refused = error_of_opening(folder.path());
  ASSERT_EQ(refused.code, "store.word_size") << refused.message;
  EXPECT_NE(refused.message.find("32-bit program"), std::string::npos) << refused.message;
  EXPECT_NE(refused.hint.find("dump"), std::string::npos);
  EXPECT_NE(refused.hint.find("load"), std::string::npos);
  EXPECT_EQ(files_in(folder.path()), before);
}

TEST(DataDirectory, AStoreThatIsToBePrezeroedGetsItsRoomWhereverItComesFrom) {
  TempFolder folder;
  const auto data_file = folder.path() / "store" / "data.mdb";
  DataDirectory::Options options;
  options.store.limits.map_bytes = 1024 * 1024;
  { Life(folder.path(), options).put_range(1, 5); }
  const auto full = store::with_reserve(options.store.limits.map_bytes);
  EXPECT_LT(fs::file_size(data_file), full) << "as after a restore, or a compaction";
  options.store.prezero = true;
  { EXPECT_EQ(Life(folder.path(), options).count(), 5u); }
  EXPECT_EQ(fs::file_size(data_file), full);
  options.store.limits.map_bytes *= 2;
  Life life(folder.path(), options);
  EXPECT_EQ(fs::file_size(data_file), store::with_reserve(options.store.limits.map_bytes));
  EXPECT_EQ(life.count(), 5u);
  EXPECT_TRUE(life.opened.notes.empty());
}

/// Of a process of root's: its rights are another user's while this lives.
class AsNobody {
 public:
  AsNobody() : became_(::seteuid(65'534) == 0) {}
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() {
    if (became_) check(::seteuid(0) == 0, "test:seteuid");
  }
  explicit operator bool() const { return became_; }

 private:
  bool became_;
};

TEST(DataDirectory, AnotherUserIsToldSoAndNotThatTheDeviceIsReadOnly) {
  if (::geteuid() != 0) GTEST_SKIP() << "this process may not become another user";
  TempFolder folder;
  { Life(folder.path()).put_range(1, 5); }
  const auto before = files_in(folder.path());
  {
    const AsNobody nobody;
    if (!nobody) GTEST_SKIP() << "this process may not become another user";
    const auto refused = DataDirectory::acquire(folder.path(), {});
    ASSERT_EQ(errors_of(refused), "store.not_permitted");
    EXPECT_NE(refused.error().message.find(folder.path().string()), std::string::npos) << refused.error().message;
    EXPECT_EQ(errors_of(store::open_lmdb_tree(folder.path() / "store", {})), "store.not_permitted");
  }
  EXPECT_EQ(files_in(folder.path()), before);
}

TEST(DataDirectory, AnEmptiedStoreIsBrokenAndNotTakenForANewOne) {
  TempFolder folder;
  { Life life(folder.path()); }
  fs::remove(folder.path() / "store" / "data.mdb");
  { const auto tree = store::open_lmdb_tree(folder.path() / "store", {.create = true}).value(); }
  EXPECT_EQ(error_of_opening(folder.path(), {.stop_when_broken = true}).code, "store.broken");
}

TEST(DataDirectory, D095_AFolderThatWasMovedWorks) {
  TempFolder folder;
  const auto here = folder.path() / "here";
  const auto there = folder.path() / "there";
  {
    Life life(here);
    life.put_range(1, 3);
    life.checkpoint();
    life.put_range(4, 5);
  }
  const std::string id = content_of(here / "provisioned");
  fs::rename(here, there);
  Life life(there);
  EXPECT_EQ(life.opened.store_id + "\n", id);
  EXPECT_TRUE(life.opened.alarms.empty());
  EXPECT_EQ(life.count(), 5u);
  EXPECT_EQ(errors_of(life.put("v6")), "ok");
  EXPECT_FALSE(fs::exists(here));
}

}  // namespace
}  // namespace dormouse::hal_linux
