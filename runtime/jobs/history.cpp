// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/history.hpp"

#include <algorithm>
#include <limits>

#include "runtime/jobs/job_codec.hpp"
#include "runtime/jobs/records.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::jobs {
namespace {

using store::keys::Range;
using wire::Key;
using wire::Record;
namespace keys = store::keys;

constexpr std::uint64_t kLastPlace = std::numeric_limits<std::uint64_t>::max();

/// One ring as an operation sees it.
struct Ring {
  Bytes (*key)(std::uint64_t place);
  std::uint64_t& size;
  std::uint64_t& next;
  std::uint64_t most;
  std::int64_t age_ms;
};

Ring ring_of(State ended, Counters& counters, const Limits& limits) {
  if (ended == State::dead) {
    return {keys::dead, counters.dead, counters.dead_next, limits.dead_ring, limits.dead_age_ms};
  }
  return {keys::finished, counters.finished, counters.finished_next, limits.finished_ring, limits.finished_age_ms};
}

Range all_forgets() {
  const Due first = Due::elapsed(0, Instant{0});
  const Due last =
      Due::elapsed(std::numeric_limits<std::uint32_t>::max(), Instant{std::numeric_limits<std::int64_t>::max()});
  return {keys::forget(first, 0), keys::after(keys::forget(last, std::numeric_limits<std::uint32_t>::max()))};
}

Remembered decode_remembered(const Bytes& body) {
  Remembered what;
  const Result<Record> record = Record::decode(body);
  if (!record) return what;
  what.job = record->get_uint(Key::id).value_or(0);
  what.forget = Due::elapsed(static_cast<std::uint32_t>(record->get_uint(Key::kernel_boot).value_or(0)),
                             Instant{record->get_int(Key::due).value_or(0)});
  return what;
}

Record to_record(const Remembered& what) {
  Record record;
  record.put_uint(Key::id, what.job);
  record.put_uint(Key::kernel_boot, what.forget.kernel_boot);
  record.put_int(Key::due, what.forget.ms);
  return record;
}

/// Erases the forget entry and, unless a newer job has taken it over, the key it stands for.
void drop_forget(Work& work, Counters& counters, const store::Entry& entry) {
  const Result<Record> record = Record::decode(entry.value);
  if (record) {
    const Bytes key = record->get_bytes(Key::data).value_or(Bytes{});
    const std::optional<Bytes> body = key.empty() ? std::nullopt : work.txn.get(key);
    if (body && decode_remembered(*body).job == record->get_uint(Key::id)) work.txn.erase(key);
  }
  work.txn.erase(entry.key);
  if (counters.remembered > 0) --counters.remembered;
}

void trim_forgets(Work& work, Counters& counters) {
  const Range range = all_forgets();
  for (std::uint64_t given_up = 0; given_up < work.limits.ring_trim; ++given_up) {
    const std::vector<store::Entry> oldest = work.txn.scan(range.from, range.to, 1);
    if (oldest.empty()) return;
    const Result<Record> record = Record::decode(oldest[0].value);
    const bool over = counters.remembered > work.limits.remembered_keys;
    if (record && !over && !is_forgotten(work, decode_remembered(oldest[0].value))) return;
    drop_forget(work, counters, oldest[0]);
  }
}

/// The record goes; its idempotency key stays behind until its time is over.
void leave_key_behind(Work& work, Counters& counters, const EndedHead& job) {
  if (!job.idempotency_key || !job.forget) return;
  const Bytes key = keys::idempotency(job.component, *job.idempotency_key);
  const Remembered what{job.id, *job.forget};
  if (is_forgotten(work, what)) {
    const std::optional<Bytes> body = work.txn.get(key);
    if (body && decode_remembered(*body).job == job.id) work.txn.erase(key);
    return;
  }
  Record entry = to_record(what);
  entry.put_bytes(Key::data, key);
  work.txn.put(keys::forget(*job.forget, static_cast<std::uint32_t>(job.id)), entry.encode());
  ++counters.remembered;
  trim_forgets(work, counters);
}

void purge(Work& work, Counters& counters, const store::Entry& entry) {
  work.txn.erase(entry.key);
  const Result<EndedHead> job = decode_ended_head(entry.value);
  if (!job) return;  // unreadable: nothing else is known of it
  work.txn.erase(keys::job_place(job->id));
  if (job->args_apart) work.txn.erase(keys::job_part(job->id, 'a'));
  if (job->result_apart) work.txn.erase(keys::job_part(job->id, 'r'));
  if (job->schedule) work.txn.erase(keys::slot(job->component, job->slot_ms, *job->schedule));
  leave_key_behind(work, counters, *job);
}

/// Or unreadable: such a record goes too.
bool is_aged(const Work& work, BytesView body, std::int64_t age_ms) {
  const Result<std::optional<Noted>> ended = decode_ended_time(body);
  if (!ended) return true;
  if (work.now.trust == Trust::untrusted || !*ended || (*ended)->trust == Trust::untrusted) return false;
  return work.now.wall.ms - (*ended)->wall.ms > age_ms;
}

void trim(Work& work, Counters& counters, Ring& ring) {
  // Places are taken at the high end and given up at the low one, so none in use lies below next - size (a record
  // set aside as corrupt stays counted). What this batch has given up already is not walked over again and again.
  const Bytes from = ring.key(ring.next - std::min(ring.size, ring.next));
  const Bytes to = keys::after(ring.key(kLastPlace));
  // Nearly always one goes, for the one that came, and the next oldest is still young.
  const std::uint64_t over = ring.size - std::min(ring.size, ring.most);
  const std::uint64_t likely = std::min(over + 1, work.limits.ring_trim);
  std::uint64_t given_up = 0;
  for (bool more = true; more && given_up < work.limits.ring_trim;) {
    const std::vector<store::Entry> oldest = work.txn.scan(from, to, likely);
    more = oldest.size() == likely;
    for (const store::Entry& entry : oldest) {
      if (given_up == work.limits.ring_trim) return;
      if (ring.size <= ring.most && !is_aged(work, entry.value, ring.age_ms)) return;
      purge(work, counters, entry);
      ++given_up;
      if (ring.size > 0) --ring.size;
    }
  }
}

Job short_form(Job job) {
  job.attempts.clear();
  job.error_code.clear();
  job.error_message.clear();
  return job;
}

Bytes encode_ended(const Work& work, const Job& job) {
  const bool has_result = !job.result.empty();
  const bool brief =
      work.flash != nullptr && work.flash->budget().shortens(job.state == State::succeeded, has_result);
  return brief ? encode(short_form(job)) : encode(job);
}

}  // namespace

void append_ended(Work& work, Counters& counters, const Job& job) {
  Ring ring = ring_of(job.state, counters, work.limits);
  const Bytes key = ring.key(ring.next++);
  ++ring.size;
  put_for(work, job.component, key, encode_ended(work, job));
  if (work.flash != nullptr) work.flash->note_ended();
  work.txn.put(keys::job_place(job.id), key);
  trim(work, counters, ring);
}

std::optional<Remembered> find_remembered(Work& work, std::uint16_t component, const std::string& key) {
  const std::optional<Bytes> body = work.txn.get(keys::idempotency(component, key));
  if (!body) return std::nullopt;
  return decode_remembered(*body);
}

void remember(Work& work, std::uint16_t component, const std::string& key, const Remembered& what) {
  work.txn.put(keys::idempotency(component, key), to_record(what).encode());
}

bool is_forgotten(const Work& work, const Remembered& what) {
  const std::optional<Duration> lateness = work.spans.lateness(what.forget, work.now);
  return lateness && *lateness >= Duration{};
}

}  // namespace dormouse::jobs
