// SPDX-License-Identifier: Apache-2.0
// What is due: for the scheduler's window and for the reconcile.
#include <algorithm>

#include "runtime/jobs/conflict.hpp"
#include "runtime/jobs/lanes.hpp"
#include "runtime/jobs/misfire.hpp"
#include "runtime/jobs/operations.hpp"
#include "runtime/jobs/records.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::jobs {
namespace {

namespace keys = store::keys;

template <class Time>
void keep_earliest(std::optional<Time>& earliest, Time time) {
  if (!earliest || time < *earliest) earliest = time;
}

/// The instant at which a job that waits becomes missed: one past the last lateness its policy allows.
std::optional<Instant> expiry(const Work& work, const Job& job, Duration lateness) {
  if (job.settled) return std::nullopt;
  const std::optional<Duration> last = expires_above(job.spec.misfire, job.spec.grace);
  if (!last) return std::nullopt;
  return work.now.instant + (*last - lateness) + Duration{1};
}

DueJob due_job(const Job& job, Duration lateness, std::optional<Instant> expires) {
  return {.id = job.id,
          .component = job.component,
          .handler = job.spec.handler,
          .priority = job.spec.priority,
          .due = job.due,
          .lateness = lateness,
          .in_line = job.in_line,
          .expires = expires,
          .conflict_key = job.spec.conflict_key.value_or("")};
}

/// Whether a due job goes into the batch. One that cannot run yet goes in only to end as missed; until then its
/// expiry is a moment to come back at.
bool wanted(Work& work, const Job& job, Duration lateness, DueBatch& batch) {
  if (job.state == State::running) return false;
  if (is_held(work, job)) {
    batch.held = true;
    if (work.now.trust == Trust::untrusted) keep_earliest(batch.next_wall, work.now.wall);
    return false;
  }
  if (tell(work, job).state == State::ready) return true;
  const std::optional<Instant> expires = expiry(work, job, lateness);
  if (!expires) return false;
  if (*expires <= work.now.instant) return true;
  keep_earliest(batch.next_instant, *expires);
  return false;
}

/// Notes the first job of a lane that is not due yet.
void note_next(Work& work, const Lane& lane, DueBatch& batch) {
  const keys::Range all = keys::jobs_in_lane(lane.lane, lane.kernel_boot);
  if (!lane.now) batch.held = true;  // told all the same: somebody waits for time to be trusted
  const bool from_start = !lane.now || lane.now->ms < 0;
  const Bytes from = from_start ? all.from : keys::jobs_due_until(*lane.now).to;
  const std::vector<store::Entry> next = work.txn.scan(from, all.to, 1);
  if (next.empty()) return;
  const std::optional<keys::JobKey> key = keys::parse_job(next[0].key);
  if (!key) return;
  if (lane.lane == Due::Lane::wall) {
    keep_earliest(batch.next_wall, WallTime{key->due.ms});
  } else {
    keep_earliest(batch.next_instant, work.spans.instant_of(key->due));
  }
}

/// The reader whose head is the most late; equal lateness: the lower id.
LaneReader* oldest(std::vector<LaneReader>& readers) {
  LaneReader* best = nullptr;
  std::uint64_t best_id = 0;
  for (LaneReader& reader : readers) {
    const Job* job = reader.peek();
    if (!job) continue;
    const bool better = !best || reader.lateness() > best->lateness() ||
                        (reader.lateness() == best->lateness() && job->id < best_id);
    if (!better) continue;
    best = &reader;
    best_id = job->id;
  }
  return best;
}

}  // namespace

DueBatch take_due(Work& work, const std::set<std::uint64_t>& known, const std::set<DueShare>& full,
                  std::uint64_t limit, std::uint64_t line_limit) {
  DueBatch batch;
  std::uint64_t of_line = 0;
  std::vector<LaneReader> readers;
  for (const Lane& lane : lanes(work)) {
    note_next(work, lane, batch);
    readers.emplace_back(work, lane);
  }
  while (LaneReader* reader = oldest(readers)) {
    if (batch.jobs.size() >= limit) {
      batch.more = true;
      break;
    }
    const Job& job = *reader->peek();
    const Duration lateness = reader->lateness();
    const DueShare share{job.spec.handler, job.in_line};
    if (known.contains(job.id)) {
      // in memory already
    } else if (full.contains(share) || (job.in_line && of_line >= line_limit)) {
      batch.left.insert(share);
    } else if (wanted(work, job, lateness, batch)) {
      of_line += job.in_line ? 1 : 0;
      batch.jobs.push_back(due_job(job, lateness, expiry(work, job, lateness)));
    }
    reader->pop();
  }
  return batch;
}

DueScan due_jobs(Work& work, BytesView cursor, std::uint64_t limit) {
  DueScan scan;
  std::uint64_t examined = 0;
  for (const Lane& lane : lanes(work)) {
    if (!lane.now || lane.now->ms < 0) continue;
    const keys::Range due = keys::jobs_due_until(*lane.now);
    const Bytes from = std::max(due.from, cursor.empty() ? Bytes{} : keys::after(cursor));
    if (from >= due.to) continue;
    // One more than asked for, to know whether there is more.
    for (const store::Entry& entry : work.txn.scan(from, due.to, limit - examined + 1)) {
      if (examined == limit) {
        scan.more = true;
        return scan;
      }
      ++examined;
      scan.cursor = entry.key;
      std::optional<Job> job = read_job(work, entry.key, entry.value);
      if (!job) continue;
      const Duration lateness = work.spans.lateness(job->due, work.now).value_or(Duration{});
      const bool held = is_held(work, *job);
      scan.jobs.push_back({*std::move(job), lateness, held});
    }
  }
  return scan;
}

}  // namespace dormouse::jobs
