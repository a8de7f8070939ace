// SPDX-License-Identifier: Apache-2.0
// Times that somebody tells (time.set), and conflicts: what sources say that cannot be.
#include <gtest/gtest.h>

#include "tests/runtime/time/trust_words.hpp"

namespace dormouse {
namespace {

using namespace test;

/// A source that says more than a day below the floor.
TrustState in_conflict() {
  TrustState state(kBuildDate, clock("12:00:00"), clock("12:00:00"));
  const WallTime below = clock("12:00:00") - kDay - seconds(3);
  state.start(sample(30, below), {}, kSync, std::nullopt);
  state.look(sample(32, below + seconds(2)), kSync);
  return state;
}

TEST(Trust, a_source_that_says_what_cannot_be_is_a_conflict) {
  const TrustState state = in_conflict();
  EXPECT_EQ(state.mode(), TrustMode::conflict);
  EXPECT_EQ(state.trust(), Trust::untrusted);
  EXPECT_EQ(state.floor(), clock("12:00:00"));
}

TimeClaim claim_of(WallTime said, const std::string& source, bool forced = false) {
  return {.wall = said, .component = source, .source = source, .forced = forced};
}
/// Weighs a claim at `now` and, if it is believed, accepts it. Answers its code, or what was done.
std::string said(TrustState& state, const Sample& now, const TimeClaim& claim, const SyncState& sync = kNoSync) {
  const auto verdict = state.weigh(claim, now, sync);
  if (!verdict) return verdict.error().code;
  if (!verdict->believed) return "nothing";
  Sample after = now;
  if (verdict->set_clock) after.wall = claim.wall;
  state.accept(claim, *verdict, after);
  return verdict->set_clock ? "set" : "believed";
}

TEST(Trust, T056_an_operator_ends_a_conflict_by_force_and_the_floor_is_that_wall) {
  TrustState state = in_conflict();
  const Sample now = sample(100, clock("12:00:00") - kDay + seconds(95));
  const WallTime said_wall = clock("12:00:00") - 3 * kDay;
  EXPECT_EQ(said(state, now, claim_of(said_wall, "pump"), kSync), "time.disciplined");
  EXPECT_EQ(said(state, now, claim_of(said_wall, "admin", true), kSync), "set");
  EXPECT_EQ(state.trust(), Trust::synced);
  EXPECT_EQ(state.floor(), said_wall);
  EXPECT_EQ(state.rtc_mark(), said_wall);
  EXPECT_EQ(state.source(), "admin");
}

TEST(Trust, T057_two_sources_within_2_s_inside_60_s_end_a_conflict_and_set_the_floor) {
  struct Row {
    const char* name;
    std::int64_t off_ms;   // of the link from the kernel
    std::int64_t later_s;  // than the kernel was found in conflict
    const char* done;
  };
  const Row rows[] = {
      {.name = "0.8 s off", .off_ms = 800, .later_s = 59, .done = "believed"},
      {.name = "2 s off", .off_ms = -2'000, .later_s = 1, .done = "believed"},
      {.name = "2.001 s off", .off_ms = 2'001, .later_s = 1, .done = "time.disciplined"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    TrustState state = in_conflict();
    const WallTime kernel = clock("12:00:00") - kDay + seconds(row.later_s - 1);
    const Sample now = sample(32 + row.later_s, clock("12:00:00") - kDay - seconds(1) + seconds(row.later_s));
    EXPECT_EQ(now.wall, kernel);
    EXPECT_EQ(said(state, now, claim_of(now.wall + Duration{row.off_ms}, "pump"), kSync), row.done);
    const bool ended = state.trust() == Trust::synced;
    EXPECT_EQ(ended, row.done == std::string("believed"));
    EXPECT_EQ(state.floor(), ended ? now.wall : clock("12:00:00"));
  }
}

TEST(Trust, T057_the_link_may_speak_first_and_two_links_may_agree_against_the_kernel) {
  const WallTime below = clock("12:00:00") - kDay - seconds(100);
  for (const std::int64_t later_s : {60, 61}) {  // the kernel confirms what the link told so much before
    TrustState state(kBuildDate, clock("12:00:00"), clock("12:00:00"));
    state.start(sample(30, wall("1970-01-01T00:00:30Z")), {}, kNoSync, std::nullopt);
    EXPECT_EQ(said(state, sample(31, wall("1970-01-01T00:00:31Z")), claim_of(below, "pump")), "time.behind_floor");
    const WallTime then = below + seconds(later_s);
    state.look(sample(31 + later_s - 2, then - seconds(2)), kSync);
    state.look(sample(31 + later_s, then), kSync);
    EXPECT_EQ(state.mode(), later_s == 60 ? TrustMode::trusted : TrustMode::conflict);
    EXPECT_EQ(state.floor(), later_s == 60 ? then : clock("12:00:00"));
  }
  TrustState state = in_conflict();
  const WallTime right = clock("15:00:00");
  const auto kernel = [](std::int64_t at) { return sample(at, clock("12:00:00") - kDay - seconds(33 - at)); };
  EXPECT_EQ(said(state, kernel(40), claim_of(right, "pump"), kSync), "time.disciplined");
  EXPECT_EQ(said(state, kernel(45), claim_of(right + seconds(5), "pump"), kSync),
            "time.disciplined");  // the same one
  EXPECT_EQ(said(state, kernel(50), claim_of(right + seconds(11), "fan"), kSync), "set");
  EXPECT_EQ(state.floor(), right + seconds(11));
}

TEST(Trust, T058_a_source_outside_the_products_life_is_a_conflict) {
  const WallTime ceiling = kBuildDate + 15 * kYear;
  for (const WallTime said : {ceiling + seconds(1), kBuildDate - seconds(1)}) {
    TrustState state(kBuildDate, kBuildDate, kBuildDate);
    state.start(sample(30, said), {}, kSync, std::nullopt);
    state.look(sample(32, said), kSync);
    EXPECT_EQ(state.mode(), TrustMode::conflict);
    EXPECT_EQ(state.weigh(claim_of(said, "admin", true), sample(40, said), kSync).error().code,
              "time.out_of_range");
  }
}

// -- time.set --

TEST(Trust, T060_an_accepted_time_makes_it_synced_at_once) {
  TrustState state(kBuildDate, kFloor, kFloor);
  state.start(sample(5, wall("1970-01-01T00:00:05Z")), {}, kNoSync, std::nullopt);
  EXPECT_EQ(said(state, sample(60, wall("1970-01-01T00:01:00Z")), claim_of(clock("12:00:00"), "pump")), "set");
  EXPECT_EQ(state.trust(), Trust::synced);
  EXPECT_EQ(state.source(), "pump");
  EXPECT_EQ(state.max_error_ms(), 1'000);
  EXPECT_FALSE(state.look(sample(1'060, clock("12:16:40")), kNoSync));
  EXPECT_EQ(state.trust(), Trust::synced);
  EXPECT_EQ(state.max_error_ms(), 1'000 + 500);
  EXPECT_EQ(state.synced_at(), at_s(60));
}

TEST(Trust, what_comes_of_a_time_that_somebody_tells) {
  struct Row {
    const char* name;
    WallTime told;
    bool forced = false;
    bool disciplined = true;
    const char* done;
    std::optional<WallTime> floor = std::nullopt;  // none: unchanged
  };
  const WallTime now = clock("12:00:00");
  const WallTime ceiling = kBuildDate + 15 * kYear;
  const Row rows[] = {
      {.name = "T061 0.4 s off", .told = now + Duration{400}, .done = "nothing"},
      {.name = "T061 1 s off", .told = now - seconds(1), .done = "nothing"},
      {.name = "T061 0.4 s off, forced", .told = now + Duration{400}, .forced = true, .done = "nothing"},
      {.name = "T061 5 s off", .told = now + seconds(5), .done = "time.disciplined"},
      {.name = "T061 5 s off, forced",
       .told = now + seconds(5),
       .forced = true,
       .done = "set",
       .floor = now + seconds(5)},
      {.name = "nothing disciplines", .told = now + seconds(5), .disciplined = false, .done = "set"},
      {.name = "the ceiling", .told = ceiling, .disciplined = false, .done = "set"},
      {.name = "beyond the ceiling",
       .told = ceiling + Duration{1},
       .disciplined = false,
       .done = "time.out_of_range"},
      {.name = "before the build date, forced",
       .told = kBuildDate - Duration{1},
       .forced = true,
       .done = "time.out_of_range"},
      {.name = "a day below the floor",
       .told = now - kDay,
       .disciplined = false,
       .done = "set",
       .floor = now - kDay},
      {.name = "1 ms more", .told = now - kDay - Duration{1}, .disciplined = false, .done = "time.behind_floor"},
      {.name = "forced",
       .told = now - 2 * kDay,
       .forced = true,
       .disciplined = false,
       .done = "set",
       .floor = now - 2 * kDay},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    TrustState state = synced(now);
    const SyncState sync = row.disciplined ? kSync : kNoSync;
    state.look(sample(2, now), sync);
    EXPECT_EQ(said(state, sample(2, now), claim_of(row.told, "pump", row.forced), sync), row.done);
    EXPECT_EQ(state.floor(), row.floor.value_or(now));
  }
}

}  // namespace
}  // namespace dormouse
