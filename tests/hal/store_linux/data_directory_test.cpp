// SPDX-License-Identifier: Apache-2.0
// One folder, one owner, and nothing half made in it.
#include "hal/linux/data_directory.hpp"

#include <poll.h>
#include <set>

#include <gtest/gtest.h>

#include "runtime/base/limits.hpp"
#include "runtime/store/envelope.hpp"
#include "runtime/store/format.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "runtime/store/store.hpp"
#include "tests/hal/store_linux/places.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

std::unique_ptr<DataDirectory> own(const fs::path& path) {
  auto acquired = DataDirectory::acquire(path, {});
  EXPECT_EQ(errors_of(acquired), "ok");
  return std::move(acquired).value();
}

/// Owns the folder, opens its store and lets go of both; the id that the store has.
std::string open_once(const fs::path& path) {
  auto directory = own(path);
  auto opened = directory->open_store_tree({});
  EXPECT_EQ(errors_of(opened), "ok");
  return opened->store_id;
}

TEST(DataDirectory, D001_AnEmptyFolderBecomesADataDirectory) {
  TempFolder folder;
  const auto path = folder.path() / "made" / "data";
  auto directory = own(path);
  auto opened = directory->open_store_tree({});
  ASSERT_EQ(errors_of(opened), "ok");
  EXPECT_TRUE(opened->created);
  EXPECT_FALSE(opened->alarm);
  EXPECT_EQ(opened->store_id.size(), 32u);
  auto heartbeat = directory->open_heartbeat();
  ASSERT_EQ(errors_of(heartbeat), "ok");
  EXPECT_EQ((*heartbeat)->size(), 8192u);
  EXPECT_EQ(names_in(path), (std::set<std::string>{"heartbeat", "lock", "provisioned", "store"}));
  EXPECT_EQ(content_of(path / "provisioned"), opened->store_id + "\n");
  EXPECT_EQ(fs::status(path).permissions() & fs::perms::others_all, fs::perms::none);
  EXPECT_FALSE(directory->is_volatile());
}

TEST(DataDirectory, D002_LeftoversOfACreationThatWasCutAreRemoved) {
  TempFolder folder;
  const auto path = folder.path() / "data";
  open_once(path);
  const auto data_file = content_of(path / "store" / "data.mdb");
  struct Row {
    const char* name;
    std::map<std::string, std::string> files;  // of store.new-77
  };
  const Row rows[] = {{"folder just made", {}},
                      {"data file empty", {{"data.mdb", ""}}},
                      {"data file half written", {{"data.mdb", data_file.substr(0, 5000)}, {"lock.mdb", "x"}}},
                      {"all but the rename", {{"data.mdb", data_file}, {"lock.mdb", "x"}}}};
  for (const Row& row : rows) {
    TempFolder other;
    fs::create_directories(other.path() / "store.new-77");
    for (const auto& [name, content] : row.files) write_file(other.path() / "store.new-77" / name, content);
    write_file(other.path() / "heartbeat.new-77", "half");
    auto directory = own(other.path());
    auto opened = directory->open_store_tree({});
    ASSERT_EQ(errors_of(opened), "ok") << row.name;
    EXPECT_TRUE(opened->created) << row.name;
    EXPECT_FALSE(opened->alarm) << row.name;
    EXPECT_EQ(names_in(other.path()), (std::set<std::string>{"lock", "provisioned", "store"})) << row.name;
  }
}

TEST(DataDirectory, D002_AStoreWithoutItsMarkerIsUsedAndMarked) {
  TempFolder folder;
  const std::string id = open_once(folder.path());
  fs::remove(folder.path() / "provisioned");
  write_file(folder.path() / "provisioned.new-77", "half");
  auto directory = own(folder.path());
  auto opened = directory->open_store_tree({});
  ASSERT_EQ(errors_of(opened), "ok");
  EXPECT_FALSE(opened->created);
  EXPECT_FALSE(opened->alarm);
  EXPECT_EQ(opened->store_id, id);
  EXPECT_EQ(content_of(folder.path() / "provisioned"), id + "\n");
  EXPECT_FALSE(fs::exists(folder.path() / "provisioned.new-77"));
}

TEST(DataDirectory, AMarkerWithoutAStoreIsReportedAsALoss) {
  TempFolder folder;
  const std::string id = open_once(folder.path());
  fs::remove_all(folder.path() / "store");
  {
    auto directory = own(folder.path());
    auto opened = directory->open_store_tree({});
    ASSERT_EQ(errors_of(opened), "ok");
    EXPECT_TRUE(opened->created);
    ASSERT_TRUE(opened->alarm);
    EXPECT_EQ(opened->alarm->code, "store.lost");
    EXPECT_NE(opened->alarm->message.find(id), std::string::npos);
    EXPECT_NE(opened->store_id, id);
  }
  EXPECT_FALSE(own(folder.path())->open_store_tree({})->alarm);
}

TEST(DataDirectory, D004_ASecondRunIsToldWhoOwnsTheFolderAndChangesNothing) {
  TempFolder folder;
  Child owner([&](const Child::Say& say) {
    auto directory = own(folder.path());
    auto opened = directory->open_store_tree({});
    say(1);
    while (true) ::pause();
  });
  ASSERT_EQ(owner.hear(), 1);
  const auto before = files_in(folder.path());
  const auto refused = DataDirectory::acquire(folder.path(), {});
  ASSERT_EQ(errors_of(refused), "store.locked");
  EXPECT_NE(refused.error().message.find(std::to_string(owner.pid())), std::string::npos);
  EXPECT_EQ(errors_of(check_store(folder.path())), "store.locked");
  EXPECT_EQ(files_in(folder.path()), before);
}

TEST(DataDirectory, OneProcessCannotOwnItTwiceAndLetsGoWhenDone) {
  TempFolder folder;
  {
    const auto first = own(folder.path());
    EXPECT_EQ(errors_of(DataDirectory::acquire(folder.path() / "", {})), "store.locked");
  }
  EXPECT_EQ(content_of(folder.path() / "lock"), "");
  own(folder.path());
}

TEST(DataDirectory, AnOwnerKilledWhileItStartsAProgramKeepsNobodyOut) {
  TempFolder folder;
  Child owner([&](const Child::Say& say) {
    auto directory = own(folder.path());
    if (::fork() == 0) {  // not yet at its exec
      ::poll(nullptr, 0, 50);
      ::_exit(0);
    }
    say(1);
    while (true) ::pause();
  });
  ASSERT_EQ(owner.hear(), 1);
  owner.kill();
  EXPECT_EQ(errors_of(DataDirectory::acquire(folder.path(), {})), "ok");
}

TEST(DataDirectory, ALockFileThatWasReplacedWhileAnotherHeldTheOldOneIsTakenAnew) {
  TempFolder folder;
  const auto first = own(folder.path());
  fs::remove(folder.path() / "lock");
  const auto second = own(folder.path());
  EXPECT_EQ(content_of(folder.path() / "lock"), std::to_string(::getpid()) + "\n");
}

TEST(DataDirectory, AStandbyTakesOverWhenTheOwnerIsKilledAndFindsWhatWasAcked) {
  TempFolder folder;
  Child owner([&](const Child::Say& say) {
    auto directory = own(folder.path());
    auto store = store::Store::open(std::move(directory->open_store_tree({})->tree), {}).value();
    for (int i = 1; i <= 6; ++i) {
      auto txn = store->begin();
      txn.put("v" + std::to_string(i), "x");
      check(txn.apply(store::Durability::durable).ok(), "test:apply");
      if (i == 5) check(store->sync().ok(), "test:sync");
    }
    say(1);
    while (true) ::pause();
  });
  ASSERT_EQ(owner.hear(), 1);
  Child standby([&](const Child::Say& say) {
    say(0);
    auto directory = DataDirectory::acquire(folder.path(), {.wait = true});
    auto store = store::Store::open(std::move((*directory)->open_store_tree({})->tree), {}).value();
    say(static_cast<int>(store->begin().scan("v", "w", 10).size()));
  });
  ASSERT_EQ(standby.hear(), 0);
  owner.kill();
  EXPECT_EQ(standby.hear(), 5);
}

TEST(DataDirectory, D007_AProgramThatOutlivesTheOwnerHoldsNoLock) {
  TempFolder folder;
  Child owner([&](const Child::Say& say) {
    auto directory = own(folder.path());
    auto opened = directory->open_store_tree({});
    const pid_t program = ::fork();
    if (program == 0) {
      ::execlp("sleep", "sleep", "1000", nullptr);
      ::_exit(127);
    }
    say(program);
    while (true) ::pause();
  });
  const int program = owner.hear();
  ASSERT_GT(program, 0);
  // The new program has closed what it inherited once its own name shows.
  while (content_of("/proc/" + std::to_string(program) + "/comm") != "sleep\n") ASSERT_EQ(::kill(program, 0), 0);
  owner.kill();
  EXPECT_EQ(::kill(program, 0), 0);
  own(folder.path());
  EXPECT_EQ(open_once(folder.path()).size(), 32u);
  ::kill(program, SIGKILL);
}

TEST(DataDirectory, D010_ANewerStoreIsRefusedAndEveryFileStaysAsItWas) {
  TempFolder folder;
  open_once(folder.path());
  {
    auto tree = store::open_lmdb_tree(folder.path() / "store", {}).value();
    ASSERT_TRUE(store::write_format(*tree, {.version = store::format_version + 2, .store_id = "id"}).ok());
    ASSERT_TRUE(tree->commit().ok());
  }
  const auto before = files_in(folder.path());
  {
    auto directory = own(folder.path());
    const auto refused = directory->open_store_tree({});
    ASSERT_EQ(errors_of(refused), "store.newer");
    EXPECT_NE(refused.error().message.find("format " + std::to_string(store::format_version + 2)),
              std::string::npos);
    EXPECT_NE(refused.error().message.find("up to " + std::to_string(store::format_version)), std::string::npos);
  }
  EXPECT_EQ(errors_of(check_store(folder.path())), "store.newer");
  EXPECT_EQ(files_in(folder.path()), before);
}

TEST(DataDirectory, AnEmptiedStoreIsBrokenAndNotTakenForANewOne) {
  TempFolder folder;
  open_once(folder.path());
  fs::remove(folder.path() / "store" / "data.mdb");
  { const auto tree = store::open_lmdb_tree(folder.path() / "store", {.create = true}).value(); }
  EXPECT_EQ(errors_of(own(folder.path())->open_store_tree({})), "store.broken");
}

TEST(DataDirectory, D095_AFolderThatWasMovedWorks) {
  TempFolder folder;
  const auto here = folder.path() / "here";
  const auto there = folder.path() / "there";
  {
    auto directory = own(here);
    auto store = store::Store::open(std::move(directory->open_store_tree({})->tree), {}).value();
    auto txn = store->begin();
    txn.put("vk", "kept");
    ASSERT_TRUE(txn.apply(store::Durability::durable).ok());
    ASSERT_TRUE(store->sync().ok());
  }
  const std::string id = content_of(here / "provisioned");
  fs::rename(here, there);
  auto directory = own(there);
  auto opened = directory->open_store_tree({});
  EXPECT_EQ(opened->store_id + "\n", id);
  auto store = store::Store::open(std::move(opened->tree), {}).value();
  EXPECT_EQ(store->begin().get("vk"), "kept");
}

TEST(CheckStore, CountsAndChangesNothing) {
  TempFolder folder;
  {
    auto directory = own(folder.path());
    auto tree = std::move(directory->open_store_tree({})->tree);
    ASSERT_TRUE(tree->put("va", "noise").ok());
    ASSERT_TRUE(tree->put("vb", store::seal("vb", 1, "fine")).ok());
    ASSERT_TRUE(tree->put("i1", store::seal("i1", 1, "q1")).ok());
    ASSERT_TRUE(tree->commit().ok());
  }
  const auto before = files_in(folder.path());
  const auto report = check_store(folder.path());
  ASSERT_EQ(errors_of(report), "ok");
  EXPECT_EQ(report->records, (std::map<char, std::uint64_t>{{'i', 1}, {'m', 1}, {'v', 2}}));
  EXPECT_EQ(report->bad_count, 1u);
  EXPECT_EQ(report->dangling_count, 1u);
  EXPECT_EQ(files_in(folder.path()), before);
  TempFolder empty;
  EXPECT_EQ(errors_of(check_store(empty.path())), "store.io");
  EXPECT_TRUE(fs::is_empty(empty.path()));
}

}  // namespace
}  // namespace dormouse::hal_linux
