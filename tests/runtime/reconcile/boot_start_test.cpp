// SPDX-License-Identifier: Apache-2.0
// What the first batch of a process finds out and writes down.
#include <gtest/gtest.h>

#include "tests/runtime/reconcile/device.hpp"

namespace dormouse::test {
namespace {

using reconcile::BootFacts;
using reconcile::BootStart;

TEST(BootStart, T001_an_empty_store_without_a_clock_is_a_first_boot_untrusted_with_a_durable_start_mark) {
  Device device;
  const auto start = device.start(Device::facts(kKernel1, at_s(5), wall("1970-01-01T00:00:05Z"), kNoRtc));
  EXPECT_EQ(start.boot.cause, BootCause::first_boot);
  EXPECT_EQ(start.trust.trust(), Trust::untrusted);
  EXPECT_FALSE(start.gap);
  EXPECT_EQ(start.boot.number, 1U);
  EXPECT_EQ(start.boot.epoch, 1U);
  EXPECT_EQ(start.boot.kernel_boot, 1U);
  EXPECT_EQ(start.spans.present(), 1U);
  device.cut();  // the mark was durable before anything was accepted
  const auto again = device.start(Device::facts(kKernel1, at_s(9), wall("1970-01-01T00:00:09Z"), kNoRtc));
  EXPECT_EQ(again.boot.cause, BootCause::crash_restart);
  ASSERT_TRUE(again.gap);
  EXPECT_EQ(again.gap->length, seconds(4));
}

TEST(BootStart, T002_an_empty_store_with_a_good_rtc_is_a_first_boot_with_trust_rtc) {
  Device device;
  const auto start = device.start(Device::facts(kKernel1, at_s(20), clock("12:00:00")));
  EXPECT_EQ(start.boot.cause, BootCause::first_boot);
  EXPECT_EQ(start.trust.trust(), Trust::rtc);
  EXPECT_TRUE(start.boot.wall_believable);
}

/// The codes of its alarms.
std::string codes(const BootStart& start) {
  std::string all;
  for (const auto& alarm : start.alarms) all += (all.empty() ? "" : " ") + alarm.code;
  return all;
}

struct BootRow {
  const char* name;
  std::optional<std::string> clean;  // how the boot before ended: at instant 1,000 s, 12:00:00 synced
  const std::string& kernel;
  Instant instant;
  const char* wall;
  Evidence evidence;
  BootCause cause;
  GapCause gap_cause;
  Certainty certainty;
  Duration length;
};

TEST(BootStart, names_the_cause_of_boot_and_gap_and_records_both) {
  const BootRow rows[] = {
      {"T004",
       {},
       kKernel1,
       at_s(1'012),
       "12:00:12",
       {},
       BootCause::crash_restart,
       GapCause::crash,
       Certainty::exact,
       seconds(12)},
      {"T005",
       "sigterm",
       kKernel1,
       at_s(1'012),
       "12:00:12",
       {},
       BootCause::clean_restart,
       GapCause::stopped,
       Certainty::exact,
       seconds(12)},
      {"T007",
       {},
       kKernel2,
       at_s(20),
       "14:00:20",
       {},
       BootCause::power_loss,
       GapCause::power_off,
       Certainty::bounded,
       seconds(7'220)},
      {"T008",
       {},
       kKernel2,
       at_s(20),
       "14:00:20",
       {true, false, "watchdog"},
       BootCause::watchdog_reset,
       GapCause::power_off,
       Certainty::bounded,
       seconds(7'220)},
      {"T009",
       {},
       kKernel2,
       at_s(20),
       "14:00:20",
       {true, true, "watchdog dmesg-ramoops-0"},
       BootCause::kernel_panic,
       GapCause::power_off,
       Certainty::bounded,
       seconds(7'220)},
      {"T011",
       "sigterm",
       kKernel2,
       at_s(20),
       "14:00:20",
       {},
       BootCause::clean_reboot,
       GapCause::power_off,
       Certainty::bounded,
       seconds(7'220)},
      {"T012",
       "power_failing",
       kKernel2,
       at_s(20),
       "14:00:20",
       {},
       BootCause::power_loss,
       GapCause::power_off,
       Certainty::bounded,
       seconds(7'220)},
      {"T013",
       {},
       kKernel1,
       at_s(300),
       "12:10:00",
       {},
       BootCause::unclear,
       GapCause::power_off,
       Certainty::bounded,
       seconds(600)},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    Device device;
    device.start(Device::facts(kKernel1, at_s(900), clock("11:58:20")));
    device.set_now(at_s(1'000), clock("12:00:00"), Trust::synced);
    device.stamp(row.clean);

    auto facts = Device::facts(row.kernel, row.instant, clock(row.wall));
    facts.evidence = row.evidence;
    const auto start = device.start(facts);
    EXPECT_EQ(start.boot.cause, row.cause) << name_of(start.boot.cause);
    EXPECT_EQ(start.boot.number, 2U);
    EXPECT_EQ(start.boot.epoch, 2U);
    EXPECT_EQ(start.boot.announced, row.clean == "power_failing");
    EXPECT_EQ(codes(start), row.cause == BootCause::unclear ? "time.boot_id_reused" : "");
    ASSERT_TRUE(start.gap);
    EXPECT_EQ(start.gap->cause, row.gap_cause);
    EXPECT_EQ(start.gap->certainty, row.certainty);
    EXPECT_EQ(start.gap->length, row.length);
    EXPECT_EQ(start.gap->from, clock("12:00:00"));
    EXPECT_EQ(start.gap->to, clock(row.wall));
    EXPECT_EQ(start.gap->from_slack, row.clean ? Duration{0} : seconds(60));
    EXPECT_FALSE(start.step);

    ASSERT_EQ(device.boots().size(), 2U);
    EXPECT_EQ(device.boots().front(), start.boot);
    EXPECT_EQ(start.boot.evidence, row.evidence.text);
    EXPECT_EQ(start.boot.before, row.clean ? "clean: " + *row.clean : "not clean");
    ASSERT_EQ(start.boot.gains.size(), 1U);
    EXPECT_EQ(start.boot.gains[0].wall, clock(row.wall));
    EXPECT_EQ(start.gap->from_instant, at_s(1'000));
    EXPECT_EQ(start.gap->to_instant, row.instant);
    EXPECT_EQ(start.gap->from_trust, Trust::synced);
    EXPECT_EQ(device.gaps(), std::vector<Gap>{*start.gap});
  }
}

TEST(BootStart, T007_T013_the_outage_is_added_to_the_spans_of_earlier_kernel_boots) {
  for (const bool reused : {false, true}) {
    Device device;
    device.start(Device::facts(kKernel1, at_s(900), clock("11:58:20")));
    device.enqueue(job_after(seconds(36'000)));  // keeps the kernel boot remembered
    device.set_now(at_s(1'000), clock("12:00:00"), Trust::synced);
    device.stamp();
    device.start(reused ? Device::facts(kKernel1, at_s(300), clock("12:10:00"))
                        : Device::facts(kKernel2, at_s(20), clock("14:00:20")));
    // T007: 1,000 s lived and exactly 2 h off. T013: 1,000 s lived and 300 s off.
    EXPECT_EQ(device.spans().boots().at(1).span, reused ? seconds(1'300) : seconds(8'200));
  }
}

TEST(BootStart, T006_a_clock_set_while_the_process_was_away_is_a_gap_of_its_own) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(900), clock("11:58:20")));
  device.put({.name = "half", .timing = {.text = "30 12 * * *"}, .handler = "work"});
  const auto elapsed = device.enqueue(job_after(seconds(1'000)));
  device.set_now(at_s(1'000), clock("12:00:00"), Trust::synced);
  device.stamp();
  const auto start = device.start(Device::facts(kKernel1, at_s(1'012), clock("13:00:12")));
  EXPECT_EQ(start.trust.trust(), Trust::synced);
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->cause, GapCause::crash);
  EXPECT_EQ(start.gap->length, seconds(12));
  ASSERT_TRUE(start.step);
  EXPECT_EQ(start.step->cause, GapCause::clock_step);
  EXPECT_EQ(start.step->length, seconds(3'600));
  const auto report = device.reconcile();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->gaps, (std::vector<std::uint32_t>{start.gap->number, start.step->number}));
  EXPECT_EQ(report->schedule_slots_missed, 1U);
  EXPECT_EQ(device.spans().instant_of(device.job(elapsed).due), at_s(1'900));  // the wall does not matter
}

TEST(BootStart, a_step_is_no_time_that_passed_also_when_the_process_starts_again) {
  for (const bool away : {false, true}) {
    Device device;
    device.start(Device::facts(kKernel1, at_s(900), clock("11:58:20")));
    device.enqueue(job_after(seconds(36'000)));  // keeps the kernel boot remembered
    device.set_now(at_s(1'000), clock("12:00:00"), Trust::synced);
    device.stamp();
    device.start(Device::facts(kKernel2, at_s(20), clock("14:00:20")));
    const Duration proven = device.spans().boots().at(1).span;
    if (!away) {
      device.set_now(at_s(100), clock("15:01:40"), Trust::synced);  // an hour ahead of what has passed
      device.stamp();
    }
    device.start(Device::facts(kKernel2, at_s(120), clock("15:02:00")));
    EXPECT_EQ(device.spans().boots().at(1).span, proven);
  }
}

TEST(BootStart, a_clock_set_back_while_away_is_no_gap_but_tells_where_it_stood) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(900), clock("11:58:20")));
  device.set_now(at_s(1'000), clock("12:00:00"), Trust::synced);
  device.stamp();
  const auto start = device.start(Device::facts(kKernel1, at_s(1'012), clock("11:00:12")));
  EXPECT_FALSE(start.step);
  EXPECT_EQ(start.wall_before_step, clock("12:00:12"));
}

TEST(BootStart, T010_a_panic_record_that_was_noted_before_is_old) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(900), clock("11:58:20")));
  auto facts = Device::facts(kKernel2, at_s(20), clock("14:00:20"));
  facts.evidence = {true, true, "watchdog dmesg-ramoops-0"};
  EXPECT_EQ(device.start(facts).boot.cause, BootCause::kernel_panic);
  facts = Device::facts(std::string(16, '\x03'), at_s(20), clock("15:00:20"));
  facts.evidence = {false, true, "dmesg-ramoops-0"};
  EXPECT_EQ(device.start(facts).boot.cause, BootCause::power_loss);
  facts.kernel_boot_id = std::string(16, '\x04');
  facts.evidence = {false, true, "dmesg-ramoops-0 dmesg-ramoops-1"};
  EXPECT_EQ(device.start(facts).boot.cause, BootCause::kernel_panic);
}

TEST(BootStart, T014_an_unknown_outage_proves_only_what_was_lived) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(900), clock("11:58:20")));
  device.enqueue(job_after(seconds(36'000)));
  device.set_now(at_s(1'000), clock("12:00:00"), Trust::synced);
  device.stamp();
  const auto start = device.start(Device::facts(kKernel1, at_s(300), wall("1970-01-01T00:05:00Z"), kNoRtc));
  EXPECT_EQ(start.boot.cause, BootCause::unclear);
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->certainty, Certainty::unknown);
  EXPECT_EQ(device.spans().boots().at(1).span, seconds(1'000));
  EXPECT_EQ(device.jobs().size(), 1U);
}

TEST(BootStart, T015_a_gap_of_0_s_is_counted_not_recorded) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(1'000), clock("12:00:00")));
  device.stamp();
  const auto start = device.start(Device::facts(kKernel1, at_s(1'000), clock("12:00:00")));
  EXPECT_EQ(start.boot.cause, BootCause::crash_restart);
  EXPECT_FALSE(start.gap);
  EXPECT_TRUE(device.gaps().empty());
  EXPECT_EQ(device.run([](jobs::Work& work) { return reconcile::lifetime(work).short_gaps; }), 1U);
}

TEST(BootStart, T018_T020_the_newest_stamp_decides_wherever_it_lies) {
  for (const bool heartbeat_is_newer : {true, false}) {
    Device device;
    const auto first = device.start(Device::facts(kKernel1, at_s(900), clock("11:58:20")));
    Stamp page = reconcile::make_stamp(first.boot, device.now(), {at_s(1'000), seconds(1'000), clock("12:00:00")},
                                       first.trust);
    page.clean = "sigterm";
    page.instant = at_s(1'000);
    page.wall = clock("12:00:00");
    if (!heartbeat_is_newer) device.start(Device::facts(kKernel1, at_s(1'005), clock("12:00:05")));

    auto facts = Device::facts(kKernel1, at_s(1'012), clock("12:00:12"));
    facts.heartbeat = page;
    const auto start = device.start(facts);
    // The page is clean; a start mark of a later epoch is not.
    EXPECT_EQ(start.boot.cause, heartbeat_is_newer ? BootCause::clean_restart : BootCause::crash_restart);
    EXPECT_EQ(start.boot.epoch, heartbeat_is_newer ? 2U : 3U);
  }
}

TEST(BootStart, numbers_rise_above_a_heartbeat_newer_than_the_store) {
  Device device;
  const auto first = device.start(Device::facts(kKernel1, at_s(900), clock("11:58:20")));
  Stamp page = reconcile::make_stamp(first.boot, device.now(), {}, first.trust);
  page.epoch = 40;
  page.boot = 41;
  page.kernel_boot = 7;
  auto facts = Device::facts(kKernel2, at_s(20), clock("14:00:20"));
  facts.heartbeat = page;
  const auto start = device.start(facts);
  EXPECT_EQ(start.boot.epoch, 41U);
  EXPECT_EQ(start.boot.number, 42U);
  EXPECT_EQ(start.boot.kernel_boot, 8U);
}

TEST(BootStart, T022_killed_before_the_start_mark_is_durable_the_boot_number_rises_once) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(900), clock("11:58:20")));
  device.lose_start(Device::facts(kKernel1, at_s(912), clock("11:58:32")));
  const auto start = device.start(Device::facts(kKernel1, at_s(920), clock("11:58:40")));
  EXPECT_EQ(start.boot.number, 2U);
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->from, clock("11:58:20"));
  EXPECT_EQ(start.gap->length, seconds(20));
}

TEST(BootStart, T025_a_negative_outage_counts_as_none) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(900), clock("11:58:20")));
  device.enqueue(job_after(seconds(36'000)));
  device.set_now(at_s(1'000), clock("12:00:00"), Trust::synced);
  device.stamp();
  // The instant 0 of the new kernel would lie at 11:59:58, two seconds before the last stamp.
  const auto start = device.start(Device::facts(kKernel2, at_s(20), clock("12:00:18")));
  EXPECT_EQ(codes(start), "time.negative_outage");
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->certainty, Certainty::at_least);
  EXPECT_GE(device.spans().boots().at(1).span, seconds(1'000));
}

TEST(BootStart, T108_full_rings_drop_their_oldest_and_keep_counting) {
  Device device(Limits::tiny());  // 4 boots, 4 gaps
  device.start(Device::facts(kKernel1, at_s(100), clock("12:00:00")));
  for (int i = 1; i <= 9; ++i)
    device.start(Device::facts(kKernel1, at_s(100 + 10 * i), clock("12:00:00") + seconds(10 * i)));
  ASSERT_EQ(device.boots().size(), 4U);
  EXPECT_EQ(device.boots().front().number, 10U);
  EXPECT_EQ(device.boots().back().number, 7U);
  ASSERT_EQ(device.gaps().size(), 4U);
  EXPECT_EQ(device.gaps().front().number, 9U);  // 9 gaps over the life of the store
  const auto lifetime = device.run([](jobs::Work& work) { return reconcile::lifetime(work); });
  EXPECT_EQ(lifetime.boots, 10U);
  EXPECT_EQ(lifetime.gaps, 9U);
  EXPECT_EQ(lifetime.short_gaps, 0U);
}

}  // namespace
}  // namespace dormouse::test
