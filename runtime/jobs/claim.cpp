// SPDX-License-Identifier: Apache-2.0
// Claims begin attempts; expiry ends what is too late to begin.
#include "runtime/jobs/misfire.hpp"
#include "runtime/jobs/operations.hpp"
#include "runtime/jobs/records.hpp"
#include "runtime/jobs/transitions.hpp"

namespace dormouse::jobs {
namespace {

Noted noted(const Now& now) {
  return {now.wall, now.trust, now.boot};
}

/// Ends the job if it is due and later than its policy allows. Held jobs and settled ones never expire.
bool ended_missed(Work& work, Job& job) {
  if (job.state != State::scheduled || job.settled || is_held(work, job)) return false;
  const std::optional<Duration> lateness = work.spans.lateness(job.due, work.now);
  if (!lateness || *lateness < Duration{}) return false;
  if (judge(job.spec.misfire, job.spec.grace, *lateness) != Fate::missed) return false;
  end_missed(work, job);
  return true;
}

/// The first claim decides for good that the job is not missed, and tells it how late it is.
void settle(Work& work, Job& job) {
  if (job.settled) return;
  job.settled = true;
  if (job.schedule) return;  // its schedule has said what was missed
  const std::optional<Duration> lateness = work.spans.lateness(job.due, work.now);
  if (!lateness || *lateness <= job.spec.grace) return;
  job.missed_count = 1;
  if (const std::optional<WallTime> due = due_wall(work, job.due)) job.first_missed_ms = due->ms;
}

bool claim_one(Work& work, Job& job) {
  if (ended_missed(work, job)) return false;
  const Move begin = move(tell(work, job).state, Event::claim);
  if (begin.refused) return false;
  settle(work, job);
  job.state = begin.next;
  job.because = Because::none;
  ++job.attempt;
  ++job.used;
  job.epoch = work.epoch;
  job.started = noted(work.now);
  save_claimed(work, job);
  load_args(work, job);
  return true;
}

}  // namespace

ClaimResult claim(Work& work, const std::vector<std::uint64_t>& ids) {
  ClaimResult result;
  for (const std::uint64_t id : ids) {
    std::optional<Job> job = load(work, id);
    if (job && claim_one(work, *job)) {
      const std::string component = component_name(work.txn, job->component);
      result.claimed.push_back({std::move(*job), component});
    } else {
      result.dropped.push_back(id);
    }
  }
  return result;
}

std::vector<std::uint64_t> expire(Work& work, const std::vector<std::uint64_t>& ids) {
  std::vector<std::uint64_t> ended;
  for (const std::uint64_t id : ids) {
    std::optional<Job> job = load(work, id);
    if (job && ended_missed(work, *job)) ended.push_back(id);
  }
  return ended;
}

}  // namespace dormouse::jobs
