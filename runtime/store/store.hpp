// SPDX-License-Identifier: Apache-2.0
// The store: the one door to durable state. An operation opens a Transaction, reads and collects changes,
// and applies them as one batch, all or nothing. Reads see every applied batch, durable or not; sync()
// makes them durable, in order. One thread calls it. Values are sealed (envelope.hpp) on the way in and
// checked on the way out, so callers see plain record bodies.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/overlay.hpp"
#include "runtime/store/tree.hpp"

namespace dormouse::store {

/// durable: answered after the sync that covers it. lazy: answered at once, durable with the next sync;
/// order is kept, so no batch survives without every batch before it.
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
  bool changed() const { return !changes_.empty(); }
  /// The first error met so far, for an operation that only reads and so never applies.
  const std::optional<Error>& failed() const { return failed_; }
  /// Makes one batch of the changes and applies it. Answers its sequence (unchanged if there was none).
  /// store.bad_key, store.too_big: nothing applied. store.full: this batch refused, earlier ones hold
  /// (a batch that adds no bytes to the store is still accepted then, from the reserve).
  Result<std::uint64_t> apply(Durability durability);

 private:
  friend class Store;
  explicit Transaction(Store& store) : store_(store) {}
  void fail(Error error);
  bool fits(BytesView key);
  Result<Page> read_page(BytesView from, BytesView to, std::uint64_t limit, Direction direction);

  Store& store_;
  Changes changes_;  // plain bodies
  std::optional<Error> failed_;
};

struct BadRecord {
  Bytes key;
  Error error;  // store.corrupt_record or store.newer_record
};

class Store {
 public:
  /// Takes the tree. Fails with store.newer if it was written by a newer format, store.io and others as met.
  /// An empty tree is given its format record, committed at once.
  static Result<std::unique_ptr<Store>> open(std::unique_ptr<Tree> tree, const Limits& limits);
  ~Store();

  Transaction begin() { return Transaction(*this); }
  /// Makes every applied batch durable. Answers the highest durable sequence. On failure nothing that was
  /// not durable before is: the applied batches are gone from the store too (see store.io, store.no_space).
  Result<std::uint64_t> sync();
  std::uint64_t applied() const { return applied_; }
  std::uint64_t durable() const { return durable_; }

  /// Corrupt or newer records met since the last call. Corrupt ones are moved to prefix `x` with the
  /// next set_aside(); newer ones are left alone.
  std::vector<BadRecord> take_bad_records();
  Status set_aside(const std::vector<BadRecord>& bad, std::uint32_t boot);

  struct Stats {
    Tree::Traffic traffic;
    std::uint64_t batches = 0;
    std::uint64_t syncs = 0;
    unsigned used_percent = 0;
  };
  Stats stats() const;

 private:
  friend class Transaction;
  Store(std::unique_ptr<Tree> tree, const Limits& limits);
  Result<std::uint64_t> apply(Transaction& batch);
  Status check_size(const Transaction& batch) const;
  Status check_room(const Transaction& batch) const;
  Status read_sequence();
  Status write(const Changes& effects);
  Status write_sequence(std::uint64_t sequence);
  void rebuild();
  void drop_unsynced();
  void note_bad(BytesView key, Error error);

  std::unique_ptr<Tree> tree_;
  Limits limits_;
  std::uint64_t applied_ = 0;
  std::uint64_t durable_ = 0;
  std::uint64_t batches_ = 0;
  std::uint64_t syncs_ = 0;
  std::vector<BadRecord> bad_;
  Changes unsynced_;           // sealed effects of the batches applied since the last sync, for a rebuild
  std::optional<Error> lost_;  // why those batches are gone although apply() answered: told by sync()
};

}  // namespace dormouse::store
