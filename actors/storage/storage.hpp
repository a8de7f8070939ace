// SPDX-License-Identifier: Apache-2.0
// The only owner of the store. Executes operations in the order they arrive, appends and syncs them in groups
// without a timer, and answers each after what it needs: a durable change and whatever saw it after the sync, a
// lazy change after the append, a read of nothing pending at once. Runs on a thread of its own in production (the
// LMDB write transaction belongs to a thread); the store is opened, used and closed there. A store that cannot go
// on ends the device: nobody is answered any more, the next open tells what is durable.
#pragma once

#include <functional>
#include <memory>

#include "actors/events.hpp"
#include "actors/messages.hpp"
#include "actors/snapshot.hpp"
#include "actors/time/device_time.hpp"
#include "runtime/store/flash_account.hpp"
#include "runtime/store/opened.hpp"

namespace dormouse::actors {

struct StorageSetup {
  std::function<Result<store::OpenedStore>()> open_store;  // called once, on the storage thread
  SnapshotTaker take_snapshot = {};                        // none: no snapshots
  StoreOwner owner = {};                                   // told when the store cannot go on
  std::shared_ptr<DeviceTime> time;
  Limits limits;
  Observer observe;
  Duration probation{600'000};   // operations.hpp: on_probation()
  bool refuse_volatile = false;  // the data directory does not survive a power cut and nobody said that is fine
  bool own_thread = true;
  store::FlashFacts flash = {};                          // what the board states
  std::function<store::FlashReading()> read_flash = {};  // none: the medium says nothing of itself
};

StorageActor spawn_storage(caf::actor_system& system, StorageSetup setup);

}  // namespace dormouse::actors
