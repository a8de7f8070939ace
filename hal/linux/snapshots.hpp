// SPDX-License-Identifier: Apache-2.0
// The snapshots of a data directory: `snapshots/snapshot-<sequence>-<boot>/data.mdb`, each a compact copy of the
// tree as it stood after one batch. The sequence has 20 digits and the boot 10, so that names sort as the copies
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
  std::uint64_t sequence = 0;  // of the last batch in it
  std::uint32_t boot = 0;      // the one that made it
};

/// What is there, newest first; unfinished ones are not listed. store.io.
Result<std::vector<Snapshot>> list_snapshots(const std::filesystem::path& data);

/// Copies the tree into the folder, which exists, as `data.mdb`: the state at one sequence, of committed batches.
/// It gives up by itself when it is to; what it leaves then does not matter.
using CopyTree = std::function<Status(const std::filesystem::path& folder)>;

/// Takes one: copied aside, looked into, made durable, then named. If one of that sequence and boot is there
/// already, that one is the answer. store.snapshot_failed with the reason, whatever it was (no space, given up, a
/// copy that cannot be opened): nothing of it is left, the others are untouched.
Result<Snapshot> take_snapshot(const std::filesystem::path& data, std::uint32_t boot, const CopyTree& copy);

/// Removes what a cut has left of a snapshot that was being made or thrown away. For whoever has just got the
/// folder's lock. store.io, store.read_only.
Status remove_unfinished_snapshots(const std::filesystem::path& data);

}  // namespace dormouse::hal_linux
