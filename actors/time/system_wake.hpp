// SPDX-License-Identifier: Apache-2.0
// Arms what wakes the whole device for work that asks for it: from suspend while it runs, from off when it stops.
// Tells of each way in which that fails once. Plain: the timekeeper says for when.
#pragma once

#include <memory>
#include <optional>
#include <set>

#include "actors/events.hpp"
#include "actors/time/device_time.hpp"
#include "hal/clock.hpp"

namespace dormouse::actors {

class SystemWake {
 public:
  /// `boot_takes`: how much sooner than the work the device is to be powered on.
  SystemWake(hal::Clock& clock, std::shared_ptr<DeviceTime> time, Observer observe, Duration boot_takes)
      : clock_(clock), time_(std::move(time)), observe_(std::move(observe)), boot_takes_(boot_takes) {}

  /// Ends a suspend at `due`; none: nothing is to. Does nothing if that stands already.
  void arm(std::optional<Instant> due);
  /// The device stops: powers it on for `due`; none: no more.
  void arm_power_on(std::optional<WallTime> due);
  std::optional<Instant> due() const { return due_; }

 private:
  void tell(hal::AlarmSet set, const char* from);

  hal::Clock& clock_;
  std::shared_ptr<DeviceTime> time_;
  Observer observe_;
  Duration boot_takes_;
  std::optional<Instant> due_;
  std::set<std::pair<hal::AlarmSet, const char*>> told_;
};

}  // namespace dormouse::actors
