// SPDX-License-Identifier: Apache-2.0
// Owns the HAL clock: one armed timer for the earliest of all wakes, gap detection, trust, heartbeat. Nothing
// polls: with nothing due, only the heartbeat wakes the processor. Runs every reconcile: the boot's, and one for
// each suspend, step or gain of trust, one pass at a time; a trigger during a pass leads to exactly one more.
#pragma once

#include <memory>

#include "actors/device_time.hpp"
#include "actors/events.hpp"
#include "actors/messages.hpp"
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
};

TimekeeperActor spawn_timekeeper(caf::actor_system& system, TimekeeperSetup setup);

}  // namespace dormouse::actors
