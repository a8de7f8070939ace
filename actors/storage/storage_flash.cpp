// SPDX-License-Identifier: Apache-2.0
// What storage does for the flash: it counts what is written, keeps the account with batches that are written
// anyway, and lets lazy things wait while the budget is empty.
#include "actors/storage/storage_state.hpp"
#include "runtime/jobs/components.hpp"
#include "runtime/store/flash_report.hpp"

namespace dormouse::actors {

namespace {

constexpr std::uint64_t syncs_of_create = 5;    // tree, journal, their folder, the data folder, the marker
constexpr std::uint64_t syncs_of_snapshot = 3;  // file, folder, the folder of all

store::ComponentNames names_in(store::Transaction& txn) {
  return [&txn](std::uint16_t number) { return jobs::component_name(txn, number); };
}

}  // namespace

/// The account rides in the boot's own batch: so a boot pays for its replay, however short it is.
void StorageState::begin_flash(store::Transaction& txn, const Now& now, std::uint64_t created_bytes) {
  flash = store::FlashAccount::load(txn, setup.flash, now);
  flash.note_store(store->stats());
  if (created_bytes > 0) flash.note(store::FlashCause::create, created_bytes, syncs_of_create);
  put_flash(txn);
  setup.time->publish(flash.budget());
}

void StorageState::heartbeat_written() {
  note_flash(store::FlashCause::heartbeat, store::flash_block_bytes, 1);
}

void StorageState::count_snapshot(std::uint64_t bytes) {
  if (bytes > 0) note_flash(store::FlashCause::snapshot, store::blocks_touched(0, bytes), syncs_of_snapshot);
}

void StorageState::note_flash(store::FlashCause cause, std::uint64_t bytes, std::uint64_t syncs) {
  const Now now = setup.time->now();
  flash.advance(now);  // it was written today, whatever day the account stands in
  flash.note(cause, bytes, syncs);
  if (is_open() && !gave_up) count_flash(now);
}

void StorageState::count_flash(const Now& now) {
  flash.advance(now);
  flash.note_store(store->stats());
  const auto& budget = flash.budget();
  store->set_lazy_age(budget.stretched(Duration{setup.limits.lazy_age_ms}));
  store->allow_idle_checkpoints(budget.allows_idle_checkpoint());
  setup.time->publish(budget);
  snapshot_weekly(now);
  const auto change = flash.take_budget_change();
  if (change == store::FlashBudget::Change::none) return;
  // Durable before it is told: a power cut must not tell it once more.
  save_flash(now, store::Durability::durable);
  (void)store->settle(now);
  auto txn = store->begin(now);
  if (change == store::FlashBudget::Change::emptied)
    setup.observe(alarm(now, store::flash_alarm(flash, names_in(txn))));
}

/// For a store that breaks one day. Nobody waits for the answer; what fails is told as an alarm.
void StorageState::snapshot_weekly(const Now& now) {
  if (!setup.take_snapshot || snapshot || !flash.wants_snapshot()) return;
  if (next_weekly && now.instant < *next_weekly) return;
  next_weekly = now.instant + store::FlashUse::day_length;
  caf::anon_send(StorageActor(self), TakeSnapshot{});
}

void StorageState::put_flash(store::Transaction& txn) {
  if (setup.read_flash) flash.note_reading(setup.read_flash());
  flash.save(txn);
}

void StorageState::save_flash(const Now& now, store::Durability durability) {
  auto txn = store->begin(now);
  put_flash(txn);
  (void)txn.apply(durability);  // refused: the account stands as at the last batch that took it
}

std::vector<wire::Record> StorageState::flash_items(Work& work) const {
  store::FlashAccount shown = flash;
  shown.advance(work.now);
  shown.note_store(store->stats());
  if (setup.read_flash) shown.note_reading(setup.read_flash());
  return store::flash_items(shown, names_in(work.txn));
}

}  // namespace dormouse::actors
