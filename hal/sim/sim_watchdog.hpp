// SPDX-License-Identifier: Apache-2.0
// The simulated watchdog. Faults: it is not there or does not start; a feed is lost (a driver that hangs); it
// fires, which the simulator turns into a reset of the device.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "hal/watchdog.hpp"

namespace dormouse::hal_sim {

struct SimWatchdogOptions {
  std::optional<Duration> timeout = Duration{60'000};  // none: the board has no watchdog
  std::function<Instant()> now;                        // the simulator's instant; needed if there is a timeout
};

/// One thread. Never fires by itself: the simulator asks for fires_at() and calls pass() when that has come.
class SimWatchdog : public hal::Watchdog {
 public:
  explicit SimWatchdog(SimWatchdogOptions options);

  std::optional<Duration> timeout() const override { return options_.timeout; }
  Status start() override;
  void feed() override;
  void disarm() override;

  std::optional<Instant> fires_at() const;  // none: not armed, or it has fired
  /// True once: its timeout has passed since the last feed. It is disarmed then, as by the reset it causes.
  bool pass();
  std::uint64_t feeds() const { return feeds_; }

  // ---- faults ----
  void fail_start(bool fails) { start_fails_ = fails; }
  void lose_feeds(bool loses) { loses_feeds_ = loses; }

 private:
  SimWatchdogOptions options_;
  std::optional<Instant> fed_;  // none: not armed
  std::uint64_t feeds_ = 0;
  bool start_fails_ = false;
  bool loses_feeds_ = false;
};

}  // namespace dormouse::hal_sim
