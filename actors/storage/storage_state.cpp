// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/storage_state.hpp"

#include <utility>

#include "runtime/reconcile/stamp_record.hpp"

namespace dormouse::actors {

namespace {

/// A checkpoint at a stop is begun only with so much of the bound left.
constexpr Duration checkpoint_time{2'000};

}  // namespace

Error StorageState::not_open() {
  return Error{"store.closed", "The store is not open.", "Wait for the device to be ready."};
}

Stamp StorageState::stamp(const Now& now) const {
  const Sample sample = setup.time->sample();
  TrustState trust = setup.time->trust();
  trust.note_stamp({now.instant, sample.monotonic, now.wall});
  return reconcile::make_stamp(boot, now, sample, trust);
}

// -- groups --

void StorageState::join_group(std::function<void(const Error*)> waiting) {
  if (pending.empty()) group_began = setup.time->now().instant;
  pending.push_back(std::move(waiting));
  if (pending.size() >= setup.limits.group_batches) {
    flush();
  } else if (!flush_asked) {
    flush_asked = true;
    self->send(self, Flush{});  // stands behind everything already in the mailbox
  }
}

Status StorageState::are_you_there(const AreYouThere& asked) const {
  if (pending.empty() || setup.time->now().instant - group_began <= asked.longest_commit) return done();
  return Error{"store.slow", "a commit has been open for longer than half the watchdog's timeout"};
}

void StorageState::flush() {
  flush_asked = false;
  if (pending.empty() || !is_open() || gave_up) return;
  const Now now = setup.time->now();
  if (store->durable_pending() && flash.worth_saving(now)) save_flash(now, store::Durability::lazy);
  const auto settled = store->settle(now);
  if (give_up()) return;
  if (settled.ok()) note_commit(now);
  auto group = std::move(pending);
  pending.clear();
  for (auto& waiting : group) waiting(settled.ok() ? nullptr : &settled.error());
  if (!settled.ok() && !store->read_only()) setup.observe(alarm(now, settled.error()));
  tell_read_only(now);
  set_aside_bad_records(now);
  if (give_up()) return;
  tell_failures(now);
  if (const auto full = store->take_map_alarm()) setup.observe(alarm(now, *full));
  count_flash(now);
  if (give_up()) return;
  tell_upkeep();
  tell_system_wake(now);
}

/// What became durable carries the time it was made, so the heartbeat need not tell that the device lives.
void StorageState::note_commit(const Now& now) {
  if (noted == store->durable()) return;
  noted = store->durable();
  spans.note_stamp(now);
  setup.time->note_commit(now.instant);
}

void StorageState::set_aside_bad_records(const Now& now) {
  const auto bad = store->take_bad_records();
  if (bad.empty()) return;
  for (const auto& record : bad) setup.observe(alarm(now, record.error));
  if (store->set_aside(bad, boot.number, now).ok()) (void)store->settle(now);
}

/// A journal that fails is made good by a checkpoint, if one succeeds; people should hear of the medium all the
/// same.
void StorageState::tell_failures(const Now& now) {
  const auto failures = store->stats().journal_failures;
  if (std::exchange(failures_told, failures) == failures) return;
  setup.observe(alarm(now, {"store.io", "The journal could not be written; a checkpoint made it good."}));
}

void StorageState::tell_read_only(const Now& now) {
  if (!store->read_only() || std::exchange(told_read_only, true)) return;
  Error error = *store->read_only();
  error.message += "; nothing starts and no change is taken, only questions are answered";
  setup.observe(alarm(now, error));
}

bool StorageState::give_up() {
  if (gave_up || !store->failed()) return gave_up;
  gave_up = true;
  if (setup.owner) self->send(setup.owner, StoreFailed{*store->failed()});
  return true;
}

// -- life --

Result<reconcile::BootStart> StorageState::open(const OpenStore& op) {
  auto opened = setup.open_store();
  if (!opened.ok()) return std::move(opened).error();
  store = std::move(opened->store);
  reconcile::BootFacts facts = op.facts;
  facts.last_batch = opened->recovery.last_batch;
  facts.store_id = opened->store_id;
  facts.store_found = reconcile::recovery_words(opened->recovery, opened->notes);
  auto start = begin_boot(facts, opened->created_bytes);
  for (const Error& error : opened->alarms) setup.observe(alarm(setup.time->now(), error));
  if (!start.ok()) {
    store.reset();
    return start;
  }
  tell_read_only(setup.time->now());
  spans = start->spans;
  boot = start->boot;
  noted = store->durable();
  return start;
}

/// The first batch of this process, durable before any other is looked at. A store that cannot be written is asked
/// all the same: the boot then stands in no record, and as no other batch is taken nothing is done in its epoch.
Result<reconcile::BootStart> StorageState::begin_boot(const reconcile::BootFacts& facts,
                                                      std::uint64_t created_bytes) {
  const Now now{facts.sample.instant, facts.sample.wall};
  auto txn = store->begin(now);
  auto start = reconcile::begin_boot(txn, facts, setup.limits);
  if (!start.ok()) return start;
  begin_flash(txn, {now.instant, now.wall, {}, start->boot.number, start->boot.kernel_boot}, created_bytes);
  store->own(start->boot.epoch);
  auto kept = txn.apply(store::Durability::durable);
  if (kept.ok()) kept = store->settle(now);
  if (!kept.ok() && !store->read_only()) return std::move(kept).error();
  return start;
}

std::optional<Status> StorageState::close(const CloseStore& op) {
  flush();
  if (gave_up) return std::nullopt;
  if (!is_open()) return done();
  Status stopped = done();
  if (!op.clean_reason.empty() && !store->read_only()) stopped = mark_clean(op);
  if (op.in_time_only && store->read_only()) stopped = *store->read_only();
  if (give_up()) return std::nullopt;
  closed = true;
  if (!snapshot) store.reset();  // else once the copy has ended: it reads what the store has open
  return stopped;
}

/// The clean mark is the last batch; the checkpoint behind it only spares the next start the replay.
Status StorageState::mark_clean(const CloseStore& op) {
  const Now now = setup.time->now();
  if (op.in_time_only && op.until && now.instant > *op.until)
    return Error{"power.hold_up_missed", "what waited to become durable took longer than the supply holds"};
  count_flash(now);
  // Counted before it is made, for nothing is written after it.
  const auto last = store->next_checkpoint();
  flash.note(store::FlashCause::checkpoint, last.bytes, last.syncs);
  auto txn = store->begin(now);
  put_flash(txn);
  reconcile::put_clean_stamp(txn, stamp(now), op.clean_reason);
  auto synced = txn.apply(store::Durability::durable);
  if (synced.ok()) synced = store->sync();
  if (!synced.ok()) return std::move(synced).error();
  if (op.until && setup.time->now().instant + checkpoint_time > *op.until) return done();
  if (const auto committed = store->checkpoint(store::Checkpoint::stop); !committed.ok())
    setup.observe(alarm(now, committed.error()));
  return done();
}

// -- snapshots --

caf::typed_response_promise<Answer<std::string>> StorageState::take_snapshot() {
  auto promise = self->make_response_promise<Answer<std::string>>();
  flush();
  if (gave_up) return promise;
  const Status prepared = prepare_snapshot();
  if (store && give_up()) return promise;
  if (!prepared.ok()) {
    promise.deliver(Answer<std::string>{prepared.error()});
    return promise;
  }
  snapshot = promise;
  tell_upkeep();
  copy();
  return promise;
}

/// A copy shows what the tree has committed, so all that was answered goes there first.
Status StorageState::prepare_snapshot() {
  if (!is_open()) return not_open();
  if (!setup.take_snapshot) return Error{"store.snapshot_failed", "This device has no place for snapshots."};
  if (snapshot) return Error{"store.snapshot_failed", "A snapshot is being taken.", "Ask again when it has ended."};
  return store->checkpoint(store::Checkpoint::snapshot);
}

void StorageState::copy() {
  // The store outlives the copy: close() leaves it open meanwhile, and whoever ends this actor waits.
  const auto take = [taker = setup.take_snapshot, number = boot.number, copied = store.get()] {
    return SnapshotTaken{taker(number, [copied](int descriptor) { return copied->copy_to(descriptor); })};
  };
  if (!setup.own_thread) {
    self->send(self, take());
    return;
  }
  copying = std::thread([take, me = StorageActor(self)] { caf::anon_send(me, take()); });
}

void StorageState::snapshot_taken(SnapshotTaken& taken) {
  end_copy();
  if (taken.snapshot.ok()) {
    count_snapshot(taken.snapshot->bytes);
    snapshot->deliver(Answer<std::string>{std::move(taken.snapshot->name)});
  } else {
    setup.observe(alarm(setup.time->now(), taken.snapshot.error()));
    snapshot->deliver(Answer<std::string>{std::move(taken.snapshot).error()});
  }
  snapshot.reset();
  if (closed) store.reset();
}

void StorageState::end_copy() {
  if (copying.joinable()) copying.join();
}

}  // namespace dormouse::actors
