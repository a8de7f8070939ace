// SPDX-License-Identifier: Apache-2.0
// Owns the HAL clock: one armed timer for the earliest of all wakes, gap detection, trust, heartbeat. Nothing
// polls: with nothing due, only the heartbeat wakes the processor; while wall-time work is held because the time is
// untrusted it looks every 30 s whether that has changed. Runs every reconcile: the boot's, and one for each
// suspend, step or gain of trust. Takes the times that links and people tell (SetTime) and answers what it knows
// (GetTime). What it decides by stands in plain classes: TrustState, StepGather, WakeList, Passes, Heartbeats.
#pragma once

#include <memory>

#include "actors/events.hpp"
#include "actors/messages.hpp"
#include "actors/time/device_time.hpp"
#include "runtime/store/heartbeat.hpp"
#include "runtime/store/medium.hpp"

namespace dormouse::actors {

struct TimekeeperSetup {
  StorageActor storage;
  hal::Clock* clock = nullptr;
  store::StorageMedium* heartbeat = nullptr;  // none: no heartbeat
  std::shared_ptr<DeviceTime> time;
  reconcile::BootStart start;
  store::HeartbeatPace pace;
  Observer observe;
  UpcomingListener upcoming;    // none: nobody wants to know
  Duration boot_takes{20'000};  // from power on to the start
};

TimekeeperActor spawn_timekeeper(caf::actor_system& system, TimekeeperSetup setup);

}  // namespace dormouse::actors
