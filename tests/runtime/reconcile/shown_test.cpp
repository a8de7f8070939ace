// SPDX-License-Identifier: Apache-2.0
// What people are told: the lines of a report, explain, and the bodies of replies.
#include "runtime/reconcile/shown.hpp"

#include <gtest/gtest.h>

#include "tests/runtime/reconcile/device.hpp"

namespace dormouse::test {
namespace {

using jobs::Misfire;
using wire::Key;

const WallTime kT0 = clock("12:00:00");

std::vector<std::string> texts(const reconcile::Report& report) {
  std::vector<std::string> out;
  for (const auto& line : report.lines) out.push_back(line.text);
  return out;
}

/// Two hours off, over jobs of every kind.
reconcile::Report night(Device& device) {
  device.start(Device::facts(kKernel1, at_s(100), kT0 - seconds(3'600)));
  const auto running = device.enqueue(job_at(kT0 - seconds(3'600)));
  device.claim(running);
  device.enqueue(job_at(kT0));
  device.enqueue(job_at(kT0, Misfire::skip()));
  device.enqueue(job_at(kT0, Misfire::windowed(seconds(1'800))));
  Misfire aged;
  aged.max_age = seconds(3'600);
  device.enqueue(job_at(kT0, aged));
  device.put({.name = "hourly", .timing = {.text = "0 * * * *"}, .handler = "sample"});
  device.put({.name = "nightly",
              .timing = {.text = "30 12 * * *"},
              .handler = "backup",
              .misfire = Misfire::run_once_if_missed()});
  device.start(Device::facts(kKernel2, at_s(20), kT0 + seconds(2 * 3'600 + 600)));
  const auto report = device.reconcile();
  check(report.has_value(), "test:report");
  return *report;
}

TEST(Shown, a_report_says_what_how_late_by_which_policy_and_why) {
  Device device;
  EXPECT_EQ(
      texts(night(device)),
      (std::vector<std::string>{
          "job 1 (work): attempt 1 was interrupted by the gap: scheduled again",
          "job 2 (work): 2h10min late, policy catch_up: runs late, in the catch-up line",
          "job 3 (work): 2h10min late, policy skip: missed, because that is more than its grace of 1min",
          "job 4 (work): 2h10min late, policy windowed: missed, because that is more than its window of 30min",
          "job 5 (work): 2h10min late, policy catch_up: missed, because that is more than its greatest age of 1h",
          "schedule s1 (hourly): 3 slots missed, policy skip: none run",
          "schedule s2 (nightly): 1 slot missed, policy run_once_if_missed: one run for all",
      }));
}

TEST(Shown, explain_tells_the_state_and_every_line_about_a_job) {
  Device device;
  night(device);
  const auto late = device.explain("2");
  ASSERT_EQ(late.size(), 2U);
  EXPECT_EQ(late[0], "job 2 (work) is ready to start; due 2026-06-01T12:00:00Z, 2h10min ago; policy catch_up");
  EXPECT_EQ(
      late[1],
      "report 1 (boot 2, boot): job 2 (work): 2h10min late, policy catch_up: runs late, in the catch-up line");
  const auto missed = device.explain("3");
  ASSERT_EQ(missed.size(), 2U);
  EXPECT_EQ(missed[0].substr(0, 23), "job 3 (work) was missed");
}

TEST(Shown, explain_knows_schedules_by_id_and_by_name) {
  Device device;
  night(device);
  for (const auto* what : {"s1", "hourly"}) {
    const auto lines = device.explain(what);
    ASSERT_EQ(lines.size(), 2U) << what;
    EXPECT_NE(lines[0].find("next slot at 2026-06-01T15:00:00Z"), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("missed 3"), std::string::npos) << lines[0];
    EXPECT_NE(lines[1].find("3 slots missed"), std::string::npos) << lines[1];
  }
}

TEST(Shown, explain_of_what_is_not_there_is_an_error) {
  Device device;
  night(device);
  const auto code = [&](const char* what) {
    return device.run([&](jobs::Work& work) { return reconcile::explain(work, {}, what).error().code; });
  };
  EXPECT_EQ(code("77"), "job.not_found");
  EXPECT_EQ(code("s77"), "schedule.not_found");
  EXPECT_EQ(code("nobody"), "schedule.not_found");
}

TEST(Shown, replies_hold_words_and_stay_inside_the_bounds_of_the_codec) {
  Device device;
  const auto report = night(device);
  const auto view = device.run([](jobs::Work& work) {
    return std::tuple(reconcile::boots(work, 9), reconcile::gaps(work, 9), reconcile::reports(work, 9));
  });
  const auto boots = reconcile::boots_reply(std::get<0>(view), {}).get_records(Key::items);
  ASSERT_TRUE(boots);
  ASSERT_EQ(boots->size(), 2U);
  EXPECT_EQ(boots->front().get_text(Key::cause), "power_loss");
  EXPECT_EQ(boots->front().get_text(Key::version), "1.2.3");
  const auto gaps = reconcile::gaps_reply(std::get<1>(view)).get_records(Key::items);
  ASSERT_TRUE(gaps);
  EXPECT_EQ(gaps->front().get_text(Key::certainty), "bounded");

  auto many = report;
  many.lines.assign(200, {.job = 1, .text = "a line"});
  const auto body = reconcile::reports_reply({many, report}).encode();
  const auto read = wire::Record::decode(body);
  ASSERT_TRUE(read.ok()) << read.error().message;
  const auto items = read->get_records(Key::items);
  ASSERT_TRUE(items);
  EXPECT_EQ(items->at(0).get_uint(Key::total), 200U);
  EXPECT_EQ(items->at(0).get_texts(Key::line)->size(), 64U);
  EXPECT_EQ(items->at(1).get_uint(Key::missed_jobs), 3U);
}

}  // namespace
}  // namespace dormouse::test
