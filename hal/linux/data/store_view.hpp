// SPDX-License-Identifier: Apache-2.0
// Looking at the store of a data directory that nobody owns, also on a read-only file system. No file changes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "hal/linux/files/durable_file.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/medium.hpp"
#include "runtime/store/opened.hpp"
#include "runtime/store/verify.hpp"

namespace dormouse::hal_linux {

/// A store with its journal replayed, in memory alone: what is applied to it is gone with it. While it lives nobody
/// can own the directory. For the thread that opened it.
struct StoreView {
  FileHandle lock;
  FileHandle journal_lock;
  store::OpenedStore opened;
};

/// store.locked if somebody owns the directory; store.newer, store.word_size, store.mixed, store.behind_journal,
/// store.broken, store.io.
Result<StoreView> view_store(const std::filesystem::path& path, const Limits& limits = {});

/// The heartbeat file of a data directory; writing to it is store.read_only. store.io if there is none.
Result<std::unique_ptr<store::StorageMedium>> view_heartbeat(const std::filesystem::path& path);

struct StoreCheck {
  store::CheckReport tree;       // as of its last checkpoint
  std::uint64_t in_journal = 0;  // batches that the journal holds beyond it
  std::vector<Error> alarms;     // what stands in the way of opening it, or will be told then
  bool sound() const { return tree.sound() && alarms.empty(); }
};

/// Looks at every record, and at the journal. store.locked if somebody owns the directory; store.newer,
/// store.word_size, store.broken, store.io.
Result<StoreCheck> check_store(const std::filesystem::path& path);

}  // namespace dormouse::hal_linux
