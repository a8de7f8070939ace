// SPDX-License-Identifier: Apache-2.0
// Runs the real loop until something has happened, with one deadline against hanging: tests wait for events, never
// for durations.
#pragma once

#include <chrono>

#include "hal/linux/event_loop.hpp"

namespace dormouse::hal_linux {

struct LoopRunner {
  AsioLoop loop;

  /// False: the deadline came first.
  template <class Condition>
  bool until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      const auto left = deadline - std::chrono::steady_clock::now();
      if (left <= std::chrono::seconds(0)) return false;
      loop.context().run_one_for(
          std::min<std::chrono::steady_clock::duration>(left, std::chrono::milliseconds(20)));
    }
    return true;
  }
  /// Everything that is ready now, without waiting.
  void turn() { loop.context().poll(); }
};

}  // namespace dormouse::hal_linux
