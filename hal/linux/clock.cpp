// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/clock.hpp"

#include <fstream>
#include <sstream>
#include <sys/timex.h>
#include <time.h>
#include <utility>

#include "hal/linux/clock_events.hpp"
#include "hal/linux/clock_text.hpp"
#include "runtime/base/check.hpp"

namespace dormouse::hal_linux {
namespace {

constexpr std::int64_t kTightNs = 1'000'000;
constexpr int kTries = 5;
constexpr std::int64_t kNeverSyncedMs = 16'000;

std::int64_t read_ns(clockid_t id) {
  timespec time{};
  check(::clock_gettime(id, &time) == 0, "clock:read");
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

/// What the file says; empty where it cannot be read.
std::string slurp(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class LinuxClock : public hal::Clock {
 public:
  LinuxClock(ClockFacts facts, std::string kernel_boot_id, std::shared_ptr<ClockEvents> events)
      : facts_(std::move(facts)), kernel_boot_id_(std::move(kernel_boot_id)), events_(std::move(events)) {}

  Sample read() const override;
  std::string kernel_boot_id() const override { return kernel_boot_id_; }
  SyncState sync() const override;
  RtcState rtc() const override;
  Evidence evidence() const override;
  void arm(std::optional<Instant> due) override { events_->arm(due); }
  hal::AlarmSet arm_wake(std::optional<Instant> due) override;
  hal::AlarmSet arm_power_on(std::optional<WallTime> due) override;
  Status set_wall(WallTime wall) override;
  void listen(std::function<void(hal::ClockEvent)> listener) override { events_->listen(std::move(listener)); }

 private:
  ClockFacts facts_;
  std::string kernel_boot_id_;
  std::shared_ptr<ClockEvents> events_;
};

Sample LinuxClock::read() const {
  Sample tightest;
  std::int64_t width_ns = INT64_MAX;
  for (int i = 0; i < kTries && width_ns > kTightNs; ++i) {
    const std::int64_t before_ns = read_ns(CLOCK_BOOTTIME);
    const std::int64_t monotonic_ns = read_ns(CLOCK_MONOTONIC);
    const std::int64_t wall_ns = read_ns(CLOCK_REALTIME);
    const std::int64_t around_ns = read_ns(CLOCK_BOOTTIME) - before_ns;
    if (around_ns >= width_ns) continue;
    width_ns = around_ns;
    tightest =
        Sample{Instant{before_ns / 1'000'000}, Duration{monotonic_ns / 1'000'000}, WallTime{wall_ns / 1'000'000}};
  }
  return tightest;
}

SyncState LinuxClock::sync() const {
  timex kernel{};  // modes 0: only reads
  const bool readable = ::adjtimex(&kernel) >= 0;
  return sync_state(readable ? kernel.maxerror / 1'000 : kNeverSyncedMs, events_->marker_stands());
}

RtcState LinuxClock::rtc() const {
  if (facts_.rtc == ClockFacts::Rtc::none) return {};
  if (facts_.rtc == ClockFacts::Rtc::host)
    return {.present = true, .set_wall_at_boot = true, .valid = true, .reading = read().wall};
  const std::string folder = facts_.sys + "/class/rtc/rtc" + std::to_string(facts_.rtc_number);
  RtcState state;
  if (const auto seconds = parse_number(slurp(folder + "/since_epoch"))) state.reading = WallTime{*seconds * 1'000};
  const auto set_wall = parse_number(slurp(folder + "/hctosys"));
  state.present = state.reading || set_wall;
  state.set_wall_at_boot = set_wall == 1;
  state.valid = state.set_wall_at_boot && facts_.rtc_battery;  // the kernel took its content for a time
  return state;
}

hal::AlarmSet LinuxClock::arm_wake(std::optional<Instant> due) {
  return due ? hal::AlarmSet::unsupported : hal::AlarmSet::armed;
}

hal::AlarmSet LinuxClock::arm_power_on(std::optional<WallTime> due) {
  return due ? hal::AlarmSet::unsupported : hal::AlarmSet::armed;
}

Status LinuxClock::set_wall(WallTime) {
  return Error{"time.not_permitted", "The wall clock cannot be set."};
}

Evidence LinuxClock::evidence() const {
  // Through sysfs, since opening the device would start it.
  const std::string name = "watchdog" + std::to_string(facts_.watchdog_number);
  Evidence evidence;
  evidence.watchdog = was_watchdog_reset(slurp(facts_.sys + "/class/watchdog/" + name + "/bootstatus"));
  if (evidence.watchdog) evidence.text = name;
  return evidence;
}

}  // namespace

Result<std::unique_ptr<hal::Clock>> make_linux_clock(AsioLoop& loop, ClockFacts facts) {
  const std::string path = facts.proc + "/sys/kernel/random/boot_id";
  const auto boot_id = parse_boot_id(slurp(path));
  if (!boot_id) return Error{"time.read_failed", path + " names no kernel boot."};
  auto events = std::make_shared<ClockEvents>(loop.context(), facts.run + "/systemd/timesync/synchronized");
  if (const Status opened = events->open(); !opened) return opened.error();
  return std::unique_ptr<hal::Clock>(std::make_unique<LinuxClock>(std::move(facts), *boot_id, std::move(events)));
}

}  // namespace dormouse::hal_linux
