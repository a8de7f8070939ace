// SPDX-License-Identifier: Apache-2.0
// When the wall clock is believed, and when no more.
#include "runtime/time/trust.hpp"

#include <gtest/gtest.h>

#include "tests/runtime/time/trust_words.hpp"

namespace dormouse {
namespace {

using namespace test;

TEST(Trust, at_start_the_rtc_is_believed_within_its_bounds) {
  struct Row {
    const char* name;
    WallTime wall;
    RtcState rtc = kGoodRtc;
    Trust trust;
  };
  const Row rows[] = {
      {.name = "T002 the RTC set the wall", .wall = clock("12:00:00"), .trust = Trust::rtc},
      {.name = "T001 no RTC", .wall = wall("1970-01-01T00:00:05Z"), .rtc = {}, .trust = Trust::untrusted},
      {.name = "T040 the RTC is seventy years ahead",
       .wall = wall("2098-03-01T00:00:00Z"),
       .trust = Trust::untrusted},
      {.name = "T042 4 s behind the mark", .wall = kFloor - seconds(4), .trust = Trust::rtc},
      {.name = "T042 6 s behind the mark", .wall = kFloor - seconds(6), .trust = Trust::untrusted},
      {.name = "T043 a year ahead", .wall = kFloor + kYear, .trust = Trust::rtc},
      {.name = "T043 1 ms more", .wall = kFloor + kYear + Duration{1}, .trust = Trust::untrusted},
      {.name = "T044 content invalid",
       .wall = clock("12:00:00"),
       .rtc = {.present = true, .set_wall_at_boot = true, .valid = false},
       .trust = Trust::untrusted},
      {.name = "T044 the RTC did not set the wall",
       .wall = clock("12:00:00"),
       .rtc = {.present = true, .set_wall_at_boot = false, .valid = true},
       .trust = Trust::untrusted},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    TrustState state(kBuildDate, kFloor, kFloor);
    state.start(sample(5, row.wall), row.rtc, kNoSync, std::nullopt);
    EXPECT_STREQ(name_of(state.trust()), name_of(row.trust));
    EXPECT_EQ(state.confirm_at(), std::nullopt);
    EXPECT_EQ(state.floor(), kFloor);
  }
}

TEST(Trust, marks_before_the_build_date_are_raised_to_it) {
  const TrustState state(kBuildDate, WallTime{}, WallTime{});
  EXPECT_EQ(state.floor(), kBuildDate);
  EXPECT_EQ(state.rtc_mark(), kBuildDate);
}

TEST(Trust, T003_the_sync_condition_at_two_looks_makes_it_synced_and_sets_the_floor) {
  TrustState state(kBuildDate, WallTime{}, WallTime{});
  state.start(sample(30, clock("12:00:30")), {}, kSync, std::nullopt);
  EXPECT_EQ(state.trust(), Trust::untrusted);
  EXPECT_EQ(state.confirm_at(), at_s(32));
  EXPECT_FALSE(state.look(sample(31, clock("12:00:31")), kSync));  // too early to confirm
  EXPECT_TRUE(state.look(sample(32, clock("12:00:32")), kSync));
  EXPECT_EQ(state.trust(), Trust::synced);
  EXPECT_EQ(state.confirm_at(), std::nullopt);
  state.note_stamp(sample(32, clock("12:00:32")));
  EXPECT_EQ(state.floor(), clock("12:00:32"));
  EXPECT_EQ(state.max_error_ms(), 40);
}

TEST(Trust, T045_the_mark_moves_along_with_an_rtc_that_was_never_synced) {
  WallTime floor = kFloor;
  WallTime mark = kFloor;
  for (int start = 1; start <= 4; ++start) {  // 0.9 years each: more than three years in all
    const WallTime now = kFloor + start * 9 * kYear / 10;
    TrustState state(kBuildDate, floor, mark);
    state.start(sample(5, now), kGoodRtc, kNoSync, std::nullopt);
    EXPECT_EQ(state.trust(), Trust::rtc) << start;
    state.note_stamp(sample(5, now));
    floor = state.floor();
    mark = state.rtc_mark();
    EXPECT_EQ(mark, now);
    EXPECT_EQ(floor, kFloor);
  }
}

TEST(Trust, T046_T047_disciplined_means_a_bound_below_16_s_or_the_marker_and_nothing_else) {
  struct Row {
    const char* name;
    SyncState sync;
    Trust trust;
  };
  const Row rows[] = {
      {.name = "T046", .sync = sync_state(20, false), .trust = Trust::synced},
      {.name = "T047", .sync = sync_state(15'999, false), .trust = Trust::synced},
      {.name = "T047", .sync = sync_state(16'000, false), .trust = Trust::untrusted},
      {.name = "marker", .sync = sync_state(16'000, true), .trust = Trust::synced},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    TrustState state(kBuildDate, kFloor, kFloor);
    state.start(sample(30, clock("12:00:30")), {}, row.sync, std::nullopt);
    state.look(sample(32, clock("12:00:32")), row.sync);
    EXPECT_STREQ(name_of(state.trust()), name_of(row.trust));
  }
}

TEST(Trust, T050_a_sync_condition_that_is_gone_at_the_second_look_counts_for_nothing) {
  TrustState state(kBuildDate, kFloor, kFloor);
  state.start(sample(30, clock("12:00:30")), {}, kSync, std::nullopt);
  EXPECT_FALSE(state.look(sample(32, clock("12:00:32")), kNoSync));
  EXPECT_EQ(state.trust(), Trust::untrusted);
  EXPECT_EQ(state.confirm_at(), std::nullopt);
  EXPECT_FALSE(state.look(sample(60, clock("12:01:00")), kSync));  // begins anew
  EXPECT_EQ(state.confirm_at(), at_s(62));
}

TEST(Trust, T051_T052_without_its_source_it_stays_synced_and_the_error_bound_grows) {
  TrustState state = synced(clock("12:00:00"));
  const Sample lost = sample(32'002, clock("12:00:00") + seconds(32'000));
  state.look(sample(32'001, lost.wall - seconds(1)), sync_state(15'999, false));
  EXPECT_FALSE(state.look(lost, sync_state(16'000, false)));
  EXPECT_EQ(state.mode(), TrustMode::holdover);
  EXPECT_EQ(state.trust(), Trust::synced);
  EXPECT_EQ(state.confirm_at(), std::nullopt);  // no wake-up of its own
  const Sample later{.instant = lost.instant + 3 * kDay, .monotonic = {}, .wall = lost.wall + 3 * kDay};
  EXPECT_FALSE(state.look(later, kNoSync));
  EXPECT_NEAR(static_cast<double>(state.max_error_ms()), 145'600, 1);
  EXPECT_FALSE(state.look(later, kSync));
  EXPECT_EQ(state.mode(), TrustMode::trusted);
  EXPECT_EQ(state.max_error_ms(), 40);
}

TEST(Trust, T053_a_process_restart_in_the_same_kernel_boot_keeps_synced) {
  TrustState state(kBuildDate, kFloor, kFloor);
  const Latch latch{Trust::synced, 40, at_s(3'000), clock("12:26:40")};
  state.start(sample(5'000, clock("13:00:00")), {}, kNoSync, latch);
  EXPECT_EQ(state.trust(), Trust::synced);
  EXPECT_EQ(state.mode(), TrustMode::holdover);
  EXPECT_EQ(state.max_error_ms(), 40 + 1'000);  // 500 ppm of the 2,000 s since the newest stamp
  EXPECT_EQ(state.source(), "kernel");

  TrustState other_kernel_boot(kBuildDate, kFloor, kFloor);
  other_kernel_boot.start(sample(20, clock("13:00:00")), {}, kNoSync, std::nullopt);
  EXPECT_EQ(other_kernel_boot.trust(), Trust::untrusted);
}

TEST(Trust, T054_a_synced_wall_within_a_day_below_the_floor_lowers_the_floor) {
  TrustState state(kBuildDate, clock("12:00:00"), clock("12:00:00"));
  const WallTime below = clock("12:00:00") - kDay + seconds(60);
  state.start(sample(30, below - seconds(2)), {}, kSync, std::nullopt);
  EXPECT_TRUE(state.look(sample(32, below), kSync));
  EXPECT_EQ(state.trust(), Trust::synced);
  EXPECT_EQ(state.floor(), below);
  EXPECT_EQ(state.rtc_mark(), below);
}

TEST(Trust, a_step_out_of_the_bounds_is_a_conflict_until_the_source_is_back_inside) {
  TrustState state = synced(clock("12:00:00"));
  const Sample far = sample(100, wall("2098-01-01T00:00:00Z"));
  EXPECT_TRUE(state.stepped(far, {}));
  EXPECT_EQ(state.mode(), TrustMode::conflict);
  state.note_stamp(far);
  EXPECT_FALSE(state.look(sample(102, far.wall + seconds(2)), kSync));
  EXPECT_EQ(state.confirm_at(), std::nullopt);

  EXPECT_FALSE(state.stepped(sample(400, clock("12:06:38")), {}));
  EXPECT_FALSE(state.look(sample(400, clock("12:06:38")), kSync));
  EXPECT_TRUE(state.look(sample(402, clock("12:06:40")), kSync));
  EXPECT_EQ(state.trust(), Trust::synced);
  EXPECT_EQ(state.floor(), clock("12:00:00"));  // 2098 left no mark
}

TEST(Trust, a_step_inside_the_bounds_keeps_synced) {
  TrustState state = synced(clock("12:00:00"));
  EXPECT_FALSE(state.stepped(sample(100, clock("13:01:38")), {}));
  EXPECT_EQ(state.trust(), Trust::synced);
}

TEST(Trust, after_a_step_the_rtc_must_agree_with_the_wall) {
  struct Row {
    const char* name;
    std::optional<WallTime> reading;
    bool believed;
  };
  const Row rows[] = {
      {.name = "agrees", .reading = clock("13:00:02"), .believed = true},
      {.name = "differs", .reading = clock("12:00:05"), .believed = false},
      {.name = "cannot be read", .reading = std::nullopt, .believed = false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    TrustState state(kBuildDate, kFloor, kFloor);
    state.start(sample(5, clock("12:00:00")), kGoodRtc, kNoSync, std::nullopt);
    RtcState rtc = kGoodRtc;
    rtc.reading = row.reading;
    EXPECT_EQ(state.stepped(sample(10, clock("13:00:00")), rtc), !row.believed);
    EXPECT_EQ(state.trust(), row.believed ? Trust::rtc : Trust::untrusted);
  }
}

TEST(Trust, a_process_that_starts_in_a_kernel_boot_under_way_asks_the_rtc_after_a_step) {
  struct Row {
    const char* name;
    Latch latch;
    std::optional<WallTime> reading;
    Trust trust;
  };
  const Latch believed{Trust::rtc, 0, at_s(10), clock("12:00:10")};
  const Latch not_believed{Trust::untrusted, 0, at_s(10), clock("12:00:10")};
  const Row rows[] = {
      {.name = "nothing happened", .latch = believed, .reading = {}, .trust = Trust::rtc},
      {.name = "stepped, the RTC too",
       .latch = {Trust::rtc, 0, at_s(10), clock("11:00:10")},
       .reading = clock("12:01:01"),
       .trust = Trust::rtc},
      {.name = "stepped alone",
       .latch = {Trust::rtc, 0, at_s(10), clock("11:00:10")},
       .reading = clock("11:01:00"),
       .trust = Trust::untrusted},
      {.name = "not believed before",
       .latch = not_believed,
       .reading = clock("11:01:00"),
       .trust = Trust::untrusted},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    TrustState state(kBuildDate, kFloor, kFloor);
    RtcState rtc = kGoodRtc;
    rtc.reading = row.reading;
    state.start(sample(60, clock("12:01:00")), rtc, kNoSync, row.latch);
    EXPECT_EQ(state.trust(), row.trust);
  }
}

TEST(Trust, the_error_bound_of_an_rtc_is_2_s_and_50_ppm_since_the_last_sync) {
  TrustState state(kBuildDate, kFloor, kFloor);
  const WallTime now = kFloor + 10 * kDay;
  state.start(sample(5, now), kGoodRtc, kNoSync, std::nullopt);
  EXPECT_EQ(state.max_error_ms(), 2'000 + 10 * 86'400 * 50 / 1'000);
  EXPECT_EQ(state.source(), "rtc");
  EXPECT_EQ(state.synced_at(), std::nullopt);
}

}  // namespace
}  // namespace dormouse
