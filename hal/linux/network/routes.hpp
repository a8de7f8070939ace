// SPDX-License-Identifier: Apache-2.0
// What the kernel's routing tables say about being connected. Pure: text in, state out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hal/network.hpp"

namespace dormouse::hal_linux {

struct NetworkOptions {
  std::string interface;                                        // only routes that leave by it count; empty: by any
  std::vector<std::string> metered = {"wwan", "ppp", "rmnet"};  // beginnings of interface names that cost money
};

/// `ipv4` is the text of /proc/net/route, `ipv6` that of /proc/net/ipv6_route; either may be empty. Online: some
/// default route is up on an interface other than the loopback. Unmetered: the preferred one (lowest metric) of a
/// family leaves by an interface that is not metered. Lines that make no sense are skipped.
hal::NetworkState network_state(std::string_view ipv4, std::string_view ipv6, const NetworkOptions& options);

}  // namespace dormouse::hal_linux
