// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/job_codec.hpp"

#include <utility>

#include "runtime/jobs/record_parts.hpp"
#include "runtime/jobs/record_reader.hpp"
#include "runtime/jobs/retry.hpp"
#include "runtime/jobs/spec_codec.hpp"
#include "runtime/jobs/stored_notes.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::jobs {
namespace {

using wire::Key;
using wire::Record;

Error corrupt(const std::string& what) {
  return {.code = "store.corrupt_record", .message = "a job record cannot be read: " + what};
}

// What a field is when it is not written: what it is in nearly every job of that state.
Because usual_because(State state) {
  return state == State::scheduled ? Because::not_due : Because::none;
}
bool usually_settled(const Job& job) {
  return job.attempt > 0;
}
std::uint32_t usual_epoch(const Job& job) {
  return job.started ? job.started->boot : 0;
}

/// Of the spec all but args; left out what asks for nothing, and the retry that a job then has.
void put_asked(Record& record, const JobSpec& spec) {
  put_spec_but_retry(record, spec);
  put_asked_due(record, spec.due);
  if (!spec.retry) {
    record.put_null(Key::retry);
  } else if (*spec.retry != usual_retry(spec.delivery)) {
    put_retry(record, *spec.retry);
  }
}

Result<JobSpec> read_asked(const Record& record) {
  SpecRead read = read_spec(record, Strictness::stored);
  if (read.wrong_types) return corrupt(read.wrong_types->message);
  if (!read.fields.empty()) return corrupt(read.fields[0].field + " " + read.fields[0].message);
  std::optional<Retry>& retry = read.spec.retry;
  if (retry && !retry->preset.empty() && !retry_preset(retry->preset)) return corrupt("retry is unknown");
  if (!record.has(Key::retry)) retry = usual_retry(read.spec.delivery);
  return std::move(read.spec);
}

/// Where it stands and how far it is.
void put_place(Record& record, const Job& job) {
  if (has_ended(job.state)) {
    record.put_uint(Key::id, job.id);
    put_due(record, Key::due, job.due);
  }
  record.put_uint(Key::component, job.component);
  put_uint_if(record, Key::trigger, static_cast<std::uint64_t>(job.trigger));
  put_uint_if(record, Key::state, static_cast<std::uint64_t>(job.state));
  if (job.because != usual_because(job.state)) {
    record.put_uint(Key::because, static_cast<std::uint64_t>(job.because));
  }
  if (job.schedule) {
    record.put_uint(Key::schedule, *job.schedule);
    record.put_int(Key::slot_ms, job.slot_ms);
  }
  if (job.schedule_name) record.put_text(Key::name, *job.schedule_name);
}

/// The key of an active job tells its id and due; a place in the history tells nothing.
void read_place(RecordReader& reader, BytesView key, Job& job) {
  if (const auto place = store::keys::parse_job(key)) {
    job.id = place->id;
    job.due = place->due;
  } else {
    if (!reader.has(Key::id)) reader.wrong(Key::id);
    reader.number(Key::id, job.id);
    read_due(reader, Key::due, job.due);
  }
  reader.number(Key::component, job.component);
  reader.word(Key::trigger, job.trigger, Trigger::startup);
  reader.word(Key::state, job.state, State::replaced);
  job.because = usual_because(job.state);
  reader.word(Key::because, job.because, Because::link);
  if (reader.has(Key::schedule)) {
    reader.number(Key::schedule, job.schedule.emplace());
    reader.signed_number(Key::slot_ms, job.slot_ms);
  }
  if (reader.has(Key::name)) reader.text(Key::name, job.schedule_name.emplace());
}

/// What a claim changes.
void put_claimed(Record& record, const Job& job) {
  put_uint_if(record, Key::attempt, job.attempt);
  if (job.used != job.attempt) record.put_uint(Key::used, job.used);
  if (job.epoch != usual_epoch(job)) record.put_uint(Key::epoch, job.epoch);
  put_uint_if(record, Key::missed_count, job.missed_count);
  if (job.first_missed_ms) record.put_int(Key::first_missed, *job.first_missed_ms);
  if (job.settled != usually_settled(job)) record.put_bool(Key::settled, job.settled);
  if (job.started) put_noted(record, Key::started, *job.started, job.created);
}

void read_claimed(RecordReader& reader, Job& job) {
  if (reader.has(Key::started)) read_noted(reader, Key::started, job.started.emplace(), job.created);
  reader.number(Key::attempt, job.attempt);
  job.used = job.attempt;
  reader.number(Key::used, job.used);
  job.epoch = usual_epoch(job);
  reader.number(Key::epoch, job.epoch);
  reader.number(Key::missed_count, job.missed_count);
  if (reader.has(Key::first_missed)) reader.signed_number(Key::first_missed, job.first_missed_ms.emplace());
  job.settled = usually_settled(job);
  reader.flag(Key::settled, job.settled);
}

void put_progress(Record& record, const Job& job) {
  put_uint_if(record, Key::revision, job.revision == 1 ? 0 : job.revision);
  put_uint_if(record, Key::interrupted, job.interrupted);
  put_uint_if(record, Key::again, job.continuations);
  if (job.in_line) record.put_bool(Key::line, true);
  if (job.cancel_requested) record.put_text(Key::cancel_reason, *job.cancel_requested);
  put_uint_if(record, Key::conflict_of, job.after_job);
  put_text_if(record, Key::code, job.error_code);
  put_text_if(record, Key::message, job.error_message);
  put_text_if(record, Key::text, job.reason);
}

void read_progress(RecordReader& reader, Job& job) {
  reader.number(Key::revision, job.revision);
  reader.number(Key::interrupted, job.interrupted);
  reader.number(Key::again, job.continuations);
  reader.flag(Key::line, job.in_line);
  if (reader.has(Key::cancel_reason)) reader.text(Key::cancel_reason, job.cancel_requested.emplace());
  reader.number(Key::conflict_of, job.after_job);
  reader.text(Key::code, job.error_code);
  reader.text(Key::message, job.error_message);
  reader.text(Key::text, job.reason);
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
  if (job.forget) put_due(record, Key::idempotency_of, *job.forget);
}

void read_payloads(RecordReader& reader, Job& job) {
  reader.number(Key::size, job.args_apart);
  reader.bytes(Key::args, job.spec.args);
  reader.number(Key::total, job.result_apart);
  reader.bytes(Key::result, job.result);
  reader.bytes(Key::args_hash, job.args_hash);
  if (reader.has(Key::idempotency_of)) read_due(reader, Key::idempotency_of, job.forget.emplace());
}

}  // namespace

Bytes encode(const Job& job) {
  Record record;
  put_asked(record, job.spec);
  put_place(record, job);
  put_created(record, job.created);
  put_claimed(record, job);
  put_progress(record, job);
  put_payloads(record, job);
  if (job.ended) put_noted(record, Key::ended, *job.ended, job.created);
  put_attempts(record, job);
  return record.encode();
}

Result<Job> decode_job(BytesView key, BytesView body) {
  const Result<Record> decoded = Record::decode(body);
  if (!decoded) return corrupt(decoded.error().message);
  const Record& record = *decoded;
  Result<JobSpec> spec = read_asked(record);
  if (!spec) return std::move(spec).error();

  Job job;
  job.spec = std::move(spec).value();
  RecordReader reader(record);
  read_place(reader, key, job);
  read_created(reader, job.created);
  read_claimed(reader, job);
  read_progress(reader, job);
  read_payloads(reader, job);
  if (reader.has(Key::ended)) read_noted(reader, Key::ended, job.ended.emplace(), job.created);
  read_attempts(reader, record, job);
  if (const auto wrong = reader.wrong()) return corrupt(wire::name_of(*wrong) + " is wrong");
  return job;
}

Result<EndedHead> decode_ended_head(BytesView body) {
  const Result<Record> record =
      Record::decode_some(body, {Key::id, Key::component, Key::schedule, Key::slot_ms, Key::idempotency_key,
                                 Key::idempotency_of, Key::size, Key::total});
  if (!record) return corrupt(record.error().message);
  EndedHead head;
  RecordReader reader(*record);
  if (!reader.has(Key::id)) reader.wrong(Key::id);
  reader.number(Key::id, head.id);
  reader.number(Key::component, head.component);
  if (reader.has(Key::schedule)) reader.number(Key::schedule, head.schedule.emplace());
  reader.signed_number(Key::slot_ms, head.slot_ms);
  if (reader.has(Key::idempotency_key)) reader.text(Key::idempotency_key, head.idempotency_key.emplace());
  if (reader.has(Key::idempotency_of)) read_due(reader, Key::idempotency_of, head.forget.emplace());
  head.args_apart = reader.has(Key::size);
  head.result_apart = reader.has(Key::total);
  if (const auto wrong = reader.wrong()) return corrupt(wire::name_of(*wrong) + " is wrong");
  return head;
}

Result<std::optional<Noted>> decode_ended_time(BytesView body) {
  const Result<Record> record = Record::decode_some(body, {Key::created, Key::ended});
  if (!record) return corrupt(record.error().message);
  Noted created;
  std::optional<Noted> ended;
  RecordReader reader(*record);
  read_created(reader, created);
  if (reader.has(Key::ended)) read_noted(reader, Key::ended, ended.emplace(), created);
  if (const auto wrong = reader.wrong()) return corrupt(wire::name_of(*wrong) + " is wrong");
  return ended;
}

Bytes encode_claim(const Job& job) {
  Record record;
  put_claimed(record, job);
  return record.encode();
}

Status read_claim(BytesView body, Job& job) {
  const Result<Record> record = Record::decode(body);
  if (!record) return corrupt(record.error().message);
  Job claimed = job;
  RecordReader reader(*record);
  read_claimed(reader, claimed);
  if (!reader.has(Key::started)) reader.wrong(Key::started);
  if (const auto wrong = reader.wrong()) return corrupt(wire::name_of(*wrong) + " is wrong");
  if (job.state != State::scheduled || claimed.attempt <= job.attempt) return done();
  claimed.state = State::running;
  claimed.because = Because::none;
  job = std::move(claimed);
  return done();
}

}  // namespace dormouse::jobs
