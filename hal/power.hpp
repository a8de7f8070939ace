// SPDX-License-Identifier: Apache-2.0
// Requests to stop that come from outside: a signal, a supply that says it is failing.
#pragma once

#include <functional>

namespace dormouse::hal {

enum class StopReason { sigterm, sigint, power_failing };

class Power {
 public:
  virtual ~Power() = default;
  /// On the event loop's thread. A second request ends the wait for running attempts.
  virtual void listen(std::function<void(StopReason)> listener) = 0;
};

}  // namespace dormouse::hal
