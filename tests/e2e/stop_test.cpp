// SPDX-License-Identifier: Apache-2.0
// Stops and starts of the real program on the real clock: what each boot calls the end of the one before, and what
// every policy does about the jobs that fell due in between.
#include <chrono>
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "runtime/time/rfc3339.hpp"
#include "tests/e2e/running_device.hpp"

namespace dormouse::e2e {
namespace {

WallTime wall_now() {
  using namespace std::chrono;
  return WallTime{duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()};
}

/// Returns once the wall clock shows `at`.
void wait_until(WallTime at) {
  const int timer = ::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
  const itimerspec when = {{}, {at.ms / 1'000, at.ms % 1'000 * 1'000'000}};
  ASSERT_EQ(::timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, nullptr), 0);
  pollfd expired = {timer, POLLIN, 0};
  EXPECT_EQ(::poll(&expired, 1, static_cast<int>(patience.count())), 1);
  ::close(timer);
}

Json newest_boot(const RunningDevice& device) {
  Json newest;
  const Json answer = device.ask({"boots"});
  for (const auto& boot : answer.at("boots")) {
    if (newest.is_null() || boot.at("boot") > newest.at("boot")) newest = boot;
  }
  return newest;
}

TEST(Stop, a_stop_is_a_clean_restart_for_the_next_boot_and_a_kill_is_a_crash) {
  RunningDevice device;
  device.configure(handler("true", {"/bin/true"}));
  device.start();
  EXPECT_EQ(newest_boot(device).at("cause"), "first_boot");
  const auto id = device.enqueue({.handler = "true"});
  device.finished(id);
  EXPECT_EQ(device.terminate(), 0) << device.errors();
  EXPECT_TRUE(device.life().wait_for("stopping"));
  EXPECT_FALSE(std::filesystem::exists(device.socket()));

  device.start();
  EXPECT_EQ(newest_boot(device).at("cause"), "clean_restart");
  EXPECT_EQ(device.job(id).at("state"), "succeeded");
  device.kill();

  device.start();
  const Json boot = newest_boot(device);
  EXPECT_EQ(boot.at("cause"), "crash_restart");
  EXPECT_EQ(boot.at("boot"), 3);
  EXPECT_EQ(device.job(id).at("state"), "succeeded");
  EXPECT_EQ(device.terminate(), 0);
}

TEST(Stop, J061_a_command_that_ends_within_the_drain_bound_has_succeeded) {
  RunningDevice device;
  device.configure(shell_handler("slow", "exec sleep 0.5"));
  device.start();
  const auto id = device.enqueue({.handler = "slow"});
  ASSERT_TRUE(device.life().wait_for("started", id));
  EXPECT_EQ(device.terminate(), 0);
  device.start();
  EXPECT_EQ(device.job(id).value("state", ""), "succeeded") << device.job(id).dump(2);
}

TEST(Stop, J061_a_command_that_outlasts_the_drain_bound_is_asked_to_end_and_was_interrupted) {
  RunningDevice device;
  const auto said = device.out() / "said";
  device.configure(shell_handler("long", "trap 'echo asked >> " + said.string() + "; exit 1' TERM; echo here >> " +
                                             said.string() + "; while :; do sleep 1000 & wait $!; done") +
                   shell_handler("longer", "trap '' TERM; exec sleep 1000"));
  device.start();
  const std::uint64_t ids[] = {device.enqueue({.handler = "long"}), device.enqueue({.handler = "longer"})};
  for (const auto id : ids) ASSERT_TRUE(device.life().wait_for("started", id));
  EXPECT_EQ(device.terminate(), 0);
  EXPECT_EQ(lines_of(said), (std::vector<std::string>{"here", "asked"}));
  device.start();
  EXPECT_EQ(newest_boot(device).value("cause", ""), "clean_restart");
  for (const auto id : ids) {
    const Json job = device.job(id);
    EXPECT_EQ(job.value("state", ""), "scheduled") << job.dump(2);
    ASSERT_EQ(job.value("attempts", Json::array()).size(), 1U) << job.dump(2);
    EXPECT_EQ(job.at("attempts").at(0).value("outcome", ""), "interrupted") << job.dump(2);
  }
}

TEST(Stop, a_job_that_three_crashes_in_a_row_cut_off_is_dead) {
  RunningDevice device;
  device.configure(handler("long", {"/bin/sleep", "1000"}));
  device.start();
  const auto id = device.enqueue({.handler = "long"});
  for (unsigned crashes = 1; crashes <= 3; ++crashes) {
    const auto started = device.life().wait_for("started", id);
    ASSERT_TRUE(started);
    EXPECT_EQ(started->value("attempt", 0U), crashes);
    device.kill();
    device.start();
    const Json job = device.job(id);
    EXPECT_EQ(job.value("interrupted", 0U), crashes);
    EXPECT_EQ(job.value("state", ""), crashes < 3 ? "scheduled" : "dead") << job.dump(2);
  }
  EXPECT_EQ(device.job(id).value("text", ""), "interrupted_limit") << device.job(id).dump(2);
}

struct MissedRow {
  const char* name;
  std::vector<std::string> options;
  const char* state;
};

// Without grace, so that a second without power is enough to be late.
const MissedRow missed_rows[] = {
    {.name = "catch_up", .options = {"--misfire", "catch_up"}, .state = "succeeded"},
    {.name = "skip", .options = {"--misfire", "skip"}, .state = "missed"},
    {.name = "run_once_if_missed", .options = {"--misfire", "run_once_if_missed"}, .state = "succeeded"},
    {.name = "inside its window", .options = {"--misfire", "windowed", "--window", "1h"}, .state = "succeeded"},
    {.name = "behind its window", .options = {"--misfire", "windowed", "--window", "100ms"}, .state = "missed"},
    {.name = "skip within its grace", .options = {"--misfire", "skip", "--grace", "1h"}, .state = "succeeded"},
};

class Missed : public testing::TestWithParam<bool> {};

TEST_P(Missed, what_fell_due_while_the_process_was_gone_follows_its_policy) {
  const bool by_a_kill = GetParam();
  RunningDevice device;
  device.configure(
      shell_handler("note", "echo $DORMOUSE_JOB >> " + (device.out() / "note").string(), "max_running = 4"));
  device.start();
  const WallTime due{wall_now().ms + 1'500};
  std::vector<std::uint64_t> ids;
  for (const auto& row : missed_rows) {
    std::vector<std::string> args = {"enqueue", "note", "--at", format_utc(due), "--grace", "0s"};
    if (std::string(row.name).ends_with("grace")) args.resize(4);
    args.insert(args.end(), row.options.begin(), row.options.end());
    ids.push_back(device.ask(args).value("id", std::uint64_t{0}));
  }
  if (by_a_kill) {
    device.kill();
  } else {
    EXPECT_EQ(device.terminate(), 0);
  }
  ASSERT_LT(wall_now(), due) << "too slow a machine for this test";
  wait_until({due.ms + 500});

  device.start();
  const auto ran = [&](std::uint64_t id) {
    const auto lines = lines_of(device.out() / "note");
    return std::count(lines.begin(), lines.end(), std::to_string(id));
  };
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto& row = missed_rows[i];
    const Json job = std::string(row.state) == "missed" ? device.job(ids[i]) : device.finished(ids[i]);
    EXPECT_EQ(job.value("state", ""), row.state) << row.name << ": " << job.dump(2);
    EXPECT_EQ(ran(ids[i]), std::string(row.state) == "succeeded" ? 1 : 0) << row.name;
  }
  const Json report = device.ask({"boots"}).at("report");
  EXPECT_EQ(report.at("missed_jobs"), 2) << report.dump(2);
  EXPECT_EQ(device.terminate(), 0);
}

INSTANTIATE_TEST_SUITE_P(Stop, Missed, testing::Bool(),
                         [](const auto& kind) { return std::string(kind.param ? "by_a_kill" : "by_a_stop"); });

}  // namespace
}  // namespace dormouse::e2e
