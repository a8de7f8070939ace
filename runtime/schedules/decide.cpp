// SPDX-License-Identifier: Apache-2.0
#include "runtime/schedules/decide.hpp"

#include <algorithm>

namespace dormouse::schedules {
namespace {

using Policy = jobs::Misfire::Policy;
constexpr std::size_t ranges_kept = 8;

const HandedRange* range_with(const std::vector<HandedRange>& handed, std::int64_t slot) {
  for (const auto& range : handed)
    if (slot >= range.first && slot <= range.last) return &range;
  return nullptr;
}

std::optional<std::int64_t> newest_open(const Question& ask, std::int64_t at) {
  auto slot = ask.slots.newest(at);
  while (slot) {
    const HandedRange* range = range_with(ask.handed, *slot);
    if (range == nullptr) return slot;
    slot = ask.slots.newest(range->first - 1);
  }
  return std::nullopt;
}

std::uint64_t count_open(const Question& ask, std::int64_t after, std::int64_t until) {
  std::uint64_t sum = ask.slots.count(after, until);
  for (const auto& range : ask.handed)
    sum -= ask.slots.count(std::max(after, range.first - 1), std::min(until, range.last));
  return sum;
}

/// The newest open slots in [from, until], at most `limit`, newest first.
std::vector<std::int64_t> newest_of(const Question& ask, std::int64_t from, std::int64_t until, std::uint64_t limit,
                                    std::uint64_t& computed) {
  std::vector<std::int64_t> found;
  while (found.size() < limit) {
    const auto slot = newest_open(ask, until);
    ++computed;
    if (!slot || *slot < from) break;
    found.push_back(*slot);
    until = *slot - 1;
  }
  return found;
}

/// How the pending slots part.
struct Parted {
  std::vector<std::int64_t> on_time;  // newest first
  std::int64_t missed_until = 0;      // the missed ones lie in (decided_until, missed_until]
  std::uint64_t cut = 0;              // in time, but too many of them: missed
};

Parted part(const Question& ask, std::int64_t now, std::uint64_t& computed) {
  Duration grace = ask.grace;
  if (ask.misfire.policy == Policy::windowed) grace = std::min(grace, ask.misfire.window);
  const std::int64_t from = std::max(ask.decided_until + 1, now - grace.count());
  Parted parted;
  const std::uint64_t limit = std::min(ask.on_time_limit, ask.jobs_limit);
  check(limit > 0, "decide:limit");
  parted.on_time = newest_of(ask, from, now, limit, computed);
  parted.missed_until = from - 1;
  if (parted.on_time.size() == limit) {
    parted.missed_until = parted.on_time.back() - 1;
    parted.cut = count_open(ask, from - 1, parted.missed_until);
  }
  return parted;
}

void run_for_gap(Verdict& verdict) {
  verdict.run.push_back({.slot = *verdict.newest_missed,
                         .role = Role::for_gap,
                         .on_time = false,
                         .missed_count = verdict.missed,
                         .first_missed = verdict.first_missed});
}

/// The missed slots that run each for itself; answers how many were dropped.
std::uint64_t run_missed(const Question& ask, std::int64_t now, const Parted& parted, Verdict& verdict) {
  std::int64_t from = ask.decided_until + 1;
  if (ask.misfire.policy == Policy::windowed) from = std::max(from, now - ask.misfire.window.count());
  const std::uint64_t eligible = count_open(ask, from - 1, parted.missed_until);
  if (ask.misfire.max_age) from = std::max(from, now - ask.misfire.max_age->count());
  const std::uint64_t room = ask.jobs_limit - std::min<std::uint64_t>(ask.jobs_limit, parted.on_time.size());
  const std::uint64_t limit = std::min<std::uint64_t>(ask.misfire.max_runs, room);
  const auto slots = newest_of(ask, from, parted.missed_until, limit, verdict.slots_computed);
  for (auto slot = slots.rbegin(); slot != slots.rend(); ++slot)
    verdict.run.push_back(
        {.slot = *slot, .role = Role::backlog, .on_time = false, .missed_count = 1, .first_missed = *slot});
  return eligible - slots.size();
}

/// Slots on time: the newest meets the overlap policy, the others are a backlog that is never dropped for it.
/// Behind a job that stands for the gap all of them overlap.
void run_on_time(const Question& ask, const Parted& parted, bool behind_gap_job, Verdict& verdict) {
  if (parted.on_time.empty()) return;
  if (behind_gap_job) {
    verdict.overlap_skipped = parted.on_time.size();
    return;
  }
  for (auto slot = parted.on_time.rbegin(); slot + 1 != parted.on_time.rend(); ++slot)
    verdict.run.push_back({.slot = *slot, .role = Role::backlog});
  if (ask.live_job_unfinished) {
    verdict.overlap_skipped = 1;
  } else {
    verdict.run.insert(verdict.run.begin(), {.slot = parted.on_time.front(), .role = Role::live});
  }
}

/// Ranges between which no slot lies are one.
void join_neighbours(std::vector<HandedRange>& handed, const Slots& slots) {
  for (std::size_t i = 1; i < handed.size();) {
    const auto next = slots.next(handed[i - 1].last);
    if (next && *next < handed[i].first) {
      ++i;
      continue;
    }
    handed[i - 1].last = handed[i].last;
    handed.erase(handed.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

}  // namespace

Verdict decide(const Question& ask, std::int64_t now) {
  Verdict verdict{.decided_until = ask.decided_until};
  const Parted parted = part(ask, now, verdict.slots_computed);
  verdict.missed = count_open(ask, ask.decided_until, parted.missed_until);
  if (verdict.missed > 0) {
    verdict.first_missed = next_open(ask.slots, ask.handed, ask.decided_until);
    verdict.newest_missed = newest_open(ask, parted.missed_until);
    if (ask.misfire.policy == Policy::run_once_if_missed) {
      run_for_gap(verdict);
    } else if (ask.misfire.policy == Policy::skip) {
      verdict.dropped = parted.cut;
    } else {
      verdict.dropped = run_missed(ask, now, parted, verdict);
    }
    verdict.decided_until = *verdict.newest_missed;
  }
  const bool behind_gap_job = ask.misfire.policy == Policy::run_once_if_missed && verdict.missed > 0;
  run_on_time(ask, parted, behind_gap_job, verdict);
  if (!parted.on_time.empty()) verdict.decided_until = parted.on_time.front();
  verdict.next_slot = next_open(ask.slots, ask.handed, std::max(now, verdict.decided_until));
  return verdict;
}

std::optional<std::int64_t> next_open(const Slots& slots, const std::vector<HandedRange>& handed,
                                      std::int64_t from) {
  auto slot = slots.next(from);
  while (slot) {
    const HandedRange* range = range_with(handed, *slot);
    if (range == nullptr) return slot;
    slot = slots.next(range->last);
  }
  return std::nullopt;
}

void hand_out(std::vector<HandedRange>& handed, const Slots& slots, const std::vector<ChosenSlot>& chosen) {
  std::vector<std::int64_t> rising;
  for (const auto& slot : chosen) rising.push_back(slot.slot);
  std::sort(rising.begin(), rising.end());
  for (const std::int64_t slot : rising) {
    if (range_with(handed, slot) != nullptr) continue;
    const auto above = std::find_if(handed.begin(), handed.end(), [&](const auto& r) { return r.first > slot; });
    if (above != handed.begin() && slots.next(std::prev(above)->last) == slot) {
      std::prev(above)->last = slot;
    } else {
      handed.insert(above, {slot, slot});
    }
  }
  join_neighbours(handed, slots);
  while (handed.size() > ranges_kept) {
    handed[1].first = handed[0].first;
    handed.erase(handed.begin());
  }
}

}  // namespace dormouse::schedules
