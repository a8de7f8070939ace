// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/clock/wake_timer.hpp"

#include <cerrno>
#include <cstdlib>
#include <sys/timerfd.h>

#include "hal/linux/clock/kernel_clocks.hpp"

namespace dormouse::hal_linux {
namespace {

constexpr std::int64_t kReadBackMs = 1'000;  // between setting and asking

hal::AlarmSet why_not(int error) {
  return error == EPERM ? hal::AlarmSet::not_permitted : hal::AlarmSet::unsupported;
}

}  // namespace

hal::AlarmSet WakeTimer::set(std::optional<Instant> due) {
  if (!due) {
    // Closed, and not only disarmed: asked about an alarm that was disarmed, kernels still tell the time to it.
    timer_ = FileHandle();
    return hal::AlarmSet::armed;
  }
  if (!timer_) timer_ = FileHandle(::timerfd_create(CLOCK_BOOTTIME_ALARM, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer_) return why_not(errno);
  const itimerspec spec = once_at_ms(due->ms);
  if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) != 0) return why_not(errno);
  itimerspec left{};
  if (::timerfd_gettime(timer_.get(), &left) != 0) return why_not(errno);
  const std::int64_t left_ms = left.it_value.tv_sec * 1'000 + left.it_value.tv_nsec / 1'000'000;
  const std::int64_t now_ms = read_kernel_clocks().before_ns / 1'000'000;
  const bool stands = left_ms > 0 ? std::abs(now_ms + left_ms - due->ms) <= kReadBackMs : now_ms >= due->ms;
  return stands ? hal::AlarmSet::armed : hal::AlarmSet::unsupported;
}

}  // namespace dormouse::hal_linux
