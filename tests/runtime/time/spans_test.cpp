// SPDX-License-Identifier: Apache-2.0
// Elapsed dues across kernel boots. Each story gives the last stamp of a kernel boot, begins the next one with
// what is proven, and asks when the due is reached.
#include "runtime/time/spans.hpp"

#include <gtest/gtest.h>

#include "tests/runtime/time/day.hpp"

namespace dormouse {
namespace {

using test::at_s;
using test::clock;
using test::seconds;

constexpr Duration kTwoHours{7'200'000};

Now moment(std::uint32_t kernel_boot, std::int64_t instant_s, WallTime wall, Trust trust) {
  return Now{
      .instant = at_s(instant_s), .wall = wall, .trust = trust, .boot = kernel_boot, .kernel_boot = kernel_boot};
}
Now dark(std::uint32_t kernel_boot, std::int64_t instant_s) {
  return moment(kernel_boot, instant_s, WallTime{}, Trust::untrusted);
}

/// The first kernel boot, up to its last stamp.
Spans first_boot(const Now& last_stamp) {
  Spans spans;
  spans.begin_kernel_boot(1, Duration::zero());
  spans.note_stamp(last_stamp);
  return spans;
}

TEST(Spans, within_one_kernel_boot_a_position_is_the_instant) {
  Spans spans;
  spans.begin_kernel_boot(1, Duration::zero());
  const Due due = Due::elapsed(1, at_s(100));
  EXPECT_EQ(spans.instant_of(due), at_s(100));
  EXPECT_EQ(spans.lateness(due, dark(1, 99)), -seconds(1));
  EXPECT_EQ(spans.lateness(due, dark(1, 160)), seconds(60));
}

TEST(Spans, a_wall_due_is_judged_only_while_the_wall_is_believable) {
  Spans spans;
  spans.begin_kernel_boot(1, Duration::zero());
  const Due noon = Due::at(clock("12:00:00"));
  EXPECT_EQ(spans.lateness(noon, moment(1, 5, clock("12:00:30"), Trust::untrusted)), std::nullopt);
  EXPECT_EQ(spans.lateness(noon, moment(1, 5, clock("12:00:30"), Trust::rtc)), seconds(30));
  EXPECT_EQ(spans.lateness(noon, moment(1, 5, clock("11:59:00"), Trust::synced)), -seconds(60));
}

TEST(Spans, T066_a_proven_outage_moves_an_elapsed_due) {
  Spans spans = first_boot(moment(1, 1'900, clock("12:30:00"), Trust::synced));
  spans.begin_kernel_boot(2, seconds(1'900) + seconds(1'800));
  EXPECT_EQ(spans.instant_of(Due::elapsed(1, at_s(100) + kTwoHours)), at_s(3'600));
}

TEST(Spans, T067_an_unknown_outage_counts_nothing_until_trust_is_gained) {
  Spans spans = first_boot(moment(1, 1'900, clock("12:30:00"), Trust::synced));
  const Due due = Due::elapsed(1, at_s(100) + kTwoHours);
  spans.begin_kernel_boot(2, seconds(1'900));
  EXPECT_EQ(spans.instant_of(due), at_s(5'400));
  spans.gain_trust(moment(2, 602, clock("13:10:02"), Trust::synced));
  EXPECT_EQ(spans.instant_of(due), at_s(3'600));
}

TEST(Spans, T068_trust_gained_after_the_due_shows_how_late_it_is) {
  Spans spans = first_boot(moment(1, 1'900, clock("12:30:00"), Trust::synced));
  spans.begin_kernel_boot(2, seconds(1'900));
  const Now sync = moment(2, 4'502, clock("14:15:02"), Trust::synced);
  spans.gain_trust(sync);
  EXPECT_EQ(spans.lateness(Due::elapsed(1, at_s(100) + kTwoHours), sync), seconds(902));
}

TEST(Spans, T069_without_any_sync_the_lower_bound_is_what_counts) {
  Spans spans = first_boot(moment(1, 1'900, clock("12:30:00"), Trust::synced));
  spans.begin_kernel_boot(2, seconds(1'900));
  EXPECT_EQ(spans.lateness(Due::elapsed(1, at_s(100) + kTwoHours), dark(2, 5'400)), Duration::zero());
}

/// T070 and T071: two cuts before any sync.
Spans two_cuts() {
  Spans spans = first_boot(moment(1, 600, clock("12:10:00"), Trust::synced));
  spans.begin_kernel_boot(2, seconds(600));
  spans.note_stamp(dark(2, 300));
  spans.begin_kernel_boot(3, seconds(300));
  return spans;
}

TEST(Spans, T070_trust_reaches_back_over_two_cuts) {
  Spans spans = two_cuts();
  const Due due = Due::elapsed(1, at_s(0) + kTwoHours);
  EXPECT_EQ(spans.instant_of(due), at_s(6'300));
  const Now sync = moment(3, 62, clock("20:00:02"), Trust::synced);
  spans.gain_trust(sync);
  EXPECT_EQ(*spans.lateness(due, sync) + kTwoHours, seconds(28'802));  // the position
  EXPECT_EQ(spans.lateness(due, sync), seconds(21'602));
}

TEST(Spans, T071_a_kernel_boot_that_was_never_trusted_keeps_its_lower_bound) {
  Spans spans = two_cuts();
  const Due due = Due::elapsed(2, at_s(60) + kTwoHours);
  EXPECT_EQ(spans.instant_of(due), at_s(6'960));
  spans.gain_trust(moment(3, 62, clock("20:00:02"), Trust::synced));
  EXPECT_EQ(spans.instant_of(due), at_s(6'960));
}

TEST(Spans, T072_a_better_span_moves_a_slot_back_to_the_true_grid) {
  Spans spans = first_boot(moment(1, 1'200, clock("12:20:00"), Trust::synced));
  const Due slot = Due::elapsed(1, at_s(3'600));
  spans.begin_kernel_boot(2, seconds(1'200));
  EXPECT_EQ(spans.instant_of(slot), at_s(2'400));
  spans.gain_trust(moment(2, 302, clock("12:35:02"), Trust::synced));
  EXPECT_EQ(spans.instant_of(slot), at_s(1'800));
}

TEST(Spans, T076_a_mere_step_changes_no_span_and_the_stepped_stamp_measures_the_outage) {
  Spans spans = first_boot(moment(1, 599, clock("12:09:59"), Trust::synced));
  spans.note_stamp(moment(1, 1'200, clock("10:20:00"), Trust::synced));  // stepped by -2 h at 600 s
  EXPECT_EQ(spans.boots().at(1).span, Duration::zero());
  spans.begin_kernel_boot(2, seconds(1'200) + seconds(2'400));  // w0 is 11:00:00
  EXPECT_EQ(spans.instant_of(Due::elapsed(1, at_s(0) + kTwoHours)), at_s(3'600));
}

TEST(Spans, a_gain_of_trust_never_shrinks_a_span) {
  Spans spans = first_boot(moment(1, 1'200, clock("12:20:00"), Trust::synced));
  spans.begin_kernel_boot(2, seconds(1'200));
  spans.gain_trust(moment(2, 302, clock("12:19:00"), Trust::synced));  // behind the stamp of before
  EXPECT_EQ(spans.boots().at(1).span, seconds(1'200));
}

TEST(Spans, the_last_offset_of_a_kernel_boot_is_kept_when_trust_is_lost) {
  Spans spans = first_boot(moment(1, 100, clock("12:00:00"), Trust::synced));
  spans.note_stamp(dark(1, 200));
  EXPECT_EQ(spans.boots().at(1).last_wall, std::nullopt);
  EXPECT_EQ(spans.boots().at(1).offset_ms, clock("12:00:00").ms - 100'000);
  spans.note_stamp(moment(7, 300, clock("12:00:00"), Trust::synced));  // another kernel boot's
  EXPECT_EQ(spans.boots().at(1).last_instant, at_s(200));
}

TEST(Spans, nothing_is_measured_from_readings_that_were_lost_but_instants_are_told_by_their_offset) {
  Spans spans = first_boot(moment(1, 1'200, clock("12:20:00"), Trust::synced));
  spans.lose_readings();
  spans.begin_kernel_boot(2, seconds(0));
  spans.gain_trust(moment(2, 302, clock("12:35:02"), Trust::synced));
  EXPECT_EQ(spans.boots().at(1).span, seconds(0));
  EXPECT_EQ(spans.wall_of(Due::elapsed(1, at_s(0))), clock("12:00:00"));
  EXPECT_EQ(spans.wall_of(Due::elapsed(7, at_s(0))), std::nullopt);
  EXPECT_EQ(spans.wall_of(Due::at(clock("12:00:00"))), clock("12:00:00"));
}

TEST(Spans, a_forgotten_kernel_boot_counts_from_the_next_and_never_fires_early) {
  Spans spans = two_cuts();
  const Due due = Due::elapsed(1, at_s(0) + kTwoHours);
  const Instant before = spans.instant_of(due);
  spans.forget_before(2);
  EXPECT_EQ(spans.boots().size(), 2u);
  EXPECT_GE(spans.instant_of(due), before);
  spans.forget_before(9);
  EXPECT_EQ(spans.boots().size(), 1u);  // the present one stays
  EXPECT_EQ(spans.present(), 3u);
}

TEST(Spans, what_is_written_is_read_back) {
  Spans spans = two_cuts();
  spans.gain_trust(moment(3, 62, clock("20:00:02"), Trust::synced));
  const Result<Spans> read = Spans::decode(spans.encode());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, spans);

  Spans many;
  for (std::uint32_t k = 1; k <= Spans::kMaxKernelBoots + 5; ++k) many.begin_kernel_boot(k, seconds(1));
  EXPECT_EQ(many.boots().size(), Spans::kMaxKernelBoots);
  EXPECT_EQ(*Spans::decode(many.encode()), many);
}

TEST(Spans, a_damaged_body_is_refused) {
  const Bytes body = two_cuts().encode();
  for (const Bytes& bad : {Bytes("\xff", 1), Bytes(), body.substr(0, body.size() - 1), body + "x"}) {
    const Result<Spans> read = Spans::decode(bad);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, "store.corrupt_record");
  }
}

}  // namespace
}  // namespace dormouse
