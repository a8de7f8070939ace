// SPDX-License-Identifier: Apache-2.0
// The kernel's watchdog device, two watchdogs as one, and the watchdog of a board that has none. Used by one thread
// at a time.
#pragma once

#include <memory>
#include <string>

#include "hal/watchdog.hpp"

namespace dormouse::hal_linux {

/// `device` such as /dev/watchdog0, opened by start(). The hardware counts in whole seconds: `timeout` is rounded
/// up, and timeout() tells after start() what the driver made of it. start(): watchdog.not_found, watchdog.busy
/// (another program feeds it), watchdog.unusable. Destroyed while armed, it goes on counting and resets the device
/// unless somebody takes it over; so it does after disarm() where the kernel was built to allow no way out.
std::unique_ptr<hal::Watchdog> make_watchdog(std::string device, Duration timeout);

/// Both as one: started, fed and disarmed together, by the shorter timeout. Neither is fed if one cannot start.
std::unique_ptr<hal::Watchdog> make_both_watchdogs(std::unique_ptr<hal::Watchdog> one,
                                                   std::unique_ptr<hal::Watchdog> other);

/// No hardware: no timeout, everything succeeds and nothing happens.
std::unique_ptr<hal::Watchdog> make_none_watchdog();

}  // namespace dormouse::hal_linux
