// SPDX-License-Identifier: Apache-2.0
// What whoever keeps the parts of a store (files on a device, memory in simulation) hands over once it is open.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/store/store.hpp"

namespace dormouse::store {

struct OpenedStore {
  std::unique_ptr<Store> store;  // belongs to the thread that opened it
  std::string store_id = {};
  bool created = false;             // there was no store before, or it was lost
  std::uint64_t created_bytes = 0;  // what making it has written
  /// What was found. Not always store->recovery(): whoever opens may open twice, to put another journal in place.
  Recovery recovery = {};
  /// All that a person must hear of, recovery.alarm included: store.lost, store.mixed, store.journal_corrupt,
  /// store.journal_lost.
  std::vector<Error> alarms = {};
  /// All that the boot report says beside that, recovery.notes included.
  std::vector<std::string> notes = {};
};

/// For a store whose opening had nothing else to say.
inline OpenedStore opened(std::unique_ptr<Store> store, std::string store_id = {}) {
  OpenedStore result{.store = std::move(store), .store_id = std::move(store_id)};
  result.recovery = result.store->recovery();
  if (result.recovery.alarm) result.alarms.push_back(*result.recovery.alarm);
  result.notes = result.recovery.notes;
  return result;
}

}  // namespace dormouse::store
