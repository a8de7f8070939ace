// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/dirty_pages.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

namespace dormouse::store {

namespace {

constexpr std::uint64_t block_bytes = 4096;  // of the meta page, all that a commit writes of it
constexpr std::uint64_t page_number_bytes = 8;

// A leaf as LMDB lays it out, in the processor's own byte order: its number as a word, 2 unused bytes, its flags,
// the end of the places and the begin of the records; then for each record, in order, its place in the page. A
// record begins with 6 bytes about its value and the length of its key.
constexpr std::uint64_t places_end_at = sizeof(std::size_t) + 4;
constexpr std::uint64_t page_head_bytes = sizeof(std::size_t) + 8;
constexpr std::uint64_t node_place_bytes = 2;
constexpr std::uint64_t key_length_at = 6;
constexpr std::uint64_t node_head_bytes = 8;

std::uint64_t number_at(BytesView page, std::uint64_t at) {
  std::uint16_t number = 0;
  std::memcpy(&number, page.data() + at, sizeof number);
  return number;
}

}  // namespace

void DirtyPages::begin(std::uint64_t page_bytes, const Map& map, const PageCounts& committed,
                       std::uint64_t free_list_pages) {
  *this = DirtyPages();
  page_bytes_ = page_bytes;
  map_ = map;
  committed_ = now_ = committed;
  free_list_pages_ = free_list_pages;
}

void DirtyPages::before_put(Spots&& spots, BytesView key) {
  const auto spot = spots.seek(key);
  had_dirty_overflow_ =
      spot && spot->key == key && overflows(spot->key.size(), spot->value.size()) && !is_clean(spot->value);
  if (!spot || !is_clean(spot->key)) return;
  ++leaves_;
  if (!has_dirty_neighbour(spots, spot->key)) ++places_;
}

void DirtyPages::after_put(BytesView key, BytesView value, const PageCounts& now) {
  // A dirty large value is overwritten where it lies if the new one needs no more pages.
  const bool in_place = had_dirty_overflow_ && now.overflow == now_.overflow;
  if (overflows(key.size(), value.size()) && !in_place)
    overflow_ += (page_head_bytes + value.size() + page_bytes_ - 1) / page_bytes_;
  count(now);
}

void DirtyPages::before_erase(Spots&& spots, BytesView key) {
  watched_.clear();
  const auto spot = spots.seek(key);
  if (spot && spot->key == key) look(spots, *spot);
}

void DirtyPages::after_erase(Spots&& spots, const PageCounts& now) {
  for (const Bytes& key : std::exchange(watched_, {}))
    if (const auto spot = spots.seek(key); spot && !is_clean(spot->key)) ++leaves_;
  count(now);
}

std::uint64_t DirtyPages::bytes() const {
  if (!changed_) return 0;
  const std::uint64_t branches = dirty_branches();
  const std::uint64_t pages = leaves_held_ + branches + overflow_;
  const std::uint64_t freed = leaves_ + branches + overflow_;
  const std::uint64_t free_list = free_list_pages_ + 2 + freed * page_number_bytes / page_bytes_;
  return (pages + free_list) * page_bytes_ + block_bytes;
}

/// At a record that is to be erased.
void DirtyPages::look(Spots& spots, const Spot& spot) {
  const bool clean = is_clean(spot.key);
  const auto own_page = clean ? std::optional(page_of(spot.key)) : std::nullopt;
  const Edge left = walk(spots, &Spots::previous, own_page);
  (void)spots.seek(spot.key);
  const Edge right = walk(spots, &Spots::next, own_page);
  if (clean) {
    ++leaves_;
    if (!left.dirty && !right.dirty) ++places_;
  }
  for (const Edge* edge : {&left, &right})
    if (edge->clean_key && edge->bytes <= page_bytes_ / 4) watched_.push_back(*edge->clean_key);
}

bool DirtyPages::has_dirty_neighbour(Spots& spots, BytesView key) const {
  const Ends ends = ends_of_leaf(key);
  (void)spots.seek(ends.first);
  if (const auto left = spots.previous(); left && !is_clean(left->key)) return true;
  (void)spots.seek(ends.last);
  const auto right = spots.next();
  return right && !is_clean(right->key);
}

DirtyPages::Ends DirtyPages::ends_of_leaf(BytesView key) const {
  const BytesView page(map_.begin + page_of(key) * page_bytes_, page_bytes_);
  const std::uint64_t places_end = number_at(page, places_end_at);
  if (places_end < page_head_bytes + node_place_bytes || places_end > page_bytes_) return {key, key};
  const std::size_t count = (places_end - page_head_bytes) / node_place_bytes;
  return {key_in(page, 0, key), key_in(page, count - 1, key)};
}

/// A place that is none would be LMDB's to trip over; here it only spoils the estimate.
BytesView DirtyPages::key_in(BytesView page, std::size_t n, BytesView otherwise) const {
  const std::uint64_t node = number_at(page, page_head_bytes + n * node_place_bytes);
  if (node + node_head_bytes > page.size()) return otherwise;
  const std::uint64_t length = number_at(page, node + key_length_at);
  if (length == 0 || node + node_head_bytes + length > page.size()) return otherwise;
  return page.substr(node + node_head_bytes, length);
}

/// To the first record that is not on the leaf. Where a dirty leaf ends does not show, but only one that is less
/// than a quarter full concerns what lies beside it.
DirtyPages::Edge DirtyPages::walk(Spots& spots, std::optional<Spot> (Spots::*step)(),
                                  std::optional<std::uint64_t> own_page) const {
  Edge edge;
  while (own_page || edge.bytes <= page_bytes_ / 4) {
    const auto spot = (spots.*step)();
    if (!spot) break;
    const bool clean = is_clean(spot->key);
    if (clean && (!own_page || page_of(spot->key) != *own_page)) {
      edge.clean_key = Bytes(spot->key);
      break;
    }
    if (own_page && !clean) {
      edge.dirty = true;
      break;
    }
    edge.bytes += node_bytes(spot->key.size(), spot->value.size());
  }
  return edge;
}

void DirtyPages::count(const PageCounts& now) {
  changed_ = true;
  if (now.branch > now_.branch) new_branches_ += now.branch - now_.branch;
  now_ = now;
  // Dirty is every leaf but the clean ones that are left of the last commit. A leaf that was dirty and is gone
  // leaves its page in memory for the next one that becomes dirty.
  const std::uint64_t clean = committed_.leaf - std::min(leaves_, committed_.leaf);
  leaves_held_ = std::max(leaves_held_, now_.leaf - std::min(clean, now_.leaf));
}

std::uint64_t DirtyPages::dirty_branches() const {
  // From the level above the leaves to the root: each level has `fan` times fewer pages than the one below.
  const std::uint64_t fan =
      std::max<std::uint64_t>(2, committed_.leaf / std::max<std::uint64_t>(committed_.branch, 1));
  std::uint64_t dirty = new_branches_;
  std::uint64_t level_pages = committed_.branch;
  std::uint64_t side_by_side = leaves_;
  for (unsigned level = 1; level < committed_.depth; ++level) {
    side_by_side /= fan;
    dirty += std::clamp<std::uint64_t>(places_ + side_by_side, 1, std::max<std::uint64_t>(level_pages, 1));
    level_pages /= fan;
  }
  return std::min(dirty, now_.branch);
}

bool DirtyPages::is_clean(BytesView bytes) const {
  // std::less orders pointers that do not belong together, too.
  return map_.begin && !std::less<>()(bytes.data(), map_.begin) &&
         std::less<>()(bytes.data(), map_.begin + map_.bytes);
}

std::uint64_t DirtyPages::page_of(BytesView bytes) const {
  return static_cast<std::uint64_t>(bytes.data() - map_.begin) / page_bytes_;
}

bool DirtyPages::overflows(std::uint64_t key, std::uint64_t value) const {
  // A page holds at least two records.
  const std::uint64_t node_max = ((page_bytes_ - page_head_bytes) / 2 & ~std::uint64_t{1}) - node_place_bytes;
  return node_head_bytes + key + value > node_max;
}

std::uint64_t DirtyPages::node_bytes(std::uint64_t key, std::uint64_t value) const {
  const std::uint64_t node = node_head_bytes + key + (overflows(key, value) ? page_number_bytes : value);
  return node + node % 2 + node_place_bytes;
}

}  // namespace dormouse::store
