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

/// The writing half, for jobs of senders and of slots alike.
void insert(Work& work, Tally& tally, Job job) {
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
  count_begun(tally, job.component);
  tally.begun.last_id = job.id;
}

void store_tally(Work& work, const Tally& tally) {
  store_begun(work.txn, tally.begun);
  if (tally.counters.is_new) store_counters(work.txn, tally.counters);
}

}  // namespace

std::vector<Enqueued> carry_out(Work& work, std::uint16_t component, Trigger trigger, std::vector<PlannedJob> plan,
                                Tally tally) {
  std::vector<Enqueued> answers;
  bool created = false;
  for (PlannedJob& planned : plan) {
    answers.push_back(planned.answer);
    if (!planned.answer.created) continue;
    created = true;
    Job job;
    job.id = planned.answer.id;
    job.component = component;
    job.spec = std::move(planned.spec);
    job.trigger = trigger;
    job.due = planned.answer.due;
    job.after_job = planned.after_job;
    insert(work, tally, std::move(job));
  }
  if (created) store_tally(work, tally);  // else an earlier job answers for each: nothing is written
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
  Tally tally = load_tally(work.txn);
  Result<std::vector<PlannedJob>> plan = plan_enqueue(work, component, who.component, specs, tally, nullptr);
  if (!plan) return plan.error();
  return carry_out(work, component, trigger, std::move(plan).value(), std::move(tally));
}

std::optional<std::uint64_t> enqueue_slot(Work& work, const SlotJob& slot) {
  const Bytes key = keys::slot(slot.component, slot.slot_ms, slot.schedule);
  if (work.txn.get(key)) return std::nullopt;
  Tally tally = load_tally(work.txn);
  Job job;
  job.id = tally.begun.last_id + 1;
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

  work.txn.put(key, Record{}.put_uint(Key::id, job.id).encode());
  insert(work, tally, std::move(job));
  store_tally(work, tally);
  return tally.begun.last_id;
}

}  // namespace dormouse::jobs
