// SPDX-License-Identifier: Apache-2.0
#include "actors/supervisor/watchdog_rounds.hpp"

namespace dormouse::actors {

bool WatchdogRounds::begin(Instant now) {
  tried_ = now;
  if (unanswered_ > 0) return false;
  ++number_;
  began_ = now;
  well_ = true;
  return true;
}

bool WatchdogRounds::answered(std::uint64_t number, bool well, Instant now) {
  if (number != number_ || unanswered_ == 0) return false;  // of a round that was forgotten
  --unanswered_;
  if (!well || now - began_ > timeout_ / 4) well_ = false;
  return unanswered_ == 0 && well_;
}

void WatchdogRounds::forget() {
  unanswered_ = 0;
  ++number_;
}

}  // namespace dormouse::actors
