// SPDX-License-Identifier: Apache-2.0
// Trust that rises, clocks that are set back, marks that lie ahead: what is re-based, revised, planned anew and
// told.
#include <gtest/gtest.h>

#include "runtime/schedules/schedule_store.hpp"
#include "tests/runtime/reconcile/device.hpp"

namespace dormouse::test {
namespace {

using jobs::Misfire;
using reconcile::Trigger;

const std::string kKernel3(16, '\x03');

reconcile::BootFacts dark(const std::string& kernel, Instant instant) {
  return Device::facts(kernel, instant, wall("1970-01-01T00:00:00Z") + Duration{instant.ms}, kNoRtc);
}

schedules::Definition cron_of(const std::string& text) {
  return {.name = "cron", .timing = {.text = text}, .handler = "sample"};
}

/// The report of a backward step.
std::optional<reconcile::Report> set_back(Device& device, WallTime to) {
  const WallTime from = device.now().wall;
  device.set_now(device.now().instant, to, device.now().trust);
  device.run([&](jobs::Work& work) { return reconcile::plan_anew(work, from).size(); });
  return device.reconcile(Trigger::step);
}

TEST(TrustGain, T037_a_schedule_made_before_trust_counts_from_its_true_creation) {
  Device device;
  device.start(dark(kKernel1, at_s(5)));
  device.set_now(at_s(60), {}, Trust::untrusted);
  device.put(cron_of("0 12 * * *"));
  device.set_now(at_s(302), {}, Trust::untrusted);
  device.gain_trust(clock("12:00:02"));
  EXPECT_EQ(WallTime{device.schedule("cron").decided_until}, clock("11:56:00"));
  EXPECT_FALSE(device.reconcile(Trigger::trust));  // late by 2 s: on time
  EXPECT_EQ(device.slots(), (std::vector<std::string>{"2026-06-01T12:00:00Z"}));
  EXPECT_EQ(device.schedule("cron").next_slot, wall("2026-06-02T12:00:00Z").ms);
}

TEST(TrustGain, T038_a_slot_that_trust_shows_to_be_two_minutes_late_is_dropped) {
  Device device;
  device.start(dark(kKernel1, at_s(5)));
  device.set_now(at_s(60), {}, Trust::untrusted);
  device.put(cron_of("0 12 * * *"));
  device.set_now(at_s(422), {}, Trust::untrusted);
  device.gain_trust(clock("12:02:02"));
  const auto report = device.reconcile(Trigger::trust);
  ASSERT_TRUE(report);
  ASSERT_EQ(report->lines.size(), 1U);
  EXPECT_EQ(report->lines[0].lateness, seconds(122));
  EXPECT_EQ(report->lines[0].missed, 1U);
  EXPECT_EQ(report->lines[0].ran, 0U);
  EXPECT_EQ(report->lines[0].first_missed, clock("12:00:00").ms);
  EXPECT_TRUE(device.slots().empty());
  EXPECT_EQ(device.schedule("cron").next_slot, wall("2026-06-02T12:00:00Z").ms);
}

TEST(TrustGain, a_schedule_is_listed_as_held_until_time_is_trusted_as_far_as_it_needs) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), clock("09:00:30")));
  for (const Trust needs : {Trust::untrusted, Trust::synced}) {
    auto definition = cron_of("0 * * * *");
    definition.name = needs == Trust::synced ? "exact" : "plain";
    definition.needs_time = needs;
    device.put(definition);
  }
  device.start(Device::facts(kKernel2, at_s(20), clock("11:30:00")));
  const auto held = device.reconcile();
  ASSERT_TRUE(held);
  EXPECT_EQ(held->held, 1U);
  ASSERT_EQ(held->lines.size(), 2U);
  EXPECT_EQ(held->lines[0].text, "schedule s2 (exact): held, because it needs time to be synced and it is rtc");
  EXPECT_EQ(held->lines[0].reason, "time");
  EXPECT_EQ(held->lines[1].text, "schedule s1 (plain): 2 slots missed, policy skip: none run");
  EXPECT_EQ(device.schedule("exact").missed, 0U);
  EXPECT_NE(device.explain("exact")[0].find("; held, because it needs time to be synced"), std::string::npos);
  EXPECT_EQ(device.explain("plain")[0].find("held"), std::string::npos);

  device.set_now(at_s(1'820), clock("12:00:00"), Trust::synced);
  const auto report = device.reconcile(Trigger::trust);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->held, 0U);
  EXPECT_EQ(device.schedule("exact").missed, 2U);
  EXPECT_EQ(device.schedule("exact").runs, 1U);
  EXPECT_EQ(device.explain("exact")[0].find("held"), std::string::npos);
}

TEST(TrustGain, T079_a_schedule_of_a_kernel_boot_that_never_knew_the_time_counts_from_the_present_one) {
  Device device;
  device.start(dark(kKernel1, at_s(5)));
  device.start(dark(kKernel2, at_s(5)));
  device.put(cron_of("0 * * * *"));
  device.start(dark(kKernel3, at_s(5)));  // at 10:30:05
  device.reconcile();
  device.set_now(at_s(5'410), {}, Trust::untrusted);
  device.gain_trust(clock("12:00:10"));
  EXPECT_EQ(WallTime{device.schedule("cron").decided_until}, clock("10:30:00"));
  const auto report = device.reconcile(Trigger::trust);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->schedule_slots_missed, 1U);  // 11:00
  EXPECT_EQ(report->lines.back().newest_missed, clock("11:00:00").ms);
  EXPECT_EQ(device.slots(), (std::vector<std::string>{"2026-06-01T12:00:00Z"}));
}

TEST(TrustGain, a_schedule_of_a_kernel_boot_that_was_trusted_later_counts_from_its_creation_there) {
  Device device;
  device.start(dark(kKernel1, at_s(5)));
  const auto put = device.put(cron_of("0 * * * *"));
  device.set_now(at_s(100), {}, Trust::untrusted);
  device.gain_trust(clock("10:00:00"));
  // As if its zone had been missing then: it waits still.
  device.run([&](jobs::Work& work) {
    auto schedule = *schedules::load(work, 1, put);
    const auto old_due = schedule.next_due;
    schedule.created_while_untrusted = Due::elapsed(1, at_s(40));
    schedule.next_slot.reset();
    schedule.next_due.reset();
    schedules::save(work, schedule, old_due);
    return 0;
  });
  device.stamp();
  device.start(Device::facts(kKernel2, at_s(20), clock("10:30:20")));
  EXPECT_EQ(device.spans().wall_of(Due::elapsed(1, at_s(40))), clock("09:59:00"));
  device.reconcile();
  EXPECT_EQ(WallTime{device.schedule("cron").decided_until}, clock("10:00:00"));  // one slot was missed since
  EXPECT_EQ(device.schedule("cron").missed, 1U);
}

TEST(TrustGain, a_schedule_whose_kernel_boot_believed_a_later_clock_goes_on_from_now) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(20), wall("2026-08-22T06:00:00Z")));  // the RTC is months ahead
  device.set_now(at_s(100), wall("2026-06-01T09:00:00Z"), Trust::untrusted);
  device.put(cron_of("0 * * * *"));
  device.stamp();
  device.start(dark(kKernel2, at_s(20)));
  device.set_now(at_s(100), {}, Trust::untrusted);
  device.gain_trust(clock("10:00:30"));
  device.reconcile(reconcile::Trigger::trust);
  EXPECT_EQ(WallTime{device.schedule("cron").decided_until}, clock("10:00:30"));
  EXPECT_EQ(WallTime{*device.schedule("cron").next_slot}, clock("11:00:00"));
}

TEST(TrustGain, stands_in_the_record_of_its_boot_and_tells_when_that_began) {
  Device device;
  const auto start = device.start(dark(kKernel1, at_s(20)));
  EXPECT_TRUE(start.boot.gains.empty());
  device.set_now(at_s(62), {}, Trust::untrusted);
  device.gain_trust(clock("12:00:02"));
  const Boot boot = device.boots().front();
  EXPECT_EQ(boot.gains, (std::vector<TrustGain>{{at_s(62), clock("12:00:02"), Trust::synced, "kernel"}}));
  EXPECT_FALSE(boot.wall_believable);  // at its start
  EXPECT_EQ(wall_of_start(boot), clock("11:59:20"));
}

TEST(TrustGain, revises_the_gap_that_its_kernel_boot_began_with_also_after_a_restart_of_the_process) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), clock("11:00:00")));
  device.set_now(at_s(3'700), clock("12:00:00"), Trust::synced);
  device.stamp();
  device.start(dark(kKernel2, at_s(20)));
  device.reconcile();
  device.stamp();
  device.start(dark(kKernel2, at_s(120)));  // the process was killed
  device.reconcile();
  ASSERT_EQ(device.gaps().size(), 2U);
  const Duration error_of_last_reading = device.gaps().back().error;
  EXPECT_GT(error_of_last_reading, Duration{0});  // it was an RTC's
  device.set_now(at_s(200), {}, Trust::untrusted);
  EXPECT_TRUE(device.gain_trust(clock("15:00:00")).empty());
  const auto report = device.reconcile(Trigger::trust);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->gaps, (std::vector<std::uint32_t>{1}));
  const Gap gap = device.gaps().back();
  EXPECT_EQ(gap.certainty, Certainty::bounded);
  EXPECT_EQ(gap.to, clock("14:57:00"));  // 20 s after the kernel's start at 14:56:40
  EXPECT_EQ(gap.to_trust, Trust::synced);
  EXPECT_EQ(gap.length, seconds(3 * 3'600 - 180));
  EXPECT_EQ(gap.error, error_of_last_reading + Duration{40});
  device.gain_trust(clock("15:30:00"));
  EXPECT_EQ(device.gaps().back(), gap);  // once
  EXPECT_FALSE(device.reconcile(Trigger::trust));
}

TEST(TrustGain, T070_T071_two_cuts_before_any_sync_and_each_job_runs_once) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(0), clock("12:00:00")));
  device.set_now(at_s(0), clock("12:00:00"), Trust::synced);
  const auto first = device.enqueue(job_after(seconds(7'200)));
  device.set_now(at_s(600), clock("12:10:00"), Trust::synced);
  device.stamp();
  device.start(dark(kKernel2, at_s(0)));
  device.set_now(at_s(60), {}, Trust::untrusted);
  const auto second = device.enqueue(job_after(seconds(7'200)));
  device.set_now(at_s(300), {}, Trust::untrusted);
  device.stamp();
  device.start(dark(kKernel3, at_s(0)));
  device.reconcile();
  EXPECT_EQ(device.spans().instant_of(device.job(first).due), at_s(6'300));
  EXPECT_EQ(device.spans().instant_of(device.job(second).due), at_s(6'960));

  device.set_now(at_s(62), {}, Trust::untrusted);
  device.gain_trust(clock("20:00:02"));
  const auto report = device.reconcile(Trigger::trust);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->run_late, 1U);
  ASSERT_EQ(report->lines.size(), 1U);
  EXPECT_EQ(report->lines[0].job, first);
  EXPECT_EQ(report->lines[0].lateness, seconds(21'602));
  EXPECT_TRUE(device.job(first).in_line);
  device.succeed(first);
  EXPECT_FALSE(device.reconcile(Trigger::trust));
  EXPECT_EQ(device.spans().instant_of(device.job(second).due), at_s(6'960));
}

TEST(FutureMark, T093_a_last_slot_in_2098_is_told_and_the_next_one_follows_the_clock) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), clock("11:30:00")));
  const auto id = device.put(cron_of("0 * * * *"));
  const auto mark = wall("2098-01-01T00:00:00Z").ms;
  device.run([&](jobs::Work& work) {
    auto schedule = *schedules::load(work, 1, id);
    const auto old_due = schedule.next_due;
    schedule.last_slot = schedule.decided_until = mark;
    schedule.handed = {{mark, mark}};
    schedule.next_slot = mark + 3'600'000;
    schedule.next_due = Due::at(WallTime{*schedule.next_slot});
    schedules::save(work, schedule, old_due);
    return 0;
  });
  device.start(Device::facts(kKernel1, at_s(160), clock("11:31:00")));
  const auto pass = device.reconcile_batch();
  ASSERT_EQ(pass.alarms.size(), 1U);
  EXPECT_EQ(pass.alarms[0].code, "time.future_mark");
  EXPECT_EQ(
      pass.alarms[0].message,
      "schedule s1 (cron): its last slot 2098-01-01T00:00:00Z lies ahead of the clock: it goes on from now, and "
      "what has run does not run again");
  ASSERT_TRUE(pass.report);
  EXPECT_EQ(pass.report->lines.at(0).schedule, id);
  EXPECT_EQ(pass.report->lines.at(0).reason, "future_mark");
  const auto schedule = device.schedule("cron");
  EXPECT_EQ(schedule.next_slot, clock("12:00:00").ms);
  EXPECT_EQ(schedule.handed, (std::vector<schedules::HandedRange>{{mark, mark}}));  // never again
  EXPECT_TRUE(device.reconcile_batch().alarms.empty());
}

TEST(SetBack, is_told_in_one_line_where_it_moved_a_schedule_and_not_where_it_moved_none) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), clock("10:30:00")));
  device.set_now(at_s(100), clock("10:30:00"), Trust::synced);
  EXPECT_FALSE(set_back(device, clock("10:00:00")));
  device.put(cron_of("0 * * * *"));
  device.set_now(at_s(4'000), clock("11:00:00"), Trust::synced);
  device.reconcile(Trigger::step);
  device.set_now(at_s(4'300), clock("11:05:00"), Trust::synced);
  const auto report = set_back(device, wall("2026-05-31T11:05:00Z"));
  ASSERT_TRUE(report);
  ASSERT_EQ(report->lines.size(), 1U);
  EXPECT_EQ(
      report->lines[0].text,
      "the wall clock was set back by 1d to 2026-05-31T11:05:00Z: 1 schedule planned anew, and nothing that has "
      "run runs again");
  EXPECT_EQ(report->lines[0].decided, reconcile::Decided::note);
  EXPECT_TRUE(report->gaps.empty());
}

TEST(Step, that_jumps_nothing_due_is_no_gap_and_no_report) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), clock("12:00:00")));
  device.enqueue(job_at(clock("13:00:00")));
  const auto step = [&](WallTime to) {
    Gap gap;
    gap.cause = GapCause::clock_step;
    gap.certainty = Certainty::exact;
    gap.from = device.now().wall;
    gap.to = to;
    gap.length = to - device.now().wall;
    device.set_now(device.now().instant, to, Trust::rtc);
    device.run([&](jobs::Work& work) {
      reconcile::add_gap(work, gap);
      return 0;
    });
    return device.reconcile(Trigger::step);
  };
  EXPECT_FALSE(step(clock("12:59:59") + Duration{999}));
  EXPECT_TRUE(device.gaps().empty());
  ASSERT_TRUE(step(clock("13:00:02")));  // due inside, and in its grace: the gap alone is worth a report
  EXPECT_EQ(device.gaps().front().to_instant, at_s(100));
  EXPECT_EQ(device.gaps().front().from_instant, at_s(100));
}

}  // namespace
}  // namespace dormouse::test
