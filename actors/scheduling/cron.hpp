// SPDX-License-Identifier: Apache-2.0
// Owns schedules: knows which slot is next over all of them, and has storage turn due slots into jobs in the same
// transaction that advances the schedule, so a slot is enqueued exactly once.
#pragma once

#include <memory>

#include "actors/events.hpp"
#include "actors/messages.hpp"
#include "actors/time/device_time.hpp"

namespace dormouse::actors {

struct CronSetup {
  StorageActor storage;
  TimekeeperActor timekeeper;
  SchedulerActor scheduler;
  std::shared_ptr<DeviceTime> time;
  Limits limits;
  Observer observe;
};

/// Decides nothing before the first TimeChanged, which the boot's reconcile ends with.
CronActor spawn_cron(caf::actor_system& system, CronSetup setup);

}  // namespace dormouse::actors
