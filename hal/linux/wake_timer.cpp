// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/wake_timer.hpp"

#include <cerrno>
#include <sys/timerfd.h>

#include "hal/linux/kernel_clocks.hpp"

namespace dormouse::hal_linux {
namespace {

hal::AlarmSet why_not(int error) {
  return error == EPERM ? hal::AlarmSet::not_permitted : hal::AlarmSet::unsupported;
}

}  // namespace

hal::AlarmSet WakeTimer::set(std::optional<Instant> due) {
  if (!due && !timer_) return hal::AlarmSet::armed;
  if (!timer_) timer_ = FileHandle(::timerfd_create(CLOCK_BOOTTIME_ALARM, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer_) return why_not(errno);
  itimerspec spec{};  // all zero disarms
  if (due) spec = once_at_ms(due->ms);
  if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) != 0) return why_not(errno);
  if (!due) return hal::AlarmSet::armed;
  itimerspec left{};
  if (::timerfd_gettime(timer_.get(), &left) != 0) return why_not(errno);
  const bool runs = left.it_value.tv_sec != 0 || left.it_value.tv_nsec != 0;
  const bool has_come = read_kernel_clocks().before_ns >= due->ms * 1'000'000;
  return runs || has_come ? hal::AlarmSet::armed : hal::AlarmSet::unsupported;
}

}  // namespace dormouse::hal_linux
