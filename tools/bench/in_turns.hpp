// SPDX-License-Identifier: Apache-2.0
// Comparing things that do the same work: they take turns, so that what else the machine does falls on all alike.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "runtime/base/result.hpp"

namespace dormouse::bench {

struct Contender {
  std::function<Status()> step;
  std::uint64_t done_in_step = 1;  // what the figure counts
};

/// Each works for a slice of the time, `rounds` times; what it did a second, in their order.
Result<std::vector<double>> in_turns(const std::vector<Contender>& contenders, unsigned rounds,
                                     std::chrono::milliseconds slice);

/// The one in the middle. Not empty.
double median(std::vector<double> values);

double seconds_since(std::chrono::steady_clock::time_point start);

}  // namespace dormouse::bench
