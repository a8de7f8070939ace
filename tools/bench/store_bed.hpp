// SPDX-License-Identifier: Apache-2.0
// Stores to be measured, on real files, and the least that any of them can do: a bare append and a sync.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>

#include "hal/linux/files/durable_file.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/store/store.hpp"
#include "tools/bench/program.hpp"

namespace dormouse::bench {

/// A store in a folder of its own: LMDB, its file written to full size as on a board, and a journal.
class StoreBed {
 public:
  struct Options {
    std::uint64_t half_bytes = 256 * 1024;  // of the journal; 0: no journal, every sync commits LMDB
    Limits limits = {};
    bool full_size = true;  // false: LMDB's file grows as it needs, for large maps
  };
  static Result<std::unique_ptr<StoreBed>> make(const std::filesystem::path& parent, const Options& options);

  store::Store& store() { return *store_; }
  const Limits& limits() const { return options_.limits; }
  std::filesystem::path tree_folder() const { return folder_.path() / "tree"; }
  /// Whether the journal's syncs are done (the default) or only counted: for what counts and does not time.
  void wait_for_syncs(bool wait) { *wait_ = wait; }
  /// What was not durable is gone, as after a power cut.
  void close() { store_.reset(); }
  Status open();

 private:
  StoreBed(const std::filesystem::path& parent, const Options& options) : folder_(parent), options_(options) {}

  Folder folder_;
  Options options_;
  std::shared_ptr<bool> wait_ = std::make_shared<bool>(true);  // the journal's medium looks at it
  std::unique_ptr<store::Store> store_;
};

/// Enough of a map for what Putter does: writing it to full size takes time.
Limits small_map();

/// The small put that the figures speak of: 128 bytes under one of 10,000 keys that are there already.
class Putter {
 public:
  static constexpr std::uint64_t resident = 10'000;

  /// Fills the store.
  static Result<std::unique_ptr<Putter>> make(StoreBed& bed);
  /// That many durable puts of random records, each a batch of its own, and the sync that covers them.
  Status put(unsigned group);

 private:
  explicit Putter(StoreBed& bed) : bed_(bed) {}
  StoreBed& bed_;
  std::mt19937_64 random_{1};
};
/// The same on LMDB alone, a commit each.
class TreePutter {
 public:
  static Result<std::unique_ptr<TreePutter>> make(const std::filesystem::path& parent);
  Status put();
  store::Tree::Traffic traffic() const { return tree_->traffic(); }

 private:
  explicit TreePutter(const std::filesystem::path& parent) : folder_(parent) {}
  Folder folder_;
  std::unique_ptr<store::Tree> tree_;
  std::mt19937_64 random_{1};
};

/// What one such put is in the journal.
std::uint64_t put_record_bytes();

/// Appends records of one size to a file written before, each with a sync: what the disk allows at best.
class BareLoop {
 public:
  static Result<std::unique_ptr<BareLoop>> make(const std::filesystem::path& parent, std::uint64_t record_bytes);
  Status append();
  /// Of the blocks of 4 KiB touched so far.
  std::uint64_t block_bytes() const { return block_bytes_; }

 private:
  BareLoop(const std::filesystem::path& parent, std::uint64_t record_bytes)
      : folder_(parent), record_(record_bytes, 'r') {}
  Folder folder_;
  hal_linux::FileHandle file_;
  Bytes record_;
  std::uint64_t at_ = 0;
  std::uint64_t block_bytes_ = 0;
};

}  // namespace dormouse::bench
