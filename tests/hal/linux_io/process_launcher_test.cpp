// SPDX-License-Identifier: Apache-2.0
// Real commands: how they end, what of their output is kept, and that nothing of theirs outlives them or us.
#include "hal/linux/process/process_launcher.hpp"

#include <fcntl.h>
#include <fstream>
#include <optional>
#include <signal.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "tests/hal/linux_io/loop_runner.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::hal_linux {
namespace {

hal::Command shell(const std::string& script, Bytes input = {}) {
  return {.argv = {"sh", "-c", script}, .environment = {{"PATH", "/usr/bin:/bin"}}, .input = std::move(input)};
}

// A killed process may stay a zombie until its new parent looks: that counts as gone.
bool gone(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(stat, line)) return true;
  return line.substr(line.rfind(')') + 2, 1) == "Z";
}

class Launcher : public ::testing::Test {
 protected:
  hal::ProcessId start(hal::Command command) {
    return launcher_->start(std::move(command), [this](hal::ProcessEnd end) {
      ++ends_;
      end_ = std::move(end);
    });
  }
  hal::ProcessEnd run(hal::Command command) {
    end_.reset();
    start(std::move(command));
    EXPECT_TRUE(runner_.until([&] { return end_.has_value(); }));
    return end_.value_or(hal::ProcessEnd{});
  }
  // The numbers a command has written to a file of its own, once there are `count` of them.
  std::vector<pid_t> numbers(const std::string& file, std::size_t count) {
    std::vector<pid_t> found;
    EXPECT_TRUE(runner_.until([&] {
      found.clear();
      std::ifstream lines(file);
      for (std::string line; std::getline(lines, line) && !lines.eof();) found.push_back(std::stoi(line));
      return found.size() == count;
    }));
    return found;
  }

  LoopRunner runner_;
  TempFolder directory_;
  std::unique_ptr<hal::ProcessLauncher> launcher_ = make_process_launcher(runner_.loop);
  std::optional<hal::ProcessEnd> end_;
  int ends_ = 0;
};

TEST_F(Launcher, tells_how_a_command_ended) {
  struct Row {
    const char* script;
    int exit_code, signal;
  };
  const Row rows[] = {
      {.script = "printf 0123456789", .exit_code = 0},
      {.script = "exit 75", .exit_code = 75},
      {.script = "exit 3", .exit_code = 3},
      {.script = "exit 127", .exit_code = 127},
      {.script = "kill -SEGV $$", .signal = SIGSEGV},
      {.script = "kill -PIPE $$", .signal = SIGPIPE},  // ignored here, not in children
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.script);
    const auto end = run(shell(row.script));
    EXPECT_TRUE(end.spawned) << end.error_tail;
    EXPECT_EQ(end.exit_code, row.exit_code);
    EXPECT_EQ(end.signal, row.signal);
    EXPECT_FALSE(end.truncated);
  }
}

TEST_F(Launcher, says_why_a_command_could_not_start) {
  const auto plain = directory_.path().string() + "/plain";
  std::ofstream(plain) << "no program";
  struct Row {
    hal::Command command;
    const char* reason;
  };
  const Row rows[] = {
      {.command = {.argv = {"/no/such/program"}}, .reason = "/no/such/program: start: No such file"},
      {.command = {.argv = {"dormouse-no-such-name"}}, .reason = "dormouse-no-such-name: start: No such file"},
      {.command = {.argv = {plain}}, .reason = "start: Permission denied"},
      {.command = {.argv = {"true"}, .directory = "/no/such/folder"}, .reason = "working directory: No such file"},
      {.command = {.argv = {"true"}, .user = "dormouse-nobody"}, .reason = "user \"dormouse-nobody\""},
      {.command = {}, .reason = "command without a name"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.reason);
    const auto end = run(row.command);
    EXPECT_FALSE(end.spawned);
    EXPECT_NE(end.error_tail.find(row.reason), std::string::npos) << end.error_tail;
  }
}

TEST_F(Launcher, keeps_the_first_64_KiB_of_a_megabyte_and_does_not_block) {
  const auto end = run(shell("head -c 1000000 /dev/zero | tr '\\0' x; exit 4"));
  EXPECT_EQ(end.output, Bytes(64 * 1024, 'x'));
  EXPECT_TRUE(end.truncated);
  EXPECT_EQ(end.exit_code, 4);
}

TEST_F(Launcher, keeps_exactly_64_KiB_without_calling_it_truncated) {
  const auto end = run(shell("head -c 65536 /dev/zero | tr '\\0' x"));
  EXPECT_EQ(end.output.size(), 65'536u);
  EXPECT_FALSE(end.truncated);
}

TEST_F(Launcher, keeps_the_last_4000_bytes_of_standard_error) {
  const auto end = run(shell("head -c 100000 /dev/zero | tr '\\0' x >&2; printf 'the end' >&2"));
  EXPECT_EQ(end.error_tail, std::string(4'000 - 7, 'x') + "the end");
  EXPECT_EQ(end.output, "");
}

TEST_F(Launcher, L090_hands_args_over_as_bytes_and_never_as_words_of_a_command) {
  const auto end = run({.argv = {"cat", "-"}, .input = "; rm -rf /"});
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_EQ(end.output, "; rm -rf /");
  const auto words = run({.argv = {"printf", "<%s>", "; rm -rf /", "$HOME"}});
  EXPECT_EQ(words.output, "<; rm -rf /><$HOME>");
}

TEST_F(Launcher, hands_over_more_input_than_a_pipe_holds) {
  const auto end = run({.argv = {"wc", "-c"}, .input = Bytes(1'000'000, '\0')});
  EXPECT_EQ(end.output, "1000000\n");
}

TEST_F(Launcher, L092_survives_a_child_that_closes_its_input_at_once) {
  for (int i = 0; i < 10; ++i) {
    const auto end = run(shell("exec <&-; exit 9", Bytes(100'000, 'x')));
    EXPECT_EQ(end.exit_code, 9);
    EXPECT_EQ(end.signal, 0);
  }
  const auto idle = run(shell("exec <&-; sleep 0.05; exit 8", Bytes(100'000, 'x')));
  EXPECT_EQ(idle.exit_code, 8);
}

TEST_F(Launcher, gives_a_child_only_what_was_asked_for) {
  const int inherited = ::open("/dev/null", O_RDONLY);  // without close-on-exec
  ASSERT_GE(inherited, 0);
  hal::Command command = shell(
      "env | grep -v '^_=' | grep -v '^PWD=' | sort; umask; pwd; ls /proc/self/fd | tr '\\n' ' '; echo;"
      "grep NoNewPrivs /proc/self/status; cut -d' ' -f5,6 /proc/$$/stat; echo $$ $$");
  command.environment.push_back({"DORMOUSE_JOB", "7"});
  command.directory = "/tmp";
  const auto end = run(command);
  ::close(inherited);
  std::istringstream lines(end.output);
  std::vector<std::string> got;
  for (std::string line; std::getline(lines, line);) got.push_back(line);
  ASSERT_EQ(got.size(), 8u) << end.output << end.error_tail;
  EXPECT_EQ(got[0], "DORMOUSE_JOB=7");
  EXPECT_EQ(got[1], "PATH=/usr/bin:/bin");
  EXPECT_EQ(got[2], "0077");
  EXPECT_EQ(got[3], "/tmp");
  EXPECT_EQ(got[4], "0 1 2 3 ") << "3 is the folder that ls itself reads";
  EXPECT_EQ(got[5], "NoNewPrivs:\t1");
  EXPECT_EQ(got[6], got[7]) << "process group and session are its own";
}

TEST_F(Launcher, runs_as_the_user_named_and_with_nothing_of_ours) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  auto command = shell("id -u; id -G; grep -c '^Cap\\(Eff\\|Prm\\):.*0000000000000000' /proc/self/status");
  command.user = "nobody";
  const auto end = run(command);
  EXPECT_EQ(end.output, "65534\n65534\n2\n") << end.error_tail;
}

// Both ignore SIGTERM. Asked, they stay; killed, both go.
TEST_F(Launcher, kills_a_stubborn_command_with_its_child) {
  const auto file = directory_.path().string() + "/pids";
  const auto id = start(shell("trap '' TERM; sleep 1000 & echo $$ >>" + file + "; echo $! >>" + file +
                              "; wait; while :; do sleep 1000; done"));
  const auto pids = numbers(file, 2);
  launcher_->terminate(id);
  runner_.turn();
  EXPECT_FALSE(end_);
  EXPECT_FALSE(gone(pids[0]));
  launcher_->kill(id);
  ASSERT_TRUE(runner_.until([&] { return end_.has_value(); }));
  EXPECT_EQ(end_->signal, SIGKILL);
  EXPECT_TRUE(runner_.until([&] { return gone(pids[0]) && gone(pids[1]); }));
}

TEST_F(Launcher, terminates_the_group_even_right_after_the_start) {
  for (int i = 0; i < 20; ++i) {
    end_.reset();
    const auto id = start({.argv = {"sleep", "1000"}});
    launcher_->terminate(id);
    ASSERT_TRUE(runner_.until([&] { return end_.has_value(); }));
    EXPECT_EQ(end_->signal, SIGTERM);
  }
}

TEST_F(Launcher, ends_with_the_first_process_and_kills_what_it_left_behind) {
  const auto file = directory_.path().string() + "/pids";
  const auto end = run(shell("sleep 1000 & echo $! >" + file + "; echo done"));
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_EQ(end.output, "done\n");
  const auto pids = numbers(file, 1);
  EXPECT_TRUE(runner_.until([&] { return gone(pids[0]); }));
}

TEST_F(Launcher, does_not_wait_for_somebody_who_escaped_with_the_output) {
  const auto file = directory_.path().string() + "/pids";
  const auto end = run(shell("setsid sh -c 'echo $$ >" + file + "; exec sleep 1000' & while [ ! -s " + file +
                             " ]; do :; done; echo done"));
  EXPECT_EQ(end.output, "done\n");
  const auto pids = numbers(file, 1);
  EXPECT_FALSE(gone(pids[0]));
  ::kill(pids[0], SIGKILL);
}

TEST_F(Launcher, tells_each_end_once_and_forgets_the_process) {
  const auto id = start({.argv = {"true"}});
  ASSERT_TRUE(runner_.until([&] { return end_.has_value(); }));
  launcher_->terminate(id);
  launcher_->kill(id);
  launcher_->kill(id + 1'000);
  runner_.turn();
  EXPECT_EQ(ends_, 1);
}

TEST_F(Launcher, may_be_called_from_another_thread) {
  std::thread([&] { start({.argv = {"true"}}); }).join();
  ASSERT_TRUE(runner_.until([&] { return end_.has_value(); }));
  EXPECT_EQ(end_->exit_code, 0);
}

TEST_F(Launcher, kills_what_still_runs_when_it_is_destroyed) {
  const auto file = directory_.path().string() + "/pids";
  start(shell("echo $$ >" + file + "; exec sleep 1000"));
  const auto pids = numbers(file, 1);
  launcher_.reset();
  runner_.turn();
  EXPECT_TRUE(gone(pids[0]));
  EXPECT_EQ(ends_, 0);
}

// A runtime in a process of its own, which is killed while its command runs. The orphan's end is reported to this
// process, which makes itself the one that inherits orphans.
TEST(LauncherDeath, a_child_is_killed_at_once_when_the_runtime_is_killed) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  TempFolder directory;
  const auto file = directory.path().string() + "/pid";
  const pid_t runtime = ::fork();
  if (runtime == 0) {
    LoopRunner runner;
    const auto launcher = make_process_launcher(runner.loop);
    launcher->start(shell("echo $$ >" + file + "; exec sleep 1000"), [](hal::ProcessEnd) {});
    runner.loop.run();
    ::_exit(0);
  }
  LoopRunner watcher;
  std::string text;
  ASSERT_TRUE(watcher.until([&] { return static_cast<bool>(std::getline(std::ifstream(file) >> std::ws, text)); }));
  const pid_t child = std::stoi(text);
  ASSERT_FALSE(gone(child));
  ::kill(runtime, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(runtime, &status, 0), runtime);
  EXPECT_TRUE(watcher.until([&] { return ::waitpid(child, &status, WNOHANG) == child; }));
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

}  // namespace
}  // namespace dormouse::hal_linux
