// SPDX-License-Identifier: Apache-2.0
// What a pass decides: each policy, each order of events, across power cuts; and what it writes.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/runtime/reconcile/device.hpp"

namespace dormouse::test {
namespace {

using jobs::Misfire;
using jobs::State;
using reconcile::Report;
using reconcile::Trigger;

const WallTime kT0 = clock("12:00:00");

Misfire catch_up_within(Duration max_age) {
  Misfire misfire;
  misfire.max_age = max_age;
  return misfire;
}

/// A device on at T0 - 1 h that has `spec`, then off until T0 + off.
std::uint64_t off_until(Device& device, const jobs::JobSpec& spec, Duration off) {
  device.start(Device::facts(kKernel1, at_s(100), kT0 - seconds(3'600)));
  const auto id = device.enqueue(spec);
  device.start(Device::facts(kKernel2, at_s(20), kT0 + off));
  return id;
}

struct MissRow {
  const char* name;
  Misfire misfire;
  Duration grace;
  Duration runs_at;  // the greatest lateness with which it still runs ...
  bool runs_late;    // ... and whether that counts as late
  std::optional<Duration> missed_at;
};

TEST(Pass, a_one_shot_job_runs_up_to_its_bound_and_is_missed_one_millisecond_later) {
  const Duration grace{60'000};
  const MissRow rows[] = {
      {"J062 skip", Misfire::skip(), grace, Duration{60'000}, false, Duration{60'001}},
      {"J063 skip grace 0", Misfire::skip(), Duration{0}, Duration{0}, false, Duration{1}},
      {"J063 windowed 30", Misfire::windowed(Duration{30}), grace, Duration{30}, false, Duration{31}},
      {"J063 windowed 0", Misfire::windowed(Duration{0}), grace, Duration{0}, false, Duration{1}},
      {"windowed above grace", Misfire::windowed(Duration{90'000}), grace, Duration{90'000}, true,
       Duration{90'001}},
      {"J064 max_age 1 h", catch_up_within(Duration{3'600'000}), grace, Duration{3'600'000}, true,
       Duration{3'600'001}},
      {"J064 max_age 1 s", catch_up_within(Duration{1'000}), grace, Duration{60'000}, false, Duration{60'001}},
      {"catch_up", Misfire::catch_up(), grace, seconds(31'536'000 / 2), true, std::nullopt},
      {"run_once_if_missed", Misfire::run_once_if_missed(), grace, Duration{60'001}, true, std::nullopt},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    auto spec = job_at(kT0, row.misfire);
    spec.grace = row.grace;
    Device runs;
    const auto id = off_until(runs, spec, row.runs_at);
    const auto report = runs.reconcile();
    ASSERT_TRUE(report);
    EXPECT_EQ(runs.job(id).state == State::missed, false);
    EXPECT_EQ(report->run_late, row.runs_late && row.runs_at > row.grace ? 1U : 0U);
    EXPECT_EQ(report->missed, 0U);
    EXPECT_EQ(runs.job(id).in_line, report->run_late == 1);

    if (!row.missed_at) continue;
    Device misses;
    const auto other = off_until(misses, spec, *row.missed_at);
    const auto missed = misses.reconcile();
    ASSERT_TRUE(missed);
    EXPECT_EQ(misses.job(other).state, State::missed);
    EXPECT_EQ(missed->missed, 1U);
  }
}

TEST(Pass, J066_a_missed_catch_up_job_is_told_what_was_missed_in_one_report) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), kT0));
  const auto id = device.enqueue(job_at(kT0 + seconds(10)));
  device.start(Device::facts(kKernel2, at_s(20), kT0 + seconds(15'000'000)));
  const auto report = device.reconcile();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->run_late, 1U);
  const auto claimed = device.claim(id);
  EXPECT_EQ(claimed.job.missed_count, 1U);
  EXPECT_EQ(claimed.job.first_missed_ms, (kT0 + seconds(10)).ms);
  EXPECT_EQ(device.run([](jobs::Work& work) { return reconcile::reports(work, 10); }).size(), 1U);
}

TEST(Pass, J070_an_attempt_that_the_gap_ended_is_settled_and_starts_again_2_s_later_not_missed) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), kT0));
  const auto id = device.enqueue(job_at(kT0, Misfire::skip()));
  device.claim(id);
  device.start(Device::facts(kKernel1, at_s(3'700), kT0 + seconds(3'600)));
  const auto report = device.reconcile();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->interrupted, 1U);
  EXPECT_EQ(report->missed, 0U);
  EXPECT_EQ(device.job(id).interrupted, 1U);
  device.pass(seconds(2));
  EXPECT_EQ(device.claim(id).job.attempt, 2U);
}

TEST(Pass, an_attempt_of_this_epoch_is_left_alone) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), kT0));
  const auto id = device.enqueue(job_at(kT0));
  device.claim(id);
  EXPECT_FALSE(device.reconcile(Trigger::boot));
  EXPECT_EQ(device.job(id).state, State::running);
}

TEST(Pass, an_attempt_is_ended_even_if_its_due_lies_ahead_again) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), kT0));
  const auto id = device.enqueue(job_at(kT0));
  device.claim(id);
  device.start(Device::facts(kKernel1, at_s(200), kT0 - seconds(3'600)));  // the clock was set back meanwhile
  const auto report = device.reconcile();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->interrupted, 1U);
  EXPECT_NE(device.job(id).state, State::running);
}

TEST(Pass, J074_1000_missed_skip_jobs_make_1000_ends_and_one_report_of_200_lines) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), kT0 - seconds(3'600)));
  for (int i = 0; i < 1'000; ++i) device.enqueue(job_at(kT0, Misfire::skip()));
  device.start(Device::facts(kKernel2, at_s(20), kT0 + seconds(3'600)));
  const auto report = device.reconcile();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->missed, 1'000U);
  EXPECT_EQ(report->run_late, 0U);
  EXPECT_EQ(report->lines.size(), 200U);
  const auto stored = device.run([](jobs::Work& work) { return reconcile::reports(work, 10); });
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0], *report);
  EXPECT_EQ(device.run([](jobs::Work& work) { return jobs::counts(work); }).missed, 1'000U);
}

TEST(Pass, J075_wall_dues_are_held_while_time_is_untrusted_and_judged_when_it_is_not) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(10), wall("1970-01-01T00:00:10Z"), kNoRtc));
  const auto elapsed = device.enqueue(job_after(seconds(60)));
  const auto a = device.enqueue(job_at(kT0));
  const auto b = device.enqueue(job_at(kT0, Misfire::skip()));
  EXPECT_FALSE(device.reconcile());  // nothing decided, no gap: no report
  EXPECT_EQ(device.job(a).state, State::scheduled);

  device.set_now(at_s(70), wall("1970-01-01T00:01:10Z"), Trust::untrusted);
  const auto due = device.run([](jobs::Work& work) { return jobs::take_due(work, {}, {}, 10); });
  ASSERT_EQ(due.jobs.size(), 1U);
  EXPECT_EQ(due.jobs[0].id, elapsed);

  device.set_now(at_s(110), kT0 + seconds(90), Trust::untrusted);
  device.gain_trust(kT0 + seconds(90));
  const auto report = device.reconcile(Trigger::trust);
  ASSERT_TRUE(report);
  EXPECT_TRUE(device.job(a).in_line);
  EXPECT_EQ(device.job(b).state, State::missed);
  EXPECT_EQ(report->missed, 1U);
}

TEST(Pass, J077_a_forward_step_over_a_due_is_a_gap_and_is_judged_by_policy) {
  for (const bool skip : {true, false}) {
    Device device;
    device.start(Device::facts(kKernel1, at_s(100), kT0));
    const auto id = device.enqueue(job_at(kT0 + seconds(600), skip ? Misfire::skip() : Misfire::catch_up()));
    device.set_now(at_s(110), kT0 + seconds(7'210), Trust::synced);
    device.run([&](jobs::Work& work) {
      Gap gap;
      gap.cause = GapCause::clock_step;
      gap.certainty = Certainty::exact;
      gap.length = seconds(7'200);
      reconcile::add_gap(work, gap);
      return 0;
    });
    const auto report = device.reconcile(Trigger::step);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->gaps.size(), 1U);
    EXPECT_EQ(device.job(id).state == State::missed, skip);
    ASSERT_EQ(report->lines.size(), 1U);
    EXPECT_NE(report->lines[0].text.find("1h50min10s late"), std::string::npos) << report->lines[0].text;
    const auto gaps = device.run([](jobs::Work& work) { return reconcile::gaps(work, 1); });
    EXPECT_EQ(gaps.at(0).cause, GapCause::clock_step);
  }
}

TEST(Pass, J079_an_elapsed_due_counts_the_outage_only_if_it_is_proven) {
  for (const bool trusted : {true, false}) {
    Device device;
    device.start(Device::facts(kKernel1, at_s(1'000), kT0));
    device.set_now(at_s(1'000), kT0, Trust::synced);
    const auto id = device.enqueue(job_after(seconds(600)));
    device.set_now(at_s(1'100), kT0 + seconds(100), Trust::synced);
    device.stamp();
    device.start(Device::facts(kKernel2, at_s(20), kT0 + seconds(500), trusted ? kGoodRtc : kNoRtc));
    device.reconcile();
    EXPECT_EQ(device.spans().instant_of(device.job(id).due), trusted ? at_s(120) : at_s(500));
  }
}

TEST(Pass, T068_elapsed_dues_proven_late_by_the_first_sync_follow_their_policies) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(50), clock("11:59:10")));
  device.set_now(at_s(100), clock("12:00:00"), Trust::synced);
  const auto two_hours = seconds(7'200);
  const auto catch_up = device.enqueue(job_after(two_hours));
  const auto skip = device.enqueue(job_after(two_hours, Misfire::skip()));
  const auto narrow = device.enqueue(job_after(two_hours, Misfire::windowed(seconds(900))));
  const auto wide = device.enqueue(job_after(two_hours, Misfire::windowed(seconds(1'200))));
  device.set_now(at_s(1'900), clock("12:30:00"), Trust::synced);
  device.stamp();
  device.start(Device::facts(kKernel2, at_s(20), wall("1970-01-01T00:00:20Z"), kNoRtc));
  device.reconcile();
  EXPECT_EQ(device.spans().instant_of(device.job(catch_up).due), at_s(5'400));

  device.set_now(at_s(4'502), {}, Trust::untrusted);
  device.gain_trust(clock("14:15:02"));
  const auto report = device.reconcile(Trigger::trust);
  ASSERT_TRUE(report);
  EXPECT_TRUE(device.job(catch_up).in_line);
  EXPECT_EQ(device.job(skip).state, State::missed);
  EXPECT_EQ(device.job(narrow).state, State::missed);
  EXPECT_TRUE(device.job(wide).in_line);
  EXPECT_NE(report->lines.at(0).text.find("15min2s late"), std::string::npos) << report->lines[0].text;
}

TEST(Pass, T039_a_gain_of_trust_tells_the_length_of_the_boots_gap_once) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), wall("2026-05-29T11:00:00Z")));
  device.set_now(at_s(3'670), wall("2026-05-29T11:59:30Z"), Trust::synced);
  device.stamp();
  const auto start = device.start(Device::facts(kKernel2, at_s(10), wall("2026-05-29T12:00:00Z"), kNoRtc));
  EXPECT_EQ(start.trust.trust(), Trust::untrusted);
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->certainty, Certainty::unknown);
  device.reconcile();

  device.set_now(at_s(202), {}, Trust::untrusted);
  device.gain_trust(wall("2026-06-01T12:03:22Z"));
  const auto report = device.reconcile(Trigger::trust);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->gaps, std::vector<std::uint32_t>{start.gap->number});
  const auto gap = device.run([](jobs::Work& work) { return reconcile::gaps(work, 1); }).at(0);
  EXPECT_EQ(gap.certainty, Certainty::bounded);
  EXPECT_EQ(gap.length, seconds(3 * 86'400 + 30 + 10));  // the outage, and 10 s until the runtime started
  EXPECT_FALSE(device.reconcile(Trigger::trust));
}

TEST(Pass, T063_a_job_that_needs_synced_time_is_held_until_then_and_late_by_then) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), kT0 - seconds(60)));
  auto spec = job_at(kT0);
  spec.needs_time = Trust::synced;
  const auto id = device.enqueue(spec);
  device.start(Device::facts(kKernel1, at_s(170), kT0 + seconds(10)));
  const auto held = device.reconcile();
  ASSERT_TRUE(held);
  EXPECT_EQ(held->held, 1U);
  ASSERT_EQ(held->lines.size(), 1U);
  EXPECT_EQ(held->lines[0].text, "job 1 (work): held, because it needs time to be synced and it is rtc");

  device.set_now(at_s(760), kT0 + seconds(600), Trust::synced);
  const auto report = device.reconcile(Trigger::trust);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->run_late, 1U);
  ASSERT_EQ(report->lines.size(), 1U);
  EXPECT_EQ(report->lines[0].decided, reconcile::Decided::runs_late);
  EXPECT_EQ(report->lines[0].lateness, seconds(600));
  EXPECT_TRUE(device.job(id).in_line);
}

TEST(Pass, T089_hourly_slots_slept_through_are_dropped_and_one_within_its_grace_runs) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), clock("00:30:00")));
  device.put({.name = "hourly", .timing = {.text = "0 * * * *"}, .handler = "sample"});
  device.set_now(at_s(1'910), clock("01:00:10"), Trust::synced);
  device.reconcile(Trigger::boot);  // the slot of 01:00
  const auto before = device.jobs().size();
  device.pass(seconds(6 * 3'600));
  device.run([&](jobs::Work& work) {
    Gap gap;
    gap.cause = GapCause::suspend;
    gap.certainty = Certainty::exact;
    gap.length = seconds(6 * 3'600);
    reconcile::add_gap(work, gap);
    return 0;
  });
  const auto report = device.reconcile(Trigger::resume);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->schedule_slots_missed, 5U);
  EXPECT_EQ(device.jobs().size(), before + 1);
  EXPECT_EQ(device.jobs().back().slot_ms, clock("07:00:00").ms);
  const auto gap = device.run([](jobs::Work& work) { return reconcile::gaps(work, 1); }).at(0);
  EXPECT_EQ(gap.cause, GapCause::suspend);
  EXPECT_EQ(gap.length, seconds(21'600));
}

TEST(Pass, T094_ten_years_of_missed_minutes_cost_what_runs_not_what_was_missed) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), wall("2026-05-31T23:59:50Z")));
  device.set_now(at_s(100), wall("2026-05-31T23:59:50Z"), Trust::synced);
  device.put(
      {.name = "minute", .timing = {.text = "* * * * *"}, .handler = "sample", .misfire = Misfire::catch_up()});
  device.set_now(at_s(111), wall("2026-06-01T00:00:01Z"), Trust::synced);
  device.reconcile();
  const auto first = device.jobs();
  ASSERT_EQ(first.size(), 1U);
  device.succeed(first[0].id);
  device.stamp();

  device.start(Device::facts(kKernel2, at_s(20), wall("2036-06-01T00:00:20Z"), kNoRtc));
  device.reconcile();
  device.set_now(at_s(30), {}, Trust::untrusted);
  device.gain_trust(wall("2036-06-01T00:00:30Z"));
  const auto batches_before = device.batches();
  const auto report = device.reconcile(Trigger::trust);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->schedule_slots_missed, 5'260'319U);
  EXPECT_EQ(report->schedule_slots_dropped, 5'260'219U);
  EXPECT_LE(device.batches() - batches_before, 3U);
  // The one of ten years ago, the newest 100 that were missed, and 00:00, which is on time.
  auto slots = device.jobs();
  ASSERT_EQ(slots.size(), 1U + 100U + 1U);
  std::sort(slots.begin(), slots.end(), [](const auto& a, const auto& b) { return a.slot_ms < b.slot_ms; });
  EXPECT_EQ(slots[1].slot_ms, wall("2036-05-31T22:20:00Z").ms);
  EXPECT_TRUE(slots[1].in_line);
  EXPECT_EQ(slots[101].slot_ms, wall("2036-06-01T00:00:00Z").ms);
  EXPECT_FALSE(slots[101].in_line);
}

/// 100 jobs of which each second one is skip, all an hour late, in batches of 10.
void make_backlog(Device& device) {
  device.limits().reconcile_batch = 10;
  device.start(Device::facts(kKernel1, at_s(100), kT0 - seconds(3'600)));
  for (int i = 0; i < 100; ++i)
    device.enqueue(job_at(kT0 + Duration{i}, i % 2 ? Misfire::skip() : Misfire::catch_up()));
  device.start(Device::facts(kKernel2, at_s(20), kT0 + seconds(3'600)));
}

TEST(Pass, T106_a_pass_cut_after_its_third_batch_goes_on_and_decides_each_job_once) {
  for (const bool keeps_fourth : {false, true}) {
    Device device;
    make_backlog(device);
    // Looking for old attempts costs batches too; three more have decided 30 jobs.
    while (device.run([](jobs::Work& work) { return jobs::counts(work); }).missed < 15)
      ASSERT_TRUE(device.reconcile_batch().more);
    if (keeps_fourth) {
      ASSERT_TRUE(device.reconcile_batch().more);
    }
    const auto missed_before = device.run([](jobs::Work& work) { return jobs::counts(work); }).missed;
    device.start(Device::facts(std::string(16, '\x03'), at_s(20), kT0 + seconds(7'200)));
    EXPECT_EQ(device.run([](jobs::Work& work) { return jobs::counts(work); }).missed, missed_before);

    const auto report = device.reconcile();
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->resumed);
    EXPECT_EQ(report->missed, 50U);
    EXPECT_EQ(report->run_late, 50U);
    EXPECT_EQ(report->lines.size(), 100U);
    EXPECT_EQ(report->gaps.size(), 2U);  // that before the pass, and that inside it
    EXPECT_EQ(device.run([](jobs::Work& work) { return jobs::counts(work); }).missed, 50U);
    EXPECT_EQ(device.run([](jobs::Work& work) { return reconcile::reports(work, 10); }).size(), 1U);
    EXPECT_FALSE(device.reconcile());  // nothing is left of it
  }
}

TEST(Pass, decides_at_most_a_batch_at_a_time) {
  Device device;
  make_backlog(device);
  std::uint64_t decided = 0;
  for (bool more = true; more;) {
    more = device.reconcile_batch().more;
    const auto jobs = device.jobs();
    const auto now = static_cast<std::uint64_t>(std::count_if(
        jobs.begin(), jobs.end(), [](const jobs::Job& job) { return job.in_line || job.state == State::missed; }));
    EXPECT_LE(now - decided, 10U);
    decided = now;
  }
  EXPECT_EQ(decided, 100U);
  EXPECT_LE(device.batches(), 100U / 10 + 3);  // no scan begins again at its start
}

TEST(Pass, writes_nothing_when_there_is_nothing_to_decide) {
  Device device;
  device.start(Device::facts(kKernel1, at_s(100), kT0));
  device.enqueue(job_at(kT0 + seconds(600)));
  const auto before = device.disk().content();
  EXPECT_FALSE(device.reconcile(Trigger::resume));
  EXPECT_FALSE(device.reconcile(Trigger::step));
  EXPECT_FALSE(device.reconcile(Trigger::trust));
  EXPECT_EQ(device.disk().content(), before);
}

TEST(Pass, the_ring_of_reports_drops_its_oldest_with_all_their_lines) {
  auto limits = Limits::tiny();
  Device device(limits);
  device.start(Device::facts(kKernel1, at_s(100), kT0));
  for (int i = 1; i <= 9; ++i) {
    device.enqueue(job_at(device.now().wall + seconds(1), Misfire::skip()));
    device.start(Device::facts(kKernel1, at_s(100 + 600 * i), kT0 + seconds(600 * i)));
    ASSERT_TRUE(device.reconcile());
  }
  const auto reports = device.run([](jobs::Work& work) { return reconcile::reports(work, 100); });
  ASSERT_EQ(reports.size(), 4U);
  EXPECT_EQ(reports.front().number, 9U);
  for (const auto& report : reports) EXPECT_EQ(report.lines.size(), 1U);
}

}  // namespace
}  // namespace dormouse::test
