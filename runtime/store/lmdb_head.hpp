// SPDX-License-Identifier: Apache-2.0
// The first two pages of an LMDB data file, its meta pages, as bytes: what can be told about a file before anything
// maps it, and how a file with one damaged meta page is healed. Commits write the two in turn, so the one that is
// left stands one commit back. Pure; any thread.
//
//   page header  number word, pad u16, flags u16 (8: a meta page), bounds u32
//   meta         magic u32 0xBEEFC0DE, version u32 1, address word, map size word,
//                two databases (free list, data), each: pad u32, flags u16, depth u16, branch pages word, leaf
//                pages word, overflow pages word, entries word, root word; the first one's pad is the page size
//                last page word, transaction word
//
// A word is 8 bytes on a 64-bit system, 4 on a 32-bit one; the bytes are in the machine's order (little-endian).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "runtime/base/bytes.hpp"

namespace dormouse::store {

struct LmdbMeta {
  std::uint64_t page_bytes = 0;
  std::uint64_t last_page = 0;
  std::uint64_t entries = 0;
  std::uint64_t transaction = 0;

  /// What the file must hold at least.
  std::uint64_t used_bytes() const { return (last_page + 1) * page_bytes; }
};

/// Bytes from the file's beginning that hold both meta pages, whatever the page size.
inline constexpr std::size_t lmdb_head_bytes = 2 * 65'536;

struct LmdbHead {
  std::array<std::optional<LmdbMeta>, 2> metas;  // none: unreadable

  /// The one that a reader takes; none if neither can be read.
  const LmdbMeta* newest() const;
  bool one_is_unreadable() const { return metas[0].has_value() != metas[1].has_value(); }
};

/// `head`: the file's first lmdb_head_bytes, or all of a shorter file. `word`: of the system that wrote it.
LmdbHead read_lmdb_head(BytesView head, std::size_t word = sizeof(std::size_t));

/// The same bytes with the unreadable meta page replaced by the other; none unless exactly one is unreadable.
std::optional<Bytes> heal_lmdb_head(BytesView head);

}  // namespace dormouse::store
