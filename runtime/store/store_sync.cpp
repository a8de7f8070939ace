// SPDX-License-Identifier: Apache-2.0
// Making batches durable. The order is what a power cut relies on: a batch is written to the journal, then synced,
// then answered; the tree is committed only with what the journal has; a half is used again only after the
// commit that made it superfluous.
#include <algorithm>
#include <utility>

#include "runtime/base/check.hpp"
#include "runtime/store/envelope.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/store/store.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::store {

namespace {

/// Encoded batches in memory, as a half that holds them.
HalfContent records_of(const Bytes& group) {
  HalfContent content;
  content.bytes = group;
  for (std::uint64_t at = 0; at < group.size();) {
    auto head = decode_journal_head(BytesView(content.bytes).substr(at));
    check(head.ok(), "store:group");
    content.records.push_back({*head, at});
    at += head->padded();
  }
  return content;
}

}  // namespace

const char* name_of(Checkpoint reason) {
  constexpr const char* names[] = {"half_full", "dirty", "idle",   "stop",  "snapshot",
                                   "command",   "big",   "replay", "medium"};
  return names[static_cast<std::size_t>(reason)];
}

/// From then on the medium decides at the next open; what is in memory may not be acted on.
Error Store::fail(Error error) {
  failed_ = error;
  return error;
}

void Store::refuse_changes(Error why) {
  check(durable_ == applied_, "store:refuse_changes");
  read_only_ = std::move(why);
}

/// Nobody will be told that what is not durable holds, so nobody may read it either: it is dropped. What is in the
/// journal beyond it is left to the next open, as after a power cut.
Error Store::turn_read_only(Error why) {
  why.hint = "make its file system writable, then start again";
  read_only_ = std::move(why);
  group_.clear();
  applied_ = durable_wanted_ = durable_;
  now_durable();
  if (auto rebuilt = rebuild(); !rebuilt) return std::move(rebuilt).error();
  return *read_only_;
}

Status Store::append_group() {
  if (!journal_ || group_.empty()) return done();
  auto appended = journal_->append(group_, group_chain_);
  if (appended) group_.clear();
  return appended;
}

void Store::now_durable() {
  durable_ = applied_;
  unsynced_bytes_ = 0;
  unsynced_since_.reset();
}

/// The group is in the journal and on the medium, or else in a committed tree.
Status Store::sync_journal() {
  auto written = append_group();
  if (written) written = journal_->sync();
  if (written) {
    if (durable_pending()) durable_used_ = journal_->used_bytes();
    now_durable();
    return written;
  }
  if (written.error().code == "store.read_only") return turn_read_only(std::move(written).error());
  // The half is spoiled; reading back would prove nothing. A commit that holds makes good what it covers.
  ++counted_.journal_failures;
  return commit_tree(Checkpoint::medium, applied_);
}

Result<std::uint64_t> Store::sync() {
  if (failed_) return *failed_;
  if (read_only_) return *read_only_;  // whoever still waits for a group waits for what was dropped
  if (durable_ == applied_) return durable_;
  auto synced = journal_ ? sync_journal() : commit_tree(Checkpoint::command, applied_);
  if (!synced) return std::move(synced).error();
  ++counted_.syncs;
  return durable_;
}

Result<std::uint64_t> Store::settle(const Now& now) {
  if (failed_) return *failed_;
  if (read_only_) return *read_only_;
  const bool old = unsynced_since_ && *unsynced_since_ + lazy_age_ <= now.instant;
  if (!journal_ || durable_pending() || old || unsynced_bytes_ >= limits_.lazy_bytes) return sync();
  if (auto appended = append_group(); !appended) return sync();  // which makes it good or fails
  return durable_;
}

Status Store::checkpoint(Checkpoint reason) {
  if (failed_) return *failed_;
  if (read_only_) return *read_only_;
  if (applied_ == committed_) return done();
  if (journal_ && durable_ != applied_) {
    const std::uint64_t checkpoints = counted_.checkpoints;
    if (auto synced = sync_journal(); !synced) return synced;
    if (counted_.checkpoints != checkpoints) return done();  // a journal that failed was made good by one
  }
  return commit_tree(reason, applied_);
}

Tree::Traffic Store::next_checkpoint() const {
  constexpr std::uint64_t syncs = 2;
  constexpr std::uint64_t beside_path = 3;  // pages: the free list's, before and after, and the meta page
  const auto shape = tree_->shape();
  return {std::max(tree_->dirty_bytes(), (shape.depth + beside_path) * shape.page_bytes), syncs};
}

/// `sequence`: of the last batch the open transaction holds.
Status Store::commit_tree(Checkpoint reason, std::uint64_t sequence) {
  auto committed = write_position(sequence, generation_ + 1);
  if (committed) committed = tree_->commit();
  if (!committed) return commit_failed(std::move(committed).error());
  ++generation_;
  applied_ = committed_ = sequence;
  group_.clear();
  if (journal_) journal_->begin(generation_);
  durable_used_ = 0;
  blocked_until_.reset();
  pause_ = Duration{};
  now_durable();
  ++counted_.checkpoints;
  counted_.last_checkpoint = reason;
  return check_epoch();
}

Status Store::commit_failed(Error error) {
  if (!journal_) {  // nothing else has these batches
    group_.clear();
    applied_ = durable_wanted_ = committed_;
    now_durable();
    (void)tree_->abort();  // if even that fails, the tree says so at the next call
    return error;
  }
  if (error.code == "store.read_only") return turn_read_only(std::move(error));
  // The journal has failed before, so memory alone has these batches, and nobody may be told that they hold.
  if (durable_ != applied_) return fail({.code = "store.io", .message = std::move(error.message)});
  if (auto rebuilt = rebuild(); !rebuilt) return rebuilt;
  return error;
}

/// Between a commit and the next write transaction another process may have taken the tree, if locks were got
/// round.
Status Store::check_epoch() {
  const Bytes key = keys::meta("position");
  auto record = tree_->get(key);
  if (!record) return std::move(record).error();
  const auto opened = *record ? unseal(key, **record) : Result<Opened>(Error{});
  const auto body = opened ? wire::Record::decode(opened->body) : Result<wire::Record>(Error{});
  const std::uint64_t epoch = body ? body->get_uint(wire::Key::epoch).value_or(0) : 0;
  if (epoch <= epoch_) return done();
  return fail({.code = "store.stale_epoch",
               .message = "another process has taken this store: its epoch is " + std::to_string(epoch) +
                          ", this one's " + std::to_string(epoch_),
               .hint = "let one process own a data directory"});
}

/// The tree has spoiled its transaction, or failed to commit it: once more, from the journal and from memory.
Status Store::rebuild() {
  const std::uint64_t last = applied_;
  applied_ = committed_;
  auto again = tree_->abort();
  if (again) again = check_epoch();
  if (again && last != committed_) again = write_position(last, generation_ + 1);
  if (again && journal_) {
    auto half = journal_->read(generation_, committed_);
    // What stands there beyond the last one was written and then not synced: it has been dropped.
    while (half && !half->records.empty() && half->records.back().head.sequence > last) half->records.pop_back();
    again = half ? replay(*half) : Status(std::move(half).error());
  }
  if (again) again = replay(records_of(group_));
  if (again && applied_ != last)
    again = Error{.code = "store.io", .message = "the journal does not give back what was written to it"};
  applied_ = last;
  if (!again) return fail(std::move(again).error());
  return done();
}

/// Lazy traffic alone is not worth a checkpoint before the half is full.
std::optional<Instant> Store::upkeep_at() const {
  if (read_only_) return std::nullopt;
  std::optional<Instant> at;
  if (durable_ != applied_ && unsynced_since_) at = *unsynced_since_ + lazy_age_;
  const bool worth_a_checkpoint = idle_checkpoints_ && journal_ && durable_used_ > journal_->facts().half_bytes / 4;
  if (worth_a_checkpoint && last_durable_at_) {
    const Instant idle = *last_durable_at_ + Duration{limits_.idle_checkpoint_ms};
    if (!at || idle < *at) at = idle;
  }
  return at;
}

Status Store::upkeep(const Now& now) {
  const auto at = upkeep_at();
  if (!at || now.instant < *at) return done();
  if (durable_ != applied_) {
    if (auto synced = sync(); !synced) return std::move(synced).error();
    return done();
  }
  auto committed = checkpoint(Checkpoint::idle);
  if (!committed) last_durable_at_ = now.instant;  // and once more after as long
  return committed;
}

}  // namespace dormouse::store
