// SPDX-License-Identifier: Apache-2.0
// The tree on flash: one LMDB environment with its unnamed database, no other. LMDB's writer lock belongs to
// a thread: whoever opens the tree makes every call and destroys it. One environment on one folder at a time
// in a process; who owns the folder is not decided here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "runtime/base/result.hpp"
#include "runtime/store/tree.hpp"

namespace dormouse::store {

struct LmdbOptions {
  /// What live data may grow to; the map itself is larger by the reserve (tree.hpp).
  std::uint64_t map_bytes = 64 * 1024 * 1024;
  bool create = false;     // else a folder without an environment is store.io
  bool read_only = false;  // takes no lock, writes nothing; every change answers store.read_only
};

/// `dir` must exist. store.io (naming the file), store.read_only, store.no_space, store.map_too_large (32-bit);
/// store.broken if what is there is not a sound environment; a walk over a tree that is only read says so of a
/// leaf, too, that bears another number than its place has. Traffic is exact for pages (taken from LMDB's own list
/// of replaced pages) and counts two syncs and one meta block a commit.
Result<std::unique_ptr<Tree>> open_lmdb_tree(const std::filesystem::path& dir, const LmdbOptions& options);

}  // namespace dormouse::store
