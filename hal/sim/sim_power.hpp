// SPDX-License-Identifier: Apache-2.0
// The simulated supply and the orders to stop. Faults: an event at any moment, also twice, also before anybody
// listens; a supply that says it fails and stays. A cut without a word needs no part: the simulator drops the
// device.
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

  void listen(std::function<void(hal::PowerEvent)> listener) override {
    listener_ = std::move(listener);
    for (const auto event : std::exchange(early_, {})) tell(event);
  }
  /// The listener hears of it in a job of the loop.
  void tell(hal::PowerEvent event) {
    if (!listener_) return early_.push_back(event);
    loop_.post([this, event] {
      if (listener_) listener_(event);
    });
  }

 private:
  hal::EventLoop& loop_;
  std::function<void(hal::PowerEvent)> listener_;
  std::vector<hal::PowerEvent> early_;
};

}  // namespace dormouse::hal_sim
