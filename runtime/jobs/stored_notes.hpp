// SPDX-License-Identifier: Apache-2.0
// Times and attempts as stored job records hold them. They are most of what a small job is, so they are written
// short: what can be told from the rest of the job is left out.
//
//   created                [wall, trust, boot]
//   any other noted time   [wall - created's wall] if its trust and boot are those of `created`, else as `created`
//   a due                  [ms] in the wall lane, [ms, kernel boot] in an elapsed one
//   attempts               a record each: attempt (left out: they count up to the job's own), boot (that of the
//                          start), started, ended (those of the job), outcome (ok), code (none)
#pragma once

#include "runtime/jobs/job.hpp"
#include "runtime/jobs/record_reader.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::jobs {

void put_created(wire::Record& record, const Noted& created);
void put_noted(wire::Record& record, wire::Key key, const Noted& noted, const Noted& created);
void put_due(wire::Record& record, wire::Key key, const Due& due);
void put_attempts(wire::Record& record, const Job& job);

/// Each must be there.
void read_created(RecordReader& reader, Noted& into);
void read_noted(RecordReader& reader, wire::Key key, Noted& into, const Noted& created);
void read_due(RecordReader& reader, wire::Key key, Due& into);
/// Once the job's own attempt and times are read. `record` is what the reader reads.
void read_attempts(RecordReader& reader, const wire::Record& record, Job& job);

}  // namespace dormouse::jobs
