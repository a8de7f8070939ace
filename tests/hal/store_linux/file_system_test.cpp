// SPDX-License-Identifier: Apache-2.0
// File systems that are full, read-only, volatile or refused. Each is mounted for its test, which needs root.
#include <fcntl.h>

#include <gtest/gtest.h>

#include "hal/linux/data_directory.hpp"
#include "runtime/store/store.hpp"
#include "tests/hal/store_linux/places.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;

#define SKIP_WITHOUT(mounted) \
  if (!(mounted)) GTEST_SKIP() << "this process may not mount a file system"

TEST(FileSystem, D008_TmpfsMakesTheStoreVolatile) {
  Mount tmpfs("tmpfs", "size=4m");
  SKIP_WITHOUT(tmpfs);
  auto directory = DataDirectory::acquire(tmpfs.path() / "data", {});
  ASSERT_EQ(errors_of(directory), "ok");
  EXPECT_TRUE((*directory)->is_volatile());
  EXPECT_EQ((*directory)->file_system().name, "tmpfs");
  EXPECT_EQ(errors_of((*directory)->open_store_tree({})), "ok");
}

TEST(FileSystem, D008_OverlayIsRefusedBeforeAnythingIsMadeUnlessItIsAllowed) {
  Mount tmpfs("tmpfs", "size=4m");
  SKIP_WITHOUT(tmpfs);
  for (const char* name : {"lower", "upper", "work"}) fs::create_directory(tmpfs.path() / name);
  const auto part = [&](const char* name) { return (tmpfs.path() / name).string(); };
  Mount overlay("overlay", "lowerdir=" + part("lower") + ",upperdir=" + part("upper") + ",workdir=" + part("work"));
  SKIP_WITHOUT(overlay);
  const auto data = overlay.path() / "some" / "data";
  const auto refused = DataDirectory::acquire(data, {});
  ASSERT_EQ(errors_of(refused), "store.fs_refused");
  EXPECT_NE(refused.error().message.find("overlay"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(overlay.path()));
  EXPECT_EQ(errors_of(DataDirectory::acquire(data, {.allow_fs = {"nfs"}})), "store.fs_refused");
  auto allowed = DataDirectory::acquire(data, {.allow_fs = {"overlay"}});
  ASSERT_EQ(errors_of(allowed), "ok");
  EXPECT_EQ((*allowed)->file_system().name, "overlay");
  EXPECT_TRUE((*allowed)->file_system().unsafe);
}

TEST(FileSystem, AReadOnlyOneIsNamedAsSuch) {
  Mount tmpfs("tmpfs", "size=4m");
  SKIP_WITHOUT(tmpfs);
  { ASSERT_EQ(errors_of((*DataDirectory::acquire(tmpfs.path() / "data", {}))->open_store_tree({})), "ok"); }
  ASSERT_TRUE(tmpfs.remount(MS_RDONLY));
  EXPECT_EQ(errors_of(DataDirectory::acquire(tmpfs.path() / "data", {})), "store.read_only");
  EXPECT_EQ(errors_of(DataDirectory::acquire(tmpfs.path() / "other", {})), "store.read_only");
  EXPECT_EQ(errors_of(check_store(tmpfs.path() / "data")), "ok");
}

/// A store on a file system, with the verbs of these stories.
struct Desk {
  std::unique_ptr<DataDirectory> directory;
  std::unique_ptr<store::Store> store;

  Desk(const fs::path& path, const DataDirectory::StoreOptions& options) {
    directory = DataDirectory::acquire(path, {}).value();
    auto opened = directory->open_store_tree(options);
    check(opened.ok(), "test:open");
    store = store::Store::open(std::move(opened->tree), {}).value();
  }
  Status put(const std::string& key, const Bytes& body) {
    auto txn = store->begin();
    txn.put(key, body);
    auto applied = txn.apply(store::Durability::durable);
    if (!applied) return applied.error();
    auto synced = store->sync();
    if (!synced) return synced.error();
    return done();
  }
  std::size_t count() { return store->begin().scan("v", "w", 100'000).size(); }
};

TEST(FileSystem, AFullDiskLosesNothingThatWasAckedAndWorkGoesOnWhenThereIsSpace) {
  Mount tmpfs("tmpfs", "size=1m");
  SKIP_WITHOUT(tmpfs);
  std::size_t acked = 0;
  {
    Desk desk(tmpfs.path() / "data", {});
    Status answer = done();
    while (acked < 1'000) {
      answer = desk.put("v" + std::to_string(acked), Bytes(10'000, 'x'));
      if (!answer) break;
      ++acked;
    }
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, "store.no_space") << answer.error().message;
    EXPECT_GT(acked, 20u);
    EXPECT_EQ(desk.count(), acked);
    EXPECT_EQ(errors_of(desk.put("vmore", Bytes(10'000, 'x'))), "store.no_space");
    EXPECT_EQ(desk.count(), acked);
  }
  {
    Desk desk(tmpfs.path() / "data", {});
    EXPECT_EQ(desk.count(), acked);
    ASSERT_EQ(::mount(nullptr, tmpfs.path().c_str(), nullptr, MS_REMOUNT, "size=2m"), 0);
    EXPECT_EQ(errors_of(desk.put("vmore", Bytes(10'000, 'x'))), "ok");
    EXPECT_EQ(desk.count(), acked + 1);
  }
}

TEST(FileSystem, D059_APrezeroedStoreDoesNotMindADiskThatOthersFilled) {
  Mount tmpfs("tmpfs", "size=4m");
  SKIP_WITHOUT(tmpfs);
  Desk desk(tmpfs.path() / "data", {.map_bytes = 1024 * 1024, .prezero = true});
  {
    const FileHandle file(::open((tmpfs.path() / "others").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    EXPECT_EQ(errors_of(write_zeros(file.get(), "others", 0, 8 * 1024 * 1024)), "store.no_space");
  }
  for (int i = 0; i < 10'000; ++i)
    ASSERT_EQ(errors_of(desk.put("v" + std::to_string(i % 500), Bytes(500 + i % 300, 'x'))), "ok") << i;
  EXPECT_EQ(desk.count(), 500u);
}

TEST(FileSystem, AFullDiskAtCreationLeavesNothingThatLooksLikeAStore) {
  Mount tmpfs("tmpfs", "size=64k");
  SKIP_WITHOUT(tmpfs);
  const auto data = tmpfs.path() / "data";
  auto directory = DataDirectory::acquire(data, {});
  ASSERT_EQ(errors_of(directory), "ok");
  EXPECT_EQ(errors_of((*directory)->open_store_tree({.prezero = true})), "store.no_space");
  EXPECT_FALSE(fs::exists(data / "store"));
  EXPECT_FALSE(fs::exists(data / "provisioned"));
  ASSERT_EQ(::mount(nullptr, tmpfs.path().c_str(), nullptr, MS_REMOUNT, "size=1m"), 0);
  auto opened = (*directory)->open_store_tree({});
  ASSERT_EQ(errors_of(opened), "ok");
  EXPECT_FALSE(opened->alarm);
}

}  // namespace
}  // namespace dormouse::hal_linux
