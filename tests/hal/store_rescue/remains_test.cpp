// SPDX-License-Identifier: Apache-2.0
// What can be told from bytes alone: meta pages, the numbers in a tree and in a damaged journal, the marker.
#include "hal/linux/data/restore.hpp"
#include "hal/linux/data/store_marker.hpp"
#include "runtime/store/envelope.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "tests/hal/store_rescue/damage.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;
using wire::Key;

/// 512-byte pages of zeros but for what a test puts there.
class BytesMedium final : public store::StorageMedium {
 public:
  explicit BytesMedium(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<Bytes> read(std::uint64_t offset, std::uint64_t length) override { return bytes_.substr(offset, length); }
  Status write(std::uint64_t, BytesView) override { return Error{.code = "store.read_only"}; }
  Status sync() override { return done(); }

 private:
  Bytes bytes_;
};

TEST(LmdbHead, TellsTheTwoMetaPagesOfARealFile) {
  const TempFolder folder;
  {
    auto tree = store::open_lmdb_tree(folder.path(), {.create = true}).value();
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(tree->put("v" + std::to_string(i), Bytes(100, 'x')).ok());
      ASSERT_TRUE(tree->commit().ok());
    }
  }
  const auto bytes = content_of(folder.path() / "data.mdb");
  const auto head = store::read_lmdb_head(bytes);
  ASSERT_TRUE(head.metas[0] && head.metas[1]);
  EXPECT_EQ(head.newest()->transaction, 3u);
  EXPECT_EQ(head.newest()->entries, 3u);
  EXPECT_EQ(head.newest()->page_bytes, page_bytes);
  EXPECT_EQ(head.newest()->used_bytes(), bytes.size());
  EXPECT_FALSE(head.one_is_unreadable());
  EXPECT_FALSE(store::heal_lmdb_head(bytes)) << "nothing to heal";
  EXPECT_FALSE(store::read_lmdb_head(bytes, 4).newest()) << "not of a 32-bit program";
}

TEST(LmdbHead, HealsOneMetaPageByTheOtherAndLmdbTakesIt) {
  const TempFolder folder;
  const auto file = folder.path() / "data.mdb";
  {
    auto tree = store::open_lmdb_tree(folder.path(), {.create = true}).value();
    for (int i = 1; i <= 4; ++i) {
      ASSERT_TRUE(tree->put("v" + std::to_string(i), Bytes(100, 'x')).ok());
      ASSERT_TRUE(tree->commit().ok());
    }
  }
  const auto whole = content_of(file);
  for (const std::uint64_t page : {0, 1}) {
    for (const std::string& damage : {std::string(page_bytes, '\0'), noise(page_bytes, 3)}) {
      auto bytes = whole;
      bytes.replace(page * page_bytes, page_bytes, damage);
      const bool newest = store::read_lmdb_head(whole).newest() == &*store::read_lmdb_head(whole).metas[page] ||
                          store::read_lmdb_head(whole).metas[page]->transaction == 4;
      const auto healed = store::heal_lmdb_head(bytes);
      ASSERT_TRUE(healed);
      write_file(file, *healed);
      auto tree = store::open_lmdb_tree(folder.path(), {}).value();
      EXPECT_EQ(tree->scan("v", "w", 100, store::Direction::forward)->size(), newest ? 3u : 4u);
      for (int i = 5; i <= 8; ++i) {
        ASSERT_TRUE(tree->put("v" + std::to_string(i), "x").ok());
        ASSERT_TRUE(tree->commit().ok());
      }
      tree.reset();
      EXPECT_TRUE(head_of(file).metas[0] && head_of(file).metas[1]);
    }
  }
  auto both = whole;
  both.replace(0, 2 * page_bytes, noise(2 * page_bytes, 5));
  EXPECT_FALSE(store::heal_lmdb_head(both));
  EXPECT_FALSE(store::read_lmdb_head("").newest());
}

TEST(LastNumbers, AreFoundInAJournalBeyondWhatIsDamagedInIt) {
  const Home home;
  {
    Life life(home.path(), small_options());
    for (int boot = 1; boot <= 3; ++boot) life.boot();
    life.put_range(1, 3);
  }
  const auto journal = home.path() / "store" / "journal";
  auto bytes = content_of(journal);
  BytesMedium whole(bytes);
  const auto numbers = store::last_numbers(whole).value();
  EXPECT_EQ(numbers.of(Key::epoch), 3u);
  EXPECT_EQ(numbers.of(Key::boot), 3u);
  EXPECT_EQ(numbers.sequence, 6u);
  ASSERT_TRUE(numbers.last_batch);
  EXPECT_EQ(numbers.last_batch->epoch, 3u);

  // The first record of the half that is in use is gone, and with it the chain.
  const auto half = store::journal_header_bytes + small_options().store.limits.journal_half_bytes;
  bytes.replace(half, 8, noise(8, 1));
  BytesMedium damaged(bytes);
  EXPECT_EQ(store::last_numbers(damaged)->of(Key::epoch), 3u);
  EXPECT_EQ(store::last_numbers(damaged)->sequence, 6u);
  BytesMedium nothing_but_noise(noise(64 * 1024, 2));
  EXPECT_EQ(store::last_numbers(nothing_but_noise)->sequence, 0u);
}

TEST(LastNumbers, RaiseATreeAndNeverLowerIt) {
  const TempFolder folder;
  auto tree = store::open_lmdb_tree(folder.path(), {.create = true}).value();
  store::LastNumbers numbers;
  numbers.raise(Key::epoch, 57);
  numbers.raise(Key::last_id, 400);
  numbers.sequence = 90;
  numbers.last_batch = {.epoch = 57, .instant = {5}, .wall = {1'000}, .trust = Trust::rtc};
  EXPECT_EQ(store::LastNumbers::decode(numbers.encode()).of(Key::last_id), 400u);
  EXPECT_EQ(store::LastNumbers::decode(numbers.encode()).last_batch->wall, WallTime{1'000});
  ASSERT_TRUE(store::raise_numbers(*tree, numbers, true).ok());
  store::LastNumbers lower;
  lower.raise(Key::epoch, 3);
  lower.raise(Key::boot, 12);
  ASSERT_TRUE(store::raise_numbers(*tree, lower, false).ok());
  const auto now = store::last_numbers(*tree).value();
  EXPECT_EQ(now.of(Key::epoch), 57u);
  EXPECT_EQ(now.of(Key::boot), 12u);
  EXPECT_EQ(now.sequence, 91u) << "the next batch has a number that was never given";
  EXPECT_EQ(now.last_batch->instant, Instant{5});
  auto wide = now;
  wide.add_margin();
  EXPECT_EQ(wide.of(Key::epoch), 1'057u);
  EXPECT_EQ(wide.of(Key::last_id), 1'000'400u);
  EXPECT_EQ(wide.of(Key::boot), 12u);
}

TEST(StoreMarker, SaysWhichStoreAndWhatIsBeingRebuilt) {
  const TempFolder folder;
  EXPECT_FALSE(read_marker(folder.path()));
  ASSERT_TRUE(write_marker(folder.path(), {"abc", "store.broken-12"}).ok());
  EXPECT_EQ(content_of(folder.path() / "provisioned"), "abc\nrebuilding store.broken-12\n");
  EXPECT_EQ(read_marker(folder.path()), (StoreMarker{"abc", "store.broken-12"}));
  ASSERT_TRUE(write_marker(folder.path(), {"abc"}).ok());
  EXPECT_EQ(content_of(folder.path() / "provisioned"), "abc\n");
  write_file(folder.path() / "provisioned", "");
  EXPECT_EQ(read_marker(folder.path()), StoreMarker{}) << "still a marker";
}

TEST(StoreMarker, OneThatNamesSomethingElseIsRefused) {
  const Home home;
  { auto life = home.open(); }
  for (const char* name : {"../elsewhere", "blobs", "store.broken-1/../x"}) {
    ASSERT_TRUE(write_marker(home.path(), {"abc", name}).ok());
    const auto before = files_in(home.path() / "store");
    EXPECT_EQ(errors_of(resume_rescue(home.path(), small_rescue())), "store.broken") << name;
    EXPECT_EQ(files_in(home.path() / "store"), before);
  }
}

TEST(Lineage, ASnapshotOfBeforeARestoreIsNotContinuedByTheBatchesOfAfterIt) {
  const Home home;
  fs::path older;
  {
    auto life = home.open();
    life.boot();
    life.put_range(1, 3);
    older = snapshot_of(life, 1).path;
    life.put_range(10, 19);
    snapshot_of(life, 1);
  }
  ASSERT_EQ(errors_of(restore_snapshot(home.path(), older, {}, small_rescue())), "ok");
  {
    auto life = home.open();
    life.boot();
    life.put_range(20, 25);
  }
  overwrite(home.data_file(), 0, std::string(2 * page_bytes, '\0'));
  auto life = home.open();
  // The newest snapshot is of before the restore; batches of two lives are never mixed.
  EXPECT_EQ(life.count(), 13u);
  EXPECT_TRUE(says(alarm_of(life, "store.broken"), "a snapshot alone")) << alarm_of(life, "store.broken");
}

}  // namespace
}  // namespace dormouse::hal_linux
