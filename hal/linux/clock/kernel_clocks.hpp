// SPDX-License-Identifier: Apache-2.0
// The kernel's clocks, read: one moment on all three of them, and how well the wall is kept. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <sys/timerfd.h>
#include <sys/timex.h>

#include "runtime/time/trust.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::hal_linux {

/// The clocks one after the other: BOOTTIME, MONOTONIC, REALTIME, BOOTTIME.
struct ClockReading {
  std::int64_t before_ns = 0;
  std::int64_t monotonic_ns = 0;
  std::int64_t wall_ns = 0;
  std::int64_t after_ns = 0;
};
ClockReading read_kernel_clocks();

struct TakenSample {
  Sample sample;
  bool loose = false;  // the clocks were never read within 1 ms of one another
};
/// Reads until the two readings of BOOTTIME lie within 1 ms, five times at most; then the tightest counts.
TakenSample take_sample(const std::function<ClockReading()>& read);

/// What adjtimex answered, and the marker of a time daemon. An answer below 0 tells nothing: not disciplined. Of
/// the kernel's words only maxerror counts; STA_UNSYNC does not, since some daemons leave it set for ever.
SyncState sync_of(int answer, const timex& kernel, bool marker);

/// A timer that expires once, at that time of its clock. What is not after 0 becomes the first millisecond, since
/// all zero would disarm.
itimerspec once_at_ms(std::int64_t ms);

}  // namespace dormouse::hal_linux
