// SPDX-License-Identifier: Apache-2.0
#include "actors/time/device_time.hpp"

#include <utility>

namespace dormouse::actors {

Now DeviceTime::now() const {
  const Sample sample = clock_.read();
  const std::lock_guard lock(mutex_);
  return {sample.instant, sample.wall, trust_.trust(), boot_, kernel_boot_};
}

void DeviceTime::publish(const TrustState& trust) {
  const std::lock_guard lock(mutex_);
  trust_ = trust;
}

TrustState DeviceTime::trust() const {
  const std::lock_guard lock(mutex_);
  return trust_;
}

void DeviceTime::count_wake(WakeCause cause) {
  const Instant at = clock_.read().instant;
  const std::lock_guard lock(mutex_);
  wakes_.count(cause, at);
}

WakeCounts DeviceTime::wake_counts() const {
  const std::lock_guard lock(mutex_);
  return wakes_;
}

void DeviceTime::publish(hal::AlarmSet wake) {
  const std::lock_guard lock(mutex_);
  wake_alarm_ = wake;
}

hal::AlarmSet DeviceTime::wake_alarm() const {
  const std::lock_guard lock(mutex_);
  return wake_alarm_;
}

void DeviceTime::begin_boot(std::uint32_t boot, std::uint32_t kernel_boot) {
  const std::lock_guard lock(mutex_);
  boot_ = boot;
  kernel_boot_ = kernel_boot;
}

void DeviceTime::note_commit(Instant at) {
  std::function<void()> tell;
  {
    const std::lock_guard lock(mutex_);
    last_commit_ = at;
    tell = std::exchange(tell_, {});
  }
  if (tell) tell();
}

void DeviceTime::tell_next_commit(std::function<void()> told) {
  const std::lock_guard lock(mutex_);
  tell_ = std::move(told);
}

std::optional<Instant> DeviceTime::last_commit() const {
  const std::lock_guard lock(mutex_);
  return last_commit_;
}

void DeviceTime::publish(const store::FlashBudget& budget) {
  const std::lock_guard lock(mutex_);
  budget_ = budget;
}

Duration DeviceTime::stretched(Duration normal) const {
  const std::lock_guard lock(mutex_);
  return budget_.stretched(normal);
}

}  // namespace dormouse::actors
