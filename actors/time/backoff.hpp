// SPDX-License-Identifier: Apache-2.0
// When to offer storage again what it refused: after 1, 2, 4, 8, 16 s, then every 30 s.
#pragma once

#include "runtime/time/types.hpp"

namespace dormouse::actors {

class Backoff {
 public:
  Instant next(const Now& now) {
    const Instant at = now.instant + wait_;
    wait_ = wait_ >= Duration{16'000} ? Duration{30'000} : wait_ * 2;
    return at;
  }
  void reset() { wait_ = Duration{1'000}; }

 private:
  Duration wait_{1'000};
};

}  // namespace dormouse::actors
