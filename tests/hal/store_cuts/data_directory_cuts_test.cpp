// SPDX-License-Identifier: Apache-2.0
// The power goes at every point of an open that changes what lies in a data directory: creation, a loss, another
// journal size, a journal that is not ours. Each state that the medium may then hold is opened and looked at.
#include <cstdint>
#include <functional>

#include <gtest/gtest.h>

#include "hal/linux/data/journal_file.hpp"
#include "hal/linux/data/snapshots.hpp"
#include "runtime/store/envelope.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "tests/hal/store_cuts/every_cut.hpp"
#include "tests/hal/store_linux/life.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;
using crash::Image;
using Names = std::set<std::string>;

const Names complete = {"blobs", "lock", "provisioned", "snapshots", "store"};

DataDirectory::Options small(std::uint64_t half_bytes = 16 * 1024) {
  DataDirectory::Options options;
  options.store.limits = Limits::tiny();
  options.store.limits.journal_half_bytes = half_bytes;
  return options;
}

/// What lies there while nothing is open in it.
class CutTest : public testing::Test {
 protected:
  const fs::path& path() const { return folder_.path(); }

  /// Opens the directory, which is recorded, then each state it may leave. `look` is given the state before and the
  /// folder in which it lies.
  void cut_everywhere(const DataDirectory::Options& options,
                      const std::function<void(const Image&, const fs::path&)>& look) {
    EXPECT_GT(hal_linux::cut_everywhere(
                  path(), [&] { Life life(path(), options); }, look),
              20u);
  }

 private:
  TempFolder folder_{TempFolder::Where::memory};
};

TEST_F(CutTest, D002_ACreationThatIsCutAnywhereIsBegunAgainOrGoneOnWith) {
  auto options = small();
  options.store.prezero = true;
  std::size_t begun_again = 0;
  std::size_t unmarked = 0;
  cut_everywhere(options, [&](const Image& image, const fs::path& place) {
    const bool had_store = image.find("store") != nullptr;
    const bool had_marker = image.find("provisioned") != nullptr;
    EXPECT_TRUE(had_store || !had_marker);
    const auto id_before = had_store ? StoreFolder(place / "store", {}).read_id() : Result<std::string>("");
    ASSERT_EQ(errors_of(id_before), "ok");
    {
      Life life(place, options);
      EXPECT_EQ(life.opened.created, !had_store);
      if (had_store) {
        EXPECT_EQ(life.opened.store_id, *id_before);
      }
      EXPECT_TRUE(life.opened.alarms.empty());
      EXPECT_EQ(names_in(place), complete);
      EXPECT_EQ(names_in(place / "store"), (Names{"data.mdb", "journal", "lock.mdb"}));
      EXPECT_EQ(content_of(place / "provisioned"), life.opened.store_id + "\n");
      EXPECT_EQ(fs::file_size(place / "store" / "data.mdb"), store::with_reserve(options.store.limits.map_bytes));
      EXPECT_EQ(life.boot().boot.cause, BootCause::first_boot);
      life.put_range(1, 3);
    }
    EXPECT_EQ(Life(place, options).count(), 3u);
    begun_again += had_store ? 0 : 1;
    unmarked += had_store && !had_marker ? 1 : 0;
  });
  EXPECT_GT(begun_again, 0u);
  EXPECT_GT(unmarked, 0u);
}

TEST_F(CutTest, ALossIsToldAndNothingErasedWhereverTheOpenIsCut) {
  std::string lost_id;
  {
    Life life(path(), small());
    lost_id = life.opened.store_id;
  }
  fs::remove_all(path() / "store");
  write_file(path() / "blobs" / "picture", "bytes");
  cut_everywhere(small(), [&](const Image& image, const fs::path& place) {
    const bool told_before = image.find("provisioned")->bytes != lost_id + "\n";
    Life life(place, small());
    EXPECT_EQ(codes_of(life.opened.alarms), told_before ? Names() : Names{"store.lost"});
    EXPECT_EQ(content_of(place / "blobs.broken-1" / "picture"), "bytes");
    EXPECT_TRUE(fs::is_empty(place / "blobs"));
    auto names = complete;
    names.insert("blobs.broken-1");
    EXPECT_EQ(names_in(place), names);
  });
}

TEST_F(CutTest, D013_AnotherJournalSizeIsTakenOverOrNotAndNothingIsLost) {
  constexpr std::uint64_t old_half = 64 * 1024;
  constexpr std::uint64_t new_half = 256 * 1024;
  {
    Life life(path(), small(old_half));
    life.put_range(1, 5);
    life.checkpoint();
    life.put_range(6, 9);  // in the journal alone
  }
  std::set<std::uint64_t> halves;
  cut_everywhere(small(new_half), [&](const Image& image, const fs::path& place) {
    const auto* journal = image.find("store/journal");
    ASSERT_NE(journal, nullptr);
    const auto header =
        store::decode_journal_header(BytesView(journal->bytes).substr(0, store::journal_header_bytes));
    ASSERT_TRUE(header.ok() && *header);
    EXPECT_EQ(journal->bytes.size(), (*header)->file_bytes()) << "whole";
    halves.insert((*header)->half_bytes);
    // Whether the size is still wanted, or has been given up again.
    for (const std::uint64_t half : {new_half, old_half}) {
      Life life(place, small(half));
      EXPECT_TRUE(life.opened.alarms.empty());
      EXPECT_EQ(life.count(), 9u);
      EXPECT_EQ(life.store().stats().half_bytes, half);
    }
    EXPECT_EQ(names_in(place / "store"), (Names{"data.mdb", "journal", "lock.mdb"}));
  });
  EXPECT_EQ(halves, (std::set<std::uint64_t>{old_half, new_half}));
}

/// A program that knows format 2, in which values are longer.
DataDirectory::Options knows_two() {
  auto options = small();
  options.store.formats.newest = 2;
  options.store.formats.to_next[1] = [](store::Tree& tree) {
    const auto range = store::keys::starting_with("v");
    auto values = tree.scan(range.from, range.to, 1'000, store::Direction::forward);
    if (!values) return Status(std::move(values).error());
    for (const auto& [key, record] : *values) {
      const auto opened = store::unseal(key, record);
      if (auto put = tree.put(key, store::seal(key, opened->sequence, Bytes(opened->body) + "2")); !put) return put;
    }
    return done();
  };
  return options;
}

TEST_F(CutTest, D011_AMigrationThatIsCutAnywhereEndsAndASnapshotOfBeforeExists) {
  {
    Life life(path(), small());
    life.put_range(1, 5);
    life.checkpoint();
    life.put_range(6, 9);  // in the journal alone
  }
  std::set<std::uint64_t> formats;
  cut_everywhere(knows_two(), [&](const Image&, const fs::path& place) {
    {
      auto tree = store::open_lmdb_tree(place / "store", {.read_only = true});
      ASSERT_TRUE(tree.ok());
      formats.insert((*store::read_format(**tree, 2).value()).version);
    }
    Life life(place, knows_two());
    EXPECT_FALSE(life.store().needs_migration());
    EXPECT_EQ(life.count(), 9u);
    for (int i = 1; i <= 9; ++i) EXPECT_EQ(life.store().begin().get("v" + std::to_string(i)), "x2");
    const auto snapshots = list_snapshots(place);
    ASSERT_TRUE(snapshots.ok());
    EXPECT_GE(snapshots->size(), 1u);
  });
  EXPECT_EQ(formats, (std::set<std::uint64_t>{1, 2}));
}

TEST_F(CutTest, TheJournalOfAnotherStoreIsNeverLostWhereverTheOpenIsCut) {
  {
    Life life(path(), small());
    life.put_range(1, 5);
    life.checkpoint();
  }
  TempFolder other(TempFolder::Where::memory);
  { Life(other.path(), small()).put_range(1, 7); }
  const auto foreign = content_of(other.path() / "store" / "journal");
  write_file(path() / "store" / "journal", foreign);
  cut_everywhere(small(), [&](const Image&, const fs::path& place) {
    Life life(place, small());
    EXPECT_EQ(life.count(), 5u);
    EXPECT_EQ(content_of(place / "journal.mixed-1"), foreign);
    EXPECT_FALSE(fs::exists(place / "journal.mixed-2"));
  });
}

TEST_F(CutTest, AShortJournalIsMadeWholeWhereverTheOpenIsCut) {
  {
    Life life(path(), small());
    life.put_range(1, 5);
    life.checkpoint();
    life.put_range(6, 9);
  }
  const auto journal = path() / "store" / "journal";
  const auto size = fs::file_size(journal);
  fs::resize_file(journal, size - 10'000);
  cut_everywhere(small(), [&](const Image&, const fs::path& place) {
    Life life(place, small());
    EXPECT_EQ(life.count(), 9u) << "the records stood before the end";
    EXPECT_EQ(fs::file_size(place / "store" / "journal"), size);
  });
}

}  // namespace
}  // namespace dormouse::hal_linux
