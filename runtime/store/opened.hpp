// SPDX-License-Identifier: Apache-2.0
// What whoever keeps the parts of a store (files on a device, memory in simulation) hands over once it is open.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/store/store.hpp"

namespace dormouse::store {

struct OpenedStore {
  std::unique_ptr<Store> store;  // belongs to the thread that opened it
  std::string store_id;
  bool created = false;  // there was no store before, or it was lost
  /// What a person must hear of: store.lost, store.mixed, store.journal_corrupt, store.journal_lost.
  std::vector<Error> alarms = {};
  /// What the boot report says beside that.
  std::vector<std::string> notes = {};
};

}  // namespace dormouse::store
