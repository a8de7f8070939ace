// SPDX-License-Identifier: Apache-2.0
// A broken store is moved aside to `store.broken-<boot>` and replaced by the first of these that verifies:
//
//   1  the same tree and both journal halves; an unreadable meta page is replaced by the other, which stands one
//      checkpoint back
//   2  the newest snapshot and the halves, if their batches continue it
//   3  the same tree alone, if only the journal does not continue it
//   4  a snapshot alone, the newest that is sound
//   5  nothing: an empty store with a new id
//
// What was moved aside is never changed and never removed. The replacement goes on above every number that can be
// read in the data directory, and a long way above if the broken tree could not tell its own. It bears a note (meta
// record `rescue`) of what it was made of and what was lost.
//
// The marker (store_marker.hpp) says `rebuilding store.broken-12` from before the first rename until after the
// last. Each step finds out by what is there whether it was done, so a cut anywhere is taken up again at the next
// open:
//
//   store   store.broken-12   then
//   there   not               rename store to store.broken-12
//   not     there             build store.new-<pid> from it and the snapshots; make it durable; rename it to store
//   there   there             clear the marker
//
// All of it by the owner of the directory's lock, before the store is opened. The lock on the former journal goes
// with the former store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "hal/linux/data/rebuild.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

inline constexpr unsigned broken_stores_max = 3;

struct Rescue {
  enum class Source { tree, snapshot_and_journal, tree_alone, snapshot, nothing };
  Source source = Source::nothing;
  std::string aside;            // "store.broken-12"
  std::string snapshot;         // its name, if one was used
  std::string store_id;         // of the replacement
  std::string why;              // what was found; empty if a cut came between finding and telling
  std::uint64_t lost_from = 0;  // sequences that are known to have been given and are not in the replacement;
  std::uint64_t lost_to = 0;    // 0: none are

  /// store.broken, for people: what happened, what is used now, what is lost, where to look.
  Error alarm() const;
};

/// Replaces the store. `why`: what was found, for the report. store.broken with `why` if that is all that was
/// wanted (stop_when_broken), store.broken_limit if three broken stores lie there already: then nothing was
/// changed. store.no_space, store.read_only, store.io: the next open takes it up again.
Result<Rescue> quarantine_store(const std::filesystem::path& data, const std::string& why,
                                const RescueOptions& options);

/// Takes up again what the marker says was under way, a quarantine or a restore; none if nothing was. Errors as of
/// quarantine_store.
Result<std::optional<Rescue>> resume_rescue(const std::filesystem::path& data, const RescueOptions& options);

/// What quarantine_store does from the marker on, given the name it notes: for a restore that has lost its copy.
Result<Rescue> rebuild_in_place(const std::filesystem::path& data, const std::string& aside, const std::string& why,
                                const RescueOptions& options);

/// Blobs belong to records: those of a store that is gone wait for a person as "blobs.broken-<number>". None: fine.
Status set_blobs_aside(const std::filesystem::path& data, const std::string& number);

/// "store.broken-12", or "store.broken-12-2" and so on if that is taken; `stem` as "store.broken".
std::string free_name(const std::filesystem::path& data, const std::string& stem, std::uint64_t boot);

}  // namespace dormouse::hal_linux
