// SPDX-License-Identifier: Apache-2.0
// What storage makes durable without a group that asks for it: lazy changes and a checkpoint when their time has
// come, or all of it on command. And whom it tells when that is, and when the device must be awake.
#include <utility>

#include "actors/storage/storage_state.hpp"
#include "runtime/reconcile/stamp_record.hpp"

namespace dormouse::actors {

void StorageState::tell_system_wake(const Now& now) {
  if (!timekeeper || !is_open()) return;
  auto txn = store->begin(now);
  Work work{txn, now, spans, setup.limits, handlers, boot.epoch, nullptr};
  const jobs::NextWake next = jobs::next_wake(work);
  if (next == told_system_wake) return;
  told_system_wake = next;
  self->send(timekeeper, SetWake{Purpose::system_wake, self, next.instant, next.wall, std::nullopt});
}

/// A wake that has become too early is left: it comes once, and then the right one is set.
void StorageState::tell_upkeep() {
  if (!timekeeper || !is_open()) return;
  const auto at = store->upkeep_at();
  if (at == told_upkeep || (at && told_upkeep && *told_upkeep < *at)) return;
  told_upkeep = at;
  const auto cause = store->unsynced() ? WakeCause::lazy_age : WakeCause::idle_checkpoint;
  self->send(timekeeper, SetWake{Purpose::store_upkeep, self, at, {}, cause});
}

void StorageState::upkeep() {
  told_upkeep.reset();  // a wake comes once
  flush();
  if (!is_open() || gave_up) return;
  const Now now = setup.time->now();
  const Status kept = store->upkeep(now);
  noted = store->durable();  // it may be old: no sign of life
  if (!kept.ok() && !store->failed() && !store->read_only()) setup.observe(alarm(now, kept.error()));
  synced(now);
}

void StorageState::synced(const Now& now) {
  if (give_up()) return;
  tell_read_only(now);
  tell_failures(now);
  count_flash(now);
  if (give_up()) return;
  tell_upkeep();
}

/// Whoever asks is told of a failure, so there is no alarm for it.
std::optional<Status> StorageState::flush_store(const FlushStore& op) {
  flush();
  if (gave_up) return std::nullopt;
  if (!is_open()) return not_open();
  const Now now = setup.time->now();
  Status flushed = done();
  if (op.checkpoint) {
    flushed = checkpoint_with_stamp(now);
  } else if (const auto durable = store->sync(); durable.ok()) {
    noted = *durable;  // lazy changes tell when they were made, not that the device lives now
  } else {
    flushed = durable.error();
  }
  synced(now);
  if (gave_up) return std::nullopt;
  return flushed;
}

/// The device may be about to be suspended, and the power may go while it is: the stamp bounds that outage. Where
/// there is no room for it the checkpoint is made all the same.
Status StorageState::checkpoint_with_stamp(const Now& now) {
  auto txn = store->begin(now);
  if (flash.worth_saving(now)) put_flash(txn);
  reconcile::put_stamp(txn, stamp(now));
  const auto stamped = txn.apply(store::Durability::durable);
  const Status committed = store->checkpoint(store::Checkpoint::command);
  if (stamped.ok() && store->durable() >= *stamped) note_commit(now);
  return stamped.ok() ? committed : Status(stamped.error());
}

}  // namespace dormouse::actors
