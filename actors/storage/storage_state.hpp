// SPDX-License-Identifier: Apache-2.0
// What the storage actor holds and does beside routing and the operations: groups, upkeep, open, close, snapshots.
// Inside of storage*.cpp.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "actors/storage/operations.hpp"
#include "actors/storage/storage.hpp"
#include "runtime/jobs/wakes.hpp"

namespace dormouse::actors {

/// A group that failed is told to all whom no error of their own says more.
template <class T>
void fail_with(Result<T>& result, const Error& failed) {
  if (result.ok()) result = failed;
}
inline void fail_with(Result<EnqueueGroup::Value>& results, const Error& failed) {
  for (auto& result : *results) fail_with(result, failed);
}

struct StorageState {
  static inline const char* name = "storage";
  StorageActor::pointer self = nullptr;
  StorageSetup setup;
  std::unique_ptr<store::Store> store;
  Spans spans;
  Boot boot;
  std::set<std::string> handlers;
  std::vector<std::function<void(const Error*)>> pending;  // the group: answers that wait for its end
  Instant group_began;                                     // while any wait
  bool flush_asked = false;
  bool closed = false;
  bool gave_up = false;
  bool stopping = false;  // enqueues are refused
  bool told_read_only = false;
  std::uint64_t noted = 0;          // durable() when a commit was last noted
  std::uint64_t failures_told = 0;  // of the journal
  WakeSetter timekeeper;
  jobs::NextWake told_system_wake;
  std::optional<Instant> told_upkeep;                                        // what the timekeeper was last told
  std::optional<caf::typed_response_promise<Answer<std::string>>> snapshot;  // one is being taken
  std::thread copying;
  std::optional<Instant> next_weekly;  // after one was asked for: one that failed is tried again a day later
  store::FlashAccount flash;

  ~StorageState() { end_copy(); }

  bool is_open() const { return store != nullptr && !closed; }
  static Error not_open();
  Work work(store::Transaction& txn, const Now& now) {
    return {txn, now, spans, setup.limits, handlers, boot.epoch, &flash};
  }
  /// A whole stamp of this moment.
  Stamp stamp(const Now& now) const;

  // -- groups --
  /// A change waits for the end of its group. So does a read that may have seen one which is to be durable: nobody
  /// acts outside on what a power cut could still undo.
  template <class T>
  void answer(std::function<void(Result<T>)> tell, Result<T> result, bool changed) {
    if (!changed && !store->durable_pending()) {
      tell(std::move(result));
      return;
    }
    join_group([tell = std::move(tell), result = std::move(result)](const Error* failed) mutable {
      if (failed != nullptr) fail_with(result, *failed);
      tell(std::move(result));
    });
  }
  void join_group(std::function<void(const Error*)> waiting);
  /// Not well while a group has been open for too long.
  Status are_you_there(const AreYouThere& asked) const;
  void flush();
  void note_commit(const Now& now);
  void set_aside_bad_records(const Now& now);
  void tell_failures(const Now& now);
  /// One alarm when the store has turned read-only.
  void tell_read_only(const Now& now);
  /// True if the store cannot go on. What waits then is never answered: some of it may be durable and some not.
  bool give_up();

  // -- what no group asks for: storage_upkeep.cpp --
  void tell_upkeep();
  void upkeep();
  /// None: there is no answer, because the store cannot go on.
  std::optional<Status> flush_store(const FlushStore& op);
  Status checkpoint_with_stamp(const Now& now);
  /// What follows a sync of either; nothing if the store cannot go on.
  void synced(const Now& now);
  /// Tells the timekeeper what is next to wake the whole device, if that has changed.
  void tell_system_wake(const Now& now);

  // -- flash: storage_flash.cpp --
  void begin_flash(store::Transaction& txn, const Now& now, std::uint64_t created_bytes);
  void heartbeat_written();
  void count_snapshot(std::uint64_t bytes);
  void snapshot_weekly(const Now& now);
  void note_flash(store::FlashCause cause, std::uint64_t bytes, std::uint64_t syncs);
  /// Counts what the store has written, and lets what is lazy wait as the budget says.
  void count_flash(const Now& now);
  void put_flash(store::Transaction& txn);
  /// A batch of its own for the account, if it is worth one.
  void save_flash(const Now& now, store::Durability durability);
  std::vector<wire::Record> flash_items(Work& work) const;

  // -- life --
  Result<reconcile::BootStart> open(const OpenStore& op);
  Result<reconcile::BootStart> begin_boot(const reconcile::BootFacts& facts, std::uint64_t created_bytes);
  /// None: there is no answer, because the store cannot go on.
  std::optional<Status> close(const CloseStore& op);
  Status mark_clean(const CloseStore& op);

  // -- snapshots --
  caf::typed_response_promise<Answer<std::string>> take_snapshot();
  Status prepare_snapshot();
  void copy();
  void snapshot_taken(SnapshotTaken& taken);
  void end_copy();
};

}  // namespace dormouse::actors
