// SPDX-License-Identifier: Apache-2.0
// A queue.
#include "hal/sim/sim_loop.hpp"

#include <utility>

namespace dormouse::hal_sim {

void SimLoop::run() {
  while (!quit_ && run_one()) continue;
  quit_ = false;
}

bool SimLoop::run_one() {
  if (jobs_.empty()) return false;
  const auto job = std::move(jobs_.front());
  jobs_.pop_front();
  job();
  return true;
}

}  // namespace dormouse::hal_sim
