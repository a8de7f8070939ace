// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/lanes.hpp"

#include <limits>

#include "runtime/jobs/records.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::jobs {
namespace {

namespace keys = store::keys;

constexpr std::uint64_t kChunk = 32;  // records read at a time

}  // namespace

std::optional<Due> reached(const Work& work, Due::Lane lane, std::uint32_t kernel_boot) {
  if (lane == Due::Lane::wall) {
    if (work.now.trust == Trust::untrusted) return std::nullopt;
    return Due::at(work.now.wall);
  }
  // The position in that kernel boot is what the lateness of its instant 0 is.
  const std::optional<Duration> position = work.spans.lateness(Due::elapsed(kernel_boot, Instant{0}), work.now);
  if (!position) return std::nullopt;
  return Due::elapsed(kernel_boot, Instant{0} + *position);
}

std::vector<Lane> lanes(Work& work) {
  std::vector<Lane> found;
  Bytes from = keys::jobs_in_lane(Due::Lane::elapsed, 0).from;
  const Bytes to = keys::jobs_in_lane(Due::Lane::wall, 0).to;
  while (true) {
    const std::vector<store::Entry> first = work.txn.scan(from, to, 1);
    if (first.empty()) return found;
    const std::optional<keys::JobKey> key = keys::parse_job(first[0].key);
    if (!key) {
      from = keys::after(first[0].key);
      continue;
    }
    const Due& due = key->due;
    found.push_back({due.lane, due.kernel_boot, reached(work, due.lane, due.kernel_boot)});
    from = keys::jobs_in_lane(due.lane, due.kernel_boot).to;
  }
}

LaneReader::LaneReader(Work& work, const Lane& lane) : work_(work) {
  ended_ = !lane.now || lane.now->ms < 0;
  if (ended_) return;
  const keys::Range range = keys::jobs_due_until(*lane.now);
  from_ = range.from;
  to_ = range.to;
}

const Job* LaneReader::peek() {
  while (at_ >= jobs_.size()) {
    if (!fill()) return nullptr;
  }
  const Job& job = jobs_[at_];
  lateness_ = work_.spans.lateness(job.due, work_.now).value_or(Duration{});
  return &job;
}

bool LaneReader::fill() {
  jobs_.clear();
  at_ = 0;
  if (ended_) return false;
  const std::vector<store::Entry> entries = work_.txn.scan(from_, to_, kChunk);
  ended_ = entries.size() < kChunk;
  if (entries.empty()) return false;
  from_ = keys::after(entries.back().key);
  for (const store::Entry& entry : entries) {
    std::optional<Job> job = read_job(work_, entry.key, entry.value);
    if (job) jobs_.push_back(*std::move(job));
  }
  return true;
}

}  // namespace dormouse::jobs
