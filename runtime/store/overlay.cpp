// SPDX-License-Identifier: Apache-2.0
// The merge of pages from below with the changes above them.
#include "runtime/store/overlay.hpp"

#include <algorithm>
#include <utility>

#include "runtime/store/keys.hpp"

namespace dormouse::store {

namespace {

constexpr std::uint64_t page_entries_max = 128;

/// Appends the page, which covers [from, to), as the changes of that stretch make it.
void append_merged(const Changes& changes, BytesView from, BytesView to, Direction direction, Page page,
                   std::vector<Entry>& out) {
  const auto first = changes.lower_bound(from);
  const auto last = changes.lower_bound(to);
  if (first == last) {
    std::move(page.entries.begin(), page.entries.end(), std::back_inserter(out));
    return;
  }
  std::map<Bytes, Bytes> merged;
  for (Entry& entry : page.entries) merged.emplace(std::move(entry.key), std::move(entry.value));
  for (auto change = first; change != last; ++change) {
    if (change->second)
      merged.insert_or_assign(change->first, *change->second);
    else
      merged.erase(change->first);
  }
  if (direction == Direction::forward)
    for (auto& [key, value] : merged) out.push_back({key, std::move(value)});
  else
    for (auto at = merged.rbegin(); at != merged.rend(); ++at) out.push_back({at->first, std::move(at->second)});
}

}  // namespace

Result<std::vector<Entry>> scan_through(const Changes& changes, BytesView from, BytesView to, std::uint64_t limit,
                                        Direction direction, const ReadPage& below) {
  std::vector<Entry> out;
  Bytes low(from);
  Bytes high(to);
  // Pages grow, for a long row of entries that the changes erase hides the next one that is left.
  std::uint64_t entries = 0;
  while (out.size() < limit && low < high) {
    entries = std::min(std::max(limit - out.size(), 2 * entries), page_entries_max);
    auto page = below(low, high, entries, direction);
    if (!page) return std::move(page).error();
    const bool more = page->more;
    Bytes page_low = low;
    Bytes page_high = high;
    if (more && direction == Direction::forward) page_high = keys::after(page->last);
    if (more && direction == Direction::backward) page_low = page->last;
    append_merged(changes, page_low, page_high, direction, std::move(page).value(), out);
    if (!more) break;
    if (direction == Direction::forward)
      low = std::move(page_high);
    else
      high = std::move(page_low);
  }
  if (out.size() > limit) out.resize(limit);
  return out;
}

}  // namespace dormouse::store
