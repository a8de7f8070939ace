// SPDX-License-Identifier: Apache-2.0
// An instant that is pushed ahead by every feed.
#include "hal/sim/sim_watchdog.hpp"

#include <utility>

#include "runtime/base/check.hpp"

namespace dormouse::hal_sim {

SimWatchdog::SimWatchdog(SimWatchdogOptions options) : options_(std::move(options)) {
  check(!options_.timeout || options_.now, "sim_watchdog:no_clock");
}

Status SimWatchdog::start() {
  if (start_fails_) return Error{.code = "watchdog.not_found", .message = "watchdog: not there"};
  if (options_.timeout) fed_ = options_.now();
  return done();
}

void SimWatchdog::feed() {
  if (!fed_ || loses_feeds_) return;
  ++feeds_;
  fed_ = options_.now();
}

void SimWatchdog::disarm() {
  fed_.reset();
}

std::optional<Instant> SimWatchdog::fires_at() const {
  if (!fed_) return std::nullopt;
  return *fed_ + *options_.timeout;
}

bool SimWatchdog::pass() {
  const auto due = fires_at();
  if (!due || options_.now() < *due) return false;
  disarm();
  return true;
}

}  // namespace dormouse::hal_sim
