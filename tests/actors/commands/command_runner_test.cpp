// SPDX-License-Identifier: Apache-2.0
// How commands end, what they are told, and who keeps a runner alive while its code runs.
#include "actors/dispatcher/command_runner.hpp"

#include <map>
#include <memory>
#include <stdexcept>

#include <gtest/gtest.h>

namespace dormouse::actors {
namespace {

using jobs::Outcome;
using Kind = Outcome::Kind;

struct EndRow {
  const char* name;
  hal::ProcessEnd end;
  Kind kind;
  const char* code = "";
  const char* result = "";
};

const std::vector<EndRow> end_rows = {
    {.name = "L087 exit 0 with output", .end = {.output = "0123456789"}, .kind = Kind::ok, .result = "0123456789"},
    {.name = "L087 exit 75 is worth another try",
     .end = {.exit_code = 75},
     .kind = Kind::retryable,
     .code = "exec.exit"},
    {.name = "L087 exit 65 is not", .end = {.exit_code = 65}, .kind = Kind::permanent, .code = "exec.exit"},
    {.name = "L087 exit 3 is", .end = {.exit_code = 3}, .kind = Kind::retryable, .code = "exec.exit"},
    {.name = "L087 exit 127 is no such command",
     .end = {.exit_code = 127},
     .kind = Kind::permanent,
     .code = "exec.not_found"},
    {.name = "L087 signal 11", .end = {.signal = 11}, .kind = Kind::retryable, .code = "exec.signal"},
    {.name = "exit 126 is a command that cannot be run",
     .end = {.exit_code = 126},
     .kind = Kind::permanent,
     .code = "exec.not_found"},
    {.name = "a spawn that failed",
     .end = {.spawned = false, .exit_code = 127},
     .kind = Kind::permanent,
     .code = "exec.not_found"},
    {.name = "the first of the permanent codes",
     .end = {.exit_code = 64},
     .kind = Kind::permanent,
     .code = "exec.exit"},
    {.name = "the last of the permanent codes",
     .end = {.exit_code = 78},
     .kind = Kind::permanent,
     .code = "exec.exit"},
    {.name = "one below them", .end = {.exit_code = 63}, .kind = Kind::retryable, .code = "exec.exit"},
    {.name = "one above them", .end = {.exit_code = 79}, .kind = Kind::retryable, .code = "exec.exit"},
    {.name = "a signal counts before the exit code",
     .end = {.exit_code = 65, .signal = 9},
     .kind = Kind::retryable,
     .code = "exec.signal"},
};

TEST(CommandOutcome, FollowsExitCodeAndSignal) {
  for (const auto& row : end_rows) {
    SCOPED_TRACE(row.name);
    const Outcome outcome = outcome_of(row.end);
    EXPECT_EQ(outcome.kind, row.kind);
    EXPECT_EQ(outcome.code, row.code);
    EXPECT_EQ(outcome.result, row.result);
  }
}

TEST(CommandOutcome, TellsWhatTheCommandSaidLast) {
  EXPECT_EQ(outcome_of({.exit_code = 3, .error_tail = "no route"}).message, "no route");
  EXPECT_EQ(outcome_of({.exit_code = 3}).message, "exit code 3");
  EXPECT_EQ(outcome_of({.signal = 11, .error_tail = "oops"}).message, "ended by signal 11: oops");
}

jobs::Claimed claimed_job() {
  jobs::Claimed claimed;
  claimed.job.id = 7;
  claimed.job.attempt = 2;
  claimed.job.epoch = 3;
  claimed.job.spec.handler = "backup";
  claimed.job.spec.args = "; rm -rf /";
  claimed.component = "app";
  return claimed;
}

std::map<std::string, std::string> told(const CommandHandler& command, const jobs::Claimed& claimed) {
  std::map<std::string, std::string> variables;
  for (const auto& [name, value] : environment_of(command, claimed)) variables[name] = value;
  return variables;
}

TEST(CommandEnvironment, HoldsTheBasicsTheExtrasAndTheAttempt) {
  CommandHandler command;
  command.environment = {{"LANG", "de_DE.UTF-8"}, {"TARGET", "/mnt"}};
  const auto variables = told(command, claimed_job());
  const std::map<std::string, std::string> expected = {
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"HOME", "/"},
      {"LANG", "de_DE.UTF-8"},  // the configured one comes later and wins
      {"TARGET", "/mnt"},
      {"DORMOUSE_JOB", "7"},
      {"DORMOUSE_ATTEMPT", "2"},
      {"DORMOUSE_TOKEN", "3.7.2"},
      {"DORMOUSE_MISSED_COUNT", "0"},
  };
  EXPECT_EQ(variables, expected);
}

TEST(CommandEnvironment, TellsOfSlotDueAndKeyOnlyWhereTheyAre) {
  auto claimed = claimed_job();
  claimed.job.due = {.lane = Due::Lane::wall, .kernel_boot = 0, .ms = 1'800'000'000'000};
  claimed.job.schedule = 4;
  claimed.job.schedule_name = "nightly";
  claimed.job.slot_ms = 1'799'999'000'000;
  claimed.job.missed_count = 3;
  claimed.job.first_missed_ms = 1'799'000'000'000;
  claimed.job.spec.idempotency_key = "k";
  auto variables = told({}, claimed);
  EXPECT_EQ(variables["DORMOUSE_DUE"], "1800000000000");
  EXPECT_EQ(variables["DORMOUSE_SCHEDULE"], "nightly");
  EXPECT_EQ(variables["DORMOUSE_SLOT"], "1799999000000");
  EXPECT_EQ(variables["DORMOUSE_MISSED_COUNT"], "3");
  EXPECT_EQ(variables["DORMOUSE_FIRST_MISSED"], "1799000000000");
  EXPECT_EQ(variables["DORMOUSE_IDEMPOTENCY_KEY"], "k");
}

/// Keeps what it was told to start, and ends it when told.
class HeldLauncher : public hal::ProcessLauncher {
 public:
  hal::ProcessId start(hal::Command command, std::function<void(hal::ProcessEnd)> ended) override {
    commands.push_back(std::move(command));
    ends.push_back(std::move(ended));
    return ends.size();
  }
  void terminate(hal::ProcessId id) override { terminated.push_back(id); }
  void kill(hal::ProcessId id) override { killed.push_back(id); }

  std::vector<hal::Command> commands;
  std::vector<std::function<void(hal::ProcessEnd)>> ends;
  std::vector<hal::ProcessId> terminated;
  std::vector<hal::ProcessId> killed;
};

TEST(CommandRunner, ArgsReachTheCommandOnStandardInputOnly) {
  HeldLauncher launcher;
  CommandHandler command;
  command.argv = {"/usr/bin/backup", "--all"};
  const auto runner = make_command_runner(command, launcher);
  runner->start(claimed_job(), [](Outcome, jobs::Effects) {});
  ASSERT_EQ(launcher.commands.size(), 1U);
  EXPECT_EQ(launcher.commands[0].input, "; rm -rf /");
  EXPECT_EQ(launcher.commands[0].argv, command.argv);
  for (const auto& [name, value] : launcher.commands[0].environment) EXPECT_EQ(value.find("rm -rf"), value.npos);
}

TEST(CommandRunner, StopsAndKillsTheProcessOfAnAttemptUntilItHasEnded) {
  HeldLauncher launcher;
  const auto runner = make_command_runner({}, launcher);
  const auto token = claimed_job().job.token();
  unsigned returned = 0;
  runner->start(claimed_job(), [&](Outcome, jobs::Effects) { ++returned; });
  runner->stop(token);
  runner->kill(token);
  launcher.ends[0]({.signal = 9});
  runner->stop(token);
  runner->kill({.epoch = 3, .job = 8, .attempt = 1});
  EXPECT_EQ(returned, 1U);
  EXPECT_EQ(launcher.terminated, std::vector<hal::ProcessId>{1});
  EXPECT_EQ(launcher.killed, std::vector<hal::ProcessId>{1});
}

struct DrainRow {
  const char* name;
  bool asked;
  hal::ProcessEnd end;
  Kind kind;
};

const DrainRow drain_rows[] = {
    {.name = "it ends well by itself", .asked = false, .end = {}, .kind = Kind::ok},
    {.name = "it fails by itself", .asked = false, .end = {.exit_code = 65}, .kind = Kind::permanent},
    {.name = "somebody else ends it", .asked = false, .end = {.signal = 15}, .kind = Kind::interrupted},
    {.name = "it dies of our request", .asked = true, .end = {.signal = 15}, .kind = Kind::interrupted},
    {.name = "it follows our request", .asked = true, .end = {.exit_code = 143}, .kind = Kind::interrupted},
    {.name = "it ends well in spite of it", .asked = true, .end = {}, .kind = Kind::ok},
};

TEST(CommandRunner, AtAStopOfTheDeviceACommandRunsOnAndWhatCutsItOffIsAnInterruption) {
  for (const auto& row : drain_rows) {
    SCOPED_TRACE(row.name);
    HeldLauncher launcher;
    const auto runner = make_command_runner({}, launcher);
    const auto token = claimed_job().job.token();
    Outcome outcome;
    runner->start(claimed_job(), [&](Outcome end, jobs::Effects) { outcome = std::move(end); });
    EXPECT_FALSE(runner->drain(token));
    EXPECT_TRUE(launcher.terminated.empty());
    if (row.asked) runner->stop(token);
    launcher.ends[0](row.end);
    EXPECT_EQ(outcome.kind, row.kind);
    EXPECT_TRUE(runner->drain(token)) << "there is nothing left to tell";
  }
}

TEST(CommandRunner, AProcessThatOutlivesTheDeviceStillFindsItsRunner) {
  HeldLauncher launcher;
  std::weak_ptr<Runner> watched;
  bool returned = false;
  {
    const auto runner = make_command_runner({}, launcher);
    watched = runner;
    runner->start(claimed_job(), [&](Outcome, jobs::Effects) { returned = true; });
  }
  EXPECT_FALSE(watched.expired());
  launcher.ends[0]({});
  launcher.ends.clear();
  EXPECT_TRUE(returned);
  EXPECT_TRUE(watched.expired());
}

TEST(FunctionRunner, CodeThatOutlivesTheDeviceStillFindsItsRunner) {
  std::function<void()> held;
  std::weak_ptr<Runner> watched;
  Outcome outcome;
  {
    const auto runner = make_function_runner([](Context& job) { return Outcome::ok(Bytes(job.args())); },
                                             [&](std::function<void()> code) { held = std::move(code); });
    watched = runner;
    runner->start(claimed_job(), [&](Outcome end, jobs::Effects) { outcome = std::move(end); });
  }
  ASSERT_FALSE(watched.expired());
  held();
  EXPECT_EQ(outcome.result, "; rm -rf /");
}

TEST(FunctionRunner, AskedToStopTheFunctionSeesIt) {
  std::function<void()> held;
  bool stopped = false;
  const auto runner = make_function_runner(
      [&](Context& job) {
        stopped = job.stop_requested();
        return Outcome::ok();
      },
      [&](std::function<void()> code) { held = std::move(code); });
  runner->start(claimed_job(), [](Outcome, jobs::Effects) {});
  runner->stop(claimed_job().job.token());
  held();
  EXPECT_TRUE(stopped);
}

TEST(FunctionRunner, WhatTheFunctionThrowsIsARetryableFailure) {
  struct Row {
    const char* name;
    Function function;
    const char* message;
  };
  const std::vector<Row> rows = {
      {"an exception", [](Context&) -> Outcome { throw std::runtime_error("no disk"); }, "no disk"},
      {"something else", [](Context&) -> Outcome { throw 7; },
       "the handler threw something that is no std::exception"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    Outcome outcome;
    const auto runner = make_function_runner(row.function, [](const std::function<void()>& code) { code(); });
    runner->start(claimed_job(), [&](Outcome end, jobs::Effects) { outcome = std::move(end); });
    EXPECT_EQ(outcome.kind, Kind::retryable);
    EXPECT_EQ(outcome.code, "job.exception");
    EXPECT_EQ(outcome.message, row.message);
  }
}

}  // namespace
}  // namespace dormouse::actors
