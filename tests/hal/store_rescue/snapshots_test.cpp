// SPDX-License-Identifier: Apache-2.0
// Snapshots while work goes on: what they hold, how many stay, and what happens when they cannot be made.
#include "hal/linux/data/snapshots.hpp"

#include <poll.h>
#include <sys/mount.h>
#include <thread>

#include "runtime/store/lmdb_tree.hpp"
#include "tests/hal/store_rescue/damage.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;

CopyTree copy_of(Life& life) {
  return [&life](int descriptor) { return life.store().copy_to(descriptor); };
}

/// Values v<n> of a snapshot's tree, and what the last batch in it says of itself.
struct Content {
  std::size_t values = 0;
  std::string last;
  std::uint64_t sequence = 0;
};
Content content_of_snapshot(const fs::path& folder) {
  auto tree = store::open_lmdb_tree(folder, {.read_only = true}).value();
  Content content{.values = tree->scan("v", "w", 100'000, store::Direction::forward)->size(), .last = {}};
  content.sequence = store::last_numbers(*tree)->sequence;
  auto store = store::Store::open(std::move(tree), Limits::tiny()).value();
  content.last = store->begin().get("wlast").value_or("");
  return content;
}

TEST(Snapshots, TheNewestTwoStay) {
  const Home home;
  auto life = home.open();
  EXPECT_TRUE(list_snapshots(home.path())->empty());
  std::vector<std::string> names;
  for (int i = 1; i <= 4; ++i) {
    life.put_range(i, i);
    names.push_back(snapshot_of(life, i < 3 ? 9 : 10).path.filename());
  }
  const auto listed = list_snapshots(home.path()).value();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].path.filename(), names[3]);
  EXPECT_EQ(listed[1].path.filename(), names[2]);
  EXPECT_EQ(listed[0].boot, 10u);
  EXPECT_EQ(listed[0].sequence, life.store().applied());
  EXPECT_EQ(names[0], "snapshot-0000000009-00000000000000000001");
  EXPECT_EQ(names_in(home.path() / "snapshots").size(), 2u);
}

TEST(Snapshots, OneOfTheSameStateIsNotMadeTwice) {
  const Home home;
  auto life = home.open();
  life.put_range(1, 3);
  const auto first = snapshot_of(life, 1);
  const auto before = files_in(home.path() / "snapshots");
  EXPECT_EQ(snapshot_of(life, 1).path, first.path);
  EXPECT_EQ(files_in(home.path() / "snapshots"), before);
}

TEST(Snapshots, ANewBootIsNewerWhateverItsSequence) {
  const Home home;
  auto life = home.open();
  life.put_range(1, 3);
  const auto restored_later = snapshot_of(life, 12);
  life.put_range(4, 9);
  snapshot_of(life, 11);
  EXPECT_EQ(list_snapshots(home.path())->at(0).path, restored_later.path);
}

TEST(Snapshots, D062_ACopyThatHangsIsGivenUpAndTheFileStopsGrowing) {
  const Home home;
  auto life = home.open();
  const auto churn = [&](int rounds) {
    for (int round = 0; round < rounds; ++round) {
      for (int i = 0; i < 8; ++i) ASSERT_TRUE(life.put("v" + std::to_string(i), Bytes(900, 'x')).ok());
      life.checkpoint();
    }
  };
  churn(3);
  // It has begun to read, gets stuck where it writes, and goes on only once it was given up.
  const auto hangs = [&](int descriptor) {
    int ends[2];
    check(::pipe(ends) == 0, "test:pipe");
    const FileHandle writer(ends[1]);
    FileHandle reader(ends[0]);
    const std::string filling(65'536, 'x');
    check(::write(writer.get(), filling.data(), filling.size()) == 65'536, "test:fill");
    std::thread end([&] {
      pollfd wait{descriptor, 0, 0};  // an error: nobody reads from it any more
      check(::poll(&wait, 1, -1) == 1, "test:poll");
      reader = FileHandle();
    });
    auto copied = life.store().copy_to(writer.get());
    end.join();
    return copied;
  };
  const auto taken = take_snapshot(home.path(), 1, hangs, std::chrono::milliseconds{5});
  ASSERT_EQ(errors_of(taken), "store.snapshot_failed");
  EXPECT_TRUE(says(taken.error().message, "given up")) << taken.error().message;
  EXPECT_TRUE(fs::is_empty(home.path() / "snapshots"));

  churn(3);
  const auto pages = head_of(home.data_file()).newest()->last_page;
  churn(30);
  EXPECT_LE(head_of(home.data_file()).newest()->last_page, pages + 2);
  EXPECT_TRUE(take_snapshot(home.path(), 1, copy_of(life)).ok());
}

TEST(Snapshots, D075_OneThatIsTakenWhile1000BatchesRunHoldsTheStateAtOneSequence) {
  const Home home;
  auto options = small_options();
  options.store.limits.map_bytes = 4 * 1024 * 1024;
  Life life(home.path(), options);
  const auto run = [&](int from, int to) {
    for (int i = from; i <= to; ++i) {
      auto txn = life.store().begin();
      txn.put("v" + std::to_string(i), Bytes(200, 'x'));
      txn.put("wlast", std::to_string(i));
      ASSERT_TRUE(txn.apply(store::Durability::durable).ok());
      ASSERT_TRUE(life.store().sync().ok());
    }
  };
  run(1, 300);
  life.checkpoint();
  const auto commanded_at = life.store().applied();
  Result<Snapshot> taken = Error{};
  std::thread other([&] { taken = take_snapshot(home.path(), 1, copy_of(life)); });
  run(301, 1'000);
  other.join();
  ASSERT_EQ(errors_of(taken), "ok");
  EXPECT_EQ(verify_in_child(taken->path)->verdict, Verification::Verdict::sound);
  const auto content = content_of_snapshot(taken->path);
  EXPECT_GE(content.sequence, commanded_at);
  EXPECT_EQ(content.sequence, taken->sequence);
  EXPECT_EQ(content.values, content.sequence) << "each batch adds one";
  EXPECT_EQ(content.last, std::to_string(content.sequence));
  EXPECT_EQ(life.count(), 1'000u);
}

TEST(Snapshots, D075_OntoAFullDiskItFailsAndTheStoreIsFine) {
  const Mount disk("tmpfs", "size=4m");
  if (!disk) GTEST_SKIP() << "may not mount";
  Life life(disk.path() / "data", small_options());
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(life.put("v" + std::to_string(i), Bytes(900, 'x')).ok());
  life.checkpoint();
  life.put_range(100, 101);
  { std::ofstream(disk.path() / "filler", std::ios::binary) << std::string(8 << 20, 'x'); }
  const auto taken = take_snapshot(disk.path() / "data", 1, copy_of(life));
  ASSERT_EQ(errors_of(taken), "store.snapshot_failed");
  EXPECT_TRUE(says(taken.error().message, "No space left")) << taken.error().message;
  EXPECT_TRUE(fs::is_empty(disk.path() / "data" / "snapshots"));
  EXPECT_TRUE(life.put("v102").ok());
  fs::remove(disk.path() / "filler");
  EXPECT_EQ(snapshot_of(life, 1).sequence, life.store().applied());
}

TEST(Snapshots, ACopyThatFailsLeavesNothing) {
  const Home home;
  auto life = home.open();
  const auto fails = [](int descriptor) {
    EXPECT_EQ(::write(descriptor, "half", 4), 4);
    return Status(Error{.code = "store.io", .message = "the medium is gone"});
  };
  const auto taken = take_snapshot(home.path(), 1, fails);
  ASSERT_EQ(errors_of(taken), "store.snapshot_failed");
  EXPECT_TRUE(says(taken.error().message, "the medium is gone"));
  const auto noise_only = [](int descriptor) {
    EXPECT_EQ(::write(descriptor, "half", 4), 4);
    return done();
  };
  EXPECT_EQ(errors_of(take_snapshot(home.path(), 1, noise_only)), "store.snapshot_failed") << "no tree";
  EXPECT_TRUE(fs::is_empty(home.path() / "snapshots"));
}

}  // namespace
}  // namespace dormouse::hal_linux
