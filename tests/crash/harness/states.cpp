// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/harness/states.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "runtime/base/check.hpp"

namespace dormouse::crash {

namespace {

constexpr std::size_t all_subsets_max = 6;
constexpr int drawn_subsets = 16;
constexpr std::size_t orders_max = 4;  // pairs of writes that are also taken in the other order

using Subset = std::vector<std::size_t>;  // of ops

template <class Keeps>
Subset pick(const std::vector<std::size_t>& ops, Keeps keeps) {
  Subset subset;
  for (std::size_t i = 0; i < ops.size(); ++i)
    if (keeps(i)) subset.push_back(ops[i]);
  return subset;
}

std::vector<Subset> subsets(const std::vector<std::size_t>& ops, std::mt19937_64& random) {
  std::vector<Subset> result;
  const std::size_t n = ops.size();
  if (n <= all_subsets_max) {
    for (std::size_t mask = 0; mask < std::size_t{1} << n; ++mask)
      result.push_back(pick(ops, [mask](std::size_t i) { return (mask >> i & 1) != 0; }));
    return result;
  }
  for (std::size_t length = 0; length <= n; ++length)
    result.push_back(pick(ops, [length](std::size_t i) { return i < length; }));
  for (std::size_t one = 0; one < n; ++one) {
    result.push_back(pick(ops, [one](std::size_t i) { return i != one; }));
    result.push_back(pick(ops, [one](std::size_t i) { return i == one; }));
  }
  for (int i = 0; i < drawn_subsets; ++i)
    result.push_back(pick(ops, [&random](std::size_t) { return (random() & 1) != 0; }));
  return result;
}

bool overlap(const Op& a, const Op& b) {
  return a.kind == Op::Kind::write && b.kind == Op::Kind::write && a.node == b.node &&
         a.number < b.number + b.bytes.size() && b.number < a.number + a.bytes.size();
}

void add_orders(const Record& record, const Cut& whole, std::vector<Cut>& cuts) {
  std::size_t added = 0;
  for (std::size_t i = 0; i < whole.kept.size(); ++i)
    for (std::size_t j = i + 1; j < whole.kept.size() && added < orders_max; ++j) {
      if (!overlap(record.ops[whole.kept[i]], record.ops[whole.kept[j]])) continue;
      Cut other = whole;
      std::rotate(other.kept.begin() + i, other.kept.begin() + j, other.kept.begin() + j + 1);
      cuts.push_back(std::move(other));
      ++added;
    }
}

/// Moves `most` drawn ones to the front and drops the rest.
template <class T>
void draw(std::vector<T>& all, std::size_t most, std::mt19937_64& random) {
  most = std::min(most, all.size());
  for (std::size_t i = 0; i < most; ++i) std::swap(all[i], all[i + random() % (all.size() - i)]);
  all.resize(most);
}

/// How a write of so many units may be torn: each prefix, each suffix, a drawn mask.
std::size_t tears_of(std::size_t units) {
  return units < 2 ? 0 : 2 * (units - 1) + 1;
}

Cut tear(const Cut& whole, std::size_t op, std::size_t units, std::size_t which, std::mt19937_64& random) {
  Cut torn = whole;
  torn.torn = op;
  for (std::size_t unit = 0; unit < units; ++unit) {
    const std::size_t length = which / 2 + 1;
    if (which == 2 * (units - 1))
      torn.units.push_back((random() & 1) != 0);
    else
      torn.units.push_back((unit < length) == (which % 2 == 0));
  }
  return torn;
}

/// The torn states are too many to make them all: draws `most` of them.
std::vector<Cut> draw_tears(const Record& record, const std::vector<Cut>& whole, std::size_t most,
                            std::mt19937_64& random) {
  struct Tear {
    std::size_t cut, op, units, which;
  };
  std::vector<Tear> all;
  for (std::size_t cut = 0; cut < whole.size(); ++cut)
    for (const std::size_t op : whole[cut].kept) {
      const std::size_t units = units_of(record.ops[op]);
      for (std::size_t which = 0; which < tears_of(units); ++which) all.push_back({cut, op, units, which});
    }
  draw(all, most, random);
  std::vector<Cut> torn;
  for (const Tear& one : all) torn.push_back(tear(whole[one.cut], one.op, one.units, one.which, random));
  return torn;
}

}  // namespace

std::vector<std::size_t> unsynced_at(const Record& record, std::size_t point) {
  std::vector<std::pair<std::size_t, std::set<int>>> waiting;  // changes, and whose sync they still need
  for (std::size_t i = 0; i < point; ++i) {
    const Op& op = record.ops[i];
    if (op.is_change() && !op.synced) {
      waiting.push_back({i, {op.node}});
      if (op.kind == Op::Kind::rename) waiting.back().second.insert(op.to_node);
    }
    if (op.kind != Op::Kind::sync) continue;
    for (auto& change : waiting) change.second.erase(op.node);
    std::erase_if(waiting, [](const auto& change) { return change.second.empty(); });
  }
  std::vector<std::size_t> unsynced;
  for (const auto& change : waiting) unsynced.push_back(change.first);
  return unsynced;
}

bool is_point(const Record& record, std::size_t point) {
  return point == 0 || record.ops[point - 1].kind != Op::Kind::applied;
}

std::vector<Cut> draw_cuts(const Record& record, std::size_t point, std::size_t most, std::mt19937_64& random) {
  const auto unsynced = unsynced_at(record, point);
  const bool after_change = !unsynced.empty() && unsynced.back() == point - 1;
  std::vector<Cut> plain;
  for (Subset& subset : subsets(unsynced, random))
    if (!after_change || (!subset.empty() && subset.back() == point - 1))
      plain.push_back({.point = point, .kept = std::move(subset), .torn = {}, .units = {}});
  std::vector<Cut> whole = plain;
  for (const Cut& cut : plain) add_orders(record, cut, whole);

  auto torn = draw_tears(record, plain, most > whole.size() ? most - whole.size() : most / 2, random);
  draw(whole, most - torn.size(), random);
  whole.insert(whole.end(), torn.begin(), torn.end());
  return whole;
}

Image Builder::build(const Cut& cut) {
  const auto unsynced = unsynced_at(record_, cut.point);
  const std::size_t durable = unsynced.empty() ? cut.point : unsynced.front();
  check(done_ <= durable, "builder:backwards");
  for (; done_ < durable; ++done_) apply(base_, record_.ops[done_]);

  Image image = base_;
  const auto keep = [&](std::size_t op) {
    if (cut.torn == op)
      apply(image, record_.ops[op], [&](std::size_t unit) { return static_cast<bool>(cut.units[unit]); });
    else
      apply(image, record_.ops[op]);
  };
  // In the order of the record; kept ones take their places in the order of the cut.
  auto next = cut.kept.begin();
  for (std::size_t op = durable; op < cut.point; ++op) {
    const bool pending = std::find(unsynced.begin(), unsynced.end(), op) != unsynced.end();
    if (!pending)
      keep(op);
    else if (std::find(cut.kept.begin(), cut.kept.end(), op) != cut.kept.end())
      keep(*next++);
  }
  return image;
}

Bounds bounds_at(const Record& record, std::size_t point) {
  Bounds bounds{record.acked, record.applied};
  for (std::size_t i = 0; i < point; ++i) {
    if (record.ops[i].kind == Op::Kind::applied) bounds.applied = record.ops[i].number;
    if (record.ops[i].kind == Op::Kind::acked) bounds.acked = std::max(bounds.acked, record.ops[i].number);
  }
  return bounds;
}

}  // namespace dormouse::crash
