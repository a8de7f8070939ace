// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/wakes.hpp"

#include "runtime/jobs/lanes.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::jobs {
namespace {

namespace keys = store::keys;

void keep_earlier(NextWake& next, const Work& work, const Due& due) {
  if (due.lane == Due::Lane::wall) {
    next.wall = WallTime{due.ms};
    return;
  }
  const Instant at = work.spans.instant_of(due);
  if (!next.instant || at < *next.instant) next.instant = at;
}

}  // namespace

void note_wake(Work& work, Waking what, std::uint64_t id, const std::optional<Due>& old_due,
               const std::optional<Due>& new_due, bool wakes) {
  const auto key = [&](const Due& due) { return keys::wake(due, static_cast<char>(what), id); };
  const bool stood = old_due && work.txn.get(key(*old_due));
  const bool stands = wakes && new_due;
  if (stood && (!stands || *old_due != *new_due)) work.txn.erase(key(*old_due));
  if (stands && !(stood && *old_due == *new_due)) work.txn.put(key(*new_due), {});
}

NextWake next_wake(Work& work) {
  NextWake next;
  const keys::Range all = keys::wakes();
  for (Bytes from = all.from; from < all.to;) {
    const auto first = work.txn.scan(from, all.to, 1);
    if (first.empty()) break;
    const auto lane = keys::parse_wake(first[0].key);
    if (!lane) {
      from = keys::after(first[0].key);
      continue;
    }
    const keys::Range range = keys::wakes_in_lane(lane->lane, lane->kernel_boot);
    from = range.to;
    const auto now = reached(work, lane->lane, lane->kernel_boot);
    if (!now) continue;
    const auto later = work.txn.scan(keys::wakes_after(*now), range.to, 1);
    const auto due = later.empty() ? std::nullopt : keys::parse_wake(later[0].key);
    if (due) keep_earlier(next, work, *due);
  }
  return next;
}

}  // namespace dormouse::jobs
