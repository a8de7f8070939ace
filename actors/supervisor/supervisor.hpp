// SPDX-License-Identifier: Apache-2.0
// Starts the actors in order, watches them, stops them in order. An actor that ends by itself ends the device with
// a clear error, and so does a store that cannot go on; the watchdog is fed only while every actor answers.
//   start:  storage opens the store and begins the boot -> timekeeper, dispatcher, scheduler, cron, link ->
//           reconcile -> configured schedules -> links open -> ready
//   stop:   links and cron take nothing more -> scheduler and dispatcher drain -> timekeeper -> peers are told
//           bye, links shut -> store closed, the clean mark last
//   power fails:  links, cron, scheduler and dispatcher take nothing more, nothing is waited for -> timekeeper ->
//           store closed with the clean mark, in time or without the mark -> power back, or silence: a start, but
//           for the links, which stay open
#pragma once

#include <functional>
#include <memory>

#include "actors/device.hpp"
#include "actors/messages.hpp"
#include "actors/time/device_time.hpp"

namespace dormouse::actors {

struct SupervisorSetup {
  DeviceParts parts;
  DeviceOptions options;
  std::map<std::string, Handlers::Entry> handlers;
  Executor executor;
  bool one_thread = false;
  /// The actors to talk to, once they are there.
  std::function<void(StorageActor, SchedulerActor, CronActor, TimekeeperActor)>
      started;                        // also after failing power
  std::function<void(Status)> ended;  // exactly once: the device has stopped, or could not start or go on
};

/// Killing it kills every actor it spawned.
SupervisorActor spawn_supervisor(caf::actor_system& system, SupervisorSetup setup);

}  // namespace dormouse::actors
