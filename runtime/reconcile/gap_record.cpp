// SPDX-License-Identifier: Apache-2.0
#include "runtime/reconcile/gap_record.hpp"

#include "runtime/reconcile/cursor.hpp"
#include "runtime/reconcile/numbers.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::reconcile {

using wire::Key;
namespace keys = store::keys;

Gap record_gap(store::Transaction& txn, Gap gap, std::uint32_t boot, const Limits& limits) {
  gap.number = next_number(txn, Key::gap);
  gap.boot = boot;
  txn.put(keys::gap(gap.number), encode(gap));
  if (gap.number > limits.gaps_ring)
    txn.erase_range(keys::gap(0), keys::gap(gap.number - static_cast<std::uint32_t>(limits.gaps_ring) + 1),
                    limits.ring_trim);
  auto cursor = read_cursor(txn);
  cursor.pending_gaps.push_back(gap.number);
  if (cursor.pending_gaps.size() > kGapsPerReport) cursor.pending_gaps.erase(cursor.pending_gaps.begin());
  write_cursor(txn, cursor);
  return gap;
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
