// SPDX-License-Identifier: Apache-2.0
// The real network: the routing tables, looked at again whenever the kernel says that they changed.
#pragma once

#include <memory>

#include "hal/linux/event_loop.hpp"
#include "hal/linux/network/routes.hpp"
#include "hal/network.hpp"

namespace dormouse::hal_linux {

/// Without a routing socket (a sandbox) the state is read afresh at every question and no change is told.
/// Destroyed on the loop's thread or when the loop has stopped.
std::unique_ptr<hal::Network> make_network(AsioLoop& loop, NetworkOptions options = {});

}  // namespace dormouse::hal_linux
