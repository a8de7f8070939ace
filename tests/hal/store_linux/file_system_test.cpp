// SPDX-License-Identifier: Apache-2.0
// File systems that are full, read-only, volatile or refused. Each is mounted for its test, which needs root.
#include <fcntl.h>

#include <gtest/gtest.h>

#include "hal/linux/data/store_view.hpp"
#include "tests/hal/store_linux/life.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;

#define SKIP_WITHOUT(mounted) \
  if (!(mounted)) GTEST_SKIP() << "this process may not mount a file system"

DataDirectory::Options small(bool prezero = false) {
  DataDirectory::Options options;
  options.store.limits.map_bytes = 1024 * 1024;
  options.store.limits.journal_half_bytes = 64 * 1024;
  options.store.limits.group_bytes = 16 * 1024;
  options.store.prezero = prezero;
  return options;
}

/// Takes all the room that is left.
void fill(const fs::path& folder) {
  const FileHandle file(::open((folder / "others").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  EXPECT_EQ(errors_of(write_zeros(file.get(), "others", 0, 8 * 1024 * 1024)), "store.no_space");
}

TEST(FileSystem, D008_TmpfsMakesTheStoreVolatile) {
  Mount tmpfs("tmpfs", "size=4m");
  SKIP_WITHOUT(tmpfs);
  Life life(tmpfs.path() / "data");
  EXPECT_TRUE(life.data->is_volatile());
  EXPECT_EQ(life.data->file_system().name, "tmpfs");
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
  Life life(data, {.allow_fs = {"overlay"}});
  EXPECT_EQ(life.data->file_system().name, "overlay");
  EXPECT_TRUE(life.data->file_system().unsafe);
  ASSERT_EQ(life.opened.notes.size(), 1u);
  EXPECT_NE(life.opened.notes[0].find("overlay"), std::string::npos);
}

TEST(FileSystem, D008_NfsNinePAndJffs2AreToldFromTheirNumbers) {
  for (const auto& [magic, name] :
       std::map<unsigned long, std::string>{{0x6969, "nfs"}, {0x01021997, "9p"}, {0x72b6, "jffs2"}}) {
    const auto kind = file_system_of_magic(magic);
    EXPECT_EQ(kind.name, name);
    EXPECT_TRUE(kind.unsafe);
    EXPECT_FALSE(kind.is_volatile);
  }
  EXPECT_FALSE(file_system_of_magic(0xEF53).unsafe) << "ext4";
}

TEST(FileSystem, OnAReadOnlyOneTheStoreCanBeLookedAtWithWhatItsJournalHolds) {
  Mount tmpfs("tmpfs", "size=4m");
  SKIP_WITHOUT(tmpfs);
  const auto data = tmpfs.path() / "data";
  live_and_be_killed(data, [](Life& life) { life.put_range(1, 5); });
  const auto before = files_in(data);
  ASSERT_TRUE(tmpfs.remount(MS_RDONLY));
  EXPECT_EQ(errors_of(DataDirectory::acquire(data, {})), "store.read_only");
  EXPECT_EQ(errors_of(DataDirectory::acquire(tmpfs.path() / "other", {})), "store.read_only");
  const auto view = view_store(data);
  ASSERT_EQ(errors_of(view), "ok");
  EXPECT_EQ(view->opened.store->begin({}).scan("v", "w", 10).size(), 5u);
  EXPECT_EQ(errors_of(check_store(data)), "ok");
  EXPECT_EQ(files_in(data), before);
}

TEST(FileSystem, D058_AFullDiskStopsAStoreThatHasNoRoomYetOnlyWhenItsHalfIsFull) {
  Mount tmpfs("tmpfs", "size=1m");
  SKIP_WITHOUT(tmpfs);
  const auto data = tmpfs.path() / "data";
  std::size_t acked = 0;
  {
    Life life(data, small());
    fill(tmpfs.path());
    EXPECT_EQ(errors_of(life.put("v0", Bytes(10'000, 'x'))), "ok");
    EXPECT_EQ(errors_of(life.store().checkpoint(store::Checkpoint::command)), "store.no_space");
    Status answer = done();
    for (acked = 1; acked < 100; ++acked) {
      answer = life.put("v" + std::to_string(acked), Bytes(10'000, 'x'));
      if (!answer) break;
    }
    ASSERT_EQ(errors_of(answer), "store.no_space") << answer.error().message;
    EXPECT_GE(acked, 5u) << "the half takes six of them";
    EXPECT_LE(acked, 6u);
    EXPECT_EQ(life.count(), acked);
    auto erase = life.store().begin({});
    erase.erase("v0");
    EXPECT_EQ(errors_of(erase.apply(store::Durability::durable)), "ok");
    EXPECT_EQ(errors_of(life.store().sync()), "ok");
  }
  fs::remove(tmpfs.path() / "others");
  Life life(data, small());
  EXPECT_EQ(life.count(), acked - 1);
  EXPECT_EQ(errors_of(life.put("vmore", Bytes(10'000, 'x'))), "ok");
  EXPECT_EQ(errors_of(life.store().checkpoint(store::Checkpoint::command)), "ok");
}

TEST(FileSystem, D059_APrezeroedStoreDoesNotMindADiskThatOthersFilled) {
  Mount tmpfs("tmpfs", "size=4m");
  SKIP_WITHOUT(tmpfs);
  Life life(tmpfs.path() / "data", small(true));
  fill(tmpfs.path());
  for (int i = 0; i < 10'000; ++i)
    ASSERT_EQ(errors_of(life.put("v" + std::to_string(i % 500), Bytes(500 + i % 300, 'x'))), "ok") << i;
  EXPECT_EQ(life.count(), 500u);
}

TEST(FileSystem, ADiskWithoutTheRoomForAPrezeroedMapIsNotedAndGetsItsSpaceBack) {
  Mount tmpfs("tmpfs", "size=4m");
  SKIP_WITHOUT(tmpfs);
  const auto data = tmpfs.path() / "data";
  { Life(data, small()).put_range(1, 5); }
  auto options = small(true);
  options.store.limits.map_bytes = 8 * 1024 * 1024;
  Life life(data, options);
  ASSERT_EQ(life.opened.notes.size(), 1u);
  EXPECT_NE(life.opened.notes[0].find("did not get all its room"), std::string::npos) << life.opened.notes[0];
  EXPECT_LT(fs::file_size(data / "store" / "data.mdb"), 64u * 1024);
  EXPECT_EQ(life.count(), 5u);
  EXPECT_EQ(errors_of(life.put("v6")), "ok");
}

TEST(FileSystem, AFullDiskAtCreationLeavesNothingThatLooksLikeAStore) {
  Mount tmpfs("tmpfs", "size=256k");
  SKIP_WITHOUT(tmpfs);
  const auto data = tmpfs.path() / "data";
  {
    auto directory = DataDirectory::acquire(data, small(true));
    ASSERT_EQ(errors_of(directory), "ok");
    EXPECT_EQ(errors_of((*directory)->open_store()), "store.no_space");
    EXPECT_EQ(names_in(data), (std::set<std::string>{"lock"}));
  }
  ASSERT_EQ(::mount(nullptr, tmpfs.path().c_str(), nullptr, MS_REMOUNT, "size=2m"), 0);
  EXPECT_TRUE(Life(data, small(true)).opened.alarms.empty());
}

TEST(FileSystem, AJournalThatCannotGrowForWantOfSpaceStaysAsItIs) {
  Mount tmpfs("tmpfs", "size=1m");
  SKIP_WITHOUT(tmpfs);
  const auto data = tmpfs.path() / "data";
  { Life(data, small()).put_range(1, 5); }
  auto options = small();
  options.store.limits.journal_half_bytes = 1024 * 1024;
  Life life(data, options);
  EXPECT_EQ(life.count(), 5u);
  EXPECT_EQ(life.store().stats().half_bytes, 64u * 1024);
  ASSERT_EQ(life.opened.notes.size(), 1u);
  EXPECT_NE(life.opened.notes[0].find("keeps halves of 65536 bytes"), std::string::npos) << life.opened.notes[0];
  EXPECT_EQ(errors_of(life.put("v6")), "ok");
}

}  // namespace
}  // namespace dormouse::hal_linux
