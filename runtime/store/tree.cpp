// SPDX-License-Identifier: Apache-2.0
// Reading without copies, for trees that have no better way: by pages.
#include "runtime/store/tree.hpp"

#include "runtime/store/keys.hpp"

namespace dormouse::store {

namespace {

constexpr std::uint64_t page_entries = 128;

}  // namespace

Status Tree::walk(BytesView from, BytesView to, const Visit& visit) {
  Bytes at(from);
  while (true) {
    auto page = scan(at, to, page_entries, Direction::forward);
    if (!page) return std::move(page).error();
    for (const Entry& entry : *page)
      if (!visit(entry.key, entry.value)) return done();
    if (page->size() < page_entries) return done();
    at = keys::after(page->back().key);
  }
}

Result<bool> Tree::has(BytesView key) {
  auto found = get(key);
  if (!found) return std::move(found).error();
  return found->has_value();
}

}  // namespace dormouse::store
