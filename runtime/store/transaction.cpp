// SPDX-License-Identifier: Apache-2.0
// What one operation reads and collects.
#include <utility>

#include "runtime/store/envelope.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/store/store.hpp"

namespace dormouse::store {

void Transaction::fail(Error error) {
  if (!failed_) failed_ = std::move(error);
}

std::optional<Bytes> Transaction::get(BytesView key) {
  if (const auto change = changes_.find(key); change != changes_.end()) return change->second;
  auto record = store_.tree_->get(key);
  if (!record) {
    fail(std::move(record).error());
    return std::nullopt;
  }
  if (!*record) return std::nullopt;
  auto opened = unseal(key, **record);
  if (opened) return Bytes(opened->body);
  store_.note_bad(key, opened.error());
  if (opened.error().code == "store.newer_record") fail(std::move(opened).error());
  return std::nullopt;
}

Result<Page> Transaction::read_page(BytesView from, BytesView to, std::uint64_t limit, Direction direction) {
  auto records = store_.tree_->scan(from, to, limit, direction);
  if (!records) return std::move(records).error();
  Page page;
  page.more = records->size() == limit;
  if (!records->empty()) page.last = records->back().key;
  for (Entry& record : *records) {
    auto opened = unseal(record.key, record.value);
    if (opened)
      page.entries.push_back({std::move(record.key), Bytes(opened->body)});
    else
      store_.note_bad(record.key, std::move(opened).error());
  }
  return page;
}

std::vector<Entry> Transaction::scan(BytesView from, BytesView to, std::uint64_t limit, Direction direction) {
  auto entries = scan_through(changes_, from, to, limit, direction,
                              [this](BytesView low, BytesView high, std::uint64_t most, Direction way) {
                                return read_page(low, high, most, way);
                              });
  if (entries) return std::move(entries).value();
  fail(std::move(entries).error());
  return {};
}

bool Transaction::fits(BytesView key) {
  if (key.empty()) {
    fail({.code = "store.bad_key", .message = "a key must not be empty"});
  } else if (key.size() > store_.limits_.key_bytes) {
    fail({.code = "store.bad_key",
          .message = "a key of " + std::to_string(key.size()) + " bytes; the limit is " +
                     std::to_string(store_.limits_.key_bytes)});
  } else if (!keys::is_known_prefix(key[0])) {
    fail({.code = "store.bad_key", .message = "no key begins as " + printable(key.substr(0, 1)) + " does"});
  } else {
    return true;
  }
  return false;
}

void Transaction::put(BytesView key, BytesView body) {
  if (!fits(key)) return;
  if (body.size() > store_.limits_.value_bytes) {
    fail({.code = "store.too_big",
          .message = "a value of " + std::to_string(body.size()) + " bytes under " + printable(key) +
                     "; the limit is " + std::to_string(store_.limits_.value_bytes)});
    return;
  }
  changes_.insert_or_assign(Bytes(key), Bytes(body));
}

void Transaction::erase(BytesView key) {
  if (fits(key)) changes_.insert_or_assign(Bytes(key), std::nullopt);
}

std::uint64_t Transaction::erase_range(BytesView from, BytesView to, std::uint64_t at_most) {
  const auto entries = scan(from, to, at_most);
  for (const Entry& entry : entries) erase(entry.key);
  return entries.size();
}

Result<std::uint64_t> Transaction::apply(Durability durability) {
  return store_.apply(*this, durability);
}

}  // namespace dormouse::store
