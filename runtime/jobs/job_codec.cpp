// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/job_codec.hpp"

#include <limits>
#include <utility>

#include "runtime/jobs/record_parts.hpp"
#include "runtime/jobs/retry.hpp"
#include "runtime/jobs/spec_codec.hpp"

namespace dormouse::jobs {
namespace {

using wire::Key;
using wire::Record;

void put_due(Record& record, const Due& due) {
  record.put_uint(Key::lane, due.lane == Due::Lane::wall ? 1 : 0);
  if (due.lane == Due::Lane::elapsed) record.put_uint(Key::kernel_boot, due.kernel_boot);
  record.put_int(Key::due, due.ms);
}

/// Reads a stored record; the first thing that is wrong is kept.
class Reader {
 public:
  explicit Reader(const Record& record) : record_(record) {}

  template <class Int>
  void number(Key key, Int& into, std::uint64_t most = std::numeric_limits<Int>::max()) {
    if (!record_.has(key)) return;
    const std::optional<std::uint64_t> value = record_.get_uint(key);
    if (!value || *value > most) return wrong(key);
    into = static_cast<Int>(*value);
  }
  template <class Enum>
  void word(Key key, Enum& into, Enum last) {
    std::uint64_t value = static_cast<std::uint64_t>(into);
    number(key, value, static_cast<std::uint64_t>(last));
    into = static_cast<Enum>(value);
  }
  void signed_number(Key key, std::int64_t& into) {
    if (!record_.has(key)) return;
    if (const auto value = record_.get_int(key)) {
      into = *value;
    } else {
      wrong(key);
    }
  }
  void text(Key key, std::string& into) {
    if (!record_.has(key)) return;
    if (auto value = record_.get_text(key)) {
      into = std::move(*value);
    } else {
      wrong(key);
    }
  }
  void bytes(Key key, Bytes& into) {
    if (!record_.has(key)) return;
    if (auto value = record_.get_bytes(key)) {
      into = std::move(*value);
    } else {
      wrong(key);
    }
  }
  void flag(Key key, bool& into) {
    if (!record_.has(key)) return;
    if (const auto value = record_.get_bool(key)) {
      into = *value;
    } else {
      wrong(key);
    }
  }
  void noted(Key key, Noted& into) {
    const std::optional<Record> inner = record_.get_record(key);
    if (!inner) return wrong(key);
    Reader reader(*inner);
    reader.signed_number(Key::wall, into.wall.ms);
    reader.word(Key::trust, into.trust, Trust::synced);
    reader.number(Key::boot, into.boot);
    take(reader);
  }
  void due(Due& into) {
    std::uint64_t lane = 0;
    number(Key::lane, lane, 1);
    into.lane = lane == 1 ? Due::Lane::wall : Due::Lane::elapsed;
    number(Key::kernel_boot, into.kernel_boot);
    if (!record_.has(Key::due)) return wrong(Key::due);
    signed_number(Key::due, into.ms);
  }
  void attempts(std::vector<AttemptNote>& into) {
    if (!record_.has(Key::attempts)) return;
    const std::optional<std::vector<Record>> inner = record_.get_records(Key::attempts);
    if (!inner) return wrong(Key::attempts);
    for (const Record& one : *inner) {
      AttemptNote note;
      Reader reader(one);
      reader.number(Key::attempt, note.attempt);
      reader.number(Key::boot, note.boot);
      reader.noted(Key::started, note.start);
      reader.noted(Key::ended, note.end);
      reader.word(Key::outcome, note.outcome, Outcome::Kind::not_started);
      reader.text(Key::code, note.code);
      take(reader);
      into.push_back(std::move(note));
    }
  }
  const Record& record() const { return record_; }
  bool has(Key key) const { return record_.has(key); }
  void wrong(Key key) {
    if (!wrong_) wrong_ = key;
  }
  std::optional<Key> wrong() const { return wrong_; }

 private:
  void take(const Reader& inner) {
    if (inner.wrong_) wrong(*inner.wrong_);
  }
  const Record& record_;
  std::optional<Key> wrong_;
};

Error corrupt(const std::string& what) {
  return {.code = "store.corrupt_record", .message = "a job record cannot be read: " + what};
}

void put_progress(Record& record, const Job& job) {
  put_uint_if(record, Key::revision, job.revision == 1 ? 0 : job.revision);
  put_uint_if(record, Key::attempt, job.attempt);
  put_uint_if(record, Key::used, job.used);
  put_uint_if(record, Key::interrupted, job.interrupted);
  put_uint_if(record, Key::epoch, job.epoch);
  put_uint_if(record, Key::again, job.continuations);
  put_uint_if(record, Key::missed_count, job.missed_count);
  if (job.first_missed_ms) record.put_int(Key::first_missed, *job.first_missed_ms);
  if (job.settled) record.put_bool(Key::settled, true);
  if (job.in_line) record.put_bool(Key::line, true);
  if (job.cancel_requested) record.put_text(Key::cancel_reason, *job.cancel_requested);
  put_uint_if(record, Key::conflict_of, job.after_job);
  put_text_if(record, Key::code, job.error_code);
  put_text_if(record, Key::message, job.error_message);
  put_text_if(record, Key::text, job.reason);
  if (!job.attempts.empty()) record.put_records(Key::attempts, to_records(job.attempts));
}

void read_progress(Reader& reader, Job& job) {
  reader.number(Key::revision, job.revision);
  reader.number(Key::attempt, job.attempt);
  reader.number(Key::used, job.used);
  reader.number(Key::interrupted, job.interrupted);
  reader.number(Key::epoch, job.epoch);
  reader.number(Key::again, job.continuations);
  reader.number(Key::missed_count, job.missed_count);
  if (reader.has(Key::first_missed)) reader.signed_number(Key::first_missed, job.first_missed_ms.emplace());
  reader.flag(Key::settled, job.settled);
  reader.flag(Key::line, job.in_line);
  if (reader.has(Key::cancel_reason)) reader.text(Key::cancel_reason, job.cancel_requested.emplace());
  reader.number(Key::conflict_of, job.after_job);
  reader.text(Key::code, job.error_code);
  reader.text(Key::message, job.error_message);
  reader.text(Key::text, job.reason);
  reader.attempts(job.attempts);
}

void put_payloads(Record& record, const Job& job) {
  if (job.args_apart > 0) {
    record.put_uint(Key::size, job.args_apart);
  } else if (!job.spec.args.empty()) {
    record.put_bytes(Key::args, job.spec.args);
  }
  if (job.result_apart > 0) {
    record.put_uint(Key::total, job.result_apart);
  } else if (!job.result.empty()) {
    record.put_bytes(Key::result, job.result);
  }
  if (!job.args_hash.empty()) record.put_bytes(Key::args_hash, job.args_hash);
  if (job.forget) {
    Record forget;
    put_due(forget, *job.forget);
    record.put_record(Key::idempotency_of, std::move(forget));
  }
}

void read_payloads(Reader& reader, Job& job) {
  reader.number(Key::size, job.args_apart);
  reader.bytes(Key::args, job.spec.args);
  reader.number(Key::total, job.result_apart);
  reader.bytes(Key::result, job.result);
  reader.bytes(Key::args_hash, job.args_hash);
  if (!reader.has(Key::idempotency_of)) return;
  const std::optional<Record> inner = reader.record().get_record(Key::idempotency_of);
  if (!inner) return reader.wrong(Key::idempotency_of);
  Reader forget(*inner);
  forget.due(job.forget.emplace());
  if (forget.wrong()) reader.wrong(*forget.wrong());
}

}  // namespace

Bytes encode(const Job& job) {
  Record record;
  put_spec(record, job.spec);
  put_asked_due(record, job.spec.due);
  record.put_uint(Key::id, job.id);
  record.put_uint(Key::component, job.component);
  record.put_uint(Key::trigger, static_cast<std::uint64_t>(job.trigger));
  put_due(record, job.due);
  record.put_uint(Key::state, static_cast<std::uint64_t>(job.state));
  record.put_uint(Key::because, static_cast<std::uint64_t>(job.because));
  if (job.schedule) {
    record.put_uint(Key::schedule, *job.schedule);
    record.put_int(Key::slot_ms, job.slot_ms);
  }
  if (job.schedule_name) record.put_text(Key::name, *job.schedule_name);
  put_progress(record, job);
  put_payloads(record, job);
  record.put_record(Key::created, to_record(job.created));
  if (job.started) record.put_record(Key::started, to_record(*job.started));
  if (job.ended) record.put_record(Key::ended, to_record(*job.ended));
  return record.encode();
}

Result<Job> decode_job(BytesView body) {
  const Result<Record> decoded = Record::decode(body);
  if (!decoded) return corrupt(decoded.error().message);
  const Record& record = *decoded;
  SpecRead read = read_spec(record, Strictness::stored);
  if (read.wrong_types) return corrupt(read.wrong_types->message);
  if (!read.fields.empty()) return corrupt(read.fields[0].field + " " + read.fields[0].message);
  const std::optional<Retry>& retry = read.spec.retry;
  if (retry && !retry->preset.empty() && !retry_preset(retry->preset)) return corrupt("retry is unknown");

  Job job;
  job.spec = std::move(read.spec);
  Reader reader(record);
  if (!reader.has(Key::id)) return corrupt("id is missing");
  reader.number(Key::id, job.id);
  reader.number(Key::component, job.component);
  reader.word(Key::trigger, job.trigger, Trigger::startup);
  reader.due(job.due);
  reader.word(Key::state, job.state, State::replaced);
  reader.word(Key::because, job.because, Because::link);
  if (reader.has(Key::schedule)) {
    reader.number(Key::schedule, job.schedule.emplace());
    reader.signed_number(Key::slot_ms, job.slot_ms);
  }
  if (reader.has(Key::name)) reader.text(Key::name, job.schedule_name.emplace());
  read_progress(reader, job);
  read_payloads(reader, job);
  reader.noted(Key::created, job.created);
  if (reader.has(Key::started)) reader.noted(Key::started, job.started.emplace());
  if (reader.has(Key::ended)) reader.noted(Key::ended, job.ended.emplace());
  if (const auto wrong = reader.wrong()) return corrupt(wire::name_of(*wrong) + " is wrong");
  return job;
}

}  // namespace dormouse::jobs
