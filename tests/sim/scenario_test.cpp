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
        BadFile{"step_without_size", "faults = [{ kind = \"step\", at = \"+1h\" }]", "by"},
        BadFile{"step_of_words", "faults = [{ kind = \"step\", at = \"+1h\", by = \"far\" }]", "\"-2h\""},
        BadFile{"key_of_another_kind", "faults = [{ kind = \"step\", at = \"+1h\", by = \"1h\", off = \"1h\" }]",
                "faults.0.off"},
        BadFile{"slew_without_rate", "faults = [{ kind = \"slew\", at = \"+1h\", for = \"1h\" }]", "ppm"},
        BadFile{"slew_without_end", "faults = [{ kind = \"slew\", at = \"+1h\", ppm = 500 }]", "for"},
        BadFile{"slew_too_fast", "faults = [{ kind = \"slew\", at = \"+1h\", ppm = 500000, for = \"1h\" }]",
                "100000"},
        BadFile{"clone_back_by_a_number", "faults = [{ kind = \"clone\", at = \"+1h\", by = 5 }]", "by"},
        BadFile{"rtc_reset_to_nothing", "faults = [{ kind = \"rtc_reset\", at = \"+1h\" }]", "value"},
        BadFile{"rtc_reset_to_words", "faults = [{ kind = \"rtc_reset\", at = \"+1h\", value = \"noon\" }]",
                "value"},
        BadFile{"rtc_rate_missing", "faults = [{ kind = \"rtc_ppm\", at = \"+1h\" }]", "value"},
        BadFile{"rtc_dead_with_a_value", "faults = [{ kind = \"rtc_dead\", at = \"+1h\", value = 1 }]", "value"},
        BadFile{"sync_by_magic", "faults = [{ kind = \"sync_arrives\", at = \"+1h\", by = \"magic\" }]", "slew"},
        BadFile{"marker_that_is_a_text", "faults = [{ kind = \"sync_arrives\", at = \"+1h\", marker = \"yes\" }]",
                "marker"},
        BadFile{"wake_that_is_a_text",
                "faults = [{ kind = \"suspend\", at = \"+1h\", for = \"1h\", wake = \"no\" }]", "wake"},
        BadFile{"announced_without_a_supply", "faults = [{ kind = \"panic\", at = \"+1h\", announced = \"1s\" }]",
                "announced"},
        BadFile{"restart_clean_by_a_number", "faults = [{ kind = \"restart\", at = \"+1h\", clean = 1 }]", "clean"},
        BadFile{"bytes_of_words", "expect = [{ bytes_per_day = \"much\" }]", "bytes_per_day"},
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

TEST(Scenario, MistakesOfSeveralFaultsAreToldAtOnceEachWithItsLine) {
  const auto scenario =
      parse_scenario(head + std::string("faults = [\n"
                                        "  { kind = \"step\", at = \"+1h\" },\n"
                                        "  { kind = \"slew\", at = \"+1h\", for = \"soon\" },\n"
                                        "  { kind = \"rtc_ppm\", at = \"+1h\", value = \"fast\" },\n"
                                        "]\n"),
                     "bad.toml");
  ASSERT_FALSE(scenario.ok());
  for (const char* place : {"bad.toml:7", "bad.toml:8", "bad.toml:9"})
    EXPECT_NE(scenario.error().message.find(place), std::string::npos) << scenario.error().message;
}

TEST(Scenario, TimeThatTheRtcCannotGiveIsRefused) {
  for (const char* device : {"rtc = \"good\"\ntime = \"untrusted\"", "rtc = \"none\"\ntime = \"rtc\"",
                             "rtc = \"dead\"\ntime = \"rtc\""}) {
    const auto scenario = parse_scenario("name = \"x\"\n[device]\nstart = 2026-06-01T00:00:00Z\nlength = \"1d\"\n" +
                                             std::string(device) + "\n[scenario]\n",
                                         "bad.toml");
    ASSERT_FALSE(scenario.ok()) << device;
    EXPECT_NE(scenario.error().message.find("device.time"), std::string::npos) << scenario.error().message;
  }
}

struct Played {
  const char* name;
  const char* faults;
  const char* expect;
};
class Faults : public testing::TestWithParam<Played> {};

/// A day with one slot an hour, 01:00 to 24:00.
TEST_P(Faults, DoWhatTheyShould) {
  const auto scenario = parse_scenario(
      head +
          std::string("handlers = [{ name = \"h\" }]\n"
                      "schedules = [{ id = \"h\", handler = \"h\", cron = \"0 * * * *\", misfire = \"skip\" }]\n") +
          "faults = [" + GetParam().faults + "]\nexpect = [" + GetParam().expect + "]\n",
      "s.toml");
  ASSERT_TRUE(scenario.ok()) << scenario.error().message;
  const auto summary = play(*scenario, 1, [](const Moment&) {});
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_FALSE(summary->expectations.empty());
  for (const auto& checked : summary->expectations)
    EXPECT_TRUE(checked.ok) << checked.sentence << ";" << checked.found;
}

INSTANTIATE_TEST_SUITE_P(
    Scenario, Faults,
    testing::Values(
        Played{"power_cut", "{ kind = \"power_cut\", at = \"+90min\", off = \"2h\" }",
               "{ boot = 2, cause = \"power_loss\", gap = { cause = \"power_off\", certainty = \"bounded\" } },"
               "{ schedule = \"h\", runs = 22, missed = 2 }"},
        Played{"announced_cut", "{ kind = \"power_cut\", at = \"+90min\", off = \"2h\", announced = \"1s\" }",
               "{ boot = 2, cause = \"power_loss\" }, { schedule = \"h\", runs = 22, missed = 2 }"},
        Played{"reboot", "{ kind = \"reboot\", at = \"+90min\", off = \"1h\" }",
               "{ boot = 2, cause = \"clean_reboot\", gap = { cause = \"power_off\" } },"
               "{ schedule = \"h\", runs = 23, missed = 1 }"},
        Played{"panic", "{ kind = \"panic\", at = \"+90min\", off = \"1h\" }",
               "{ boot = 2, cause = \"kernel_panic\" }, { schedule = \"h\", runs = 23, missed = 1 }"},
        Played{"watchdog_reset", "{ kind = \"watchdog_reset\", at = \"+90min\", off = \"1h\" }",
               "{ boot = 2, cause = \"watchdog_reset\" }, { schedule = \"h\", runs = 23, missed = 1 }"},
        Played{"clean_restart", "{ kind = \"restart\", at = \"+90min\", off = \"1h\" }",
               "{ boot = 2, cause = \"clean_restart\", gap = { cause = \"stopped\", certainty = \"exact\" } },"
               "{ schedule = \"h\", runs = 23, missed = 1 }"},
        Played{"crash", "{ kind = \"restart\", clean = false, at = \"+90min\", off = \"1h\" }",
               "{ boot = 2, cause = \"crash_restart\", gap = { cause = \"crash\", certainty = \"exact\" } },"
               "{ schedule = \"h\", runs = 23, missed = 1 }"},
        Played{"clone", "{ kind = \"clone\", at = \"+90min\" }",
               "{ boot = 2, cause = \"unclear\" }, { alarms = 1 }, { schedule = \"h\", runs = 24, missed = 0 }"},
        Played{"clone_that_is_not_far_back", "{ kind = \"clone\", at = \"+90min\", by = \"10min\" }",
               "{ boot = 2, cause = \"crash_restart\" }, { schedule = \"h\", runs = 24, missed = 0 }"},
        Played{"suspend", "{ kind = \"suspend\", at = \"+90min\", for = \"2h\" }",
               "{ boot = 1, gap = { cause = \"suspend\", certainty = \"exact\" } },"
               "{ schedule = \"h\", runs = 22, missed = 2 }"},
        Played{"suspend_whose_wake_fails", "{ kind = \"suspend\", at = \"+90min\", for = \"1h\", wake = false }",
               "{ schedule = \"h\", runs = 23, missed = 1 }"},
        Played{"step_ahead", "{ kind = \"step\", at = \"+90min\", by = \"2h\" }",
               "{ boot = 1, gap = { cause = \"clock_step\" } }, { schedule = \"h\", runs = 24, missed = 2 }"},
        Played{"step_back", "{ kind = \"step\", at = \"+150min\", by = \"-1h\" }",
               "{ boots = 1 }, { schedule = \"h\", runs = 23, missed = 0 }"},
        Played{"slew", "{ kind = \"slew\", at = \"+1h\", ppm = -500, for = \"22h\" }",
               "{ schedule = \"h\", runs = 23, missed = 0 }"},
        Played{"leap_second", "{ kind = \"leap_second\", at = \"+24h\" }",
               "{ schedule = \"h\", runs = 24, missed = 0 }"},
        Played{"a_wrong_source",
               "{ kind = \"sync_arrives\", at = \"+90min\", wall = \"+3h30min\", marker = false }",
               "{ schedule = \"h\", runs = 24, missed = 2 }"},
        Played{"a_source_that_slews", "{ kind = \"sync_arrives\", at = \"+90min\", by = \"slew\" }",
               "{ schedule = \"h\", runs = 24, missed = 0 }"},
        Played{"sync_lost", "{ kind = \"sync_lost\", at = \"+90min\" }",
               "{ alarms = 0 }, { schedule = \"h\", runs = 24, missed = 0 }"},
        Played{"rtc_dead",
               "{ kind = \"rtc_dead\", at = \"+1h\" }, { kind = \"power_cut\", at = \"+90min\" },"
               "{ kind = \"sync_arrives\", at = \"+4h30min\" }",
               "{ at = \"+4h\", schedule = \"h\", runs = 1, held = 3 }, { at = \"+4h\", held = 3 },"
               "{ schedule = \"h\", runs = 21, missed = 3, held = 0 }"},
        Played{
            "rtc_reset",
            "{ kind = \"rtc_reset\", at = \"+1h\", value = 2098-01-01 }, { kind = \"power_cut\", at = \"+90min\" },"
            "{ kind = \"sync_arrives\", at = \"+4h30min\" }",
            "{ at = \"+4h\", schedule = \"h\", runs = 1, held = 3 },"
            "{ schedule = \"h\", runs = 21, missed = 3, held = 0 }"},
        Played{"rtc_ppm",
               "{ kind = \"rtc_ppm\", at = \"+1h\", value = 100000 },"
               "{ kind = \"power_cut\", at = \"+2h30min\", off = \"10h\" }",
               "{ boot = 2, gap = { certainty = \"bounded\" } }, { schedule = \"h\", runs = 14, missed = 11 }"}),
    [](const auto& row) { return row.param.name; });

TEST(Scenario, HeldJobsAreCountedWithTheirHandlerAndForTheDevice) {
  const auto scenario = parse_scenario(
      "name = \"x\"\n[device]\nstart = 2026-06-01T00:00:00Z\nlength = \"1d\"\n"
      "rtc = \"none\"\ntime = \"untrusted\"\n[scenario]\n"
      "handlers = [{ name = \"h\" }]\n"
      "jobs = [{ handler = \"h\", at = \"+2h\" }, { handler = \"h\", after = \"2h\" }]\n"
      "faults = [{ kind = \"sync_arrives\", at = \"+4h\" }]\n"
      "expect = [{ at = \"+3h\", job = \"h\", runs = 1, held = 1 },\n"
      "  { at = \"+3h\", held = 1 }, { job = \"h\", runs = 2, held = 0 }]\n",
      "s.toml");
  ASSERT_TRUE(scenario.ok()) << scenario.error().message;
  const auto summary = play(*scenario, 1, [](const Moment&) {});
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  for (const auto& checked : summary->expectations)
    EXPECT_TRUE(checked.ok) << checked.sentence << ";" << checked.found;
}

TEST(Scenario, WakeUpsBytesAndSyncsAreTakenPerDay) {
  const std::string work =
      "handlers = [{ name = \"h\", takes = \"1s\" }]\n"
      "schedules = [{ id = \"h\", handler = \"h\", cron = \"30 * * * *\" }]\n"
      "expect = [{ wakeups_per_day = { min = 48, max = 400 } }, { syncs_per_day = { min = 24, max = 1000 } },\n"
      "  { bytes_per_day = { max = \"40 MiB\" } }]\n";
  std::vector<Summary> played;
  for (const char* length : {"1d", "2d"}) {
    const auto scenario = parse_scenario("name = \"x\"\n[device]\nstart = 2026-06-01T00:00:00Z\nlength = \"" +
                                             std::string(length) + "\"\n[scenario]\n" + work,
                                         "s.toml");
    ASSERT_TRUE(scenario.ok()) << scenario.error().message;
    const auto summary = play(*scenario, 1, [](const Moment&) {});
    ASSERT_TRUE(summary.ok()) << summary.error().message;
    for (const auto& checked : summary->expectations)
      EXPECT_TRUE(checked.ok) << checked.sentence << ";" << checked.found;
    played.push_back(*summary);
  }
  EXPECT_EQ(played[0].expectations[1].found, " syncs_per_day " + std::to_string(played[0].syncs));
  EXPECT_EQ(played[1].expectations[1].found, " syncs_per_day " + std::to_string(played[1].syncs / 2));
}

TEST(Scenario, ADeviceWithNothingToDoDoesNotWakeUp) {
  const auto scenario = parse_scenario(
      "name = \"x\"\n[device]\nstart = 2026-06-01T00:00:00Z\nlength = \"10d\"\n[scenario]\n"
      "expect = [{ wakeups_per_day = 0 }]\n",
      "s.toml");
  ASSERT_TRUE(scenario.ok()) << scenario.error().message;
  const auto summary = play(*scenario, 1, [](const Moment&) {});
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_TRUE(summary->ok()) << summary->expectations[0].found;
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
