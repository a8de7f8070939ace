// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/conflict.hpp"

#include "runtime/jobs/records.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::jobs {
namespace {

using wire::Key;
using wire::Record;
namespace keys = store::keys;

void put_holder(Work& work, std::uint16_t component, const std::string& text, const Holder& holder) {
  Record record;
  record.put_uint(Key::id, holder.job);
  if (holder.released) record.put_bool(Key::stop, true);
  work.txn.put(keys::conflict(component, text), record.encode());
}

std::optional<Holder> stored_holder(Work& work, std::uint16_t component, const std::string& text) {
  const std::optional<Bytes> body = work.txn.get(keys::conflict(component, text));
  if (!body) return std::nullopt;
  const Result<Record> record = Record::decode(*body);
  if (!record) return std::nullopt;
  return Holder{record->get_uint(Key::id).value_or(0), record->get_bool(Key::stop).value_or(false)};
}

bool is_running(Work& work, std::uint64_t id) {
  const std::optional<Job> job = load(work, id);
  return job && job->state == State::running;
}

}  // namespace

std::optional<Holder> find_holder(Work& work, std::uint16_t component, const std::string& key) {
  const std::optional<Holder> holder = stored_holder(work, component, key);
  // A holder whose record was lost to corruption must not keep the key for ever.
  if (!holder || !is_active(work, holder->job)) return std::nullopt;
  return holder;
}

void hold_key(Work& work, const Job& job) {
  if (job.spec.conflict_key) put_holder(work, job.component, *job.spec.conflict_key, {job.id, false});
}

void release_key(Work& work, const Job& job) {
  if (job.spec.conflict_key) put_holder(work, job.component, *job.spec.conflict_key, {job.id, true});
}

void drop_key(Work& work, const Job& job) {
  if (!job.spec.conflict_key) return;
  const std::optional<Holder> holder = stored_holder(work, job.component, *job.spec.conflict_key);
  if (!holder || holder->job != job.id) return;
  if (waits_for_old_attempt(work, job)) {
    return put_holder(work, job.component, *job.spec.conflict_key, {job.after_job, true});
  }
  work.txn.erase(keys::conflict(job.component, *job.spec.conflict_key));
}

bool waits_for_old_attempt(Work& work, const Job& job) {
  return job.after_job != 0 && is_running(work, job.after_job);
}

}  // namespace dormouse::jobs
