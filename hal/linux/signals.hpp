// SPDX-License-Identifier: Apache-2.0
// SIGTERM and SIGINT as requests to stop. What arrives before anybody listens is kept for who does.
#pragma once

#include <memory>

#include "hal/linux/event_loop.hpp"
#include "hal/power.hpp"

namespace dormouse::hal_linux {

/// From here on the two signals no longer end the process. Listener: on the loop's thread. Destroyed on the loop's
/// thread or when the loop has stopped.
std::unique_ptr<hal::Power> make_signal_power(AsioLoop& loop);

}  // namespace dormouse::hal_linux
