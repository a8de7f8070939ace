// SPDX-License-Identifier: Apache-2.0
// Draws for the seeds: the same on every machine.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "runtime/time/types.hpp"
#include "tools/sim/stream.hpp"

namespace dormouse::sim::seeds {

class Dice {
 public:
  Dice(std::uint64_t seed, const std::string& purpose) : from_(stream(seed, purpose)) {}

  bool chance(double p) { return share(from_) < p; }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(share(from_) * static_cast<double>(n)); }
  Duration between(Duration low, Duration high) {
    return low + Duration{static_cast<std::int64_t>(share(from_) * static_cast<double>((high - low).count()))};
  }
  /// Each power of ten alike.
  double between_powers(double low, double high) { return low * std::pow(high / low, share(from_)); }
  Duration between_powers(Duration low, Duration high) {
    return Duration{static_cast<std::int64_t>(
        between_powers(static_cast<double>(low.count()), static_cast<double>(high.count())))};
  }
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[below(all.size())];
  }
  /// Moments of a rate, up to the end.
  std::vector<Duration> moments(double per_day, Duration end) {
    std::vector<Duration> found;
    for (double t = 0;;) {
      t += -std::log(1.0 - share(from_)) * 86'400'000.0 / per_day;
      if (t >= static_cast<double>(end.count())) return found;
      found.emplace_back(static_cast<std::int64_t>(t));
    }
  }

 private:
  std::mt19937_64 from_;
};

}  // namespace dormouse::sim::seeds
