// SPDX-License-Identifier: Apache-2.0
// A copy of the tree's file, taken by one thread while another goes on committing.
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include "tests/runtime/store/beds.hpp"

namespace dormouse::store {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) { check(fd >= 0, "test:open"); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }
  int get() const { return fd_; }
  void reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

/// One tree, and folders for its copies.
class SnapshotCopy : public testing::Test {
 protected:
  SnapshotCopy() : tree_(open_lmdb_tree(folder_.path(), {.create = true}).value()) {}

  /// Every record gets the round's number, so that a state that was never committed shows.
  void commit_round(int round) {
    for (int i = 0; i < 400; ++i) ASSERT_TRUE(tree_->put(key(i), value(round, i)).ok());
    ASSERT_TRUE(tree_->commit().ok());
  }
  static Bytes key(int i) { return "v" + std::to_string(1'000 + i); }
  static Bytes value(int round, int i) {
    return std::to_string(round) + ":" + Bytes(static_cast<std::size_t>((round * 131 + i * 17) % 3'000), 'x');
  }

  std::filesystem::path new_folder() {
    const auto folder = copies_.path() / std::to_string(++folders_);
    std::filesystem::create_directory(folder);
    return folder;
  }
  Status copy_into(const std::filesystem::path& folder) {
    const Descriptor file(open((folder / "data.mdb").c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600));
    return tree_->copy_to(file.get());
  }
  static std::vector<Entry> content(const std::filesystem::path& folder) {
    return dump(*open_lmdb_tree(folder, {.read_only = true}).value());
  }

  TempFolder folder_;
  TempFolder copies_;
  int folders_ = 0;
  std::unique_ptr<Tree> tree_;
};

TEST_F(SnapshotCopy, IsOneCommittedStateWhileTheOwnerGoesOn) {
  constexpr int copies = 8;
  std::atomic<int> committed = 0;
  std::atomic<bool> copying = true;
  commit_round(++committed);
  std::vector<std::pair<std::filesystem::path, int>> taken;  // and the round that was committed before
  std::thread copier([&] {
    for (int i = 0; i < copies; ++i) {
      taken.emplace_back(new_folder(), committed.load());
      const auto copied = copy_into(taken.back().first);
      EXPECT_TRUE(copied.ok()) << copied.error().message;
    }
    copying = false;
  });
  while (copying) {
    commit_round(committed + 1);
    ++committed;
  }
  copier.join();
  for (const auto& [folder, before] : taken) {
    const auto entries = content(folder);
    ASSERT_EQ(entries.size(), 400u);
    const int round = std::stoi(entries[0].value);
    EXPECT_GE(round, before);
    EXPECT_LE(round, committed + 1);
    for (int i = 0; i < 400; ++i) EXPECT_EQ(entries[static_cast<std::size_t>(i)], (Entry{key(i), value(round, i)}));
  }
}

TEST_F(SnapshotCopy, HasNothingOfTheOpenTransaction) {
  commit_round(1);
  const auto committed = dump(*tree_);
  ASSERT_TRUE(tree_->put("w", "not committed").ok());
  ASSERT_TRUE(tree_->erase(key(7)).ok());
  const auto folder = new_folder();
  std::thread([&] { EXPECT_TRUE(copy_into(folder).ok()); }).join();
  EXPECT_EQ(content(folder), committed);
  EXPECT_EQ(tree_->get("w").value(), "not committed");
  EXPECT_TRUE(tree_->commit().ok());
}

TEST_F(SnapshotCopy, HoldsNoFreePagesAndCanBeWrittenTo) {
  for (int round = 1; round < 5; ++round) commit_round(round);
  for (int i = 0; i < 400; i += 2) ASSERT_TRUE(tree_->erase(key(i)).ok());
  ASSERT_TRUE(tree_->commit().ok());
  ASSERT_GT(tree_->shape().free_pages, 50u);
  const auto folder = new_folder();
  std::thread([&] { EXPECT_TRUE(copy_into(folder).ok()); }).join();
  auto copy = open_lmdb_tree(folder, {}).value();
  EXPECT_EQ(copy->shape().free_pages, 0u);
  EXPECT_LT(copy->shape().file_pages, tree_->shape().file_pages);
  EXPECT_EQ(copy->shape().file_pages * 4096, std::filesystem::file_size(folder / "data.mdb"));
  ASSERT_TRUE(copy->put("w", "more").ok());
  ASSERT_TRUE(copy->commit().ok());
  EXPECT_EQ(copy->shape().entries, 201u);
}

TEST_F(SnapshotCopy, OfAnEmptyTreeIsAnEmptyTree) {
  ASSERT_TRUE(tree_->put("v", "x").ok());
  ASSERT_TRUE(tree_->commit().ok());
  ASSERT_TRUE(tree_->erase("v").ok());
  ASSERT_TRUE(tree_->commit().ok());
  const auto folder = new_folder();
  std::thread([&] { EXPECT_TRUE(copy_into(folder).ok()); }).join();
  auto copy = open_lmdb_tree(folder, {}).value();
  EXPECT_EQ(dump(*copy).size(), 0u);
  ASSERT_TRUE(copy->put("v", "x").ok());
  EXPECT_TRUE(copy->commit().ok());
}

TEST_F(SnapshotCopy, IsGivenUpByClosingThePipeAndThenTheFileGrowsNoMore) {
  for (const auto handler : {SIG_DFL, SIG_IGN}) {  // of a program that ignores SIGPIPE or not: it must live
    const auto old_handler = std::signal(SIGPIPE, handler);
    commit_round(1);
    int ends[2] = {};
    ASSERT_EQ(pipe(ends), 0);
    Descriptor reading(ends[0]);
    const Descriptor writing(ends[1]);
    std::optional<Status> copied;
    std::thread copier([&] { copied = tree_->copy_to(writing.get()); });
    char first = 0;
    ASSERT_EQ(read(reading.get(), &first, 1), 1);  // it has begun, and hangs when the pipe is full
    const auto before = tree_->shape().file_pages;
    for (int round = 2; round < 12; ++round) commit_round(round);
    const auto held = tree_->shape().file_pages;
    EXPECT_GT(held, 3 * before);
    reading.reset();
    copier.join();
    ASSERT_FALSE(copied->ok());
    EXPECT_EQ(copied->error().code, "store.snapshot_failed");
    EXPECT_NE(copied->error().message.find((folder_.path() / "data.mdb").string()), std::string::npos);
    EXPECT_NE(copied->error().message.find("Broken pipe"), std::string::npos) << copied->error().message;
    for (int round = 12; round < 22; ++round) commit_round(round);
    EXPECT_LE(tree_->shape().file_pages, held + held / 10);
    std::signal(SIGPIPE, old_handler);
    tree_.reset();
    std::filesystem::remove(folder_.path() / "data.mdb");
    tree_ = open_lmdb_tree(folder_.path(), {.create = true}).value();
  }
}

TEST_F(SnapshotCopy, OntoAFullDiskFailsAndTheTreeIsFine) {
  commit_round(1);
  const Descriptor full(open("/dev/full", O_WRONLY));
  std::thread([&] {
    const auto copied = tree_->copy_to(full.get());
    ASSERT_FALSE(copied.ok());
    EXPECT_EQ(copied.error().code, "store.snapshot_failed");
    EXPECT_NE(copied.error().message.find("No space left"), std::string::npos) << copied.error().message;
    EXPECT_FALSE(copied.error().hint.empty());
  }).join();
  commit_round(2);
  EXPECT_EQ(tree_->get(key(3)).value(), value(2, 3));
}

TEST_F(SnapshotCopy, ThatMayNotGrowFailsPartWay) {
  commit_round(1);
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100'000, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto folder = new_folder();
  std::optional<Status> copied;
  std::thread([&] { copied = copy_into(folder); }).join();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(copied->ok());
  EXPECT_EQ(copied->error().code, "store.snapshot_failed");
  EXPECT_EQ(std::filesystem::file_size(folder / "data.mdb"), 100'000u);
  commit_round(2);
  EXPECT_EQ(tree_->get(key(3)).value(), value(2, 3));
}

TEST(MemorySnapshotCopy, IsRefused) {
  MemoryDisk disk;
  const auto copied = open_memory_tree(disk)->copy_to(1);
  ASSERT_FALSE(copied.ok());
  EXPECT_EQ(copied.error().code, "store.snapshot_failed");
}

}  // namespace
}  // namespace dormouse::store
