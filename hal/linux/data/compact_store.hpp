// SPDX-License-Identifier: Apache-2.0
// Gives back the room that a store no longer needs: its tree is copied without free pages and put in place of the
// old one by one rename. The journal is left as it is, for the copy stands at the same checkpoint; so do epoch, ids
// and whatever tells how the last run ended.
#pragma once

#include <cstdint>
#include <filesystem>

#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

struct Compacted {
  std::uint64_t records = 0;
  std::uint64_t pages_before = 0;  // of the tree; its file is larger if it was written to its full size
  std::uint64_t pages_after = 0;
  std::uint64_t file_before = 0;  // bytes
  std::uint64_t file_after = 0;
};

/// For a data directory that nobody owns. The tree is verified before and its copy after; at any cut the old tree
/// is there or the whole new one. A file that was written to its full size at creation stays so. store.locked,
/// store.broken (not sound, or a rebuild is under way: a run repairs both), store.newer, store.word_size,
/// store.snapshot_failed (the copy cannot be written), store.no_space, store.read_only, store.io: nothing has
/// changed.
Result<Compacted> compact_store(const std::filesystem::path& data);

}  // namespace dormouse::hal_linux
