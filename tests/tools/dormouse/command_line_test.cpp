// SPDX-License-Identifier: Apache-2.0
// The program's contract with who calls it: help, exit codes, errors.
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/tools/dormouse/program.hpp"

namespace dormouse::cli {
namespace {

TEST(CommandLine, every_command_has_help) {
  const std::vector<std::vector<std::string>> commands = {{},
                                                          {"run"},
                                                          {"status"},
                                                          {"enqueue"},
                                                          {"cancel"},
                                                          {"jobs"},
                                                          {"job"},
                                                          {"schedule"},
                                                          {"schedule", "put"},
                                                          {"schedule", "list"},
                                                          {"handlers"},
                                                          {"schedules"},
                                                          {"schedule", "delete"},
                                                          {"boots"},
                                                          {"explain"},
                                                          {"cron"},
                                                          {"cron", "next"},
                                                          {"sim"},
                                                          {"sim", "run"},
                                                          {"store"},
                                                          {"store", "check"},
                                                          {"store", "flush"}};
  for (auto command : commands) {
    const std::string name = command.empty() ? "dormouse" : command.back();
    command.push_back("--help");
    const auto said = run_program(command);
    EXPECT_EQ(said.exit, 0) << name << ": " << said.error;
    EXPECT_NE(said.out.find("Usage:"), std::string::npos) << name;
    EXPECT_NE(said.out.find(name), std::string::npos) << name;
    EXPECT_EQ(said.error, "") << name;
  }
}

TEST(CommandLine, the_version_is_known) {
  const auto said = run_program({"--version"});
  EXPECT_EQ(said.exit, 0);
  EXPECT_TRUE(said.out.starts_with("dormouse ")) << said.out;
}

struct UsageCase {
  const char* name;
  std::vector<std::string> args;
  std::string named;  // what the message must hold
};

TEST(CommandLine, what_is_not_understood_ends_with_2_and_names_it) {
  const UsageCase cases[] = {
      {.name = "nothing", .args = {}, .named = "subcommand"},
      {.name = "unknown command", .args = {"fly"}, .named = "fly"},
      {.name = "unknown option", .args = {"status", "--wings"}, .named = "--wings"},
      {.name = "group without a command", .args = {"schedule"}, .named = "subcommand"},
      {.name = "no handler", .args = {"enqueue"}, .named = "HANDLER"},
      {.name = "after", .args = {"enqueue", "a", "--after", "soon"}, .named = "'soon' is not a duration"},
      {.name = "at", .args = {"enqueue", "a", "--at", "2026-13-01T00:00:00Z"}, .named = "--at"},
      {.name = "both dues",
       .args = {"enqueue", "a", "--after", "1s", "--at", "2026-06-01T00:00:00Z"},
       .named = "--at"},
      {.name = "misfire", .args = {"enqueue", "a", "--misfire", "maybe"}, .named = "run_once_if_missed"},
      {.name = "window missing", .args = {"enqueue", "a", "--misfire", "windowed"}, .named = "--window"},
      {.name = "window misplaced", .args = {"enqueue", "a", "--window", "1h"}, .named = "windowed"},
      {.name = "args", .args = {"enqueue", "a", "--args", "{broken"}, .named = "JSON"},
      {.name = "priority", .args = {"enqueue", "a", "--priority", "10"}, .named = "0 to 9"},
      {.name = "needs_time", .args = {"enqueue", "a", "--needs-time", "ntp"}, .named = "any, rtc, synced"},
      {.name = "retry", .args = {"enqueue", "a", "--retry", "often"}, .named = "standard"},
      {.name = "on conflict", .args = {"enqueue", "a", "--on-conflict", "fight"}, .named = "dedupe"},
      {.name = "cancel what", .args = {"cancel"}, .named = "--key"},
      {.name = "cancel both", .args = {"cancel", "1", "--key", "k"}, .named = "--key"},
      {.name = "state", .args = {"jobs", "--state", "lost"}, .named = "scheduled"},
      {.name = "job number", .args = {"job", "seven"}, .named = "number"},
      {.name = "no timing", .args = {"schedule", "put", "n", "--handler", "a"}, .named = "--cron"},
      {.name = "two timings",
       .args = {"schedule", "put", "n", "--handler", "a", "--cron", "@daily", "--every", "1h"},
       .named = "--every"},
      {.name = "schedule's handler", .args = {"schedule", "put", "n", "--cron", "@daily"}, .named = "--handler"},
      {.name = "period", .args = {"schedule", "put", "n", "--handler", "a", "--every", "1ms"}, .named = "--every"},
      {.name = "board", .args = {"run", "--board", "toaster"}, .named = "toaster"},
      {.name = "simulated board", .args = {"run", "--board", "sim"}, .named = "simulated"},
      {.name = "config", .args = {"run", "--config", "/nonexistent.toml"}, .named = "config.unreadable"},
  };
  for (const auto& row : cases) {
    const auto said = run_program(row.args);
    EXPECT_EQ(said.exit, 2) << row.name << ": " << said.error;
    EXPECT_TRUE(said.error.starts_with("error ")) << row.name << ": " << said.error;
    EXPECT_NE(said.error.find(row.named), std::string::npos) << row.name << ": " << said.error;
    EXPECT_EQ(said.out, "") << row.name;
  }
}

TEST(CommandLine, a_usage_error_points_to_the_help_of_its_command) {
  const auto said = run_program({"schedule", "put", "n", "--cron", "@daily"});
  EXPECT_NE(said.error.find("hint: `dormouse schedule put --help`"), std::string::npos) << said.error;
}

TEST(CommandLine, without_a_device_asking_fails_with_its_path_and_what_to_do) {
  const std::vector<std::vector<std::string>> commands = {
      {"status"},
      {"enqueue", "a"},
      {"cancel", "1"},
      {"jobs"},
      {"job", "1"},
      {"handlers"},
      {"boots"},
      {"explain", "1"},
      {"schedules"},
      {"schedule", "list"},
      {"schedule", "delete", "n"},
      {"schedule", "put", "n", "--handler", "a", "--every", "1h"}};
  for (auto command : commands) {
    command.insert(command.end(), {"--socket", "/nonexistent/dormouse.sock"});
    const auto said = run_program(command);
    EXPECT_EQ(said.exit, 1) << command.front();
    EXPECT_NE(said.error.find("error client.no_device: "), std::string::npos) << said.error;
    EXPECT_NE(said.error.find("/nonexistent/dormouse.sock"), std::string::npos) << said.error;
    EXPECT_NE(said.error.find("dormouse run"), std::string::npos) << said.error;
  }
}

TEST(CommandLine, errors_are_objects_for_scripts) {
  const auto said = run_program({"--json", "status", "--socket", "/nonexistent/dormouse.sock"});
  EXPECT_EQ(said.exit, 1);
  EXPECT_EQ(nlohmann::json::parse(said.error).at("error").at("code"), "client.no_device");
  const auto usage = run_program({"--json", "fly"});
  EXPECT_EQ(usage.exit, 2);
  EXPECT_EQ(nlohmann::json::parse(usage.error).at("error").at("code"), "usage");
}

TEST(CommandLine, a_store_that_is_not_there_cannot_be_checked_and_is_not_made) {
  const auto said = run_program({"store", "check", "/nonexistent"});
  EXPECT_EQ(said.exit, 1) << said.error;
  EXPECT_TRUE(said.error.starts_with("error store.")) << said.error;
  EXPECT_FALSE(std::filesystem::exists("/nonexistent"));
}

}  // namespace
}  // namespace dormouse::cli
