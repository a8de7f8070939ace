// SPDX-License-Identifier: Apache-2.0
// The simulated twin of a file that is written in place. MemoryFile is what the flash holds: it belongs to the
// simulation and survives boots. Faults it can be told to have:
//   - a cut: of everything written since the last good sync, each 512-byte unit keeps the old or the new bytes,
//     as a chooser says; while the power is off every call fails
//   - something happens at the moment of the next sync, a cut for one
//   - every sync is slow: whoever moves time lets it pass meanwhile
//   - the next writes or syncs fail, with a code (store.io, store.read_only). After a failed sync what it covered
//     stays readable but unproven: a later sync does not make it durable, only writing it again does
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "runtime/base/bytes.hpp"
#include "runtime/store/medium.hpp"

namespace dormouse::hal_sim {

class MemoryFile {
 public:
  static constexpr std::uint64_t unit_bytes = 512;

  explicit MemoryFile(std::uint64_t size) : durable_(size, '\0'), current_(size, '\0') {}

  /// True: the unit keeps what was written last.
  using KeepsNew = std::function<bool(std::uint64_t unit)>;
  void cut_power(const KeepsNew& keeps_new = [](std::uint64_t) { return false; });
  /// Power is back, faults are cleared.
  void restore();
  bool has_power() const { return power_; }
  /// Once, before the next sync covers anything.
  void before_next_sync(std::function<void()> happen) { before_sync_ = std::move(happen); }
  /// In every sync, before it covers anything, until power is restored. Empty: none waits.
  void slow_syncs(std::function<void()> wait) { wait_in_sync_ = std::move(wait); }
  void fail_writes(std::uint64_t times = 1, std::string code = "store.io");
  void fail_syncs(std::uint64_t times = 1, std::string code = "store.io");
  /// From now on both answer store.read_only.
  void turn_read_only();
  /// Bit rot, for tests.
  void tamper(std::uint64_t offset, BytesView bytes);

  std::uint64_t syncs() const { return syncs_; }
  std::uint64_t bytes_written() const { return bytes_written_; }

 private:
  friend class MemoryMedium;

  Bytes durable_;
  Bytes current_;
  std::set<std::uint64_t> unsynced_;  // units
  std::set<std::uint64_t> unproven_;  // units that a failed sync covered
  bool power_ = true;
  std::function<void()> before_sync_;
  std::function<void()> wait_in_sync_;
  std::uint64_t failing_writes_ = 0;
  std::uint64_t failing_syncs_ = 0;
  std::string write_code_;
  std::string sync_code_;
  std::uint64_t syncs_ = 0;
  std::uint64_t bytes_written_ = 0;
};

/// A medium on the file, which must outlive it.
std::unique_ptr<store::StorageMedium> open_memory_medium(MemoryFile& file);

}  // namespace dormouse::hal_sim
