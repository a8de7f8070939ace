// SPDX-License-Identifier: Apache-2.0
// The kernel's clocks: BOOTTIME, MONOTONIC and REALTIME, one timer descriptor for the next due instant, one that
// tells when somebody set the wall, and a watch for a time daemon's marker. Beside them what counts while the
// device sleeps or is off: the RTC and its alarms.
#pragma once

#include <memory>
#include <string>

#include "hal/clock.hpp"
#include "hal/linux/event_loop.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

/// What the board says about its clock. The roots differ from the system's own only in tests.
struct ClockFacts {
  enum class Rtc {
    none,
    host,    // whoever runs this machine keeps the wall clock: it is right when the kernel starts
    kernel,  // /sys/class/rtc/rtcN and /dev/rtcN
  };
  Rtc rtc = Rtc::none;
  unsigned rtc_number = 0;
  bool rtc_battery = false;    // kernel: it is believed even if its driver cannot tell about the supply
  std::string reset_register;  // a file that tells why the hardware started; empty: none
  std::string power_on_note;   // a file that outlives the power, for what power_on_alarm.hpp notes; empty: none
  std::string proc = "/proc";
  std::string sys = "/sys";
  std::string dev = "/dev";
  std::string run = "/run";
  std::string var = "/var";
};

/// The loop must outlive the clock. arm() and listen() may be called from any thread, arm_wake(), arm_power_on()
/// and set_wall() from one at a time; events come on the loop's thread, and one that is under way may still arrive
/// after listen(). Destroy it on the loop's thread or while the loop does not run. time.read_failed: no kernel boot
/// id; time.arm_failed: no timer descriptor to be had.
Result<std::unique_ptr<hal::Clock>> make_linux_clock(AsioLoop& loop, ClockFacts facts);

}  // namespace dormouse::hal_linux
