// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/storage.hpp"

#include <algorithm>
#include <iterator>
#include <span>

#include <caf/stateful_actor.hpp>

#include "actors/storage/batches.hpp"
#include "actors/storage/enqueue_desk.hpp"
#include "actors/storage/operations.hpp"
#include "actors/storage/storage_state.hpp"
#include "runtime/reconcile/stamp_record.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::actors {

namespace {

/// Operations that are not one call into runtime/ stand here, so that run() treats all alike.
Result<ReconcileStep::Value> execute_with(StorageState& state, Work& work, const ReconcileStep& op) {
  for (const Gap& gap : op.gaps) reconcile::add_gap(work, gap);
  if (op.trust_gained && op.trigger != reconcile::Trigger::boot) {  // a boot's own start has judged its spans
    state.spans.gain_trust(work.now);
    work.txn.put(store::keys::meta("spans"), state.spans.encode());
  }
  if (op.stamp) reconcile::put_stamp(work.txn, state.stamp(work.now));
  auto alarms = reconcile::note_gains(work, op.gains, op.max_error);
  if (op.trust_gained || op.wall_before_step)
    for (auto& alarm : reconcile::plan_anew(work, op.wall_before_step)) alarms.push_back(std::move(alarm));
  auto pass = reconcile::reconcile(work, op.trigger);
  pass.alarms.insert(pass.alarms.begin(), alarms.begin(), alarms.end());
  return pass;
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
  if (state.stopping) return Error{"stopping", "The device is stopping and takes no more jobs."};
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

template <class T>
struct Ran {
  Result<T> result;
  bool changed = false;  // something was applied
};

/// One operation as one batch.
template <class Op>
Ran<typename Op::Value> carry_out(StorageState& state, const Now& now, const Op& op) {
  auto txn = state.store->begin(now);
  Work work = state.work(txn, now);
  Ran<typename Op::Value> ran{execute_with(state, work, op)};
  if (ran.result.ok() && txn.changed()) {
    const bool probation = on_probation(state.boot, now.instant, state.setup.probation);
    auto applied = txn.apply(durability_of(*ran.result, probation));
    ran.changed = applied.ok();
    if (!ran.changed) ran.result = std::move(applied).error();
  } else if (ran.result.ok() && txn.failed()) {
    ran.result = *txn.failed();
  }
  return ran;
}

/// Several commands as one batch; false if one of them, or the batch, is refused: then nothing was done.
bool carry_out_together(StorageState& state, const Now& now, std::span<const EnqueueJobs> commands,
                        Ran<EnqueueGroup::Value>& ran) {
  auto txn = state.store->begin(now);
  Work work = state.work(txn, now);
  EnqueueGroup::Value answers;
  for (const auto& command : commands) {
    answers.push_back(execute_with(state, work, command));
    if (!answers.back().ok()) return false;
  }
  if (txn.failed()) return false;
  if (txn.changed()) {
    if (!txn.apply(store::Durability::durable).ok()) return false;
    ran.changed = true;
  }
  std::move(answers.begin(), answers.end(), std::back_inserter(*ran.result));
  return true;
}

/// Where one is refused, each of its batch is tried alone.
Ran<EnqueueGroup::Value> carry_out(StorageState& state, const Now& now, const EnqueueGroup& op) {
  Ran<EnqueueGroup::Value> ran{EnqueueGroup::Value{}};
  const std::uint64_t most = shared_batch_bytes(state.setup.limits);
  const std::span all(op.commands);
  for (std::size_t from = 0; from < all.size();) {
    const std::size_t to = end_of_batch(op.commands, from, most);
    const auto batch = all.subspan(from, to - from);
    from = to;
    if (batch.size() > 1 && carry_out_together(state, now, batch, ran)) continue;
    for (const auto& command : batch) {
      auto alone = carry_out(state, now, command);
      ran.changed = ran.changed || alone.changed;
      ran.result->push_back(std::move(alone.result));
    }
  }
  return ran;
}

/// `tell` is called once, after the commit; never if the store gives up.
template <class Op>
void run(StorageState& state, const Op& op, std::function<void(Result<typename Op::Value>)> tell) {
  if (state.gave_up) return;
  if (!state.is_open()) return tell(StorageState::not_open());
  const Now now = state.setup.time->now();
  auto ran = carry_out(state, now, op);
  if (state.give_up()) return;
  state.tell_read_only(now);
  if constexpr (std::is_same_v<Op, TakeDue>) {
    tell(std::move(ran.result));  // only a claim acts on it, and that waits for its group
  } else {
    state.answer<typename Op::Value>(std::move(tell), std::move(ran.result), ran.changed);
  }
}

template <class Op>
caf::typed_response_promise<Answer<typename Op::Value>> run(StorageState& state, const Op& op) {
  using Value = typename Op::Value;
  auto promise = state.self->make_response_promise<Answer<Value>>();
  run(state, op, [promise](Result<Value> result) mutable { promise.deliver(Answer<Value>{std::move(result)}); });
  return promise;
}

/// The scheduler hears of them second: whoever cancels one now is behind it in storage's mailbox all the same.
void fetch_enqueues(StorageState& state, const FetchEnqueues& fetch) {
  const auto batch = fetch.call->fetch();
  run(state, batch->group,
      [self = state.self, batch, scheduler = fetch.scheduler](Result<EnqueueGroup::Value> answers) {
        JobsEnqueued made;
        if (answers.ok()) made = created(handlers_of(batch->group.commands), *answers);
        batch->tell(std::move(answers));
        if (!made.jobs.empty()) self->send(scheduler, std::move(made));
      });
}

/// None: the store cannot go on, so nobody is answered.
caf::typed_response_promise<Answer<Done>> answer_unless_gone(StorageState& state, std::optional<Status> status) {
  auto promise = state.self->make_response_promise<Answer<Done>>();
  if (status) promise.deliver(Answer<Done>{*std::move(status)});
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
      [&state](const EnqueueGroup& op) { return run(state, op); },
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
      [&state](const FlushStore& op) { return answer_unless_gone(state, state.flush_store(op)); },
      [&state](const CloseStore& op) { return answer_unless_gone(state, state.close(op)); },
      [&state](const AreYouThere& asked) { return Answer<Done>{state.are_you_there(asked)}; },
      [&state](const HandlersChanged& changed) {
        state.handlers.clear();
        for (const auto& [handler, places] : changed.places) state.handlers.insert(handler);
      },
      [&state](HeartbeatWritten) { state.heartbeat_written(); },
      [&state](const KeepUp& keep_up) {
        state.timekeeper = keep_up.timekeeper;
        state.tell_upkeep();
        if (state.is_open()) state.tell_system_wake(state.setup.time->now());
      },
      [&state](Wake) { state.upkeep(); },
      [&state](Flush) { state.flush(); },
      [&state](const FetchEnqueues& fetch) { fetch_enqueues(state, fetch); },
      [&state](NoMoreJobs) { state.stopping = true; },
      [&state](SnapshotTaken& taken) { state.snapshot_taken(taken); },
  };
}

}  // namespace

StorageActor spawn_storage(caf::actor_system& system, StorageSetup setup) {
  auto shared = std::make_shared<StorageSetup>(std::move(setup));
  return shared->own_thread ? system.spawn<caf::detached>(storage, shared) : system.spawn(storage, shared);
}

}  // namespace dormouse::actors
