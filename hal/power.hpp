// SPDX-License-Identifier: Apache-2.0
// What comes from outside about an end that is near: an order to stop, a supply that is failing.
#pragma once

#include <cstdint>
#include <functional>

namespace dormouse::hal {

enum class StopReason : std::uint8_t { sigterm, sigint };

enum class PowerEvent : std::uint8_t {
  sigterm,  // stop; a second order ends the wait for running attempts
  sigint,   // the same
  failing,  // the supply is about to go: save what there is and wait
  restored  // it is back
};

class Power {
 public:
  virtual ~Power() = default;
  /// On the event loop's thread. What came before anybody listened is told to the first who does. Empty: nobody.
  virtual void listen(std::function<void(PowerEvent)> listener) = 0;
};

}  // namespace dormouse::hal
