// SPDX-License-Identifier: Apache-2.0
// Tests in a child process with a piece of the kernel of its own, or with fewer rights: what it changes ends with
// it.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <sched.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace dormouse::hal_linux {

/// Why something of the system was not to be had; empty: it worked.
inline std::string failed(const std::string& what, bool it_failed) {
  return it_failed ? what + ": " + std::strerror(errno) : "";
}
inline std::string unshared(int flags, const char* what) {
  return failed(std::string("no ") + what + " of its own", ::unshare(flags) != 0);
}

/// Runs both in a child: `prepare` answers why the test cannot be made here (it is then skipped with that reason),
/// or nothing; `body` is the test, with the usual expectations.
inline void in_child(const std::function<std::string()>& prepare, const std::function<void()>& body) {
  int why[2];
  ASSERT_EQ(::pipe(why), 0);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string reason = prepare();
    if (::write(why[1], reason.data(), reason.size()) < 0) ::_exit(1);
    if (reason.empty()) body();
    std::fflush(nullptr);
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  ::close(why[1]);
  char reason[256] = {};
  const auto bytes = ::read(why[0], reason, sizeof reason - 1);
  ::close(why[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the child failed: " << status;
  if (bytes > 0) GTEST_SKIP() << reason;
}

}  // namespace dormouse::hal_linux
