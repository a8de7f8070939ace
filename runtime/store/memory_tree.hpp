// SPDX-License-Identifier: Apache-2.0
// The tree's memory twin, for simulation and tests. MemoryDisk is what would be on the flash: it belongs to
// the simulation and survives boots. A tree opened on it keeps its open transaction in itself, so a crash is
// dropping the tree. Faults a disk can be told to have:
//   - commits fail with a code (store.io, store.no_space, store.read_only), once or until told otherwise
//   - the power is cut: from now on every call fails and nothing changes
//   - the power is cut inside the next commit, which then has happened wholly or not at all
//   - it has a size: a put beyond it and its reserve answers store.full and spoils the transaction, as LMDB's does
// Single bytes are not torn here: LMDB commits whole, and media below it have faults of their own.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/store/overlay.hpp"
#include "runtime/store/tree.hpp"

namespace dormouse::store {

class MemoryDisk {
 public:
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
  using Content = std::map<Bytes, Bytes, std::less<>>;

  /// `size_bytes` bounds the sum of key and value bytes.
  explicit MemoryDisk(std::uint64_t size_bytes = unlimited) : size_bytes_(size_bytes) {}

  const Content& content() const { return content_; }  // what a boot would find
  /// Puts bytes where no commit put them: bit rot, for tests.
  void tamper(BytesView key, Bytes value) { replace(Bytes(key), std::move(value)); }

  /// The next `times` commits fail with the code and change nothing.
  void fail_commits(std::string code, std::uint64_t times = 1);
  void cut_power() { power_ = false; }
  enum class Outcome { keeps_old, has_new };
  void cut_power_in_next_commit(Outcome outcome) { cut_in_commit_ = outcome; }
  /// Power is back and every fault is cleared; the size stays.
  void restore();
  bool has_power() const { return power_; }

  const Tree::Traffic& traffic() const { return traffic_; }

 private:
  friend class MemoryTree;
  Status commit(const Changes& changes);
  void replace(Bytes key, std::optional<Bytes> value);

  Content content_;
  std::uint64_t size_bytes_;
  std::uint64_t used_bytes_ = 0;
  bool power_ = true;
  std::optional<Outcome> cut_in_commit_;
  std::string fail_code_;
  std::uint64_t fail_times_ = 0;
  Tree::Traffic traffic_;
};

/// A tree on the disk, which must outlive it. At most one at a time. Its traffic and its dirty bytes are estimates:
/// each changed entry counts as rounded up to 4 KiB, each commit as one block more and two syncs. It has no pages
/// and no file to copy.
std::unique_ptr<Tree> open_memory_tree(MemoryDisk& disk);

}  // namespace dormouse::store
