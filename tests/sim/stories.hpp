// SPDX-License-Identifier: Apache-2.0
// Words that several stories use.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/jobs/retry.hpp"
#include "runtime/time/rfc3339.hpp"
#include "tools/sim/simulated_device.hpp"

namespace dormouse::sim {

using jobs::Misfire;
using jobs::State;

inline constexpr WallTime kT0{1'800'000'000'000};  // 2027-01-15T08:00:00Z, where a device starts by default

inline WallTime utc(const std::string& text) {
  const auto wall = parse_rfc3339(text);
  check(wall.ok(), "stories:utc");
  return *wall;
}

/// A time daemon sets the wall by so much, to what it believes; and to the true time.
inline void step(SimulatedDevice& device, Duration by) {
  device.clock().sync_arrives(hal_sim::SyncBy::step, false, device.clock().read().wall + by);
}
inline void sync(SimulatedDevice& device) {
  device.clock().sync_arrives(hal_sim::SyncBy::step);
}

/// Never synced yet, built at the start of 2026.
inline SimulatedSetup without_rtc(const std::string& start) {
  return {.start = utc(start),
          .rtc = hal_sim::RtcKind::none,
          .synced = false,
          .build_date = utc("2026-01-01T00:00:00Z")};
}

/// Ways in which a process may end.
enum class Fate { power_cut, crash, clean_restart };
inline const char* name_of(Fate fate) {
  return fate == Fate::power_cut ? "PowerCut" : fate == Fate::crash ? "Crash" : "CleanRestart";
}

/// Ends the process so, and starts the next one after `off`.
inline void away(SimulatedDevice& device, Fate fate, Duration off) {
  switch (fate) {
    case Fate::power_cut:
      device.power_cut(off);
      break;
    case Fate::crash:
      device.crash(off);
      break;
    case Fate::clean_restart:
      device.restart(off);
      break;
  }
  ASSERT_TRUE(device.boot().ok());
}

inline schedules::Definition cron(const std::string& name, const std::string& text, Misfire misfire) {
  schedules::Definition definition;
  definition.name = name;
  definition.handler = name;
  definition.timing = {schedules::Kind::cron, text, {}, "UTC", schedules::Dst::once};
  definition.misfire = misfire;
  return definition;
}

inline schedules::Definition every(const std::string& name, Duration period, Misfire misfire) {
  schedules::Definition definition = cron(name, "", misfire);
  definition.timing = {schedules::Kind::every, "", period, "UTC", schedules::Dst::once};
  return definition;
}

inline jobs::JobSpec job_of(const std::string& handler, jobs::DueSpec due = jobs::DueNow{},
                            Misfire misfire = Misfire::catch_up()) {
  jobs::JobSpec spec;
  spec.handler = handler;
  spec.due = due;
  spec.misfire = misfire;
  if (misfire.policy == Misfire::Policy::run_once_if_missed) spec.delivery = jobs::Delivery::at_most_once;
  return spec;
}

inline jobs::JobSpec once_at_most(const std::string& handler, jobs::DueSpec due = jobs::DueNow{}) {
  jobs::JobSpec spec = job_of(handler, due);
  spec.delivery = jobs::Delivery::at_most_once;
  return spec;
}

inline std::uint64_t accept(SimulatedDevice& device, jobs::JobSpec spec) {
  auto enqueued = device.enqueue(std::move(spec));
  check(enqueued.ok(), "stories:refused");
  return enqueued->id;
}

inline jobs::Job record(SimulatedDevice& device, std::uint64_t id) {
  const auto view = device.job(id);
  check(view.has_value(), "stories:no_such_job");
  return view->job;
}

/// The true times at which the attempts of a handler or schedule started.
inline std::vector<Duration> starts(const SimulatedDevice& device, const std::string& name) {
  std::vector<Duration> found;
  for (const Run& run : device.runs(name)) found.push_back(run.started);
  return found;
}

/// The slots that ran, in the order of their starts, as texts.
inline std::vector<std::string> slots(const SimulatedDevice& device, const std::string& schedule) {
  std::vector<std::string> found;
  for (const Run& run : device.runs(schedule)) found.push_back(format_utc(WallTime{run.slot_ms}));
  return found;
}

/// Advances, starting the process again `off` after each time an attempt ended it.
inline void live_on(SimulatedDevice& device, Duration by, Duration off) {
  const Duration end = device.now() + by;
  while (true) {
    if (device.running()) device.advance(end - device.now());
    if (device.running()) return;
    device.crash(off);
    ASSERT_TRUE(device.boot().ok());
    if (device.now() >= end) return;
  }
}

}  // namespace dormouse::sim
