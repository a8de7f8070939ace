// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "runtime/jobs/components.hpp"
#include "runtime/jobs/conflict.hpp"
#include "runtime/jobs/counters.hpp"
#include "runtime/jobs/enqueue_plan.hpp"
#include "runtime/jobs/history.hpp"
#include "runtime/jobs/job_codec.hpp"
#include "runtime/jobs/records.hpp"
#include "runtime/jobs/sha256.hpp"
#include "runtime/jobs/validate.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::jobs {
namespace {

using wire::Key;
using wire::Record;
namespace keys = store::keys;

Record load_ids(store::Transaction& txn) {
  const std::optional<Bytes> body = txn.get(keys::meta("ids"));
  if (!body) return {};
  Result<Record> record = Record::decode(*body);
  return record ? std::move(record).value() : Record{};
}

/// Others keep their last ids in the same record, so it is changed, not replaced.
void store_last_id(store::Transaction& txn, std::uint64_t id) {
  txn.put(keys::meta("ids"), load_ids(txn).put_uint(Key::last_id, id).encode());
}

/// The writing half, for jobs of senders and of slots alike.
void insert(Work& work, Counters& counters, Job job) {
  job.created = Noted{work.now.wall, work.now.trust, work.now.boot};
  if (job.spec.args.size() > kInlineBytes) {
    job.args_apart = job.spec.args.size();
    put_for(work, job.component, keys::job_part(job.id, 'a'), job.spec.args);
  }
  if (job.spec.idempotency_key) {
    job.args_hash = sha256(job.spec.args);
    job.forget = Due::elapsed(work.now.kernel_boot, work.now.instant + job.spec.idempotency_ttl);
    remember(work, job.component, *job.spec.idempotency_key, {job.id, *job.forget});
  }
  hold_key(work, job);
  save(work, job);
  count_move(counters, job.component, std::nullopt, State::scheduled);
}

}  // namespace

std::uint64_t last_id(store::Transaction& txn) {
  return load_ids(txn).get_uint(Key::last_id).value_or(0);
}

std::vector<Enqueued> carry_out(Work& work, std::uint16_t component, Trigger trigger,
                                const std::vector<PlannedJob>& plan) {
  std::vector<Enqueued> answers;
  Counters counters = load_counters(work.txn);
  std::uint64_t newest = 0;
  for (const PlannedJob& planned : plan) {
    answers.push_back(planned.answer);
    if (!planned.answer.created) continue;
    Job job;
    job.id = newest = planned.answer.id;
    job.component = component;
    job.spec = planned.spec;
    job.trigger = trigger;
    job.due = planned.answer.due;
    job.after_job = planned.after_job;
    insert(work, counters, std::move(job));
  }
  if (newest == 0) return answers;  // an earlier job answers for each: nothing is written
  store_last_id(work.txn, newest);
  store_counters(work.txn, counters);
  return answers;
}

Result<std::vector<Enqueued>> enqueue(Work& work, const Identity& who, Trigger trigger,
                                      const std::vector<JobSpec>& specs) {
  if (auto error = may_change(who)) return std::move(*error);
  if (!is_component_name(who.component)) {
    return invalid_input({{"component", "bad_format", "must be 1..64 bytes of a-z 0-9 . _ -"}});
  }
  work.txn.keep_reserve();
  const std::uint16_t component = component_number(work.txn, who.component);
  Result<std::vector<PlannedJob>> plan = plan_enqueue(work, component, who.component, specs, nullptr);
  if (!plan) return plan.error();
  return carry_out(work, component, trigger, *plan);
}

std::optional<std::uint64_t> enqueue_slot(Work& work, const SlotJob& slot) {
  const Bytes key = keys::slot(slot.component, slot.slot_ms, slot.schedule);
  if (work.txn.get(key)) return std::nullopt;
  Job job;
  job.id = last_id(work.txn) + 1;
  job.component = slot.component;
  job.spec = understood(slot.spec);
  job.trigger = Trigger::schedule;
  job.schedule = slot.schedule;
  job.schedule_name = slot.schedule_name;
  job.slot_ms = slot.slot_ms;
  job.due = slot.due;
  job.settled = slot.settled;
  job.in_line = slot.in_line;
  job.missed_count = slot.missed_count;
  job.first_missed_ms = slot.first_missed_ms;
  const std::uint64_t id = job.id;

  Counters counters = load_counters(work.txn);
  work.txn.put(key, Record{}.put_uint(Key::id, id).encode());
  insert(work, counters, std::move(job));
  store_last_id(work.txn, id);
  store_counters(work.txn, counters);
  return id;
}

}  // namespace dormouse::jobs
