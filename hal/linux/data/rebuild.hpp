// SPDX-License-Identifier: Apache-2.0
// Makes a store out of what is left of another one: copies it aside, verifies the copy before anything of this
// process maps it, replays the journal that goes with it, and lifts its numbers above all that was ever given out.
// What it is made of is only read. Quarantine, restore and backup are three uses of it. Whoever owns the data
// directory calls it, on any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "hal/linux/data/store_folder.hpp"
#include "hal/linux/data/verify_child.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/last_numbers.hpp"
#include "runtime/store/store.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::hal_linux {

struct RescueOptions {
  StoreOptions store = {};
  std::chrono::milliseconds verify_bound = hal_linux::verify_bound;
  bool stop_when_broken = false;  // store.on_broken = "stop"
};

/// What a store is made of.
struct Remains {
  std::filesystem::path tree;     // the folder of data.mdb. Empty: of nothing, a new store with a new id
  std::filesystem::path journal;  // the file. Empty: the tree alone
};

struct Rebuilt {
  std::string store_id = {};
  std::uint64_t sequence = 0;       // of the last batch in it
  bool healed = false;              // a meta page of the tree was unreadable and has become a copy of the other
  store::LastNumbers numbers = {};  // of the tree, before the journal
  Verification verification = {};   // of the copy
  store::Recovery recovery = {};    // of the replay
};

/// Makes a store in `folder`, which must not exist, out of the remains; afterwards all of it stands in the
/// committed tree and its journal is gone. store.broken: the tree is not usable; store.behind_journal, store.mixed:
/// the journal does not continue it; these and store.newer say that something else must be tried. store.no_space,
/// store.read_only, store.io: nothing can be made here now. After a failure the folder is gone.
Result<Rebuilt> rebuild_store(const std::filesystem::path& folder, const Remains& remains,
                              const RescueOptions& options);

/// What the replacement is to know before it is opened.
struct Finish {
  store::LastNumbers numbers;  // to go on above
  bool skip = false;           // batches that had numbers are not in it: see store::raise_numbers
  std::string note_name;       // of the meta record that tells what happened
  wire::Record note;
};
/// Puts the numbers and the note into the tree, gives the store a blank journal and makes all of it durable; after
/// that it only needs its name.
Status finish_rebuilt(const std::filesystem::path& folder, const Rebuilt& rebuilt, const Finish& finish,
                      const StoreOptions& options);

/// The numbers of everything in the data directory that can be read: the present store and those that were moved
/// aside, snapshots, journals, the heartbeat file.
store::LastNumbers numbers_in(const std::filesystem::path& data);

}  // namespace dormouse::hal_linux
