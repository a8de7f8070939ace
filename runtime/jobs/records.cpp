// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/records.hpp"

#include "runtime/jobs/conflict.hpp"
#include "runtime/jobs/counters.hpp"
#include "runtime/jobs/history.hpp"
#include "runtime/jobs/job_codec.hpp"
#include "runtime/jobs/misfire.hpp"
#include "runtime/jobs/transitions.hpp"
#include "runtime/jobs/wakes.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::jobs {
namespace {

namespace keys = store::keys;

/// The events of the table are judged over what the job is by now, ready and waiting included.
void check_move(Work& work, const Job& job, Event event, State to) {
  const State from = job.state == State::scheduled ? tell(work, job).state : job.state;
  const Move allowed = move(from, event);
  check(!allowed.refused && allowed.next == to, "jobs:move");
}

/// Of the key that a job had.
std::optional<Due> due_in(const std::optional<Bytes>& key) {
  const auto parsed = key ? keys::parse_job(*key) : std::nullopt;
  return parsed ? std::optional(parsed->due) : std::nullopt;
}

}  // namespace

std::optional<Job> load(Work& work, std::uint64_t id) {
  const std::optional<Bytes> key = work.txn.get(keys::job_place(id));
  if (!key) return std::nullopt;
  const std::optional<Bytes> body = work.txn.get(*key);
  if (!body) return std::nullopt;
  return read_job(work, *key, *body);
}

std::optional<Job> read_job(Work& work, BytesView key, BytesView body) {
  Result<Job> job = decode_job(key, body);
  if (!job) return std::nullopt;
  if (job->state != State::scheduled) return std::move(job).value();
  // A claim that cannot be read is one that a power cut has lost: the job is due again.
  if (const std::optional<Bytes> claim = work.txn.get(keys::running(job->id))) (void)read_claim(*claim, *job);
  return std::move(job).value();
}

void load_args(Work& work, Job& job) {
  if (job.args_apart > 0) job.spec.args = work.txn.get(keys::job_part(job.id, 'a')).value_or(Bytes{});
}

bool is_active(Work& work, std::uint64_t id) {
  const std::optional<Job> job = load(work, id);
  return job && !has_ended(job->state);
}

void put_for(Work& work, std::uint16_t component, BytesView key, BytesView body) {
  if (work.flash != nullptr) work.flash->note_records(component, key.size() + body.size());
  work.txn.put(key, body);
}

void save(Work& work, const Job& job) {
  const Bytes place = keys::job_place(job.id);
  const Bytes key = keys::job(job.due, job.id);
  const std::optional<Bytes> old = work.txn.get(place);
  if (old != key) {
    if (old) work.txn.erase(*old);
    work.txn.put(place, key);
    if (job.spec.wake_system) note_wake(work, Waking::job, job.id, due_in(old), job.due, true);
  }
  put_for(work, job.component, key, encode(job));
}

void save_claimed(Work& work, const Job& job) {
  if (job.spec.delivery == Delivery::at_most_once) save(work, job);
  put_for(work, job.component, keys::running(job.id), encode_claim(job));
}

void erase_claim(Work& work, const Job& job) {
  work.txn.erase(keys::running(job.id));
}

void end_job(Work& work, Job& job, State end, const std::string& reason) {
  check(!has_ended(job.state) && has_ended(end), "jobs:end");
  const std::optional<Bytes> old = work.txn.get(keys::job_place(job.id));
  if (old) work.txn.erase(*old);
  if (job.spec.wake_system) note_wake(work, Waking::job, job.id, due_in(old), std::nullopt, false);
  if (job.state == State::running) erase_claim(work, job);
  Counters counters = load_counters(work.txn);
  count_ended(counters, job.component, end);
  job.state = end;
  job.because = Because::none;
  job.reason = reason;
  job.ended = Noted{work.now.wall, work.now.trust, work.now.boot};
  drop_key(work, job);
  if (end == State::succeeded) {
    if (job.args_apart > 0) work.txn.erase(keys::job_part(job.id, 'a'));
    job.args_apart = 0;
    job.spec.args.clear();
  }
  if (job.result.size() > kInlineBytes) {
    job.result_apart = job.result.size();
    put_for(work, job.component, keys::job_part(job.id, 'r'), job.result);
  }
  append_ended(work, counters, job);
  store_counters(work.txn, counters);
}

std::optional<WallTime> due_wall(const Work& work, const Due& due) {
  if (due.lane == Due::Lane::wall) return WallTime{due.ms};
  if (work.now.trust == Trust::untrusted) return std::nullopt;
  const std::optional<Duration> lateness = work.spans.lateness(due, work.now);
  if (!lateness) return std::nullopt;
  return work.now.wall - *lateness;
}

bool is_held(const Work& work, const Job& job) {
  if (job.due.lane == Due::Lane::wall && work.now.trust == Trust::untrusted) return true;
  return job.spec.needs_time > work.now.trust;
}

void settle_late(Work& work, Job& job) {
  check(job.state == State::scheduled, "jobs:settle");
  job.settled = true;
  job.in_line = true;
  if (!job.schedule) {
    const std::optional<WallTime> due = due_wall(work, job.due);
    job.missed_count = 1;
    if (due) job.first_missed_ms = due->ms;
  }
  save(work, job);
}

void end_missed(Work& work, Job& job, const std::string& reason) {
  check_move(work, job, Event::expired, State::missed);
  end_job(work, job, State::missed, reason);
}

Result<Cancelled> cancel_job(Work& work, Job& job, const std::string& reason) {
  const Move allowed = move(job.state, Event::cancel);
  if (allowed.refused) return refusal(allowed, job.id, job.state, Event::cancel);
  if (job.state == State::running) {
    if (!job.cancel_requested) {
      job.cancel_requested = reason;
      release_key(work, job);
      save(work, job);
    }
    return Cancelled{.id = job.id, .requested = true, .token = job.token()};
  }
  end_job(work, job, allowed.next, reason);
  return Cancelled{.id = job.id};
}

Told tell(Work& work, const Job& job) {
  if (job.state != State::scheduled) return {job.state, Because::none};
  const std::optional<Duration> lateness = work.spans.lateness(job.due, work.now);
  if (!lateness) return {State::scheduled, Because::time};
  if (*lateness < Duration{}) return {State::scheduled, job.because};
  if (is_held(work, job)) return {State::scheduled, Because::time};
  if (!work.handlers.contains(job.spec.handler)) return {State::waiting, Because::handler_absent};
  if (waits_for_old_attempt(work, job)) return {State::waiting, Because::old_attempt};
  return {State::ready, Because::place};
}

}  // namespace dormouse::jobs
