// SPDX-License-Identifier: Apache-2.0
// How a board keeps snapshots of the store: storage knows when and of what, the board knows where.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "runtime/base/result.hpp"

namespace dormouse::actors {

/// Writes what the store last committed to an open file or pipe (store::Tree::copy_to): store.snapshot_failed.
using CopyStore = std::function<Status(int descriptor)>;

struct TakenSnapshot {
  std::string name;
  std::uint64_t bytes = 0;  // written for it; 0: none, or not known
};

/// Takes a snapshot made by this boot and answers what it is; store.snapshot_failed: nothing is left of it. Called
/// on a thread of its own while the store is open and in use; one at a time. A process ends only after it has
/// returned.
using SnapshotTaker = std::function<Result<TakenSnapshot>(std::uint32_t boot, const CopyStore& copy)>;

}  // namespace dormouse::actors
