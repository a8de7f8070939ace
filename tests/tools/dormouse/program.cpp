// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/dormouse/program.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace dormouse::cli {

namespace {

/// A file without a name: a child may write any amount to it before it is read.
int nameless_file() {
  char path[] = "/tmp/dormouse-said-XXXXXX";
  const int fd = ::mkostemp(path, O_CLOEXEC);
  if (fd >= 0) ::unlink(path);
  return fd;
}

std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  ::lseek(fd, 0, SEEK_SET);
  for (ssize_t size = 0; (size = ::read(fd, buffer, sizeof buffer)) > 0;) text.append(buffer, size);
  ::close(fd);
  return text;
}

}  // namespace

Said run_program(const std::vector<std::string>& args) {
  ::unsetenv("DORMOUSE_SOCKET");
  std::vector<char*> argv = {const_cast<char*>(DORMOUSE_PROGRAM)};
  for (const auto& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);

  const int out = nameless_file();
  const int error = nameless_file();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO);
  pid_t child = 0;
  Said said;
  int status = 0;
  const bool started = ::posix_spawn(&child, DORMOUSE_PROGRAM, &actions, nullptr, argv.data(), environ) == 0;
  ::posix_spawn_file_actions_destroy(&actions);
  if (started && ::waitpid(child, &status, 0) == child && WIFEXITED(status)) said.exit = WEXITSTATUS(status);
  said.out = read_all(out);
  said.error = read_all(error);
  return said;
}

}  // namespace dormouse::cli
