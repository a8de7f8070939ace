// SPDX-License-Identifier: Apache-2.0
// The store: the one door to durable state. An operation opens a Transaction, reads and collects changes,
// and applies them as one batch, all or nothing. Reads see every applied batch, durable or not. One thread calls
// it. Values are sealed (envelope.hpp) on the way in and checked on the way out, so callers see plain record
// bodies.
//
// Below it stand the tree with one open write transaction, and the journal (journal.hpp). A batch goes into the
// open transaction and, encoded, into the group; settle() or sync() appends the group to the journal and syncs it.
// A checkpoint commits the tree and turns to the other half. So every batch is in the journal before it is in the
// committed tree, and after a power cut the tree is at its last checkpoint and the journal's batches are replayed.
// A batch too big for a group is the exception: it is applied alone and made durable by a checkpoint of its own.
// Without a journal every sync is a checkpoint.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/format.hpp"
#include "runtime/store/journal.hpp"
#include "runtime/store/overlay.hpp"
#include "runtime/store/tree.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::store {

/// durable: answered after the sync that covers it. lazy: appended at once and then answered, so that a killed
/// process keeps it; durable with the next sync, at latest after Limits::lazy_age_ms or lazy_bytes. Order is kept,
/// so no batch survives without every batch before it.
enum class Durability { durable, lazy };

class Store;

/// What one operation works on. Dropped without apply() it leaves nothing behind. A read or a put that
/// fails is remembered, and apply() answers the first such error; so an operation reads as a straight line.
class Transaction {
 public:
  /// The record's body, with this transaction's own changes; none if absent or corrupt (reported to the
  /// store). A record of a newer version is a failure: what depends on it must not go on as if it were absent.
  std::optional<Bytes> get(BytesView key);
  /// Records with from <= key < to in the direction, at most `limit`, with this transaction's own changes.
  /// Corrupt and newer records are reported to the store (Store::take_bad_records) and passed over.
  std::vector<Entry> scan(BytesView from, BytesView to, std::uint64_t limit,
                          Direction direction = Direction::forward);
  void put(BytesView key, BytesView body);
  void erase(BytesView key);
  /// Erases the first `at_most` records of the range; answers how many.
  std::uint64_t erase_range(BytesView from, BytesView to, std::uint64_t at_most);
  /// This operation brings new work: refused once the map is used to nine tenths. What is left then is for the ends
  /// of the jobs that are there.
  void keep_reserve() { keeps_reserve_ = true; }
  bool changed() const { return !changes_.empty(); }
  /// The first error met so far, for an operation that only reads and so never applies.
  const std::optional<Error>& failed() const { return failed_; }
  /// Makes one batch of the changes and applies it. Answers its sequence (unchanged if there was none).
  /// store.bad_key, store.too_big: nothing applied. store.full: this batch refused, earlier ones hold;
  /// store.no_space: refused until the medium has room again (a batch that adds no bytes to the store is still
  /// accepted then, from the reserve).
  Result<std::uint64_t> apply(Durability durability);

 private:
  friend class Store;
  Transaction(Store& store, const Now& now) : store_(store), now_(now) {}
  void fail(Error error);
  bool fits(BytesView key);
  Result<Page> read_page(BytesView from, BytesView to, std::uint64_t limit, Direction direction);

  Store& store_;
  Now now_;          // when its batch is made: rides in the journal
  Changes changes_;  // plain bodies
  std::optional<Error> failed_;
  bool keeps_reserve_ = false;
};

struct BadRecord {
  Bytes key;
  Error error;  // store.corrupt_record or store.newer_record
};

/// What a store is opened on.
struct StoreParts {
  std::unique_ptr<Tree> tree;
  std::unique_ptr<StorageMedium> journal = nullptr;  // none: every sync commits the tree
  JournalFacts facts = {};         // for a journal that has no header yet; a header that is there wins
  bool journal_made_anew = false;  // its file was missing, or shorter than its header says
  Formats formats = {};            // what the program knows
};

/// When a batch was made and in which epoch: the newest one bounds the start of a gap.
struct BatchTime {
  std::uint32_t epoch = 0;
  Instant instant;
  WallTime wall;
  Trust trust = Trust::untrusted;
};

/// What opening found, for the boot's report.
struct Recovery {
  std::uint64_t replayed = 0;  // batches
  std::uint64_t first_replayed = 0;
  bool checkpoint_lost = false;  // the medium had answered a commit that is not there; healed from the journal
  struct Torn {
    std::uint64_t offset = 0;  // in the journal's file
    std::uint64_t after = 0;   // the last good sequence
  };
  std::optional<Torn> torn;             // the power went while a batch was being written
  std::optional<Error> alarm;           // store.journal_corrupt, store.journal_lost
  std::vector<std::string> notes;       // a header rewritten, a journal made anew
  std::optional<BatchTime> last_batch;  // none in a new store
};

enum class Checkpoint { half_full, dirty, idle, stop, snapshot, command, big, replay, medium };
const char* name_of(Checkpoint reason);

class Store {
 public:
  /// Takes the parts and replays the journal; if anything was replayed a checkpoint follows. An empty tree is given
  /// its format record and the journal its header, at once durable. store.newer: written by a newer format;
  /// store.mixed: the journal belongs to another store; store.behind_journal: the tree is too old for it. Then
  /// nothing was changed. store.io and others as met.
  static Result<std::unique_ptr<Store>> open(StoreParts parts, const Limits& limits);
  /// The same on a tree alone.
  static Result<std::unique_ptr<Store>> open(std::unique_ptr<Tree> tree, const Limits& limits);
  /// Drops what was not durable, as a power cut may: sync() or close what matters before.
  ~Store();
  const Recovery& recovery() const { return recovery_; }
  /// Written in an older format than the program's newest: whoever opened it takes a snapshot, then calls
  /// migrate(), before anything else.
  bool needs_migration() const { return format_.version < formats_.newest; }
  /// In one transaction, committed: a cut leaves the one format or the other. store.full, store.no_space, store.io:
  /// the store is as it was.
  Status migrate();

  /// The epoch of this process: borne by every batch from now on. Must rise.
  void own(std::uint32_t epoch);
  Transaction begin(const Now& now = {}) { return {*this, now}; }

  /// The end of a group: appends what was applied since the last one; syncs it if a durable batch is among it, the
  /// lazy bytes reach their limit or the oldest lazy one its age. Answers the highest durable sequence.
  /// On failure nothing of the group may be answered. If a journal that fails can be made good by a checkpoint,
  /// that is done and shows in stats().journal_failures; if not, store.io, and the store answers nothing else any
  /// more: what is on the medium is decided by the next open. store.read_only: see read_only().
  Result<std::uint64_t> settle(const Now& now);
  /// Appends and syncs whatever was applied.
  Result<std::uint64_t> sync();
  std::uint64_t applied() const { return applied_; }
  std::uint64_t durable() const { return durable_; }
  /// A durable batch was applied and is not synced: answers, also of reads, wait for settle().
  bool durable_pending() const { return durable_wanted_ > durable_; }
  /// Something was applied that is not synced.
  bool unsynced() const { return applied_ != durable_; }
  /// What the store answers to everything, once it cannot go on: store.io, store.stale_epoch.
  const std::optional<Error>& failed() const { return failed_; }
  /// What the store answers to every change, while what is durable can be read: store.read_only. Once the medium
  /// below a journal has said so the store stays read-only; what was applied and not durable has been dropped.
  const std::optional<Error>& read_only() const { return read_only_; }
  /// Makes it so from the start: for a store that is only looked at. Nothing may have been applied yet.
  void refuse_changes(Error why);

  /// Syncs, commits the tree and turns to the other half. store.no_space, store.io, store.read_only: the tree stays
  /// at its last checkpoint and every batch in the journal; work goes on until the half is full, or ends here for
  /// a store that is now read_only().
  Status checkpoint(Checkpoint reason);
  /// What a checkpoint after one more small batch would write, estimated: for an account that is kept in that
  /// batch.
  Tree::Traffic next_checkpoint() const;
  /// When upkeep() has something to do if nothing else happens before: a lazy sync, a checkpoint while idle.
  std::optional<Instant> upkeep_at() const;
  Status upkeep(const Now& now);
  /// How long a lazy batch may wait; longer than Limits say when flash is to be spared.
  void set_lazy_age(Duration age) { lazy_age_ = age; }
  /// Whether a checkpoint while idle is worth its writes; not while flash is to be spared.
  void allow_idle_checkpoints(bool allowed) { idle_checkpoints_ = allowed; }

  /// Corrupt or newer records met since the last call. Corrupt ones are moved to prefix `x` with the
  /// next set_aside(); newer ones are left alone.
  std::vector<BadRecord> take_bad_records();
  Status set_aside(const std::vector<BadRecord>& bad, std::uint32_t boot, const Now& now = {});

  /// store.full, once each time the map's use has reached 70 %; anew only after it was below 65.
  std::optional<Error> take_map_alarm();

  /// The tree as of its last checkpoint, to an open file or pipe: Tree::copy_to(). The one call that another thread
  /// may make, while the store is open.
  Status copy_to(int descriptor) const { return tree_->copy_to(descriptor); }

  struct Stats {
    Tree::Traffic traffic;  // of tree and journal together
    Tree::Traffic journal;
    std::uint64_t batches = 0;
    std::uint64_t syncs = 0;  // of groups
    std::uint64_t checkpoints = 0;
    std::uint64_t journal_failures = 0;  // writes or syncs of the journal made good by a checkpoint
    std::optional<Checkpoint> last_checkpoint;
    std::uint32_t generation = 0;
    std::uint64_t half_used = 0;
    std::uint64_t half_bytes = 0;
    unsigned used_percent = 0;
  };
  Stats stats() const;

 private:
  friend class Transaction;
  Store(std::unique_ptr<Tree> tree, const Limits& limits);

  // -- opening: store_open.cpp --
  Status create();
  Status open_journal(StoreParts& parts, const std::string& store_id);
  Status read_position();
  Status recover(bool journal_made_anew);
  Status replay_half(std::uint32_t generation);
  Status replay(const HalfContent& half);

  // -- batches --
  Result<std::uint64_t> apply(Transaction& batch, Durability durability);
  Result<std::uint64_t> apply_big(const Transaction& batch, const Changes& effects);
  Status check_size(const Transaction& batch) const;
  Status check_room(const Transaction& batch) const;
  std::uint64_t group_limit() const;
  Status make_way(std::uint64_t bytes, const Now& now);
  Status write(const Changes& effects);
  Status write_position(std::uint64_t sequence, std::uint32_t generation);
  void add_to_group(const Changes& effects, const Now& now);
  void note_bad(BytesView key, Error error);

  // -- making durable: store_sync.cpp --
  Status append_group();
  Status sync_journal();
  Status commit_tree(Checkpoint reason, std::uint64_t sequence);
  Status commit_failed(Error error);
  Status check_epoch();
  Status rebuild();
  Error fail(Error error);
  Error turn_read_only(Error why);
  void now_durable();

  std::unique_ptr<Tree> tree_;
  std::unique_ptr<Journal> journal_;
  Limits limits_;
  Format format_;
  Formats formats_;
  Recovery recovery_;
  bool journal_garbled_ = false;  // its header was no header
  bool position_lost_ = false;    // the tree's own note of where it stands was unreadable
  std::uint32_t epoch_ = 0;
  std::uint32_t generation_ = 0;
  std::uint64_t committed_ = 0;  // the tree's last checkpoint
  std::uint64_t applied_ = 0;
  std::uint64_t durable_ = 0;
  std::uint64_t durable_wanted_ = 0;  // the last batch that asked to be durable
  BatchTime last_batch_;

  Bytes group_;                            // encoded batches that are not in the journal yet
  std::uint32_t group_chain_ = 0;          // crc of the last one
  std::uint64_t unsynced_bytes_ = 0;       // appended or in the group
  std::optional<Instant> unsynced_since_;  // of the oldest batch among them
  std::optional<Instant> last_durable_at_;
  std::uint64_t durable_used_ = 0;        // of the half, when a durable batch was last synced
  std::optional<Instant> blocked_until_;  // a checkpoint for want of space failed: tried again then
  Duration pause_{};                      // between such tries
  Duration lazy_age_;
  bool idle_checkpoints_ = true;
  std::optional<Error> failed_;     // the store answers this alone from then on
  std::optional<Error> read_only_;  // every change is answered with this

  Stats counted_;
  std::vector<BadRecord> bad_;
  bool map_alarm_ = false;
};

}  // namespace dormouse::store
