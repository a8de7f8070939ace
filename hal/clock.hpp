// SPDX-License-Identifier: Apache-2.0
// The only watch. read() and the queries may be called from any thread; all that arms or sets and the
// events belong to the timekeeper, which alone holds them (while none lives, to the supervisor). No event carries
// an amount: the timekeeper compares samples.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/time/boot.hpp"
#include "runtime/time/trust.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::hal {

enum class ClockEvent {
  timer_due,   // the armed instant has come
  look_again,  // something may have changed (clock set, resume): read
  sync_hint,   // a time daemon's marker appeared
};

/// Whether an alarm of the hardware stands. `armed` is said only after the setting was read back.
enum class AlarmSet {
  armed,
  unsupported,    // no such alarm on this board: time.wake_unsupported
  not_permitted,  // time.wake_not_permitted
  busy,           // an earlier alarm that is not ours stays: time.wake_busy
};

/// What went less well than it should, since the process started; for people who ask.
struct ClockCounts {
  std::uint64_t loose_samples = 0;  // the clocks were not read within 1 ms of one another
  std::uint64_t rtc_not_set = 0;    // the wall was set, the RTC could not be
};

class Clock {
 public:
  virtual ~Clock() = default;
  /// One sample. The instant is read before and after the wall; a pair that differs by more than 1 ms is
  /// taken again, at most 5 times, then the tightest is used and counted.
  virtual Sample read() const = 0;
  virtual std::string kernel_boot_id() const = 0;  // 16 bytes, constant in one kernel boot
  virtual SyncState sync() const = 0;
  virtual RtcState rtc() const = 0;
  /// Why this kernel started. Words of its text that begin with "dmesg-" name records of panics, one word a record.
  virtual Evidence evidence() const = 0;
  virtual ClockCounts counts() const { return {}; }
  /// The one timer; replaces the former one. None disarms. Fires at resume when it passed in suspend.
  virtual void arm(std::optional<Instant> due) = 0;
  /// The alarm that ends a suspend; replaces the former one. None clears it and is always `armed`.
  virtual AlarmSet arm_wake(std::optional<Instant> due) = 0;
  /// The alarm that powers the device on; replaces the former one of ours. None clears it and is always `armed`.
  virtual AlarmSet arm_power_on(std::optional<WallTime> due) = 0;
  /// Sets the kernel's wall clock and, where there is one, the RTC, which is counted if it fails.
  /// time.not_permitted without the privilege, time.out_of_range if the kernel does not take that time: then
  /// nothing was set.
  virtual Status set_wall(WallTime wall) = 0;
  /// Who is told; called on the event loop's thread (simulation: inside advance). Empty: nobody.
  virtual void listen(std::function<void(ClockEvent)> listener) = 0;
};

}  // namespace dormouse::hal
