// SPDX-License-Identifier: Apache-2.0
// Whether the device is connected: a condition that jobs may name.
#pragma once

#include <cstdint>
#include <functional>

namespace dormouse::hal {

enum class NetworkState : std::uint8_t { offline = 0, online = 1, unmetered = 2 };

class Network {
 public:
  virtual ~Network() = default;
  virtual NetworkState state() const = 0;  // from any thread
  /// Who is told, on the event loop's thread, when the state has changed. Empty: nobody.
  virtual void listen(std::function<void(NetworkState)> /*listener*/) {}
};

}  // namespace dormouse::hal
