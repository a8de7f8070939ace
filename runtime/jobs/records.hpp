// SPDX-License-Identifier: Apache-2.0
// Stored jobs, for the rooms above this one (schedules, reconcile) and for the operations themselves: loading,
// moving and ending records. All work inside the caller's transaction; nothing here applies it.
//
// A claim does not write the job's record again but a small one beside it, which the end of the attempt erases: so
// what is running is what has such a record. Jobs that run at most once are written whole too, so that a claim that
// cannot be read never lets them run again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/jobs/operations.hpp"

namespace dormouse::jobs {

/// The job as stored: state is scheduled, running or an end. Args above 1,900 bytes are not loaded (see
/// load_args). None if there is no such job, or its record cannot be read.
std::optional<Job> load(Work& work, std::uint64_t id);

/// A record met in a scan of `q` or `y`, brought up to its claim. None if it cannot be read.
std::optional<Job> read_job(Work& work, BytesView key, BytesView body);

/// Fetches args that lie in a part of their own into job.spec.args.
void load_args(Work& work, Job& job);

/// True while the job has not ended (scheduled, waiting, ready or running).
bool is_active(Work& work, std::uint64_t id);

/// Ends the running attempt of `job` as interrupted, by the table: scheduled again after its delay, dead
/// (interrupted_limit; interrupted if at most once) or cancelled (if that was requested). Answers the new state;
/// `job` is brought up to date. job.illegal_transition if it is not running: nothing written.
Result<State> interrupt(Work& work, Job& job);

/// A reconcile lets a late job run: settled, in the catch-up line, missed_count 1 and first_missed (the job of
/// a slot keeps what its schedule said). The job must be scheduled.
void settle_late(Work& work, Job& job);

/// Ends a scheduled job as missed. `reason` is kept with it ("expired", "restored").
void end_missed(Work& work, Job& job, const std::string& reason = "expired");

/// Ends a scheduled job as cancelled, or asks a running one to end (first request wins). job.finished.
Result<Cancelled> cancel_job(Work& work, Job& job, const std::string& reason);

/// One job that is due by now.
struct DueFound {
  Job job;              // args above 1,900 bytes not loaded
  Duration lateness{};  // >= 0
  bool held = false;    // needs more trust than there is: neither runs nor expires
};
struct DueScan {
  std::vector<DueFound> jobs;
  Bytes cursor;       // to go on from; meaningful while `more`
  bool more = false;  // the limit ended the scan
};
/// Everything due by now, running jobs too, in key order (elapsed lanes by kernel boot, then the wall lane while
/// trusted). An empty cursor begins; records examined per call are bounded by `limit`. A job that moves to a later
/// due between two calls may be met again.
DueScan due_jobs(Work& work, BytesView cursor, std::uint64_t limit);

/// Puts a record that the component has asked for; the account of the flash, if there is one, is told of it.
void put_for(Work& work, std::uint16_t component, BytesView key, BytesView body);

/// Writes an active job back, moving its record if its due has changed.
void save(Work& work, const Job& job);

/// Writes a job whose attempt has just begun.
void save_claimed(Work& work, const Job& job);
/// The running attempt is over; the job itself is for the caller to write.
void erase_claim(Work& work, const Job& job);

/// Ends an active job: effects of every end (key freed, ring, counters, args dropped after success). `job` is
/// brought up to date.
void end_job(Work& work, Job& job, State end, const std::string& reason);

/// When a job is due, in wall time, if that can be told.
std::optional<WallTime> due_wall(const Work& work, const Due& due);

/// Whether the job needs more trust than there is: it then neither runs nor expires.
bool is_held(const Work& work, const Job& job);

/// What a job is by now: ready or waiting once due, with the cause that applies first.
struct Told {
  State state = State::scheduled;
  Because because = Because::none;
};
Told tell(Work& work, const Job& job);

}  // namespace dormouse::jobs
