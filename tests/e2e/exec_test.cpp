// SPDX-License-Identifier: Apache-2.0
// Commands as handlers: what they are given, what their end means, and that none of them outlives its attempt.
#include <algorithm>
#include <chrono>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/e2e/fifo.hpp"
#include "tests/e2e/running_device.hpp"

namespace dormouse::e2e {
namespace {

using std::chrono::steady_clock;

// -- outcomes --

struct EndRow {
  const char* name;
  const char* script;
  const char* outcome;
  const char* code = "";
  const char* state;
};

const EndRow end_rows[] = {
    {.name = "L087: 0", .script = "printf 0123456789", .outcome = "ok", .state = "succeeded"},
    {.name = "L087: 75", .script = "exit 75", .outcome = "retryable", .code = "exec.exit", .state = "scheduled"},
    {.name = "L087: 65", .script = "exit 65", .outcome = "permanent", .code = "exec.exit", .state = "dead"},
    {.name = "L087: 3", .script = "exit 3", .outcome = "retryable", .code = "exec.exit", .state = "scheduled"},
    {.name = "L087: 127",
     .script = "exec /nowhere/to/be/found",
     .outcome = "permanent",
     .code = "exec.not_found",
     .state = "dead"},
    {.name = "L087: signal 11",
     .script = "kill -SEGV $$",
     .outcome = "retryable",
     .code = "exec.signal",
     .state = "scheduled"},
};

TEST(Exec, L087_the_end_of_a_command_is_the_outcome_of_its_attempt) {
  RunningDevice device;
  std::string config;
  for (std::size_t i = 0; i < std::size(end_rows); ++i) {
    config += shell_handler("h" + std::to_string(i), end_rows[i].script);
  }
  device.configure(config + handler("absent", {"/nowhere/to/be/found"}));
  device.start();
  for (std::size_t i = 0; i < std::size(end_rows); ++i) {
    const auto& row = end_rows[i];
    const auto id = device.enqueue({.handler = "h" + std::to_string(i)});
    ASSERT_TRUE(device.life().wait_for("ended", id)) << row.name;
    const Json job = device.job(id);
    EXPECT_EQ(job.value("state", ""), row.state) << row.name;
    const Json attempt = job.at("attempts").at(0);
    EXPECT_EQ(attempt.value("outcome", ""), row.outcome) << row.name << job.dump(2);
    EXPECT_EQ(attempt.value("code", ""), row.code) << row.name;
    if (std::string(row.outcome) == "ok") {
      EXPECT_EQ(job.value("result", ""), "0123456789");
    }
  }
  const Json absent = device.finished(device.enqueue({.handler = "absent"}));
  EXPECT_EQ(absent.value("state", ""), "dead");
  EXPECT_EQ(absent.value("code", ""), "exec.not_found");
}

TEST(Exec, of_what_a_command_prints_the_first_64_KiB_are_kept_and_it_is_not_held_up) {
  RunningDevice device;
  device.configure(shell_handler("talker", "head -c 1000000 /dev/zero | tr '\\0' x"));
  device.start();
  const Json job = device.finished(device.enqueue({.handler = "talker"}));
  EXPECT_EQ(job.value("state", ""), "succeeded");
  EXPECT_EQ(job.value("result", "").size(), 64U * 1024U);
}

// -- input --

TEST(Exec, L090_args_arrive_as_bytes_on_standard_input_and_nowhere_else) {
  RunningDevice device;
  const std::string out = device.out().string();
  device.configure(shell_handler(
      "keep", "cat /proc/$$/cmdline > " + out + "/argv; env > " + out + "/env; cat > " + out + "/args"));
  device.start();
  const std::string hostile =
      "; rm -rf /\n$(reboot)\0`x`"
      "\xff";
  for (const std::string& args : {std::string("; rm -rf /"), hostile, std::string()}) {
    const Json job = device.finished(device.enqueue({.handler = "keep", .args = args}));
    ASSERT_EQ(job.value("state", ""), "succeeded") << job.dump(2, ' ', false, Json::error_handler_t::replace);
    EXPECT_EQ(hal_linux::content_of(device.out() / "args"), args);
    const std::string argv = hal_linux::content_of(device.out() / "argv");
    EXPECT_TRUE(argv.starts_with(std::string("/bin/sh\0-c\0cat ", 15)));
    EXPECT_EQ(argv.find("rm -rf"), std::string::npos);
    EXPECT_EQ(hal_linux::content_of(device.out() / "env").find("rm -rf"), std::string::npos);
  }
}

TEST(Exec, L092_a_command_that_closes_its_input_at_once_is_judged_by_its_exit_code) {
  RunningDevice device;
  device.configure(shell_handler("deaf", "exec 0<&-; exit 0"));
  device.start();
  const Json job = device.finished(device.enqueue({.handler = "deaf", .args = std::string(100'000, 'x')}));
  EXPECT_EQ(job.value("state", ""), "succeeded");
  EXPECT_EQ(device.ask({"status"}).value("succeeded", 0), 1);
}

TEST(Exec, a_command_is_told_its_job_and_sees_nothing_of_the_runtimes_environment) {
  RunningDevice device;
  device.configure(handler("env", {"/usr/bin/env"}, "environment = { LEVEL = \"3\" }"));
  ::setenv("SECRET_OF_THE_RUNTIME", "x", 1);
  device.start();
  ::unsetenv("SECRET_OF_THE_RUNTIME");
  const auto id = device.enqueue({.handler = "env", .idempotency_key = "key-1"});
  const std::string said = "\n" + device.finished(id).value("result", "");
  EXPECT_NE(said.find("\nDORMOUSE_JOB=" + std::to_string(id) + "\n"), std::string::npos) << said;
  EXPECT_NE(said.find("\nDORMOUSE_ATTEMPT=1\n"), std::string::npos) << said;
  EXPECT_NE(said.find("\nDORMOUSE_IDEMPOTENCY_KEY=key-1\n"), std::string::npos) << said;
  EXPECT_NE(said.find("\nLEVEL=3\n"), std::string::npos) << said;
  EXPECT_EQ(said.find("SECRET"), std::string::npos) << said;
}

// -- ends by force --

TEST(Exec, L088_a_timeout_ends_the_whole_group_first_by_a_request_then_by_force) {
  RunningDevice device;
  Fifo fifo(device.out() / "fifo");
  device.configure(shell_handler("stubborn", "exec 3>" + (device.out() / "fifo").string() +
                                                 "; (trap '' TERM; echo child >&3; exec sleep 1000) & "
                                                 "trap 'echo asked >&3' TERM; echo parent >&3; "
                                                 "while :; do sleep 1000 & wait $!; done"));
  device.start();
  const auto id =
      device.enqueue({.handler = "stubborn", .retry = jobs::Retry{"none", 1}, .timeout = Duration{2'000}});
  std::vector<std::string> first = {fifo.line().value_or(""), fifo.line().value_or("")};
  const auto began = steady_clock::now();
  std::sort(first.begin(), first.end());
  EXPECT_EQ(first, (std::vector<std::string>{"child", "parent"}));
  EXPECT_EQ(fifo.line(), "asked");
  EXPECT_GE(steady_clock::now() - began, std::chrono::milliseconds(1'500)) << "SIGTERM after 2 s";
  EXPECT_EQ(fifo.line(), std::nullopt) << "neither is left";
  EXPECT_GE(steady_clock::now() - began, std::chrono::milliseconds(6'500)) << "SIGKILL after 7 s";
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(20));
  const Json job = device.finished(id);
  EXPECT_EQ(job.value("state", ""), "dead");
  EXPECT_EQ(job.at("attempts").at(0).value("outcome", ""), "timed_out") << job.dump(2);
}

TEST(Exec, a_cancelled_command_ends_with_its_child) {
  RunningDevice device;
  Fifo fifo(device.out() / "fifo");
  device.configure(
      shell_handler("long", "exec 3>" + (device.out() / "fifo").string() +
                                "; (trap '' TERM; echo child >&3; exec sleep 1000) & exec sleep 1000"));
  device.start();
  const auto id = device.enqueue({.handler = "long"});
  ASSERT_EQ(fifo.line(), "child");
  EXPECT_EQ(device.ask({"cancel", std::to_string(id)}).at("state"), "running");
  EXPECT_EQ(fifo.line(), std::nullopt);
  EXPECT_EQ(device.finished(id).value("state", ""), "cancelled");
}

TEST(Exec, L093_a_command_dies_with_the_runtime_and_its_attempt_counts_as_interrupted) {
  RunningDevice device;
  Fifo fifo(device.out() / "fifo");
  device.configure(
      shell_handler("long", "exec 3>" + (device.out() / "fifo").string() + "; echo here >&3; exec sleep 1000"));
  device.start();
  const auto id = device.enqueue({.handler = "long"});
  ASSERT_EQ(fifo.line(), "here");
  device.kill();
  EXPECT_EQ(fifo.line(), std::nullopt);
  device.start();
  const Json job = device.job(id);
  EXPECT_EQ(job.at("attempts").at(0).value("outcome", ""), "interrupted") << job.dump(2);
  EXPECT_EQ(job.value("interrupted", 0), 1);
  EXPECT_EQ(job.value("state", ""), "scheduled");
}

TEST(Exec, L091_as_root_a_handler_without_a_user_is_refused_at_the_start) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may not run commands as itself";
  RunningDevice device;
  device.configure("[handlers.careless]\ncommand = [\"/bin/true\"]\n");
  device.launch();
  EXPECT_EQ(device.life().wait(), 2);
  const Json error = Json::parse(device.errors()).at("error");
  EXPECT_EQ(error.value("code", ""), "config.required");
  EXPECT_NE(device.errors().find("careless"), std::string::npos) << device.errors();
}

}  // namespace
}  // namespace dormouse::e2e
