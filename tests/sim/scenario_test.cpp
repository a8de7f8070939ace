// SPDX-License-Identifier: Apache-2.0
// Scenario files: what they refuse, and that a run is the same every time.
#include <algorithm>

#include <gtest/gtest.h>

#include "tools/sim/play.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;

std::filesystem::path example(const std::string& name) {
  return std::filesystem::path(DORMOUSE_SOURCE_DIR) / "tools/examples/scenarios" / (name + ".toml");
}

/// The whole run as text: every moment and every count.
std::string played(const Scenario& scenario, std::uint64_t seed) {
  std::string out;
  const auto summary = play(scenario, seed, [&out](const Moment& moment) {
    const auto& event = moment.event;
    out += std::to_string(moment.t.count()) + " " + moment.fault + " " +
           std::to_string(static_cast<int>(event.kind)) + " " + std::to_string(event.job) + " " + event.text + "\n";
  });
  EXPECT_TRUE(summary.ok());
  if (summary.ok()) out += std::to_string(summary->bytes) + " " + std::to_string(summary->boots);
  return out;
}

class Examples : public testing::TestWithParam<const char*> {};

TEST_P(Examples, ExpectationsHold) {
  const auto scenario = load_scenario(example(GetParam()));
  ASSERT_TRUE(scenario.ok()) << scenario.error().message;
  const auto summary = play(*scenario, 1, [](const Moment&) {});
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_FALSE(summary->expectations.empty());
  for (const auto& checked : summary->expectations)
    EXPECT_TRUE(checked.ok) << checked.sentence << ";" << checked.found;
}

INSTANTIATE_TEST_SUITE_P(Scenario, Examples, testing::Values("two-nights", "weak-supply", "policies"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Scenario, TheSameSeedGivesTheSameRunAndAnotherSeedAnother) {
  const auto scenario = load_scenario(example("weak-supply"));
  ASSERT_TRUE(scenario.ok());
  Scenario shorter = *scenario;
  shorter.length = Duration{2 * 86'400'000};
  shorter.expect.clear();
  EXPECT_EQ(played(shorter, 7), played(shorter, 7));
  EXPECT_NE(played(shorter, 7), played(shorter, 8));
}

TEST(Scenario, AnExpectationThatDoesNotHoldIsToldWithWhatWasFound) {
  auto scenario = load_scenario(example("policies"));
  ASSERT_TRUE(scenario.ok());
  scenario->expect.front().bounds = {{"runs", 3, 3}};
  const auto summary = play(*scenario, 1, [](const Moment&) {});
  ASSERT_TRUE(summary.ok());
  EXPECT_FALSE(summary->ok());
  EXPECT_EQ(summary->expectations.front().found, " runs 10");
}

struct BadFile {
  const char* name;
  const char* text;
  const char* field;
};
const char* const head = "name = \"x\"\n[device]\nstart = 2026-06-01T00:00:00Z\nlength = \"1d\"\n[scenario]\n";

class BadScenario : public testing::TestWithParam<BadFile> {};

TEST_P(BadScenario, IsRefusedNamingTheKey) {
  const auto scenario = parse_scenario(head + std::string(GetParam().text), "bad.toml");
  ASSERT_FALSE(scenario.ok());
  EXPECT_NE(scenario.error().message.find("bad.toml:"), std::string::npos) << scenario.error().message;
  EXPECT_NE(scenario.error().message.find(GetParam().field), std::string::npos) << scenario.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Scenario, BadScenario,
    testing::Values(
        BadFile{"unknown_key", "colour = 1", "colour"},
        BadFile{"unknown_fault", "faults = [{ kind = \"flood\", at = \"+1h\" }]", "kind"},
        BadFile{"fault_without_a_time", "faults = [{ kind = \"power_cut\" }]", "at"},
        BadFile{"fault_with_two_times", "faults = [{ kind = \"reboot\", at = \"+1h\", every = \"2h\" }]", "at"},
        BadFile{"bad_rate", "faults = [{ kind = \"power_cut\", rate = \"often\" }]", "rate"},
        BadFile{"bad_instant", "faults = [{ kind = \"power_cut\", at = \"tomorrow\" }]", "at"},
        BadFile{"falling_range", "handlers = [{ name = \"h\", takes = [\"2s\", \"1s\"] }]", "takes"},
        BadFile{"share_above_one", "handlers = [{ name = \"h\", fails = 1.5 }]", "fails"},
        BadFile{"bad_cron", "schedules = [{ id = \"s\", handler = \"h\", cron = \"61 * * * *\" }]", "cron"},
        BadFile{"shares_above_one", "handlers = [{ name = \"h\", fails = 0.6, kills = 0.6 }]", "fails"},
        BadFile{"job_of_nobody", "jobs = [{ handler = \"nobody\" }]", "handler"},
        BadFile{"schedule_of_nobody", "schedules = [{ id = \"s\", handler = \"nobody\", every = \"1h\" }]",
                "handler"},
        BadFile{"suspend_without_length", "faults = [{ kind = \"suspend\", at = \"+1h\" }]", "for"},
        BadFile{"date_before_the_start", "faults = [{ kind = \"reboot\", at = 2026-05-31T00:00:00Z }]", "at"},
        BadFile{"expect_nothing", "expect = [{ at = \"+1h\" }]", "expect.0.lost"},
        BadFile{"expect_after_the_end", "expect = [{ at = \"+2d\", lost = 0 }]", "at"},
        BadFile{"expect_of_no_schedule", "expect = [{ schedule = \"s\", runs = 1 }]", "schedule"},
        BadFile{"expect_of_no_handler", "expect = [{ job = \"h\", runs = 1 }]", "job"},
        BadFile{"expect_an_unknown_cause", "expect = [{ boot = 2, cause = \"magic\" }]", "power_loss"},
        BadFile{"windowed_without_window", "jobs = [{ handler = \"h\", misfire = \"windowed\" }]", "window"}),
    [](const auto& row) { return row.param.name; });

TEST(Scenario, AllMistakesOfAFileAreToldAtOnce) {
  const auto scenario = parse_scenario("[device]\nrtc = \"broken\"\n[scenario]\ncolour = 1\n", "bad.toml");
  ASSERT_FALSE(scenario.ok());
  for (const char* key : {"name", "start", "length", "rtc", "colour"}) {
    EXPECT_NE(scenario.error().message.find(key), std::string::npos) << key;
  }
}

TEST(Scenario, AnAttemptThatIsDrawnToKillEndsTheProcessEachTimeAndTheJobIsDeadAfterThree) {
  // Both at one moment: the second is enqueued after the first has ended the process.
  const auto scenario = parse_scenario(head + std::string("handlers = [{ name = \"h\", kills = 1 }]\n"
                                                          "jobs = [{ handler = \"h\", enqueue = \"+1h\" },"
                                                          " { handler = \"h\", enqueue = \"+1h\" }]\n"
                                                          "faults = [{ kind = \"restart\", at = \"+1h\" }]\n"
                                                          "expect = [{ job = \"h\", runs = 6, dead = 2 },"
                                                          " { at = \"+1h\", boots = 4 }, { boots = 8 }]\n"),
                                       "s.toml");
  ASSERT_TRUE(scenario.ok()) << scenario.error().message;
  const auto summary = play(*scenario, 1, [](const Moment&) {});
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  for (const auto& checked : summary->expectations)
    EXPECT_TRUE(checked.ok) << checked.sentence << ";" << checked.found;
}

TEST(Scenario, AJobThatTheDeviceRefusesEndsTheRunWithItsError) {
  auto scenario = parse_scenario(head + std::string("handlers = [{ name = \"h\" }]\n"
                                                    "jobs = [{ handler = \"h\", after = \"1h\", "
                                                    "enqueue_every = \"1s\", times = 100 }]"),
                                 "s.toml");
  ASSERT_TRUE(scenario.ok()) << scenario.error().message;
  scenario->device.limits = Limits::tiny();
  const auto summary = play(*scenario, 1, [](const Moment&) {});
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code, "job.quota_exceeded");
}

}  // namespace
}  // namespace dormouse::sim
