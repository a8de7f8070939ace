// SPDX-License-Identifier: Apache-2.0
// The folder `store/` of a data directory: the LMDB environment (data.mdb, lock.mdb) and the journal. It is made
// whole under another name, told apart from what must not be touched, and opened with whatever its journal needs.
//
// The journal's file is locked beside the directory's lock. That lock belongs to the open file which is also the
// medium, and lasts as long as either this or the opened store does. Not for use by two threads at once; the opened
// store belongs to the thread that opened it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "hal/linux/files/durable_file.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/journal.hpp"
#include "runtime/store/opened.hpp"

namespace dormouse::hal_linux {

struct StoreOptions {
  Limits limits = {};    // map_bytes and journal_half_bytes are the files'
  bool prezero = false;  // writes the data file to its full size: a full disk then stops nothing
  store::JournalFacts::Align align = store::JournalFacts::Align::packed;
  store::Formats formats = {};
  Progress progress = {};  // at least every ten seconds while looking at, filling or rebuilding it takes long
};

class StoreFolder {
 public:
  StoreFolder(std::filesystem::path path, const StoreOptions& options)
      : path_(std::move(path)), options_(options) {}

  /// Takes the journal's lock, if there is a journal. store.locked, store.read_only, store.io.
  Status lock(bool wait);

  bool exists() const;
  /// Makes the store, with a new id, under another name, and renames it. store.no_space, store.read_only, store.io.
  Status create();

  /// The id of the store that is there, by a look that changes nothing. store.newer; store.word_size: made by a
  /// program with words of another size; store.broken, store.io.
  Result<std::string> read_id() const;

  /// Opens it: replays, and puts right what is wrong with the journal's file. A missing or short one is made anew
  /// or extended, one of another store is moved into `data`, a damaged one is copied there, one of another size
  /// than the options say is replaced once all of it is in the tree; a store of an older format is migrated, after
  /// a snapshot of it. A data file that is to have its full size and has not (its map was raised, it was restored
  /// or compacted) gets it, or a note says why not. `clean`: the owner before let go of the folder.
  /// store.behind_journal, store.broken, store.no_space, store.read_only, store.io.
  Result<store::OpenedStore> open(const std::filesystem::path& data, const std::string& store_id, bool clean);

 private:
  std::filesystem::path journal_path() const { return path_ / "journal"; }
  store::JournalFacts wanted(const std::string& store_id) const;
  Status fill(const std::filesystem::path& folder, const std::string& store_id) const;
  Result<std::unique_ptr<store::Store>> open_once(const std::string& store_id, store::OpenedStore& report);
  Result<std::unique_ptr<store::StorageMedium>> open_journal(store::Tree& tree, const std::string& store_id,
                                                             store::OpenedStore& report);
  Result<std::unique_ptr<store::Store>> resize_journal(std::unique_ptr<store::Store> store,
                                                       const std::string& store_id, store::OpenedStore& report);

  void give_room(store::OpenedStore& report) const;
  Status migrate(store::Store& store, const std::filesystem::path& data, store::OpenedStore& report) const;

  std::filesystem::path path_;
  StoreOptions options_;
  FileHandle journal_;         // locked; may have lost its name
  store::JournalFacts facts_;  // of the journal that was opened last
  bool made_anew_ = false;     // it was missing or short
};

}  // namespace dormouse::hal_linux
