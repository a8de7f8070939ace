// SPDX-License-Identifier: Apache-2.0
// A device as far as its store goes: it opens a data folder, applies batches, is stopped or killed, and tells a
// witness what it promised. Broken promises that need no cut to show (a refused batch, a failed sync) end the
// program.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "runtime/base/limits.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/opened.hpp"
#include "runtime/time/types.hpp"
#include "tests/crash/harness/history.hpp"
#include "tests/crash/harness/place.hpp"
#include "tests/crash/harness/witness.hpp"

namespace dormouse::crash {

/// Small halves, groups and maps: everything rare happens every few batches.
Limits small_limits();

class Device {
 public:
  /// All three must outlive it.
  Device(std::filesystem::path folder, History& history, Witness& witness,
         const hal_linux::StoreOptions& options = {.limits = small_limits()});

  /// Opens the folder, and takes the store as a process of a new epoch does. What it finds is not compared with
  /// the history; found() and content() are there for that. What is there counts as acked: nobody may act on what a
  /// later cut could still undo.
  Status open();
  std::uint64_t found() const { return store().applied(); }
  Model content();
  const std::filesystem::path& folder() const { return folder_; }
  const store::OpenedStore& opened() const { return place_->opened; }
  store::Store& store() const { return *place_->opened.store; }

  /// Each batch also counts itself, in the record "vcount".
  static Batch counted(Batch batch, std::uint64_t sequence);
  void apply(Batch batch, store::Durability durability);
  void settle();
  /// One durable batch, answered.
  void put(const Batch& batch);
  void checkpoint(store::Checkpoint reason = store::Checkpoint::command);
  /// Ends in order: everything durable, and with a checkpoint if there is time for one.
  void stop(bool with_checkpoint = true);
  /// Drops everything that is in memory. The files stay as the kernel has them.
  void kill() { place_.reset(); }
  /// Is killed or stopped, and opens again; all of the history must be there.
  void open_again();

 private:
  Now now();

  std::filesystem::path folder_;
  History& history_;
  Witness& witness_;
  hal_linux::StoreOptions options_;
  std::unique_ptr<Place> place_;
  std::int64_t ms_ = 0;
};

}  // namespace dormouse::crash
