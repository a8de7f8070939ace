// SPDX-License-Identifier: Apache-2.0
#include "runtime/reconcile/gap_record.hpp"

#include <algorithm>

#include "runtime/reconcile/cursor.hpp"
#include "runtime/reconcile/numbers.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::reconcile {

using wire::Key;
namespace keys = store::keys;

namespace {

bool any_in(store::Transaction& txn, const Bytes& from, const Bytes& to) {
  return !txn.scan(from, to, 1).empty();
}

}  // namespace

Gap with_ends(Gap gap, Instant now, Trust trust) {
  const bool slept = gap.cause == GapCause::suspend;  // a step takes no time at all
  gap.to_instant = now;
  gap.from_instant = slept ? now - gap.length : now;
  gap.from_trust = gap.to_trust = trust;
  return gap;
}

bool jumps_a_due(store::Transaction& txn, WallTime from, WallTime to) {
  const Due after = Due::at(from + Duration{1});
  return any_in(txn, keys::job(after, 0), keys::jobs_due_until(Due::at(to)).to) ||
         any_in(txn, keys::schedule_due(after, 0, 0), keys::schedules_due_until(Due::at(to)).to);
}

Gap record_gap(store::Transaction& txn, Gap gap, std::uint32_t boot, const Limits& limits) {
  gap.number = next_number(txn, Key::gap);
  gap.boot = boot;
  txn.put(keys::gap(gap.number), encode(gap));
  if (gap.number > limits.gaps_ring)
    txn.erase_range(keys::gap(0), keys::gap(gap.number - static_cast<std::uint32_t>(limits.gaps_ring) + 1),
                    limits.ring_trim);
  report_again(txn, gap.number);
  return gap;
}

void report_again(store::Transaction& txn, std::uint32_t number) {
  auto cursor = read_cursor(txn);
  auto& pending = cursor.pending_gaps;
  const auto told = cursor.pass ? cursor.pass->report.gaps : std::vector<std::uint32_t>{};
  if (std::find(pending.begin(), pending.end(), number) != pending.end()) return;
  if (std::find(told.begin(), told.end(), number) != told.end()) return;
  pending.push_back(number);
  if (pending.size() > kGapsPerReport) pending.erase(pending.begin());
  write_cursor(txn, cursor);
}

void count_short_gap(store::Transaction& txn) {
  next_number(txn, Key::dropped);
}

std::optional<Gap> read_gap(store::Transaction& txn, std::uint32_t number) {
  const auto body = txn.get(keys::gap(number));
  if (!body) return std::nullopt;
  auto gap = decode_gap(*body);
  if (!gap.ok()) return std::nullopt;
  return *gap;
}

void rewrite_gap(store::Transaction& txn, const Gap& gap) {
  txn.put(keys::gap(gap.number), encode(gap));
}

}  // namespace dormouse::reconcile
