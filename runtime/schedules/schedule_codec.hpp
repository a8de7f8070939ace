// SPDX-License-Identifier: Apache-2.0
// Schedules as bytes: the stored record, the body of schedule.put, and what replies show. Keys are the registry's.
//
// Stored record: id, component, the definition under the keys of schedule.put (name instead of schedule), revision,
// decided_until, next_slot, due and anchor as {lane, kernel_boot, at}, since (when created while untrusted,
// likewise), handed as first, last, first, last ..., live_jobs, runs, missed, caught_up, dropped, overlap_skipped,
// last_slot, created as {wall, trust, boot}.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/limits.hpp"
#include "runtime/schedules/schedule.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::schedules {

Bytes encode(const Schedule& schedule);
/// store.corrupt_record if anything in it is missing, of a wrong type or outside its values.
Result<Schedule> decode_schedule(BytesView body);

/// A schedule.put body: schedule (the name), handler, one of cron, daily, weekly (texts) and every (ms, or a
/// duration text); zone, dst, args, misfire with window, max_runs and max_age, grace, timeout, retry (a preset or
/// numbers), priority, needs_time, wake_system, enabled; overlap only 0. link.bad_body lists fields of a wrong
/// type; invalid_input all others that fail, as check() in validate.hpp does; whether the handler is known is left
/// to put().
Result<Definition> definition_from(const wire::Record& body, const Limits& limits = {});

/// The inverse, for those who send.
wire::Record put_body(const Definition& definition);

/// What people and programs are shown: id, the definition with its policy and grace in full (args only if asked),
/// component (its name, if given), revision, slot (the next), the counters, last_slot.
wire::Record listing(const Schedule& schedule, const std::string& component = {}, bool with_args = false);

}  // namespace dormouse::schedules
