// SPDX-License-Identifier: Apache-2.0
// Owns handlers: starts attempts, watches their time limits, stops them. Knows nothing of storage.
// Hard limit: the attempt ends timed_out at once, its code is asked to stop and, after cancel_grace, killed where
// that is possible; its place stays taken until the code has returned. Limits count awake time (monotonic).
#pragma once

#include <memory>

#include "actors/handlers.hpp"
#include "actors/messages.hpp"
#include "actors/time/device_time.hpp"

namespace dormouse::actors {

struct DispatcherSetup {
  struct Handler {
    std::shared_ptr<Runner> runner;
    std::optional<Duration> timeout;  // bounds every attempt, beside the job's own
  };
  std::map<std::string, Handler> handlers;
  TimekeeperActor timekeeper;
  std::shared_ptr<DeviceTime> time;
  Duration cancel_grace{5'000};  // from a stop request to the kill
  Duration drain{5'000};         // what running attempts get at a stop, before they are closed as interrupted
  Duration last_words{1'000};    // what a command gets after that, from the stop request to the kill
};

/// It reports to whoever sent StartAttempt: the scheduler, which it need not know before.
DispatcherActor spawn_dispatcher(caf::actor_system& system, DispatcherSetup setup);

}  // namespace dormouse::actors
