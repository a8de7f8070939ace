// SPDX-License-Identifier: Apache-2.0
// The simulated network. Faults: any state at any moment, also one that flaps; a change that nobody is told of
// (set_quietly), as when the kernel's news are lost.
#pragma once

#include <utility>

#include "hal/event_loop.hpp"
#include "hal/network.hpp"

namespace dormouse::hal_sim {

/// One thread; the loop's jobs must not outlive it.
class SimNetwork : public hal::Network {
 public:
  explicit SimNetwork(hal::EventLoop& loop, hal::NetworkState state = hal::NetworkState::unmetered)
      : loop_(loop), state_(state) {}

  hal::NetworkState state() const override { return state_; }
  void listen(std::function<void(hal::NetworkState)> listener) override { listener_ = std::move(listener); }

  /// The listener hears of a true change in a job of the loop.
  void set(hal::NetworkState state) {
    if (std::exchange(state_, state) == state) return;
    loop_.post([this, state] {
      if (listener_) listener_(state);
    });
  }
  void set_quietly(hal::NetworkState state) { state_ = state; }

 private:
  hal::EventLoop& loop_;
  hal::NetworkState state_;
  std::function<void(hal::NetworkState)> listener_;
};

}  // namespace dormouse::hal_sim
