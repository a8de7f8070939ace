// SPDX-License-Identifier: Apache-2.0
// What a stopped store is like: its numbers, its files, its snapshots, what it has done to the flash. Nothing
// changes: no epoch, no file, no lock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "hal/linux/data/snapshots.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/store.hpp"
#include "runtime/store/tree.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::hal_linux {

struct StoreStats {
  std::string store_id;
  std::uint64_t boot = 0;        // number of the last one
  std::uint64_t epoch = 0;       // of the last owner
  std::uint64_t sequence = 0;    // of the last batch
  std::uint64_t in_journal = 0;  // batches that the tree's last checkpoint does not have
  std::uint64_t data_bytes = 0;  // length of the tree's file
  store::Tree::Shape tree;       // as of its last checkpoint
  store::Store::Stats store;     // traffic and counts of this look alone: all zero
  std::vector<Snapshot> snapshots;
  std::vector<wire::Record> flash;  // flash_report.hpp; without what only a board states
};

/// store.locked if somebody owns the directory; store.newer, store.word_size, store.mixed, store.behind_journal,
/// store.broken, store.io.
Result<StoreStats> stats_of_store(const std::filesystem::path& data);

}  // namespace dormouse::hal_linux
