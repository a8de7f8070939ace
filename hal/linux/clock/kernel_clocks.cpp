// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/clock/kernel_clocks.hpp"

#include <algorithm>
#include <time.h>

#include "runtime/base/check.hpp"

namespace dormouse::hal_linux {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kTightNs = kNsPerMs;
constexpr int kTries = 5;
constexpr std::int64_t kNeverSyncedMs = 16'000;

std::int64_t read_ns(clockid_t id) {
  timespec time{};
  check(::clock_gettime(id, &time) == 0, "clock:read");
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

}  // namespace

ClockReading read_kernel_clocks() {
  ClockReading reading;
  reading.before_ns = read_ns(CLOCK_BOOTTIME);
  reading.monotonic_ns = read_ns(CLOCK_MONOTONIC);
  reading.wall_ns = read_ns(CLOCK_REALTIME);
  reading.after_ns = read_ns(CLOCK_BOOTTIME);
  return reading;
}

TakenSample take_sample(const std::function<ClockReading()>& read) {
  const auto width_ns = [](const ClockReading& reading) { return reading.after_ns - reading.before_ns; };
  ClockReading tightest = read();
  for (int i = 1; i < kTries && width_ns(tightest) > kTightNs; ++i) {
    const ClockReading next = read();
    if (width_ns(next) < width_ns(tightest)) tightest = next;
  }
  return {.sample = {Instant{tightest.before_ns / kNsPerMs}, Duration{tightest.monotonic_ns / kNsPerMs},
                     WallTime{tightest.wall_ns / kNsPerMs}},
          .loose = width_ns(tightest) > kTightNs};
}

SyncState sync_of(int answer, const timex& kernel, bool marker) {
  return sync_state(answer < 0 ? kNeverSyncedMs : kernel.maxerror / 1'000, marker);
}

itimerspec once_at_ms(std::int64_t ms) {
  const std::int64_t at_ms = std::max<std::int64_t>(ms, 1);
  itimerspec spec{};
  spec.it_value.tv_sec = static_cast<time_t>(at_ms / 1'000);
  spec.it_value.tv_nsec = static_cast<long>(at_ms % 1'000 * kNsPerMs);
  return spec;
}

}  // namespace dormouse::hal_linux
