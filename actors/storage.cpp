// SPDX-License-Identifier: Apache-2.0
#include "actors/storage.hpp"

#include <caf/stateful_actor.hpp>

#include "actors/operations.hpp"
#include "actors/storage_state.hpp"
#include "runtime/reconcile/stamp_record.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::actors {

namespace {

/// Operations that are not one call into runtime/ stand here, so that run() treats all alike.
Result<ReconcileStep::Value> execute_with(StorageState& state, Work& work, const ReconcileStep& op) {
  for (const Gap& gap : op.gaps) reconcile::add_gap(work, gap);
  if (op.trust_gained) {
    state.spans.gain_trust(work.now);
    work.txn.put(store::keys::meta("spans"), state.spans.encode());
  }
  if (op.stamp) reconcile::put_stamp(work.txn, state.stamp(work.now));
  if (op.trust_gained || op.wall_before_step) schedules::replan(work, op.wall_before_step);
  return reconcile::reconcile(work, op.trigger);
}
Result<GetStatus::Value> execute_with(StorageState& state, Work& work, const GetStatus&) {
  DeviceStatus status = device_status(work);
  status.boot = state.boot;
  status.store = state.store->stats();
  return status;
}
Result<GetFlash::Value> execute_with(StorageState& state, Work& work, const GetFlash&) {
  return state.flash_items(work);
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

template <class Op>
caf::typed_response_promise<Answer<typename Op::Value>> run(StorageState& state, const Op& op) {
  using Value = typename Op::Value;
  auto promise = state.self->make_response_promise<Answer<Value>>();
  if (state.gave_up) return promise;
  if (!state.is_open()) {
    promise.deliver(Answer<Value>{StorageState::not_open()});
    return promise;
  }
  const Now now = state.setup.time->now();
  auto txn = state.store->begin(now);
  Work work{txn, now, state.spans, state.setup.limits, state.handlers, state.boot.epoch, &state.flash};
  Result<Value> result = execute_with(state, work, op);
  bool changed = false;
  if (result.ok() && txn.changed()) {
    auto applied = txn.apply(durability_of(*result, on_probation(state.boot, now.instant, state.setup.probation)));
    changed = applied.ok();
    if (!changed) result = std::move(applied).error();
  } else if (result.ok() && txn.failed()) {
    result = *txn.failed();
  }
  if (state.give_up()) return promise;
  state.tell_read_only(now);
  if constexpr (std::is_same_v<Op, TakeDue>) {
    promise.deliver(Answer<Value>{std::move(result)});  // only a claim acts on it, and that waits for its group
  } else {
    state.answer<Value>(promise, std::move(result), changed);
  }
  return promise;
}

StorageActor::behavior_type storage(StorageActor::stateful_pointer<StorageState> self,
                                    std::shared_ptr<StorageSetup> setup) {
  StorageState& state = self->state;
  state.self = self;
  state.setup = *setup;
  return {
      [&state](const OpenStore& op) { return Answer<OpenStore::Value>{state.open(op)}; },
      [&state](const EnqueueJobs& op) { return run(state, op); },
      [&state](const CancelJob& op) { return run(state, op); },
      [&state](const GetJob& op) { return run(state, op); },
      [&state](const ListJobs& op) { return run(state, op); },
      [&state](const TakeDue& op) { return run(state, op); },
      [&state](const ClaimJobs& op) { return run(state, op); },
      [&state](const FinishAttempts& op) { return run(state, op); },
      [&state](const ExpireJobs& op) { return run(state, op); },
      [&state](const PutSchedule& op) { return run(state, op); },
      [&state](const DeleteSchedule& op) { return run(state, op); },
      [&state](const ListSchedules& op) { return run(state, op); },
      [&state](const DecideSchedules& op) { return run(state, op); },
      [&state](const ReconcileStep& op) { return run(state, op); },
      [&state](const GetStatus& op) { return run(state, op); },
      [&state](const GetFlash& op) { return run(state, op); },
      [&state](const GetBoots& op) { return run(state, op); },
      [&state](const Explain& op) { return run(state, op); },
      [&state](TakeSnapshot) { return state.take_snapshot(); },
      [&state](const CloseStore& op) {
        auto promise = state.self->make_response_promise<Answer<Done>>();
        if (auto stopped = state.close(op)) promise.deliver(Answer<Done>{*std::move(stopped)});
        return promise;
      },
      [](const AreYouThere&) { return Answer<Done>{Done{}}; },
      [&state](const HandlersChanged& changed) {
        state.handlers.clear();
        for (const auto& [handler, places] : changed.places) state.handlers.insert(handler);
      },
      [&state](HeartbeatWritten) { state.heartbeat_written(); },
      [&state](const KeepUp& keep_up) {
        state.timekeeper = keep_up.timekeeper;
        state.tell_upkeep();
      },
      [&state](Wake) { state.upkeep(); },
      [&state](Flush) { state.flush(); },
      [&state](SnapshotTaken& taken) { state.snapshot_taken(taken); },
  };
}

}  // namespace

StorageActor spawn_storage(caf::actor_system& system, StorageSetup setup) {
  auto shared = std::make_shared<StorageSetup>(std::move(setup));
  return shared->own_thread ? system.spawn<caf::detached>(storage, shared) : system.spawn(storage, shared);
}

}  // namespace dormouse::actors
