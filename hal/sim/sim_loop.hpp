// SPDX-License-Identifier: Apache-2.0
// The simulated event loop. Faults: none; it has no time and no threads. What is posted runs in order, when the
// simulator says so: a run is the same every time. One thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>

#include "hal/event_loop.hpp"

namespace dormouse::hal_sim {

class SimLoop : public hal::EventLoop {
 public:
  /// Runs what is posted until quit() or until nothing is left: with one thread nothing more could come.
  void run() override;
  void quit() override { quit_ = true; }
  void post(std::function<void()> job) override { jobs_.push_back(std::move(job)); }

  /// The oldest job; false: there was none.
  bool run_one();
  bool idle() const { return jobs_.empty(); }

 private:
  std::deque<std::function<void()>> jobs_;
  bool quit_ = false;
};

}  // namespace dormouse::hal_sim
