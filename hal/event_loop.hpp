// SPDX-License-Identifier: Apache-2.0
// The one loop for sockets, timers, signals and child processes. Blocks when there is nothing to do.
#pragma once

#include <functional>

namespace dormouse::hal {

class EventLoop {
 public:
  virtual ~EventLoop() = default;
  virtual void run() = 0;                            // until quit()
  virtual void quit() = 0;                           // from any thread
  virtual void post(std::function<void()> job) = 0;  // from any thread; runs on the loop's thread
};

}  // namespace dormouse::hal
