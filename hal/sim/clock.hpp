// SPDX-License-Identifier: Apache-2.0
// The clock of a simulated device: time moves only by calls. Same shape as the real one; its faults:
//   step, set_same       the wall is set to another time, or to the same one
//   slew                 all clocks run fast or slow together, without any event
//   suspend              the monotonic clock stands still; what fell due meanwhile fires at resume; an armed wake
//                        ends it early
//   restart, clone       only the process ends; a clone finds the same kernel boot id at a smaller instant
//   power_cut, reboot,   a new kernel boot: instant 0, another id, discipline and marker lost, the wall from the
//   panic, watchdog_reset  RTC or, without one, from a start value; the last two leave their evidence. An armed
//                        power-on ends the time off early, as the RTC reads it
//   rtc_reset, rtc_dead, rtc_ppm   the RTC alone: a wrong time, none at all, a wrong rate
//   sync_arrives, sync_lost, leap_second   what a time daemon and the kernel do
// An alarm may be refused (unsupported, not permitted, busy), and so may setting the wall, as the setup says.
// True time is the simulation's own and never wrong; the wall is what the device's kernel says. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "hal/clock.hpp"

namespace dormouse::hal_sim {

enum class RtcKind { none, good, dead };
enum class SyncBy { step, slew };

struct SimClockSetup {
  WallTime start;                       // the true wall time at true time 0, the first power-on
  WallTime wall_without_rtc;            // what the kernel starts with where no RTC tells: 1970, or a restored time
  RtcKind rtc = RtcKind::good;          // good: right at the start, counts while off
  bool synced = false;                  // disciplined from the start, the wall true
  std::uint64_t seed = 1;               // of the kernel boot ids
  std::int64_t sync_max_error_ms = 40;  // while disciplined
  hal::AlarmSet wake = hal::AlarmSet::armed;      // what arm_wake answers ...
  hal::AlarmSet power_on = hal::AlarmSet::armed;  // ... and arm_power_on, where the RTC can tell
  bool may_set = true;                            // the process has the privilege to set the wall
};

class SimClock : public hal::Clock {
 public:
  explicit SimClock(const SimClockSetup& setup);

  // -- what the device sees --
  Sample read() const override { return now_; }
  std::string kernel_boot_id() const override { return kernel_boot_id_; }
  SyncState sync() const override;
  RtcState rtc() const override;
  /// Records of panics lie there for ever; which are new is not for the clock to say.
  Evidence evidence() const override { return evidence_; }
  void arm(std::optional<Instant> due) override { armed_ = due; }
  hal::AlarmSet arm_wake(std::optional<Instant> due) override;
  hal::AlarmSet arm_power_on(std::optional<WallTime> due) override;
  Status set_wall(WallTime wall) override;
  void listen(std::function<void(hal::ClockEvent)> listener) override { listener_ = std::move(listener); }

  // -- for who moves time --
  Duration true_now() const { return true_now_; }  // since the first power-on
  WallTime true_wall() const { return setup_.start + true_now_; }
  std::optional<Instant> armed() const { return armed_; }
  std::optional<Instant> wake_armed() const { return wake_; }
  std::optional<WallTime> power_on_armed() const { return power_on_; }
  /// How often the device was told of anything.
  std::uint64_t told() const { return told_; }
  /// How far advance() (or slew() by `ppm`) goes until the armed instant is delivered: 0 if it has passed. None:
  /// nothing is armed.
  std::optional<Duration> to_armed(std::int64_t ppm = 0) const;
  /// How long a suspend of `by` lasts: an armed wake ends it early, if it works.
  Duration sleeps(Duration by, bool wake_works = true) const;
  /// Called after each event, while time stands: run the device until it is quiet, so that it can arm anew
  /// before time moves on. Empty: nobody.
  void settle_with(std::function<void()> settle) { settle_ = std::move(settle); }

  /// All clocks move alike. Every armed instant inside is delivered in order, at its own moment; one that is
  /// already past is delivered at once, so advance(0) delivers what is overdue.
  void advance(Duration by) { move(by, 0); }

  // -- controls; durations are true time and not negative --
  void step(Duration by);  // the wall; discipline is lost
  void set_same();
  void slew(std::int64_t ppm, Duration for_true);  // as advance, all clocks faster by ppm (or slower)
  void suspend(Duration by, bool wake_works = true);
  /// The process ends and comes again after `off`: nothing is armed and nobody listens. Whether it could stop
  /// cleanly is between the caller and the device, before this call.
  void restart(Duration off);
  void power_cut(Duration off);                  // shorter if a power-on is armed and the RTC works
  void reboot(Duration off) { power_cut(off); }  // likewise, after a clean stop
  void panic(Duration off);                      // its record stays, as long as nobody takes it away
  void watchdog_reset(Duration off);             // told to the next kernel boot alone
  void clone(Instant smaller);
  // The RTC alone; without one they do nothing.
  void rtc_reset(WallTime reading);  // valid from then on
  void rtc_dead();                   // its content is invalid; it does not set the wall at the next boot
  void rtc_ppm(std::int64_t ppm);    // runs fast by this much from now on
  /// A source disciplines the kernel to `wall` (none: the true wall). By slew only what daemons slew, up to
  /// 0.5 s, and a slew backwards is left under way: the wall keeps that error. `marker`: a daemon's marker appears.
  void sync_arrives(SyncBy by, bool marker = false, std::optional<WallTime> wall = std::nullopt);
  void sync_lost();  // the error bound grows by 500 ppm from now on; the marker stays
  void leap_second();

 private:
  void move(Duration by, std::int64_t ppm);
  void tell(hal::ClockEvent event);
  void fire();
  void end_process();
  void power_on();
  void put_wall(WallTime wall) { now_.wall = wall; }
  WallTime rtc_reading() const;
  Duration off_until_alarm(Duration off);

  SimClockSetup setup_;
  Duration true_now_{};
  Sample now_;
  std::string kernel_boot_id_;
  std::uint64_t kernel_boots_ = 0;
  Evidence evidence_;
  std::string panic_records_;  // names, one for each panic

  std::optional<Instant> armed_;
  std::optional<Instant> wake_;
  std::optional<WallTime> power_on_;  // kept by the RTC, so it outlives the process and the kernel
  std::function<void(hal::ClockEvent)> listener_;
  std::function<void()> settle_;
  std::uint64_t told_ = 0;

  // The RTC as it was when last touched.
  RtcKind rtc_kind_;
  bool rtc_set_wall_ = false;
  WallTime rtc_base_;
  Duration rtc_base_at_{};  // true time
  std::int64_t rtc_ppm_ = 0;

  std::int64_t error_base_ms_ = 0;            // the kernel's bound ...
  std::optional<Instant> error_grows_since_;  // ... and since when it grows; none: the source holds it
  bool marker_ = false;
};

}  // namespace dormouse::hal_sim
