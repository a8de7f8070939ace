// SPDX-License-Identifier: Apache-2.0
// The snapshots of a data directory: `snapshots/snapshot-<boot>-<sequence>/data.mdb`, each a compact copy of the
// tree as it stood after one batch. The boot has 10 digits and the sequence 20, so that names sort as the copies
// do. The newest two stay. One is made by one thread at a time, any thread; it never touches the store itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

inline constexpr std::size_t snapshots_kept = 2;

struct Snapshot {
  std::filesystem::path path;  // the folder
  std::uint32_t boot = 0;      // the one that made it
  std::uint64_t sequence = 0;  // of the last batch in it
};

/// What is there, newest first; unfinished ones are not listed. store.io.
Result<std::vector<Snapshot>> list_snapshots(const std::filesystem::path& data);

/// Writes the tree's last committed state to a descriptor and returns; fails when the other end is closed. That is
/// store::Tree::copy_to.
using CopyTree = std::function<Status(int descriptor)>;

inline constexpr std::chrono::milliseconds snapshot_bound{5 * 60'000};

/// Takes one: copied aside, looked into, made durable, then named. `copy` runs on a thread made for it; the
/// caller's waits, so it is not the store's: work goes on meanwhile. A copy that is not done at the bound is given
/// up, so that the pages it holds can be used again. If a snapshot of that boot and sequence is there already, it
/// is the answer. One at a time. store.snapshot_failed with the reason, whatever it was: nothing is left of it, and
/// others are untouched.
Result<Snapshot> take_snapshot(const std::filesystem::path& data, std::uint32_t boot, const CopyTree& copy,
                               std::chrono::milliseconds bound = snapshot_bound);

/// Removes what a cut has left of a snapshot that was being made or thrown away. For whoever has just got the
/// folder's lock. store.io, store.read_only.
Status remove_unfinished_snapshots(const std::filesystem::path& data);

}  // namespace dormouse::hal_linux
