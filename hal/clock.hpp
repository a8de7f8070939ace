// SPDX-License-Identifier: Apache-2.0
// The only watch. read() and the queries may be called from any thread; arm() and the events belong to the
// timekeeper, which alone arms and listens. No event carries an amount: the timekeeper compares samples.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "runtime/time/boot.hpp"
#include "runtime/time/trust.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::hal {

enum class ClockEvent {
  timer_due,   // the armed instant has come
  look_again,  // something may have changed (clock set, resume): read
  sync_hint,   // a time daemon's marker appeared
};

class Clock {
 public:
  virtual ~Clock() = default;
  /// One sample. The instant is read before and after the wall; a pair that differs by more than 1 ms is
  /// taken again, at most 5 times, then the tightest is used.
  virtual Sample read() const = 0;
  virtual std::string kernel_boot_id() const = 0;  // 16 bytes, constant in one kernel boot
  virtual SyncState sync() const = 0;
  virtual RtcState rtc() const = 0;
  virtual Evidence evidence() const = 0;
  /// The one timer; replaces the former one. None disarms. Fires at resume when it passed in suspend.
  virtual void arm(std::optional<Instant> due) = 0;
  /// Who is told; called on the event loop's thread (simulation: inside advance). Empty: nobody.
  virtual void listen(std::function<void(ClockEvent)> listener) = 0;
};

}  // namespace dormouse::hal
