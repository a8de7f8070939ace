// SPDX-License-Identifier: Apache-2.0
// The recorder misses nothing: each call that changes files is one op of its kind, and a record played to its end
// is the folder. (Recorder::stop() compares; these tests also say what the ops are.)
#include "tests/crash/harness/recorder.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sys/uio.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "hal/linux/files/durable_file.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::crash {
namespace {

std::vector<std::string> lines_of(const Record& record) {
  std::vector<std::string> lines;
  for (const Op& op : record.ops) lines.push_back(describe(record, op));
  return lines;
}

TEST(Recorder, NotesEachCallWithItsContent) {
  const TempFolder folder;
  std::ofstream(folder.path() / "old") << "old";
  Recorder recorder(folder.path());
  const std::string file = folder.path() / "file";
  {
    const hal_linux::FileHandle handle(::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
    ASSERT_EQ(::write(handle.get(), "abc", 3), 3);
    ASSERT_EQ(::pwrite(handle.get(), "xy", 2, 600), 2);
    iovec parts[] = {{const_cast<char*>("de"), 2}, {const_cast<char*>("f"), 1}};
    ASSERT_EQ(::writev(handle.get(), parts, 2), 3);
    ASSERT_EQ(::pwritev(handle.get(), parts, 2, 10), 3);
    ASSERT_EQ(::fdatasync(handle.get()), 0);
    ASSERT_EQ(::ftruncate(handle.get(), 11), 0);
    ASSERT_EQ(::fsync(handle.get()), 0);
  }
  recorder.applied(7);
  const hal_linux::FileHandle at(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_EQ(::mkdirat(at.get(), "sub", 0700), 0);
  ASSERT_EQ(::fsync(at.get()), 0);
  ASSERT_EQ(::rename(file.c_str(), (folder.path() / "other").c_str()), 0);
  { const hal_linux::FileHandle emptied(::openat(at.get(), "old", O_WRONLY | O_TRUNC)); }
  ASSERT_EQ(std::filesystem::remove_all(folder.path() / "sub"), 1u);
  ASSERT_EQ(::unlink((folder.path() / "old").c_str()), 0);
  recorder.acked(7);
  const Record record = recorder.stop();
  EXPECT_EQ(
      lines_of(record),
      (std::vector<std::string>{
          "new name file in .", "write of 3 bytes at 0 of file", "write of 2 bytes at 600 of file",
          "write of 3 bytes at 3 of file", "write of 3 bytes at 10 of file", "sync of file", "size 11 of file",
          "sync of file", "batch 7 applied", "new name sub in .", "sync of .", "rename file to other in .",
          "size 0 of old", "name sub removed from .", "name old removed from .", "batch 7 acked"}));
  EXPECT_EQ(end_of(record).files(),
            (std::map<std::string, std::string>{{"other", std::string("abcdef\0\0\0\0d", 11)}}));
}

TEST(Recorder, NotesOnlyWhatLiesBelowItsFolderAndWhatSucceeded) {
  const TempFolder folder;
  const TempFolder other;
  Recorder recorder(folder.path());
  std::ofstream(other.path() / "file") << "x";
  EXPECT_LT(::open((folder.path() / "missing" / "file").c_str(), O_WRONLY | O_CREAT, 0600), 0);
  EXPECT_NE(::unlink((folder.path() / "missing").c_str()), 0);
  EXPECT_EQ(errno, ENOENT);
  const hal_linux::FileHandle handle(::open((other.path() / "file").c_str(), O_WRONLY));
  EXPECT_EQ(::write(handle.get(), "y", 1), 1);
  EXPECT_EQ(lines_of(recorder.stop()), std::vector<std::string>{});
}

TEST(Recorder, AFileThatTookTheNumberOfARemovedOneIsAnother) {
  const TempFolder folder;
  Recorder recorder(folder.path());
  for (const char* name : {"a", "b", "c"}) {
    const std::string path = folder.path() / name;
    { const hal_linux::FileHandle made(::open(path.c_str(), O_WRONLY | O_CREAT, 0600)); }
    ASSERT_EQ(::unlink(path.c_str()), 0);
  }
  const Record record = recorder.stop();
  EXPECT_EQ(record.start.nodes.size(), 4u);
}

TEST(Recorder, SeesLmdbWriteItsPagesAndThenItsMetaPageSynchronously) {
  const TempFolder folder;
  auto tree = store::open_lmdb_tree(folder.path(), {.map_bytes = 1024 * 1024, .create = true}).value();
  ASSERT_TRUE(tree->put("m1", "x").ok());
  ASSERT_TRUE(tree->commit().ok());
  Recorder recorder(folder.path());
  ASSERT_TRUE(tree->put("m2", "y").ok());
  ASSERT_TRUE(tree->commit().ok());
  const Record record = recorder.stop();
  ASSERT_GE(record.ops.size(), 3u);
  const auto& meta = record.ops.back();
  const auto& sync = record.ops[record.ops.size() - 2];
  EXPECT_EQ(sync.kind, Op::Kind::sync);
  EXPECT_EQ(meta.kind, Op::Kind::write);
  EXPECT_TRUE(meta.synced);
  EXPECT_LT(meta.number, 8192u);
  for (std::size_t i = 0; i + 2 < record.ops.size(); ++i) {
    EXPECT_EQ(record.ops[i].kind, Op::Kind::write);
    EXPECT_FALSE(record.ops[i].synced);
    EXPECT_GE(record.ops[i].number, 8192u);
  }
}

}  // namespace
}  // namespace dormouse::crash
