// SPDX-License-Identifier: Apache-2.0
// Puts a snapshot in the place of a store, and takes a copy of the store of a stopped device.
//
// A restore copies and verifies the snapshot aside first, as `store.restored-<boot>`; from the marker on only
// renames are left, so a cut is taken up again without the snapshot:
//
//   marker   `rebuilding store.replaced-12`
//   rename   store to store.replaced-12, then store.restored-12 to store
//   marker   cleared
//
// The restored store goes on above every number in the data directory, so tokens handed out since the snapshot are
// refused. Its meta record `restored` tells the first reconcile which jobs may have run after the snapshot: those
// that were due by Key::wall and whose id is at most Key::last_id.
#pragma once

#include <filesystem>
#include <string>

#include "hal/linux/data/rebuild.hpp"
#include "runtime/base/result.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::hal_linux {

struct Restored {
  std::string store_id;
  std::uint64_t sequence = 0;  // that the snapshot stands at
  std::string replaced;        // where the former store is now; empty if there was none
  Verification verification;   // of the snapshot
};

/// Replaces the store in `data` by the snapshot, a folder with data.mdb. `now`: by the clock of whoever asks; what
/// was due until then counts as perhaps run. Takes the directory's locks itself. store.locked: a run owns it;
/// store.broken: the snapshot is not sound; store.newer, store.word_size, store.no_space, store.read_only,
/// store.io. Unless the locks were got and the copy is whole, nothing has changed.
Result<Restored> restore_snapshot(const std::filesystem::path& data, const std::filesystem::path& snapshot,
                                  WallTime now, const RescueOptions& options);

/// From the marker on, whatever was done already. For resume_rescue.
Status finish_restore(const std::filesystem::path& data, const std::string& aside, const RescueOptions& options);

/// Removes what cuts have left of snapshots, restores and rebuilds that had not come as far as the marker. For the
/// owner, before it looks at the marker. store.io, store.read_only.
Status remove_rescue_leftovers(const std::filesystem::path& data);

struct Backup {
  std::uint64_t sequence = 0;  // of the last batch in it
  Verification verification;
  store::Recovery recovery;  // what the journal had to say
};
/// Copies the store of a stopped device to the folder `to`, which must not exist: the last checkpoint with the
/// journal replayed over it, verified, as one data.mdb that restore_snapshot takes. Changes nothing in `data`.
/// store.locked, store.broken, store.behind_journal, invalid_input (`to` exists), store.no_space, store.read_only,
/// store.io.
Result<Backup> back_up_store(const std::filesystem::path& data, const std::filesystem::path& to,
                             const RescueOptions& options);
/// The same of a snapshot, which is only read: what a run that owns its store has made of it on demand.
Result<Backup> back_up_snapshot(const std::filesystem::path& snapshot, const std::filesystem::path& to,
                                const RescueOptions& options);

}  // namespace dormouse::hal_linux
