// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/lmdb_head.hpp"

#include <algorithm>

namespace dormouse::store {

namespace {

constexpr std::uint64_t magic = 0xBEEFC0DE;
constexpr std::uint64_t data_version = 1;
constexpr std::uint64_t meta_flag = 8;
constexpr std::uint64_t page_bytes_min = 256;
constexpr std::uint64_t page_bytes_max = 65'536;
constexpr std::uint64_t depth_max = 32;  // of a tree, in LMDB

/// Where things stand in a meta page, for one word size.
struct Layout {
  std::size_t word;
  std::size_t header() const { return word + 8; }
  std::size_t flags() const { return word + 2; }
  std::size_t database(unsigned n) const { return header() + 8 + 2 * word + n * (8 + 5 * word); }
  std::size_t depth(unsigned n) const { return database(n) + 6; }
  std::size_t entries() const { return database(1) + 8 + 3 * word; }
  std::size_t root(unsigned n) const { return database(n) + 8 + 4 * word; }
  std::size_t last_page() const { return database(2); }
  std::size_t transaction() const { return last_page() + word; }
  std::size_t end() const { return transaction() + word; }
};

/// Little-endian, of so many bytes.
std::uint64_t number(BytesView bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = width; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

bool is_root(std::uint64_t page, std::uint64_t last_page, std::size_t word) {
  const std::uint64_t no_page = word == 8 ? ~std::uint64_t{0} : 0xFFFF'FFFF;
  return page == no_page || page <= last_page;
}

std::optional<LmdbMeta> read_meta(BytesView page, std::uint64_t page_number, std::size_t word) {
  const Layout at{word};
  if (page.size() < at.end()) return std::nullopt;
  if (number(page, 0, word) != page_number || (number(page, at.flags(), 2) & meta_flag) == 0) return std::nullopt;
  if (number(page, at.header(), 4) != magic || number(page, at.header() + 4, 4) != data_version)
    return std::nullopt;
  LmdbMeta meta;
  meta.page_bytes = number(page, at.database(0), 4);
  meta.last_page = number(page, at.last_page(), word);
  meta.entries = number(page, at.entries(), word);
  meta.transaction = number(page, at.transaction(), word);
  const bool power_of_two = (meta.page_bytes & (meta.page_bytes - 1)) == 0;
  if (meta.page_bytes < page_bytes_min || meta.page_bytes > page_bytes_max || !power_of_two) return std::nullopt;
  if (meta.last_page >= ~std::uint64_t{0} / page_bytes_max) return std::nullopt;
  for (const unsigned database : {0U, 1U}) {
    if (number(page, at.depth(database), 2) > depth_max) return std::nullopt;
    if (!is_root(number(page, at.root(database), word), meta.last_page, word)) return std::nullopt;
  }
  return meta;
}

}  // namespace

const LmdbMeta* LmdbHead::newest() const {
  if (!metas[0] || !metas[1]) return metas[0] ? &*metas[0] : metas[1] ? &*metas[1] : nullptr;
  return metas[0]->transaction < metas[1]->transaction ? &*metas[1] : &*metas[0];
}

LmdbHead read_lmdb_head(BytesView head, std::size_t word) {
  LmdbHead found;
  found.metas[0] = read_meta(head, 0, word);
  if (found.metas[0]) {
    if (const auto size = found.metas[0]->page_bytes; size < head.size())
      found.metas[1] = read_meta(head.substr(size), 1, word);
    return found;
  }
  // Without the first one only the second tells how large a page is, and so where it stands.
  for (std::uint64_t size = page_bytes_min; size <= page_bytes_max && size < head.size(); size *= 2) {
    const auto meta = read_meta(head.substr(size), 1, word);
    if (meta && meta->page_bytes == size) found.metas[1] = meta;
  }
  return found;
}

std::optional<Bytes> heal_lmdb_head(BytesView head) {
  const LmdbHead found = read_lmdb_head(head);
  if (!found.one_is_unreadable()) return std::nullopt;
  const std::uint64_t size = found.newest()->page_bytes;
  if (head.size() < 2 * size) return std::nullopt;
  const std::size_t good = found.metas[0] ? 0 : size;
  const std::size_t bad = found.metas[0] ? size : 0;
  Bytes healed(head);
  std::copy_n(head.begin() + static_cast<std::ptrdiff_t>(good), size,
              healed.begin() + static_cast<std::ptrdiff_t>(bad));
  healed[bad] = found.metas[0] ? '\1' : '\0';  // its page number; the other bytes of it are 0 in both
  return healed;
}

}  // namespace dormouse::store
