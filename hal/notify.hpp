// SPDX-License-Identifier: Apache-2.0
// Whoever started the process and wants to know how it is: systemd, or nobody. It never answers; what cannot be
// told is lost. Any thread.
#pragma once

#include <string>

#include "runtime/time/types.hpp"

namespace dormouse::hal {

class ServiceManager {
 public:
  virtual ~ServiceManager() = default;
  virtual void ready() = 0;                          // the boot is decided, work is taken
  virtual void stopping() = 0;                       // the stop has begun
  virtual void status(const std::string& line) = 0;  // for people, one line
  /// A start or stop that is under way needs more time: it may last this much longer from now on.
  virtual void extend(Duration by) = 0;
};

}  // namespace dormouse::hal
