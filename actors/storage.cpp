// SPDX-License-Identifier: Apache-2.0
#include "actors/storage.hpp"

#include <caf/stateful_actor.hpp>

#include "actors/operations.hpp"
#include "runtime/reconcile/stamp_record.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::actors {

namespace {

struct StorageState {
  static inline const char* name = "storage";
  StorageActor::pointer self = nullptr;
  StorageSetup setup;
  std::unique_ptr<store::Store> store;
  Spans spans;
  Boot boot;
  std::set<std::string> handlers;
  std::vector<std::function<void(const Error*)>> pending;  // the group: answers that wait for the sync
  bool flush_asked = false;

  template <class Op>
  auto run(const Op& op) -> caf::typed_response_promise<Answer<typename Op::Value>>;
  template <class T>
  void answer_after_sync(caf::typed_response_promise<Answer<T>> promise, Result<T> result);
  void flush();
  Status sync_group();
  void set_aside_bad_records();

  // -- operations that touch what storage itself holds, beside the transaction --
  Result<OpenStore::Value> open(const OpenStore& op);
  Result<Done> close(const CloseStore& op);
  Result<reconcile::Pass> reconcile_step(Work& work, const ReconcileStep& op);
  Result<DeviceStatus> status(Work& work) const;
};

/// Operations that are not one call into runtime/ stand here, so that run() treats all alike.
Result<ReconcileStep::Value> execute_with(StorageState& state, Work& work, const ReconcileStep& op) {
  return state.reconcile_step(work, op);
}
Result<GetStatus::Value> execute_with(StorageState& state, Work& work, const GetStatus&) {
  return state.status(work);
}
Result<EnqueueJobs::Value> execute_with(StorageState& state, Work& work, const EnqueueJobs& op) {
  if (state.setup.refuse_volatile) {
    return Error{"store.volatile", "The data directory does not survive a power cut, so no job is accepted.",
                 "Move it to a disk, or set volatile_ok = true in the configuration."};
  }
  return execute(work, op);
}
template <class Op>
Result<typename Op::Value> execute_with(StorageState&, Work& work, const Op& op) {
  return execute(work, op);
}

Error not_open() {
  return Error{"store.closed", "The store is not open.", "Wait for the device to be ready."};
}

template <class Op>
auto StorageState::run(const Op& op) -> caf::typed_response_promise<Answer<typename Op::Value>> {
  using Value = typename Op::Value;
  auto promise = self->make_response_promise<Answer<Value>>();
  if (!store) {
    promise.deliver(Answer<Value>{not_open()});
    return promise;
  }
  const Now now = setup.time->now();
  auto txn = store->begin();
  Work work{txn, now, spans, setup.limits, handlers, boot.epoch};
  Result<Value> result = execute_with(*this, work, op);
  if (result.ok() && txn.changed()) {
    auto applied = txn.apply(store::Durability::durable);
    if (!applied.ok()) result = std::move(applied).error();
  } else if (result.ok() && txn.failed()) {
    result = *txn.failed();
  }
  if constexpr (std::is_same_v<Op, TakeDue>) {
    promise.deliver(Answer<Value>{std::move(result)});  // only a claim acts on it, and that waits for its sync
  } else {
    answer_after_sync<Value>(promise, std::move(result));
  }
  return promise;
}

template <class T>
void StorageState::answer_after_sync(caf::typed_response_promise<Answer<T>> promise, Result<T> result) {
  // Also a read waits for the group it stands in: nobody acts outside on what a power cut could still undo.
  if (store->applied() == store->durable()) {
    promise.deliver(Answer<T>{std::move(result)});
    return;
  }
  pending.push_back([promise, result = std::move(result)](const Error* failed) mutable {
    promise.deliver(failed != nullptr && result.ok() ? Answer<T>{*failed} : Answer<T>{std::move(result)});
  });
  if (pending.size() >= setup.limits.group_batches) {
    flush();
  } else if (!flush_asked) {
    flush_asked = true;
    self->send(self, Flush{});  // stands behind everything already in the mailbox
  }
}

void StorageState::flush() {
  flush_asked = false;
  if (pending.empty() || !store) return;
  const Status synced = sync_group();
  auto group = std::move(pending);
  pending.clear();
  for (auto& answer : group) answer(synced.ok() ? nullptr : &synced.error());
  if (!synced.ok()) setup.observe(alarm(setup.time->now(), synced.error()));
  set_aside_bad_records();
}

Status StorageState::sync_group() {
  // Every group carries a stamp: it bounds the start of the next gap.
  const Now now = setup.time->now();
  auto txn = store->begin();
  reconcile::put_stamp(txn, reconcile::make_stamp(boot, now, setup.time->sample(), setup.time->trust()));
  spans.note_stamp(now);
  (void)txn.apply(store::Durability::lazy);  // without it the next gap is less certain; the group is as durable
  auto synced = store->sync();
  if (!synced.ok()) return std::move(synced).error();
  setup.time->note_commit(now.instant);
  return done();
}

void StorageState::set_aside_bad_records() {
  const auto bad = store->take_bad_records();
  if (bad.empty()) return;
  for (const auto& record : bad) {
    setup.observe(alarm(setup.time->now(), record.error));
  }
  if (store->set_aside(bad, boot.number).ok()) (void)store->sync();
}

Result<OpenStore::Value> StorageState::open(const OpenStore& op) {
  auto tree = setup.open_tree();
  if (!tree.ok()) return std::move(tree).error();
  auto opened = store::Store::open(std::move(tree).value(), setup.limits);
  if (!opened.ok()) return std::move(opened).error();
  store = std::move(opened).value();
  auto txn = store->begin();
  auto start = reconcile::begin_boot(txn, op.facts, setup.limits);
  if (!start.ok()) return start;
  const auto applied = txn.apply(store::Durability::durable);
  if (!applied.ok()) return applied.error();
  const auto synced = store->sync();
  if (!synced.ok()) return synced.error();
  spans = start->spans;
  boot = start->boot;
  return start;
}

Result<Done> StorageState::close(const CloseStore& op) {
  if (!store) return Done{};
  flush();
  auto stopped = sync_group();
  if (stopped.ok() && !op.clean_reason.empty()) {
    auto txn = store->begin();
    reconcile::put_clean_stamp(
        txn, reconcile::make_stamp(boot, setup.time->now(), setup.time->sample(), setup.time->trust()),
        op.clean_reason);
    auto applied = txn.apply(store::Durability::durable);
    auto synced = applied.ok() ? store->sync() : std::move(applied);
    if (!synced.ok()) stopped = std::move(synced).error();
  }
  store.reset();
  return stopped;
}

Result<reconcile::Pass> StorageState::reconcile_step(Work& work, const ReconcileStep& op) {
  for (const Gap& gap : op.gaps) reconcile::add_gap(work, gap);
  if (op.trust_gained) {
    spans.gain_trust(work.now);
    work.txn.put(store::keys::meta("spans"), spans.encode());
  }
  if (op.trust_gained || op.wall_before_step) schedules::replan(work, op.wall_before_step);
  return reconcile::reconcile(work, op.trigger);
}

Result<DeviceStatus> StorageState::status(Work& work) const {
  DeviceStatus status;
  status.boot = boot;
  status.now = work.now;
  status.counts = jobs::counts(work);
  status.schedules = schedules::list(work, Identity{}, 0, setup.limits.schedules_device).schedules.size();
  status.store = store->stats();
  status.handlers.assign(handlers.begin(), handlers.end());
  const auto sooner = [&](std::optional<WallTime> wall, std::optional<Instant> instant) {
    if (instant) {
      const WallTime as_wall = work.now.wall + (*instant - work.now.instant);
      if (!wall || as_wall < *wall) wall = as_wall;
    }
    if (wall && (!status.next_due || *wall < *status.next_due)) status.next_due = wall;
  };
  const auto due = jobs::take_due(work, {}, {}, 1);
  sooner(due.next_wall, due.next_instant);
  const auto slots = schedules::decide_due(work, 0);  // decides none, tells the next
  sooner(slots.next_wall, slots.next_instant);
  return status;
}

StorageActor::behavior_type storage(StorageActor::stateful_pointer<StorageState> self,
                                    std::shared_ptr<StorageSetup> setup) {
  StorageState& state = self->state;
  state.self = self;
  state.setup = *setup;
  return {
      [&state](const OpenStore& op) { return Answer<OpenStore::Value>{state.open(op)}; },
      [&state](const EnqueueJobs& op) { return state.run(op); },
      [&state](const CancelJob& op) { return state.run(op); },
      [&state](const GetJob& op) { return state.run(op); },
      [&state](const ListJobs& op) { return state.run(op); },
      [&state](const TakeDue& op) { return state.run(op); },
      [&state](const ClaimJobs& op) { return state.run(op); },
      [&state](const FinishAttempts& op) { return state.run(op); },
      [&state](const ExpireJobs& op) { return state.run(op); },
      [&state](const PutSchedule& op) { return state.run(op); },
      [&state](const DeleteSchedule& op) { return state.run(op); },
      [&state](const ListSchedules& op) { return state.run(op); },
      [&state](const DecideSchedules& op) { return state.run(op); },
      [&state](const ReconcileStep& op) { return state.run(op); },
      [&state](const GetStatus& op) { return state.run(op); },
      [&state](const GetBoots& op) { return state.run(op); },
      [&state](const Explain& op) { return state.run(op); },
      [&state](const CloseStore& op) { return Answer<Done>{state.close(op)}; },
      [](const AreYouThere&) { return Answer<Done>{Done{}}; },
      [&state](const HandlersChanged& changed) {
        state.handlers.clear();
        for (const auto& [handler, places] : changed.places) state.handlers.insert(handler);
      },
      [&state](Flush) { state.flush(); },
  };
}

}  // namespace

StorageActor spawn_storage(caf::actor_system& system, StorageSetup setup) {
  auto shared = std::make_shared<StorageSetup>(std::move(setup));
  return shared->own_thread ? system.spawn<caf::detached>(storage, shared) : system.spawn(storage, shared);
}

}  // namespace dormouse::actors
