// SPDX-License-Identifier: Apache-2.0
// The store over a tree. A batch becomes sealed effects, the effects go into the tree's open transaction, and
// a sync commits it. Effects are whole values and single erases, so applying them again changes nothing: that
// is what a rebuild does after the tree has spoiled its transaction.
#include "runtime/store/store.hpp"

#include <algorithm>
#include <utility>

#include "runtime/store/envelope.hpp"
#include "runtime/store/format.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::store {

namespace {

constexpr std::size_t bad_records_max = 256;  // more are met again by later reads
constexpr std::uint64_t scan_page = 128;

/// The highest sequence in any envelope, for a store whose own note of it is lost.
Result<std::uint64_t> highest_sequence(Tree& tree) {
  auto range = keys::starting_with("");
  std::uint64_t highest = 0;
  while (true) {
    auto page = tree.scan(range.from, range.to, scan_page, Direction::forward);
    if (!page) return std::move(page).error();
    for (const Entry& entry : *page)
      if (const auto opened = unseal(entry.key, entry.value)) highest = std::max(highest, opened->sequence);
    if (page->size() < scan_page) return highest;
    range.from = keys::after(page->back().key);
  }
}

}  // namespace

Store::Store(std::unique_ptr<Tree> tree, const Limits& limits) : tree_(std::move(tree)), limits_(limits) {}

Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(std::unique_ptr<Tree> tree, const Limits& limits) {
  auto format = read_format(*tree);
  if (!format) return std::move(format).error();
  if (!*format) {
    if (auto written = write_format(*tree, {}); !written) return std::move(written).error();
    if (auto committed = tree->commit(); !committed) return std::move(committed).error();
  }
  std::unique_ptr<Store> store(new Store(std::move(tree), limits));
  if (auto known = store->read_sequence(); !known) return std::move(known).error();
  return store;
}

Status Store::read_sequence() {
  const Bytes key = keys::meta("sequence");
  auto record = tree_->get(key);
  if (!record) return std::move(record).error();
  if (*record) {
    auto opened = unseal(key, **record);
    if (opened) {
      auto body = wire::Record::decode(opened->body);
      if (body) applied_ = body->get_uint(wire::Key::sequence).value_or(opened->sequence);
    } else {
      note_bad(key, std::move(opened).error());
      auto highest = highest_sequence(*tree_);
      if (!highest) return std::move(highest).error();
      applied_ = *highest;
    }
  }
  durable_ = applied_;
  return done();
}

Status Store::write_sequence(std::uint64_t sequence) {
  wire::Record body;
  body.put_uint(wire::Key::sequence, sequence);
  const Bytes key = keys::meta("sequence");
  return tree_->put(key, seal(key, sequence, body.encode()));
}

Status Store::check_size(const Transaction& batch) const {
  std::uint64_t bytes = 0;
  for (const auto& [key, body] : batch.changes_) bytes += key.size() + (body ? body->size() : 0);
  const auto too_big = [](std::uint64_t is, std::uint64_t limit, const char* unit) {
    return Error{.code = "store.too_big",
                 .message = "a batch of " + std::to_string(is) + unit + "; the limit is " + std::to_string(limit)};
  };
  if (batch.changes_.size() > limits_.batch_effects)
    return too_big(batch.changes_.size(), limits_.batch_effects, " effects");
  if (bytes > limits_.batch_bytes) return too_big(bytes, limits_.batch_bytes, " bytes");
  return done();
}

Status Store::check_room(const Transaction& batch) const {
  const std::uint64_t room = tree_->room_bytes();
  std::uint64_t added = 0;
  for (const auto& [key, body] : batch.changes_)
    if (body) added += key.size() + envelope_bytes + body->size();
  if (added <= room) return done();
  // It might replace as much as it brings: only now that room is scarce is that worth looking up.
  std::uint64_t replaced = 0;
  for (const auto& [key, body] : batch.changes_) {
    auto old = tree_->get(key);
    if (!old) return std::move(old).error();
    if (*old) replaced += key.size() + (*old)->size();
  }
  if (added <= replaced || added - replaced <= room) return done();
  return Error{.code = "store.full",
               .message = "the store has room for " + std::to_string(room) + " bytes more; this batch adds " +
                          std::to_string(added - replaced),
               .hint = "erase something, or raise the map size"};
}

Status Store::write(const Changes& effects) {
  for (const auto& [key, record] : effects) {
    auto written = record ? tree_->put(key, *record) : tree_->erase(key);
    if (!written) return written;
  }
  return done();
}

Result<std::uint64_t> Store::apply(Transaction& batch) {
  if (batch.failed_) return *batch.failed_;
  if (batch.changes_.empty()) return applied_;
  if (auto fits = check_size(batch); !fits) return std::move(fits).error();
  if (auto fits = check_room(batch); !fits) return std::move(fits).error();

  const std::uint64_t sequence = applied_ + 1;
  Changes effects;
  for (const auto& [key, body] : batch.changes_)
    effects.emplace_hint(effects.end(), key, body ? std::optional(seal(key, sequence, *body)) : std::nullopt);
  // The note of the sequence goes in with the first batch and is rewritten by the sync, so that the sync
  // itself needs no more room than there is.
  auto written = unsynced_.empty() ? write_sequence(sequence) : done();
  if (written) written = write(effects);
  if (!written) {
    rebuild();
    return std::move(written).error();
  }
  for (auto& [key, record] : effects) unsynced_.insert_or_assign(key, std::move(record));
  batch.changes_.clear();
  applied_ = sequence;
  ++batches_;
  return applied_;
}

void Store::rebuild() {
  auto again = tree_->abort();
  if (again && !unsynced_.empty()) {
    again = write_sequence(applied_);
    if (again) again = write(unsynced_);
  }
  if (!again) {
    lost_ = std::move(again).error();
    drop_unsynced();
  }
}

void Store::drop_unsynced() {
  (void)tree_->abort();  // if even that fails, the tree says so at the next call
  unsynced_.clear();
  applied_ = durable_;
}

Result<std::uint64_t> Store::sync() {
  if (lost_) {
    Error error = *std::exchange(lost_, std::nullopt);
    drop_unsynced();
    return error;
  }
  if (unsynced_.empty()) return durable_;
  auto committed = write_sequence(applied_);
  if (committed) committed = tree_->commit();
  if (!committed) {
    drop_unsynced();
    return std::move(committed).error();
  }
  unsynced_.clear();
  durable_ = applied_;
  ++syncs_;
  return durable_;
}

void Store::note_bad(BytesView key, Error error) {
  const auto known = [key](const BadRecord& bad) { return bad.key == key; };
  if (bad_.size() < bad_records_max && std::none_of(bad_.begin(), bad_.end(), known))
    bad_.push_back({Bytes(key), std::move(error)});
}

std::vector<BadRecord> Store::take_bad_records() {
  return std::exchange(bad_, {});
}

Status Store::set_aside(const std::vector<BadRecord>& bad, std::uint32_t boot) {
  std::uint32_t n = 0;
  for (const BadRecord& record : bad) {
    auto raw = tree_->get(record.key);
    if (!raw) return std::move(raw).error();
    if (!*raw) continue;
    const auto opened = unseal(record.key, **raw);
    if (opened || opened.error().code != "store.corrupt_record") continue;
    // Places of this boot may be taken by an earlier call, or by a record that is corrupt itself.
    while (true) {
      auto taken = tree_->get(keys::set_aside(boot, n));
      if (!taken) return std::move(taken).error();
      if (!*taken) break;
      ++n;
    }
    Transaction txn = begin();  // one each: together they might be more than a batch may hold
    wire::Record body;
    body.put_bytes(wire::Key::name, record.key).put_bytes(wire::Key::data, std::move(**raw));
    txn.changes_.insert_or_assign(keys::set_aside(boot, n++), body.encode());
    txn.changes_.insert_or_assign(record.key, std::nullopt);
    auto applied = txn.apply(Durability::lazy);
    if (!applied) return std::move(applied).error();
  }
  return done();
}

Store::Stats Store::stats() const {
  return {tree_->traffic(), batches_, syncs_, tree_->used_percent()};
}

}  // namespace dormouse::store
