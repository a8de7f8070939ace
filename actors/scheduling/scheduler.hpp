// SPDX-License-Identifier: Apache-2.0
// Owns one-shot jobs and every change of their state: takes due jobs out of storage in bounded batches, claims
// them as places allow, hands them to the dispatcher, records how they end. Memory does not grow with the
// number of waiting jobs. Which job starts next is decided in runtime/jobs/ready_queue.hpp.
#pragma once

#include <memory>

#include "actors/events.hpp"
#include "actors/messages.hpp"
#include "actors/time/device_time.hpp"

namespace dormouse::actors {

struct SchedulerSetup {
  StorageActor storage;
  TimekeeperActor timekeeper;
  DispatcherActor dispatcher;
  std::shared_ptr<DeviceTime> time;
  Limits limits;
  Observer observe;
};

/// Starts nothing before the first TimeChanged, which the boot's reconcile ends with.
SchedulerActor spawn_scheduler(caf::actor_system& system, SchedulerSetup setup);

}  // namespace dormouse::actors
