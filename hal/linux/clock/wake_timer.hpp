// SPDX-License-Identifier: Apache-2.0
// The timer that ends a suspend: a timer descriptor on CLOCK_BOOTTIME_ALARM, which the kernel hands to an RTC when
// it goes to sleep. Nobody waits for it to expire: what the process does at resume comes by its other timers.
#pragma once

#include <optional>

#include "hal/clock.hpp"
#include "hal/linux/files/durable_file.hpp"

namespace dormouse::hal_linux {

/// One thread.
class WakeTimer {
 public:
  /// As hal::Clock::arm_wake, on a machine with an RTC that may wake; without one the kernel takes the timer, too,
  /// and sleeps on. The descriptor lives as long as an alarm stands.
  hal::AlarmSet set(std::optional<Instant> due);

 private:
  FileHandle timer_;
};

}  // namespace dormouse::hal_linux
