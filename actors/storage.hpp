// SPDX-License-Identifier: Apache-2.0
// The only owner of the store. Executes operations in the order they arrive, commits them in groups without a
// timer, and answers each after the commit that covers it. Runs on a thread of its own in production (the LMDB
// write transaction belongs to a thread); the store is opened, used and closed there.
#pragma once

#include <functional>
#include <memory>

#include "actors/device_time.hpp"
#include "actors/events.hpp"
#include "actors/messages.hpp"

namespace dormouse::actors {

struct StorageSetup {
  std::function<Result<std::unique_ptr<store::Tree>>()> open_tree;  // called on the storage thread
  std::shared_ptr<DeviceTime> time;
  Limits limits;
  Observer observe;
  bool refuse_volatile = false;  // the data directory does not survive a power cut and nobody said that is fine
  bool own_thread = true;
};

StorageActor spawn_storage(caf::actor_system& system, StorageSetup setup);

}  // namespace dormouse::actors
