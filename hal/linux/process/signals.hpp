// SPDX-License-Identifier: Apache-2.0
// SIGTERM and SIGINT as orders to stop, and SIGPWR, which a supply's own program sends (a UPS daemon, a script at a
// GPIO), as power that is failing. No signal says that it is back: then the device finds out by waiting.
#pragma once

#include <memory>

#include "hal/linux/event_loop.hpp"
#include "hal/power.hpp"

namespace dormouse::hal_linux {

/// From here on these signals no longer end the process. Listener: on the loop's thread. Destroyed on the loop's
/// thread or when the loop has stopped.
std::unique_ptr<hal::Power> make_signal_power(AsioLoop& loop);

}  // namespace dormouse::hal_linux
