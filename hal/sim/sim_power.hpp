// SPDX-License-Identifier: Apache-2.0
// The simulated requests to stop. Faults: a request at any moment, also twice, also before anybody listens; a
// supply that says it is failing. A cut without a word needs no part: the simulator drops the device.
#pragma once

#include <utility>
#include <vector>

#include "hal/event_loop.hpp"
#include "hal/power.hpp"

namespace dormouse::hal_sim {

/// One thread; the loop's jobs must not outlive it.
class SimPower : public hal::Power {
 public:
  explicit SimPower(hal::EventLoop& loop) : loop_(loop) {}

  void listen(std::function<void(hal::StopReason)> listener) override {
    listener_ = std::move(listener);
    for (const auto reason : std::exchange(early_, {})) request(reason);
  }
  /// The listener hears of it in a job of the loop.
  void request(hal::StopReason reason) {
    if (!listener_) return early_.push_back(reason);
    loop_.post([this, reason] {
      if (listener_) listener_(reason);
    });
  }

 private:
  hal::EventLoop& loop_;
  std::function<void(hal::StopReason)> listener_;
  std::vector<hal::StopReason> early_;
};

}  // namespace dormouse::hal_sim
