// SPDX-License-Identifier: Apache-2.0
// Batches: a batch becomes sealed effects; the effects go into the tree's open transaction and, as a record, into
// the group. Effects are whole values and single erases, so applying them again changes nothing: that is what a
// replay does, and a rebuild after the tree has spoiled its transaction.
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
constexpr unsigned map_full_percent = 90;
constexpr unsigned map_alarm_percent = 70;
constexpr unsigned map_calm_percent = 65;
// After a checkpoint that found no room on the medium. Each try may wear the flash, so the pause doubles; but who
// has just made room wants to see it used.
constexpr Duration first_pause{1'000};
constexpr Duration longest_pause{3'600'000};

}  // namespace

Store::Store(std::unique_ptr<Tree> tree, const Limits& limits)
    : tree_(std::move(tree)), limits_(limits), lazy_age_(limits.lazy_age_ms) {}

Store::~Store() = default;

void Store::own(std::uint32_t epoch) {
  check(epoch > epoch_, "store:epoch");
  epoch_ = epoch;
}

Status Store::write_position(std::uint64_t sequence, std::uint32_t generation) {
  wire::Record body;
  body.put_uint(wire::Key::sequence, sequence)
      .put_uint(wire::Key::generation, generation)
      .put_uint(wire::Key::epoch, epoch_)
      .put_int(wire::Key::instant, last_batch_.instant.ms)
      .put_int(wire::Key::wall, last_batch_.wall.ms)
      .put_uint(wire::Key::trust, static_cast<std::uint64_t>(last_batch_.trust));
  const Bytes key = keys::meta("position");
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
  if (batch.keeps_reserve_ && tree_->used_percent() >= map_full_percent)
    return Error{.code = "store.full",
                 .message = "the store is used to " + std::to_string(tree_->used_percent()) +
                            " %; nothing new is taken from " + std::to_string(map_full_percent) + " %",
                 .hint = "erase something, or raise the map size"};
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

/// What one group may take, and so the biggest batch that goes through the journal.
std::uint64_t Store::group_limit() const {
  return std::min(limits_.group_bytes, journal_->facts().half_bytes / 4);
}

/// Room in the half for a batch, and in memory for the pages it changes: else a checkpoint first.
Status Store::make_way(std::uint64_t bytes, const Now& now) {
  if (!journal_) return done();
  const bool half_full = !journal_->fits(group_.size() + bytes);
  if (!half_full && tree_->dirty_bytes() < limits_.dirty_bytes) return done();
  const bool blocked = blocked_until_ && now.instant < *blocked_until_;
  if (!blocked) {
    auto committed = checkpoint(half_full ? Checkpoint::half_full : Checkpoint::dirty);
    if (committed) return committed;
    if (failed_) return *failed_;
    if (read_only_) return *read_only_;
    pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
    blocked_until_ = now.instant + pause_;
  }
  if (!half_full) return done();  // more memory than meant, until there is room again
  return Error{.code = "store.no_space",
               .message = "the journal is full and no checkpoint can be made: the medium has no room",
               .hint = "free some space on its file system; erasing records is still accepted"};
}

Result<std::uint64_t> Store::apply(Transaction& batch, Durability durability) {
  if (failed_) return *failed_;
  if (batch.failed_) return *batch.failed_;
  if (batch.changes_.empty()) return applied_;
  if (read_only_) return *read_only_;
  if (auto fits = check_size(batch); !fits) return std::move(fits).error();
  if (auto fits = check_room(batch); !fits) return std::move(fits).error();

  Changes effects;
  for (const auto& [key, body] : batch.changes_)
    effects.emplace_hint(effects.end(), key, body ? std::optional(seal(key, applied_ + 1, *body)) : std::nullopt);
  const std::uint64_t bytes = journal_record_bytes(effects);
  const bool big = journal_ && bytes > group_limit();
  // A group that is full goes first: only then is it known where the next one begins, and whether it fits there.
  if (journal_ && group_.size() + bytes > group_limit()) (void)append_group();  // a failure is the sync's to mend
  auto way = big ? done() : make_way(bytes, batch.now_);
  const bool erases_only = std::none_of(effects.begin(), effects.end(), [](const auto& e) { return e.second; });
  if (!way && !(way.error().code == "store.no_space" && erases_only)) return std::move(way).error();
  if (big || !way) return apply_big(batch, effects);

  // The note of the position goes in with the first batch and is rewritten by the checkpoint, so that the
  // checkpoint itself needs no more room than there is.
  auto written = applied_ == committed_ ? write_position(applied_ + 1, generation_ + 1) : done();
  if (written) written = write(effects);
  if (!written) {
    auto rebuilt = rebuild();
    return rebuilt ? std::move(written).error() : std::move(rebuilt).error();
  }
  add_to_group(effects, batch.now_);
  if (durability == Durability::durable) {
    durable_wanted_ = applied_;
    last_durable_at_ = batch.now_.instant;
  }
  batch.changes_.clear();
  return applied_;
}

void Store::add_to_group(const Changes& effects, const Now& now) {
  JournalHead head{.sequence = applied_ + 1,
                   .generation = generation_,
                   .epoch = epoch_,
                   .prev = group_.empty() && journal_ ? journal_->chain() : group_chain_,
                   .trust = now.trust,
                   .durable = durable_,
                   .instant = now.instant,
                   .wall = now.wall};
  const Bytes record = encode_journal_record(head, effects);
  group_ += record;
  group_chain_ = head.crc;
  unsynced_bytes_ += record.size();
  if (!unsynced_since_) unsynced_since_ = now.instant;
  if (!last_durable_at_) last_durable_at_ = now.instant;
  last_batch_ = {epoch_, now.instant, now.wall, now.trust};
  ++applied_;
  ++counted_.batches;
}

/// By a checkpoint of its own: it is too big for the journal, or the journal is full and it only erases.
Result<std::uint64_t> Store::apply_big(const Transaction& batch, const Changes& effects) {
  if (auto synced = sync(); !synced && (failed_ || synced.error().code != "store.no_space"))
    return std::move(synced).error();
  auto written = write(effects);
  if (!written) {
    auto rebuilt = rebuild();
    return rebuilt ? std::move(written).error() : std::move(rebuilt).error();
  }
  const BatchTime before = last_batch_;
  last_batch_ = {epoch_, batch.now_.instant, batch.now_.wall, batch.now_.trust};
  if (auto committed = commit_tree(Checkpoint::big, applied_ + 1); !committed) {
    last_batch_ = before;
    return std::move(committed).error();
  }
  ++counted_.batches;
  return applied_;
}

void Store::note_bad(BytesView key, Error error) {
  const auto known = [key](const BadRecord& bad) { return bad.key == key; };
  if (bad_.size() < bad_records_max && std::none_of(bad_.begin(), bad_.end(), known))
    bad_.push_back({Bytes(key), std::move(error)});
}

std::vector<BadRecord> Store::take_bad_records() {
  return std::exchange(bad_, {});
}

Status Store::set_aside(const std::vector<BadRecord>& bad, std::uint32_t boot, const Now& now) {
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
    Transaction txn = begin(now);  // one each: together they might be more than a batch may hold
    wire::Record body;
    body.put_bytes(wire::Key::name, record.key).put_bytes(wire::Key::data, std::move(**raw));
    txn.changes_.insert_or_assign(keys::set_aside(boot, n++), body.encode());
    txn.changes_.insert_or_assign(record.key, std::nullopt);
    auto applied = txn.apply(Durability::lazy);
    if (!applied) return std::move(applied).error();
  }
  return done();
}

std::optional<Error> Store::take_map_alarm() {
  const unsigned used = tree_->used_percent();
  if (used < map_calm_percent) map_alarm_ = false;
  if (map_alarm_ || used < map_alarm_percent) return std::nullopt;
  map_alarm_ = true;
  return Error{.code = "store.full",
               .message = "the store is used to " + std::to_string(used) + " %; nothing new is taken from " +
                          std::to_string(map_full_percent) + " %",
               .hint = "erase something, or raise the map size"};
}

Store::Stats Store::stats() const {
  Stats stats = counted_;
  stats.traffic = tree_->traffic();
  if (journal_) {
    stats.journal = journal_->traffic();
    stats.traffic.bytes += stats.journal.bytes;
    stats.traffic.syncs += stats.journal.syncs;
    stats.half_used = journal_->used_bytes();
    stats.half_bytes = journal_->facts().half_bytes;
  }
  stats.generation = generation_;
  stats.used_percent = tree_->used_percent();
  return stats;
}

}  // namespace dormouse::store
