// SPDX-License-Identifier: Apache-2.0
// Reads: one job, pages of jobs, counts. They write nothing.
#include <algorithm>
#include <limits>

#include "runtime/jobs/components.hpp"
#include "runtime/jobs/counters.hpp"
#include "runtime/jobs/operations.hpp"
#include "runtime/jobs/records.hpp"
#include "runtime/jobs/validate.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::jobs {
namespace {

namespace keys = store::keys;

constexpr std::uint64_t kChunk = 64;
constexpr std::uint64_t kExamined = 5'000;  // records looked at for one page; the cursor goes on from there

/// What is shown of a job by now: its state is told, its result is there.
void bring_up_to_date(Work& work, Job& job) {
  const Told told = tell(work, job);
  job.state = told.state;
  job.because = told.because;
  if (job.result_apart > 0) job.result = work.txn.get(keys::job_part(job.id, 'r')).value_or(Bytes{});
}

bool matches(Work& work, const Identity& who, const ListQuery& query, const Job& job) {
  if (!may_see(work.txn, who, job.component)) return false;
  if (query.handler && *query.handler != job.spec.handler) return false;
  if (query.schedule && query.schedule != job.schedule) return false;
  if (query.states.empty()) return true;
  return std::find(query.states.begin(), query.states.end(), job.state) != query.states.end();
}

}  // namespace

Result<Job> get(Work& work, const Identity& who, std::uint64_t id, bool with_args) {
  std::optional<Job> job = load(work, id);
  if (!job || !may_see(work.txn, who, job->component)) {
    return Error{.code = "job.not_found", .message = "there is no job " + std::to_string(id)};
  }
  if (with_args) {
    load_args(work, *job);
  } else {
    job->spec.args.clear();
  }
  bring_up_to_date(work, *job);
  return std::move(*job);
}

Result<JobPage> list(Work& work, const Identity& who, const ListQuery& query) {
  const std::uint64_t most = work.limits.list_page_max;
  if (query.limit < 1 || query.limit > most) {
    return invalid_input({{"limit", "out_of_range", "must be 1.." + std::to_string(most)}});
  }
  JobPage page;
  if (query.after_id == std::numeric_limits<std::uint64_t>::max()) return page;
  Bytes from = keys::job_place(query.after_id + 1);
  const Bytes to = keys::after(keys::job_place(std::numeric_limits<std::uint64_t>::max()));
  std::uint64_t last = query.after_id;
  for (std::uint64_t examined = 0; examined < kExamined;) {
    const std::vector<store::Entry> places = work.txn.scan(from, to, kChunk);
    for (const store::Entry& place : places) {
      ++examined;
      from = keys::after(place.key);
      const std::optional<Bytes> body = work.txn.get(place.value);
      std::optional<Job> job = body ? read_job(work, place.value, *body) : std::nullopt;
      if (!job) continue;
      const std::uint64_t id = job->id;
      bring_up_to_date(work, *job);
      if (matches(work, who, query, *job)) {
        if (page.jobs.size() == query.limit) {
          page.next_after_id = last;
          return page;
        }
        job->spec.args.clear();
        page.jobs.push_back(*std::move(job));
      }
      last = id;
    }
    if (places.size() < kChunk) return page;
  }
  page.next_after_id = last;
  return page;
}

Counts counts(Work& work) {
  const Tally tally = load_tally(work.txn);
  Counts counts = tally.counters.counts;
  const keys::Range running = keys::starting_with(keys::running(0).substr(0, 1));
  counts.running = work.txn.scan(running.from, running.to, work.limits.active_jobs_device).size();
  const std::uint64_t active = active_jobs(tally);
  counts.scheduled = active - std::min(active, counts.running);
  return counts;
}

}  // namespace dormouse::jobs
