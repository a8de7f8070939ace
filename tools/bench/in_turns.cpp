// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/in_turns.hpp"

#include <algorithm>

#include "runtime/base/check.hpp"

namespace dormouse::bench {

using Clock = std::chrono::steady_clock;

Result<std::vector<double>> in_turns(const std::vector<Contender>& contenders, unsigned rounds,
                                     std::chrono::milliseconds slice) {
  std::vector<std::uint64_t> count(contenders.size(), 0);
  std::vector<double> seconds(contenders.size(), 0);
  for (unsigned round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      const auto start = Clock::now();
      do {
        if (auto worked = contenders[i].step(); !worked) return std::move(worked).error();
        count[i] += contenders[i].done_in_step;
      } while (Clock::now() - start < slice);
      seconds[i] += seconds_since(start);
    }
  }
  std::vector<double> rates;
  for (std::size_t i = 0; i < contenders.size(); ++i) rates.push_back(static_cast<double>(count[i]) / seconds[i]);
  return rates;
}

double median(std::vector<double> values) {
  check(!values.empty(), "bench:median");
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace dormouse::bench
