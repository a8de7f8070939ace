// SPDX-License-Identifier: Apache-2.0
// What happened while no job could run: the newest stamp against the present sample.
#include "runtime/time/boot.hpp"

#include <gtest/gtest.h>

#include "tests/runtime/time/day.hpp"

namespace dormouse {
namespace {

using test::at_s;
using test::clock;
using test::kKernel1;
using test::kKernel2;
using test::seconds;

constexpr Duration kInterval{60'000};

/// The last stamp of kernel boot 1: instant 1,000 s at 12:00:00.
Stamp stamp(Trust trust, std::optional<std::string> clean = std::nullopt) {
  Stamp last;
  last.sequence = 7;
  last.epoch = 3;
  last.boot = 3;
  last.kernel_boot = 1;
  last.kernel_boot_id = kKernel1;
  last.instant = at_s(1'000);
  last.monotonic = seconds(1'000);
  last.wall = clock("12:00:00");
  last.trust = trust;
  last.max_error_ms = 40;
  last.clean = std::move(clean);
  return last;
}

struct Row {
  const char* name;
  std::optional<Stamp> last;
  bool store_empty = false;
  std::string id = kKernel2;
  std::int64_t instant_s = 0;
  const char* wall = "12:00:00";
  Trust trust = Trust::untrusted;
  Evidence evidence = {};

  BootCause cause;
  GapCause gap = GapCause::none;  // none: no gap recorded
  Certainty certainty = Certainty::exact;
  std::int64_t length_s = 0;
  std::int64_t slack_s = 0;
  bool new_kernel_boot = true;
  bool announced = false;
  std::optional<std::int64_t> outage_s = {};
  const char* alarm = "";
};

const Row kRows[] = {
    {.name = "T001 empty store, no believable time",
     .store_empty = true,
     .instant_s = 5,
     .cause = BootCause::first_boot},
    {.name = "T002 empty store, RTC",
     .store_empty = true,
     .instant_s = 5,
     .trust = Trust::rtc,
     .cause = BootCause::first_boot},
    {.name = "T004 process killed",
     .last = stamp(Trust::synced),
     .id = kKernel1,
     .instant_s = 1'012,
     .wall = "12:00:12",
     .trust = Trust::synced,
     .cause = BootCause::crash_restart,
     .gap = GapCause::crash,
     .length_s = 12,
     .slack_s = 60,
     .new_kernel_boot = false},
    {.name = "T005 process stopped",
     .last = stamp(Trust::synced, "sigterm"),
     .id = kKernel1,
     .instant_s = 1'012,
     .wall = "12:00:12",
     .trust = Trust::synced,
     .cause = BootCause::clean_restart,
     .gap = GapCause::stopped,
     .length_s = 12,
     .new_kernel_boot = false},
    {.name = "T006 a step of the wall does not count within a kernel boot",
     .last = stamp(Trust::synced),
     .id = kKernel1,
     .instant_s = 1'012,
     .wall = "13:00:12",
     .trust = Trust::synced,
     .cause = BootCause::crash_restart,
     .gap = GapCause::crash,
     .length_s = 12,
     .slack_s = 60,
     .new_kernel_boot = false},
    {.name = "T007 power cut, outage measured by the wall",
     .last = stamp(Trust::synced),
     .instant_s = 20,
     .wall = "14:00:20",
     .trust = Trust::rtc,
     .cause = BootCause::power_loss,
     .gap = GapCause::power_off,
     .certainty = Certainty::bounded,
     .length_s = 7'220,
     .slack_s = 60,
     .outage_s = 7'200},
    {.name = "T008 watchdog",
     .last = stamp(Trust::synced),
     .instant_s = 20,
     .wall = "14:00:20",
     .trust = Trust::rtc,
     .evidence = {.watchdog = true},
     .cause = BootCause::watchdog_reset,
     .gap = GapCause::power_off,
     .certainty = Certainty::bounded,
     .length_s = 7'220,
     .slack_s = 60,
     .outage_s = 7'200},
    {.name = "T009 a panic outweighs the watchdog",
     .last = stamp(Trust::synced),
     .instant_s = 20,
     .wall = "14:00:20",
     .trust = Trust::rtc,
     .evidence = {.watchdog = true, .panic = true},
     .cause = BootCause::kernel_panic,
     .gap = GapCause::power_off,
     .certainty = Certainty::bounded,
     .length_s = 7'220,
     .slack_s = 60,
     .outage_s = 7'200},
    {.name = "T011 clean reboot",
     .last = stamp(Trust::synced, "sigterm"),
     .instant_s = 20,
     .wall = "12:00:50",
     .trust = Trust::synced,
     .evidence = {.watchdog = true},
     .cause = BootCause::clean_reboot,
     .gap = GapCause::power_off,
     .certainty = Certainty::bounded,
     .length_s = 50,
     .outage_s = 30},
    {.name = "T012 announced power loss",
     .last = stamp(Trust::synced, "power_failing"),
     .instant_s = 20,
     .wall = "12:00:50",
     .trust = Trust::synced,
     .cause = BootCause::power_loss,
     .gap = GapCause::power_off,
     .certainty = Certainty::bounded,
     .length_s = 50,
     .announced = true,
     .outage_s = 30},
    {.name = "T013 the id came again, with a smaller instant",
     .last = stamp(Trust::synced),
     .id = kKernel1,
     .instant_s = 300,
     .wall = "12:10:00",
     .trust = Trust::synced,
     .cause = BootCause::unclear,
     .gap = GapCause::power_off,
     .certainty = Certainty::bounded,
     .length_s = 600,
     .slack_s = 60,
     .outage_s = 300,
     .alarm = "time.boot_id_reused"},
    {.name = "T014 the same, untrusted",
     .last = stamp(Trust::synced),
     .id = kKernel1,
     .instant_s = 300,
     .cause = BootCause::unclear,
     .gap = GapCause::power_off,
     .certainty = Certainty::unknown,
     .length_s = 300,
     .slack_s = 60,
     .alarm = "time.boot_id_reused"},
    {.name = "T015 a gap of nothing is not recorded",
     .last = stamp(Trust::synced),
     .id = kKernel1,
     .instant_s = 1'000,
     .wall = "12:00:00",
     .trust = Trust::synced,
     .cause = BootCause::crash_restart,
     .new_kernel_boot = false},
    {.name = "a gap of 2 s is recorded",
     .last = stamp(Trust::synced, "sigterm"),
     .id = kKernel1,
     .instant_s = 1'002,
     .wall = "12:00:02",
     .trust = Trust::synced,
     .cause = BootCause::clean_restart,
     .gap = GapCause::stopped,
     .length_s = 2,
     .new_kernel_boot = false},
    {.name = "T017 every stamp lost, jobs in the store",
     .instant_s = 20,
     .trust = Trust::synced,
     .cause = BootCause::unclear,
     .gap = GapCause::power_off,
     .certainty = Certainty::unknown,
     .length_s = 20,
     .alarm = "time.stamp_lost"},
    {.name = "T024 another container of the same host is the same kernel boot",
     .last = stamp(Trust::untrusted),
     .id = kKernel1,
     .instant_s = 1'012,
     .cause = BootCause::crash_restart,
     .gap = GapCause::crash,
     .length_s = 12,
     .slack_s = 60,
     .new_kernel_boot = false},
    {.name = "T025 the wall of instant 0 lies before the last stamp",
     .last = stamp(Trust::synced),
     .instant_s = 20,
     .wall = "11:59:20",
     .trust = Trust::synced,
     .cause = BootCause::power_loss,
     .gap = GapCause::power_off,
     .certainty = Certainty::at_least,
     .length_s = 20,
     .slack_s = 60,
     .outage_s = 0,
     .alarm = "time.negative_outage"},
    {.name = "a last stamp that was untrusted measures nothing",
     .last = stamp(Trust::untrusted),
     .instant_s = 20,
     .wall = "14:00:20",
     .trust = Trust::synced,
     .cause = BootCause::power_loss,
     .gap = GapCause::power_off,
     .certainty = Certainty::unknown,
     .length_s = 20,
     .slack_s = 60},
};

TEST(Boot, the_cause_and_the_gap_follow_the_table) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    const Sample now{.instant = at_s(row.instant_s), .monotonic = seconds(row.instant_s), .wall = clock(row.wall)};
    const Classified boot =
        classify_boot(row.last, row.store_empty, now, row.trust, 2'000, row.id, row.evidence, kInterval);
    EXPECT_STREQ(name_of(boot.cause), name_of(row.cause));
    EXPECT_EQ(boot.new_kernel_boot, row.new_kernel_boot);
    EXPECT_EQ(boot.announced, row.announced);
    EXPECT_EQ(boot.alarm, row.alarm);
    EXPECT_EQ(boot.outage.value_or(seconds(-1)), seconds(row.outage_s.value_or(-1)));
    ASSERT_EQ(boot.gap.has_value(), row.gap != GapCause::none);
    if (!boot.gap) continue;
    EXPECT_STREQ(name_of(boot.gap->cause), name_of(row.gap));
    EXPECT_STREQ(name_of(boot.gap->certainty), name_of(row.certainty));
    EXPECT_EQ(boot.gap->length, seconds(row.length_s));
    EXPECT_EQ(boot.gap->from_slack, seconds(row.slack_s));
    const bool measured = row.last && row.last->trust != Trust::untrusted;
    Duration error{};
    if (row.certainty == Certainty::bounded) error = Duration{2'040};
    if (row.certainty == Certainty::unknown && measured) error = Duration{40};
    EXPECT_EQ(boot.gap->error, error);
  }
}

TEST(Boot, T007_both_ends_of_the_gap_are_shown_where_they_were_believable) {
  const Sample now{.instant = at_s(20), .monotonic = seconds(20), .wall = clock("14:00:20")};
  const auto gap = [&](Trust before, Trust after) {
    return *classify_boot(stamp(before), false, now, after, 0, kKernel2, {}, kInterval).gap;
  };
  EXPECT_EQ(gap(Trust::synced, Trust::rtc).from, clock("12:00:00"));
  EXPECT_EQ(gap(Trust::synced, Trust::rtc).to, clock("14:00:20"));
  EXPECT_EQ(gap(Trust::untrusted, Trust::rtc).from, std::nullopt);
  EXPECT_EQ(gap(Trust::synced, Trust::untrusted).to, std::nullopt);
}

TEST(Boot, T006_the_gap_of_the_crash_ends_where_the_step_begins) {
  const Sample now{.instant = at_s(1'012), .monotonic = seconds(1'012), .wall = clock("13:00:12")};
  const Classified boot =
      classify_boot(stamp(Trust::synced), false, now, Trust::synced, 0, kKernel1, {}, kInterval);
  EXPECT_EQ(boot.gap->from, clock("12:00:00"));
  EXPECT_EQ(boot.gap->to, clock("12:00:12"));
}

TEST(Boot, T010_a_panic_that_was_noted_before_is_no_evidence) {
  // The record is still there, but it is not new: the evidence says nothing of a panic.
  const Evidence old{.watchdog = false, .panic = false, .text = "dmesg-ramoops-0 (old)"};
  const Sample now{.instant = at_s(20), .monotonic = seconds(20), .wall = clock("14:00:20")};
  const Classified boot = classify_boot(stamp(Trust::synced), false, now, Trust::rtc, 0, kKernel2, old, kInterval);
  EXPECT_STREQ(name_of(boot.cause), "power_loss");
}

TEST(Boot, T020_the_newest_stamp_is_that_of_the_highest_epoch_then_instant_then_sequence) {
  Stamp clean = stamp(Trust::synced, "sigterm");
  clean.epoch = 7;
  Stamp unclean = stamp(Trust::synced);
  unclean.epoch = 8;
  unclean.instant = at_s(10);
  unclean.sequence = 1;
  EXPECT_TRUE(newer(unclean, clean));
  EXPECT_FALSE(newer(clean, unclean));

  Stamp later = clean;
  later.instant = at_s(1'001);
  later.sequence = 1;
  EXPECT_TRUE(newer(later, clean));
  Stamp second = clean;
  second.sequence = 8;
  EXPECT_TRUE(newer(second, clean));
  EXPECT_FALSE(newer(clean, clean));
}

TEST(Boot, T016_a_stamp_of_the_store_serves_where_no_page_does) {
  const std::optional<Stamp> from_journal = stamp(Trust::synced);
  const Sample now{.instant = at_s(20), .monotonic = seconds(20), .wall = clock("14:00:20")};
  const Classified boot = classify_boot(from_journal, false, now, Trust::rtc, 0, kKernel2, {}, kInterval);
  EXPECT_EQ(boot.alarm, "");
  EXPECT_EQ(boot.outage, seconds(7'200));
}

TEST(BootRecords, what_is_written_is_read_back) {
  Stamp last = stamp(Trust::rtc, "sigterm");
  last.floor = clock("11:00:00");
  last.rtc_mark = clock("11:30:00");
  EXPECT_EQ(*decode_stamp(encode(last)), last);
  EXPECT_EQ(*decode_stamp(encode(stamp(Trust::untrusted))), stamp(Trust::untrusted));

  const Boot boot{.number = 4,
                  .epoch = 9,
                  .kernel_boot = 2,
                  .kernel_boot_id = kKernel2,
                  .cause = BootCause::unclear,
                  .announced = true,
                  .wall_believable = true,
                  .evidence = "dmesg-ramoops-0",
                  .version = "0.1.0",
                  .started = at_s(20),
                  .started_wall = clock("14:00:20")};
  EXPECT_EQ(*decode_boot(encode(boot)), boot);

  Gap gap{.number = 5,
          .boot = 4,
          .cause = GapCause::clock_step,
          .certainty = Certainty::at_least,
          .from = clock("12:00:00"),
          .to = std::nullopt,
          .length = seconds(9),
          .error = Duration{40},
          .from_slack = seconds(60)};
  EXPECT_EQ(*decode_gap(encode(gap)), gap);
  gap.to = clock("12:00:09");
  EXPECT_EQ(*decode_gap(encode(gap)), gap);
}

TEST(BootRecords, a_damaged_body_is_refused) {
  Boot boot;
  boot.kernel_boot_id = kKernel1;
  boot.cause = static_cast<BootCause>(99);
  Gap gap;
  gap.cause = static_cast<GapCause>(99);
  Stamp last = stamp(Trust::synced);
  last.trust = static_cast<Trust>(9);
  EXPECT_EQ(decode_boot(encode(boot)).error().code, "store.corrupt_record");
  EXPECT_EQ(decode_gap(encode(gap)).error().code, "store.corrupt_record");
  EXPECT_EQ(decode_stamp(encode(last)).error().code, "store.corrupt_record");
  EXPECT_EQ(decode_stamp("\xff").error().code, "store.corrupt_record");
  EXPECT_EQ(decode_stamp(encode(stamp(Trust::rtc)) + "x").error().code, "store.corrupt_record");
}

}  // namespace
}  // namespace dormouse
