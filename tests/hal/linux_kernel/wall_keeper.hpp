// SPDX-License-Identifier: Apache-2.0
// Puts the wall clock back where it would be, whatever becomes of the test that moves it: a process of its own
// waits until the test is done, failed, crashed or was killed, and sets wall and kernel's error bound by
// CLOCK_MONOTONIC.
#pragma once

#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/check.hpp"

namespace dormouse::hal_linux {

class WallKeeper {
 public:
  WallKeeper() {
    int ends[2];
    check(::pipe(ends) == 0, "test:pipe");
    const long long offset_ns = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC);
    timex before{};
    ::adjtimex(&before);
    keeper_ = ::fork();
    check(keeper_ >= 0, "test:fork");
    if (keeper_ == 0) {
      ::close(ends[1]);
      ::setsid();  // outlives what ends the test
      char end = 0;
      while (::read(ends[0], &end, 1) < 0) {
      }
      put_back(offset_ns, before);
      ::_exit(0);
    }
    ::close(ends[0]);
    held_ = ends[1];
  }
  ~WallKeeper() {
    (void)!::write(held_, "x", 1);
    ::close(held_);
    ::waitpid(keeper_, nullptr, 0);
  }
  WallKeeper(const WallKeeper&) = delete;
  WallKeeper& operator=(const WallKeeper&) = delete;

 private:
  static long long now_ns(clockid_t id) {
    timespec time{};
    ::clock_gettime(id, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
  }
  static void put_back(long long offset_ns, const timex& before) {
    const long long moved_ns = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC) - offset_ns;
    const long long right_ns = now_ns(CLOCK_MONOTONIC) + offset_ns;
    const timespec right{right_ns / 1'000'000'000, right_ns % 1'000'000'000};
    if (moved_ns > 1'000'000 || moved_ns < -1'000'000) ::clock_settime(CLOCK_REALTIME, &right);
    timex bound{};
    bound.modes = ADJ_MAXERROR | ADJ_STATUS;
    bound.maxerror = before.maxerror;
    bound.status = before.status & ~STA_RONLY;
    ::adjtimex(&bound);
  }

  pid_t keeper_ = -1;
  int held_ = -1;
};

}  // namespace dormouse::hal_linux
