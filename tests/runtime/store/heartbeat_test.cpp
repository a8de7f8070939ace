// SPDX-License-Identifier: Apache-2.0
// The heartbeat file under cuts and failures, and its pace.
#include "runtime/store/heartbeat.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace dormouse::store {
namespace {

/// A medium in memory that counts, and fails when it is told to.
class TestMedium : public StorageMedium {
 public:
  std::uint64_t size() const override { return bytes.size(); }
  Result<Bytes> read(std::uint64_t offset, std::uint64_t length) override {
    if (fail_reads) return Error{"store.io", "The medium fails."};
    return bytes.substr(offset, length);
  }
  Status write(std::uint64_t offset, BytesView written) override {
    written_pages.push_back(static_cast<unsigned>(offset / Heartbeat::kPageBytes));
    bytes.replace(offset, written.size(), written);
    return done();
  }
  Status sync() override {
    if (fail_syncs) return Error{"store.io", "The medium fails."};
    ++syncs;
    return done();
  }
  void tear(unsigned page) { bytes[page * Heartbeat::kPageBytes + 40] ^= 1; }

  Bytes bytes = Bytes(Heartbeat::kFileBytes, '\0');
  std::vector<unsigned> written_pages;
  unsigned syncs = 0;
  bool fail_reads = false;
  bool fail_syncs = false;
};

Stamp stamp(std::uint64_t sequence, std::int64_t instant_s, std::uint32_t epoch = 3) {
  Stamp made;
  made.sequence = sequence;
  made.epoch = epoch;
  made.kernel_boot_id = Bytes(16, '\x01');
  made.instant = Instant{instant_s * 1'000};
  made.wall = WallTime{1'780'315'200'000 + instant_s * 1'000};
  made.trust = Trust::synced;
  return made;
}

TEST(HeartbeatFile, a_new_file_holds_no_stamp_and_no_damage) {
  TestMedium medium;
  Heartbeat file(medium);
  EXPECT_EQ(*file.newest(), std::nullopt);
  EXPECT_EQ(file.corrupt_pages(), 0u);
}

TEST(HeartbeatFile, T026_pages_alternate_with_one_write_and_one_flush_each) {
  TestMedium medium;
  Heartbeat file(medium);
  for (int i = 1; i <= 4; ++i) {
    ASSERT_TRUE(file.write(stamp(i, 60 * i), Duration{60'000}).ok());
    Heartbeat again(medium);
    EXPECT_EQ(*again.newest(), stamp(i, 60 * i));
    EXPECT_EQ(again.interval(), Duration{60'000});
  }
  EXPECT_EQ(medium.written_pages, (std::vector<unsigned>{0, 1, 0, 1}));
  EXPECT_EQ(medium.syncs, 4u);
}

TEST(HeartbeatFile, T033_a_cut_while_a_page_is_written_leaves_the_other) {
  TestMedium medium;
  Heartbeat file(medium);
  ASSERT_TRUE(file.write(stamp(1, 60)).ok());
  ASSERT_TRUE(file.write(stamp(2, 120)).ok());
  medium.tear(1);
  Heartbeat again(medium);
  EXPECT_EQ(*again.newest(), stamp(1, 60));
  EXPECT_EQ(again.corrupt_pages(), 1u);
  ASSERT_TRUE(again.write(stamp(3, 180)).ok());  // without a look first, and over the torn page
  EXPECT_EQ(medium.written_pages.back(), 1u);
  EXPECT_EQ(*Heartbeat(medium).newest(), stamp(3, 180));
}

TEST(HeartbeatFile, every_damaged_byte_of_a_page_is_seen) {
  TestMedium medium;
  ASSERT_TRUE(Heartbeat(medium).write(stamp(1, 60)).ok());
  const std::size_t length = 16 + encode(stamp(1, 60)).size();
  for (std::size_t i = 0; i < length; ++i) {
    TestMedium bad = medium;
    bad.bytes[i] ^= 0x10;
    EXPECT_EQ(*Heartbeat(bad).newest(), std::nullopt) << i;
  }
}

TEST(HeartbeatFile, T016_with_both_pages_torn_there_is_no_stamp_and_two_are_counted) {
  TestMedium medium;
  Heartbeat file(medium);
  ASSERT_TRUE(file.write(stamp(1, 60)).ok());
  ASSERT_TRUE(file.write(stamp(2, 120)).ok());
  medium.tear(0);
  medium.tear(1);
  Heartbeat again(medium);
  EXPECT_EQ(*again.newest(), std::nullopt);
  EXPECT_EQ(again.corrupt_pages(), 2u);
}

TEST(HeartbeatFile, T021_a_page_of_a_later_format_ends_the_start_and_is_not_touched) {
  TestMedium medium;
  ASSERT_TRUE(Heartbeat(medium).write(stamp(1, 60)).ok());
  // Format 2, an empty body, and the checksum of that.
  const Bytes page("DMHB\x00\x02\x00\x00\x00\x00\x00\x00\x03\x7E\x42\x8F", 16);
  medium.bytes.replace(Heartbeat::kPageBytes, page.size(), page);
  const Bytes before = medium.bytes;
  Heartbeat file(medium);
  ASSERT_FALSE(file.newest().ok());
  EXPECT_EQ(file.newest().error().code, "time.page_newer");
  EXPECT_EQ(file.write(stamp(2, 120)).error().code, "time.page_newer");
  EXPECT_EQ(medium.bytes, before);
}

TEST(HeartbeatFile, the_newest_is_that_of_the_highest_epoch) {
  TestMedium medium;
  Heartbeat file(medium);
  ASSERT_TRUE(file.write(stamp(9, 5'000, 3)).ok());
  ASSERT_TRUE(file.write(stamp(1, 10, 4)).ok());  // a new kernel boot
  EXPECT_EQ(*Heartbeat(medium).newest(), stamp(1, 10, 4));
}

TEST(HeartbeatFile, after_a_failed_sync_the_page_of_the_newest_is_still_left_alone) {
  TestMedium medium;
  Heartbeat file(medium);
  ASSERT_TRUE(file.write(stamp(1, 60)).ok());
  medium.fail_syncs = true;
  EXPECT_EQ(file.write(stamp(2, 120)).error().code, "store.io");
  EXPECT_EQ(file.write(stamp(3, 180)).error().code, "store.io");
  EXPECT_EQ(medium.written_pages, (std::vector<unsigned>{0, 1, 1}));
}

TEST(HeartbeatFile, a_medium_that_cannot_be_read_is_an_error_not_an_empty_file) {
  TestMedium medium;
  medium.fail_reads = true;
  EXPECT_EQ(Heartbeat(medium).newest().error().code, "store.io");
  EXPECT_EQ(Heartbeat(medium).write(stamp(1, 60)).error().code, "store.io");
}

/// Instants in seconds of the heartbeats up to `until_s`, with durable commits in between.
std::vector<std::int64_t> beats(HeartbeatPace pace, bool computable, std::int64_t until_s,
                                const std::vector<std::int64_t>& commits = {}) {
  std::vector<std::int64_t> written;
  auto commit = commits.begin();
  for (std::int64_t last_s = 0;;) {
    const std::int64_t next_s = last_s + pace.interval().count() / 1'000;
    if (commit != commits.end() && *commit < next_s) {
      pace.committed();
      last_s = *commit++;
      continue;
    }
    if (next_s > until_s) return written;
    written.push_back(next_s);
    pace.beat(computable);
    last_s = next_s;
  }
}

TEST(HeartbeatPace, T026_without_an_rtc_it_never_stretches) {
  EXPECT_EQ(beats(HeartbeatPace{}, false, 600).size(), 10u);
}

TEST(HeartbeatPace, T027_it_doubles_up_to_sixteen_minutes_where_the_outage_will_be_known) {
  EXPECT_EQ(beats(HeartbeatPace{}, true, 3'600), (std::vector<std::int64_t>{60, 180, 420, 900, 1'860, 2'820}));
}

TEST(HeartbeatPace, T028_a_durable_commit_sets_it_back) {
  const auto written = beats(HeartbeatPace{}, true, 1'400, {1'000});
  EXPECT_EQ(written, (std::vector<std::int64_t>{60, 180, 420, 900, 1'060, 1'120, 1'240}));
}

TEST(HeartbeatPace, steady_commits_leave_nothing_to_write) {
  std::vector<std::int64_t> commits;
  for (std::int64_t s = 20; s <= 600; s += 20) commits.push_back(s);
  EXPECT_TRUE(beats(HeartbeatPace{}, true, 600, commits).empty());
}

TEST(HeartbeatPace, T031_the_budget_of_writes_raises_the_interval) {
  EXPECT_EQ(HeartbeatPace(Duration{60'000}, 288).interval(), Duration{300'000});
  EXPECT_EQ(HeartbeatPace(Duration{60'000}, 1'440).interval(), Duration{60'000});
  EXPECT_EQ(HeartbeatPace(Duration{5'000}, 1'440).interval(), Duration{60'000});
  HeartbeatPace hourly(Duration{3'600'000});
  hourly.beat(true);
  EXPECT_EQ(hourly.interval(), Duration{3'600'000});  // longer than it would stretch to
}

TEST(HeartbeatPace, the_third_failure_in_a_row_raises_the_alarm_once) {
  HeartbeatPace pace;
  EXPECT_FALSE(pace.failed());
  EXPECT_FALSE(pace.failed());
  pace.beat(false);
  EXPECT_FALSE(pace.failed());
  EXPECT_FALSE(pace.failed());
  EXPECT_TRUE(pace.failed());
  EXPECT_FALSE(pace.failed());
}

}  // namespace
}  // namespace dormouse::store
