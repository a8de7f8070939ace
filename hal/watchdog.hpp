// SPDX-License-Identifier: Apache-2.0
// The hardware that resets a device whose software has stopped. Fed only while every actor answers.
#pragma once

#include <optional>

#include "runtime/base/result.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::hal {

class Watchdog {
 public:
  virtual ~Watchdog() = default;
  virtual std::optional<Duration> timeout() const = 0;  // none: there is no watchdog
  virtual Status start() = 0;
  virtual void feed() = 0;
  virtual void disarm() = 0;  // at a clean stop
};

}  // namespace dormouse::hal
