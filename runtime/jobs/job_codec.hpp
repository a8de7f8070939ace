// SPDX-License-Identifier: Apache-2.0
// Jobs as bytes: the stored record, the body of job.enqueue, and what job.get and job.list answer. Keys are the
// registry's; what equals its default is left out. Args or a result above kInlineBytes lie in a part of their own
// (prefix `j` of the store) and only their size stands in the record.
//
// Stored record of an active job: the spec under the keys of job.enqueue, component, trigger, schedule, name,
// slot_ms, state, because, ... as in job.hpp; times, dues and attempts as stored_notes.hpp tells. Its id and due
// are its key. An ended job's record has them inside. Claims of jobs that may run again are small records beside
// it: attempt, used, epoch, started, and what settling found.
#pragma once

#include <string>

#include "runtime/base/limits.hpp"
#include "runtime/jobs/operations.hpp"
#include "runtime/jobs/records.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::jobs {

inline constexpr std::size_t kInlineBytes = 1'900;

Bytes encode(const Job& job);
/// `key` is where the record stands. store.corrupt_record if anything in it is missing, of a wrong type or outside
/// its values.
Result<Job> decode_job(BytesView key, BytesView body);

/// What else the store holds because of an ended job, and when that ended: all that is looked at when its record
/// goes.
struct EndedHead {
  std::uint64_t id = 0;
  std::uint16_t component = 0;
  std::optional<std::uint64_t> schedule;
  std::int64_t slot_ms = 0;
  std::optional<std::string> idempotency_key;
  std::optional<Due> forget;
  bool args_apart = false;
  bool result_apart = false;
};
/// store.corrupt_record as decode_job(), as far as it reads.
Result<EndedHead> decode_ended_head(BytesView body);
Result<std::optional<Noted>> decode_ended_time(BytesView body);

/// What the claim of the running attempt has changed, for the record beside the job's own.
Bytes encode_claim(const Job& job);
/// Brings the job that its own record tells up to its claim. A claim that this record has taken in already changes
/// nothing. store.corrupt_record: `job` is as it was.
Status read_claim(BytesView body, Job& job);

/// A job.enqueue body. link.bad_body lists fields of a wrong type; invalid_input lists all others that fail, by
/// `limits`; whether the handler is known is left to enqueue().
Result<JobSpec> spec_from(const wire::Record& body, const Limits& limits = {});
/// The inverse, for those who send.
wire::Record enqueue_body(const JobSpec& spec);

/// The spec's own keys alone (no due), for records that carry a spec inside.
void put_spec(wire::Record& body, const JobSpec& spec);

/// The reply to job.enqueue: id, created, state, due (wall, if it can be told), misfire, delivery.
wire::Record enqueued_body(const Enqueued& enqueued);

/// What people and programs are shown of a job.
struct Shown {
  std::string component;         // its name
  Told told;                     // what the job is by now
  std::optional<WallTime> due;   // if it can be told
  std::optional<Duration> late;  // negative: in so many ms
  bool with_args = false;
  bool with_attempts = true;  // false in lists: nesting is bounded
};
wire::Record listing(const Job& job, const Shown& shown);

}  // namespace dormouse::jobs
