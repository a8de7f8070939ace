// SPDX-License-Identifier: Apache-2.0
// The power goes at every point of a quarantine, of a restore and of a snapshot. Whatever the medium then holds,
// the next open takes the work up where it was and ends as if there had been no cut.
#include <gtest/gtest.h>

#include "hal/linux/data/restore.hpp"
#include "hal/linux/data/store_marker.hpp"
#include "hal/linux/files/durable_file.hpp"
#include "tests/hal/store_cuts/every_cut.hpp"
#include "tests/hal/store_rescue/damage.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;
using crash::Image;
using Names = std::set<std::string>;

constexpr std::size_t values = 12;  // acked before the damage ...
constexpr std::size_t in_snapshot = 5;

class RescueCuts : public testing::Test {
 protected:
  const fs::path& path() const { return folder_.path(); }
  fs::path data_file() const { return path() / "store" / "data.mdb"; }

  /// Twelve values: five in a snapshot, four in the older half, three in the younger.
  void live(bool with_snapshot) {
    Life life(path(), small_options());
    life.boot();
    life.put_range(1, 5);
    if (with_snapshot) snapshot_of(life, 1);
    life.put_range(6, 9);
    life.checkpoint();
    life.put_range(10, 12);
    write_file(path() / "blobs" / "picture", "bytes");
    id_ = life.opened.store_id;
  }
  void zero_meta_pages(bool both) const {
    overwrite(data_file(), 0, std::string(page_bytes, '\0'));
    if (both) overwrite(data_file(), page_bytes, std::string(page_bytes, '\0'));
  }
  std::size_t cut_the_open(const std::function<void(const Image&, const fs::path&)>& look) const {
    return cut_everywhere(
        path(), [&] { Life life(path(), small_options()); }, look);
  }

  /// What a quarantine that loses nothing leaves, cut or not.
  void expect_all_of_it(const fs::path& place) const {
    Life life(place, small_options());
    EXPECT_EQ(life.count(), values);
    EXPECT_EQ(life.opened.store_id, id_);
    EXPECT_FALSE(codes_of(life.opened.alarms).contains("store.lost"));
    EXPECT_EQ(read_marker(place), StoreMarker{id_});
    EXPECT_EQ(names_in(place), (Names{"blobs", "lock", "provisioned", "snapshots", "store", "store.broken-1"}));
    EXPECT_EQ(content_of(place / "blobs" / "picture"), "bytes");
    EXPECT_EQ(life.boot().boot.number, 2u);
  }

  std::string id_;

 private:
  TempFolder folder_{TempFolder::Where::memory};
};

TEST_F(RescueCuts, D090_AQuarantineThatHealsTheTreeIsTakenUpAgain) {
  live(false);
  zero_meta_pages(false);
  const auto broken = content_of(data_file());
  const auto states = cut_the_open([&](const Image&, const fs::path& place) {
    expect_all_of_it(place);
    EXPECT_EQ(content_of(place / "store.broken-1" / "data.mdb"), broken);
  });
  EXPECT_GT(states, 50u);
}

TEST_F(RescueCuts, D090_AQuarantineThatUsesASnapshotAndTheJournalIsTakenUpAgain) {
  live(true);
  zero_meta_pages(true);
  const auto journal = content_of(path() / "store" / "journal");
  cut_the_open([&](const Image&, const fs::path& place) {
    expect_all_of_it(place);
    EXPECT_EQ(content_of(place / "store.broken-1" / "journal"), journal);
    EXPECT_EQ(list_snapshots(place)->size(), 1u);
  });
}

TEST_F(RescueCuts, D090_AQuarantineThatWasCutAndIsCutAgainIsTakenUpAgain) {
  live(true);
  zero_meta_pages(true);
  ASSERT_TRUE(write_marker(path(), {id_, "store.broken-1"}).ok());
  ASSERT_TRUE(rename_durably(path() / "store", path() / "store.broken-1").ok());
  cut_the_open([&](const Image&, const fs::path& place) { expect_all_of_it(place); });
}

TEST_F(RescueCuts, AQuarantineThatFindsNothingToUseKeepsTheBlobsAsideWhereverItIsCut) {
  live(false);
  zero_meta_pages(true);
  cut_the_open([&](const Image&, const fs::path& place) {
    Life life(place, small_options());
    EXPECT_EQ(life.count(), 0u);
    EXPECT_NE(life.opened.store_id, id_);
    EXPECT_EQ(read_marker(place), StoreMarker{life.opened.store_id});
    EXPECT_EQ(content_of(place / "blobs.broken-1" / "picture"), "bytes");
    EXPECT_TRUE(fs::is_empty(place / "blobs"));
    EXPECT_FALSE(fs::exists(place / "store.broken-1-2"));
  });
}

TEST_F(RescueCuts, D090_ARestoreIsTakenUpAgainOrWasNotBegun) {
  live(true);
  const auto snapshot = list_snapshots(path())->at(0).path;
  std::size_t not_begun = 0;
  std::size_t taken_up = 0;
  cut_everywhere(
      path(), [&] { ASSERT_EQ(errors_of(restore_snapshot(path(), snapshot, WallTime{1}, small_rescue())), "ok"); },
      [&](const Image& image, const fs::path& place) {
        const bool begun = says(image.find("provisioned")->bytes, "rebuilding") || image.find("store.replaced-1");
        Life life(place, small_options());
        EXPECT_TRUE(life.opened.alarms.empty());
        EXPECT_EQ(life.opened.store_id, id_);
        EXPECT_EQ(life.count(), begun ? in_snapshot : values);
        EXPECT_EQ(read_marker(place), StoreMarker{id_});
        Names names{"blobs", "lock", "provisioned", "snapshots", "store"};
        if (begun) names.insert("store.replaced-1");
        EXPECT_EQ(names_in(place), names);
        ++(begun ? taken_up : not_begun);
      });
  EXPECT_GT(not_begun, 10u);
  EXPECT_GT(taken_up, 5u);
}

TEST_F(RescueCuts, D091_ASnapshotThatWasCutIsRemovedAndOlderOnesAreUntouched) {
  Life life(path(), small_options());
  life.boot();
  life.put_range(1, 5);
  snapshot_of(life, 1);
  life.put_range(6, 9);
  snapshot_of(life, 1);
  life.put_range(10, 12);
  life.checkpoint();
  const auto older = list_snapshots(path()).value();
  ASSERT_EQ(older.size(), 2u);
  std::map<std::string, std::string> bytes;
  for (const auto& snapshot : older) bytes[snapshot.path.filename()] = content_of(snapshot.path / "data.mdb");
  std::size_t with_new_one = 0;
  const auto states = cut_everywhere(
      path(), [&] { ASSERT_TRUE(take_snapshot(path(), 1, [&](int fd) { return life.store().copy_to(fd); }).ok()); },
      [&](const Image&, const fs::path& place) {
        Life opened(place, small_options());
        EXPECT_EQ(opened.count(), values);
        const auto names = names_in(place / "snapshots");
        const auto listed = list_snapshots(place).value();
        EXPECT_EQ(listed.size(), names.size()) << "nothing unfinished";
        for (const auto& snapshot : listed) {
          const auto known = bytes.find(snapshot.path.filename());
          if (known != bytes.end()) {
            EXPECT_EQ(content_of(snapshot.path / "data.mdb"), known->second);
          } else {
            EXPECT_EQ(verify_in_child(snapshot.path)->verdict, Verification::Verdict::sound);
            ++with_new_one;
          }
        }
        EXPECT_TRUE(names.contains(older[0].path.filename()));
        EXPECT_GE(listed.size(), 2u);
      });
  EXPECT_GT(states, 20u);
  EXPECT_GT(with_new_one, 0u);
}

}  // namespace
}  // namespace dormouse::hal_linux
