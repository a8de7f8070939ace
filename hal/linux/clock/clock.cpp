// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/clock/clock.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <time.h>
#include <utility>

#include "hal/linux/clock/clock_events.hpp"
#include "hal/linux/clock/clock_text.hpp"
#include "hal/linux/clock/kernel_clocks.hpp"
#include "hal/linux/clock/power_on_alarm.hpp"
#include "hal/linux/clock/reset_evidence.hpp"
#include "hal/linux/clock/rtc.hpp"
#include "hal/linux/clock/wake_timer.hpp"
#include "hal/linux/files/small_file.hpp"

namespace dormouse::hal_linux {

namespace fs = std::filesystem;

namespace {

fs::path rtcs_of(const ClockFacts& facts) {
  return fs::path(facts.sys) / "class/rtc";
}
std::string rtc_name(const ClockFacts& facts) {
  return "rtc" + std::to_string(facts.rtc_number);
}

class LinuxClock : public hal::Clock {
 public:
  LinuxClock(ClockFacts facts, std::string kernel_boot_id, std::shared_ptr<ClockEvents> events)
      : facts_(std::move(facts)),
        kernel_boot_id_(std::move(kernel_boot_id)),
        events_(std::move(events)),
        power_on_(rtcs_of(facts_) / rtc_name(facts_), facts_.power_on_note) {}

  Sample read() const override;
  std::string kernel_boot_id() const override { return kernel_boot_id_; }
  SyncState sync() const override;
  RtcState rtc() const override;
  Evidence evidence() const override;
  hal::ClockCounts counts() const override { return {loose_, rtc_not_set_}; }
  void arm(std::optional<Instant> due) override { events_->arm(due); }
  hal::AlarmSet arm_wake(std::optional<Instant> due) override;
  hal::AlarmSet arm_power_on(std::optional<WallTime> due) override;
  Status set_wall(WallTime wall) override;
  void listen(std::function<void(hal::ClockEvent)> listener) override { events_->listen(std::move(listener)); }

 private:
  bool has_device() const { return facts_.rtc == ClockFacts::Rtc::kernel; }
  fs::path device() const { return fs::path(facts_.dev) / rtc_name(facts_); }

  ClockFacts facts_;
  std::string kernel_boot_id_;
  std::shared_ptr<ClockEvents> events_;
  WakeTimer wake_;
  PowerOnAlarm power_on_;
  mutable std::atomic<std::uint64_t> loose_ = 0;
  std::atomic<std::uint64_t> rtc_not_set_ = 0;
};

Sample LinuxClock::read() const {
  const TakenSample taken = take_sample(read_kernel_clocks);
  if (taken.loose) ++loose_;
  return taken.sample;
}

SyncState LinuxClock::sync() const {
  timex kernel{};  // modes 0: only reads
  const int answer = ::adjtimex(&kernel);
  return sync_of(answer, kernel, events_->marker_stands());
}

RtcState LinuxClock::rtc() const {
  RtcState state;
  if (facts_.rtc == ClockFacts::Rtc::host)
    state = {.present = true, .set_wall_at_boot = true, .valid = true, .reading = read().wall};
  if (has_device())
    state = rtc_state(rtcs_of(facts_) / rtc_name(facts_), read_supply(device()), facts_.rtc_battery);
  state.can_wake = some_rtc_wakes(rtcs_of(facts_));
  return state;
}

Evidence LinuxClock::evidence() const {
  const fs::path sys = facts_.sys;
  return look_for_evidence({.watchdogs = sys / "class/watchdog",
                            .panics = {sys / "fs/pstore", fs::path(facts_.var) / "lib/systemd/pstore"},
                            .reset_register = facts_.reset_register});
}

hal::AlarmSet LinuxClock::arm_wake(std::optional<Instant> due) {
  if (due && !some_rtc_wakes(rtcs_of(facts_))) {
    wake_.set(std::nullopt);
    return hal::AlarmSet::unsupported;
  }
  return wake_.set(due);
}

hal::AlarmSet LinuxClock::arm_power_on(std::optional<WallTime> due) {
  if (!has_device()) return due ? hal::AlarmSet::unsupported : hal::AlarmSet::armed;
  return power_on_.set(due, read().wall);
}

Status LinuxClock::set_wall(WallTime wall) {
  timespec time{};
  time.tv_sec = static_cast<time_t>(wall.ms / 1'000);
  time.tv_nsec = static_cast<long>(wall.ms % 1'000 * 1'000'000);
  if (::clock_settime(CLOCK_REALTIME, &time) != 0) {
    const int error = errno;
    if (error == EPERM)
      return Error{"time.not_permitted", "This process may not set the wall clock.",
                   "give it the capability CAP_SYS_TIME, or leave the clock to a time daemon"};
    return Error{"time.out_of_range",
                 std::string("The kernel does not take that time: ") + std::strerror(error) + "."};
  }
  // The wall is set and believed, whatever becomes of the RTC: that only matters after the next power cut.
  if (has_device() && !set_rtc(device(), wall)) ++rtc_not_set_;
  return done();
}

}  // namespace

Result<std::unique_ptr<hal::Clock>> make_linux_clock(AsioLoop& loop, ClockFacts facts) {
  const std::string path = facts.proc + "/sys/kernel/random/boot_id";
  const auto boot_id = parse_boot_id(text_of(path));
  if (!boot_id)
    return Error{"time.read_failed", path + " names no kernel boot.", "mount the kernel's files at " + facts.proc};
  auto events = std::make_shared<ClockEvents>(loop.context(), facts.run + "/systemd/timesync/synchronized");
  if (const Status opened = events->open(); !opened) return opened.error();
  return std::unique_ptr<hal::Clock>(std::make_unique<LinuxClock>(std::move(facts), *boot_id, std::move(events)));
}

}  // namespace dormouse::hal_linux
