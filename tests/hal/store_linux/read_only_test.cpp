// SPDX-License-Identifier: Apache-2.0
// A real store on a file system that the kernel turns read-only under it. Needs root.
#include "hal/linux/data/store_view.hpp"
#include "tests/hal/store_linux/ext4.hpp"
#include "tests/hal/store_linux/life.hpp"

namespace dormouse::hal_linux {
namespace {

TEST(ReadOnlyFileSystem, TurnsUnderAStoreWhichRefusesTheGroupAndIsReadOn) {
  Ext4 disk;
  if (!disk) GTEST_SKIP() << "this process may not mount an ext4 file system";
  const auto data = disk.path() / "data";
  {
    Life life(data);
    life.put_range(1, 3);
    life.checkpoint();
    life.put_range(4, 6);
    life.apply("v7");
    ASSERT_TRUE(disk.turn_read_only());
    EXPECT_EQ(errors_of(life.put("v8")), "store.read_only");
    EXPECT_EQ(life.count(), 6u);
    EXPECT_FALSE(life.store().failed());
    EXPECT_EQ(errors_of(life.put("v9")), "store.read_only");
    EXPECT_EQ(errors_of(life.store().checkpoint(store::Checkpoint::command)), "store.read_only");
    EXPECT_EQ(life.count(), 6u);
  }
  const auto before = files_in(data);
  const auto view = view_store(data);
  ASSERT_EQ(errors_of(view), "ok");
  EXPECT_EQ(view->opened.store->begin({}).scan("v", "w", 10).size(), 6u);
  EXPECT_EQ(files_in(data), before);
}

TEST(ReadOnlyFileSystem, TurnsAtACheckpointAndNothingIsLost) {
  Ext4 disk;
  if (!disk) GTEST_SKIP() << "this process may not mount an ext4 file system";
  Life life(disk.path() / "data");
  life.put_range(1, 6);
  ASSERT_TRUE(disk.turn_read_only());
  EXPECT_EQ(errors_of(life.store().checkpoint(store::Checkpoint::command)), "store.read_only");
  EXPECT_EQ(life.count(), 6u);
  EXPECT_FALSE(life.store().failed());
}

TEST(ReadOnlyFileSystem, LetsTheHeartbeatBeRead) {
  Mount tmpfs("tmpfs", "size=4m");
  if (!tmpfs) GTEST_SKIP() << "this process may not mount a file system";
  const auto data = tmpfs.path() / "data";
  {
    Life life(data);
    ASSERT_EQ(errors_of(life.data->open_heartbeat()), "ok");
  }
  ASSERT_TRUE(tmpfs.remount(MS_RDONLY));
  const auto heartbeat = view_heartbeat(data);
  ASSERT_EQ(errors_of(heartbeat), "ok");
  EXPECT_EQ(errors_of((*heartbeat)->read(0, 1)), "ok");
  EXPECT_EQ(errors_of((*heartbeat)->write(0, "x")), "store.read_only");
  EXPECT_EQ(errors_of(view_heartbeat(tmpfs.path())), "store.io");
}

}  // namespace
}  // namespace dormouse::hal_linux
