// SPDX-License-Identifier: Apache-2.0
// What people and programs are shown of a job.
#include <utility>

#include "runtime/jobs/job_codec.hpp"
#include "runtime/jobs/record_parts.hpp"
#include "runtime/jobs/spec_codec.hpp"
#include "runtime/jobs/transitions.hpp"

namespace dormouse::jobs {

using wire::Key;
using wire::Record;

Record enqueued_body(const Enqueued& enqueued) {
  Record body;
  body.put_uint(Key::id, enqueued.id);
  body.put_bool(Key::created, enqueued.created);
  body.put_uint(Key::state, static_cast<std::uint64_t>(enqueued.state));
  if (enqueued.due_wall) body.put_int(Key::due, enqueued.due_wall->ms);
  put_misfire(body, enqueued.misfire);
  body.put_uint(Key::delivery, static_cast<std::uint64_t>(enqueued.delivery));
  return body;
}

Record listing(const Job& job, const Shown& shown) {
  Record body;
  put_spec(body, job.spec);
  put_misfire(body, job.spec.misfire);
  body.put_uint(Key::id, job.id);
  body.put_text(Key::component, shown.component);
  body.put_uint(Key::state, static_cast<std::uint64_t>(shown.told.state));
  if (shown.told.because != Because::none) body.put_text(Key::because, name_of(shown.told.because));
  if (shown.due) body.put_int(Key::due, shown.due->ms);
  if (shown.late) body.put_int(Key::lateness, shown.late->count());
  body.put_uint(Key::priority, static_cast<std::uint64_t>(job.spec.priority));
  body.put_uint(Key::revision, job.revision);
  body.put_uint(Key::attempt, job.attempt);
  body.put_uint(Key::used, job.used);
  put_uint_if(body, Key::interrupted, job.interrupted);
  body.put_uint(Key::missed_count, job.missed_count);
  if (job.first_missed_ms) body.put_int(Key::first_missed, *job.first_missed_ms);
  if (job.schedule) {
    if (job.schedule_name) {
      body.put_text(Key::schedule, *job.schedule_name);
    } else {
      body.put_uint(Key::schedule, *job.schedule);
    }
    body.put_int(Key::slot, job.slot_ms);
  }
  if (shown.with_args) body.put_bytes(Key::args, job.spec.args);
  if (!job.result.empty()) body.put_bytes(Key::result, job.result);
  put_text_if(body, Key::code, job.error_code);
  put_text_if(body, Key::message, job.error_message);
  put_text_if(body, Key::text, job.reason);
  if (job.cancel_requested) body.put_text(Key::cancel_reason, *job.cancel_requested);
  if (shown.with_attempts && !job.attempts.empty()) body.put_records(Key::attempts, to_records(job.attempts));
  body.put_record(Key::created, to_record(job.created));
  if (job.started) body.put_record(Key::started, to_record(*job.started));
  if (job.ended) body.put_record(Key::ended, to_record(*job.ended));
  return body;
}

}  // namespace dormouse::jobs
