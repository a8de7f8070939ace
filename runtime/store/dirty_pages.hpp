// SPDX-License-Identifier: Apache-2.0
// How much the open write transaction of an LMDB tree will write at its commit. LMDB does not tell, so it is
// estimated, from what its interface shows:
//   - LMDB never changes a committed page. A changed page is copied into memory first, and what it points into the
//     mapped file is clean, what it points elsewhere is dirty. So a look at the leaf of a key before its change
//     says whether one more leaf becomes dirty.
//   - Where a clean leaf begins and ends its page tells, as LMDB lays it out: that leads to the leaves beside it
//     without a step through its records.
//   - An erase that leaves a leaf less than a quarter full moves records from or to the leaf beside it. If that one
//     was clean, a second look tells whether it still is.
//   - Pages that are new or gone show in the tree's own counts, values on overflow pages in their sizes.
//   - Branch pages never show. Neighbouring leaves share theirs, so a dirty leaf counts as needing its own path to
//     the root only if none beside it is dirty, and no level of the tree has more dirty pages than pages.
//   - Of the free list all may be rewritten, and what the transaction frees is added to it.
// The result is exact to a few pages for puts; where it errs, it is meant to err upwards.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/base/bytes.hpp"

namespace dormouse::store {

/// Pages of one tree.
struct PageCounts {
  std::uint64_t branch = 0;
  std::uint64_t leaf = 0;
  std::uint64_t overflow = 0;
  unsigned depth = 0;
  std::uint64_t total() const { return branch + leaf + overflow; }
};

/// A record where it lies: views into the pages of the tree, valid until its next change.
struct Spot {
  BytesView key;
  BytesView value;
};

/// A cursor over the open transaction.
class Spots {
 public:
  virtual ~Spots() = default;
  /// The record of the key, or if there is none a record of the leaf that it would be put on. None: no leaf.
  virtual std::optional<Spot> seek(BytesView key) = 0;
  virtual std::optional<Spot> next() = 0;
  virtual std::optional<Spot> previous() = 0;
};

class DirtyPages {
 public:
  /// The mapped file; null: the tree had no page at the last commit.
  struct Map {
    const char* begin = nullptr;
    std::uint64_t bytes = 0;
  };

  /// A transaction begins.
  void begin(std::uint64_t page_bytes, const Map& map, const PageCounts& committed, std::uint64_t free_list_pages);
  /// Around each change; of the spots it needs those of the moment.
  void before_put(Spots&& spots, BytesView key);
  void after_put(BytesView key, BytesView value, const PageCounts& now);
  void before_erase(Spots&& spots, BytesView key);
  void after_erase(Spots&& spots, const PageCounts& now);
  /// 0 before the first change.
  std::uint64_t bytes() const;

 private:
  /// What lies beyond a leaf on one side.
  struct Edge {
    std::uint64_t bytes = 0;  // of records up to there
    bool dirty = false;
    std::optional<Bytes> clean_key;
  };

  bool is_clean(BytesView bytes) const;
  std::uint64_t page_of(BytesView bytes) const;
  std::uint64_t node_bytes(std::uint64_t key, std::uint64_t value) const;
  bool overflows(std::uint64_t key, std::uint64_t value) const;
  Edge walk(Spots& spots, std::optional<Spot> (Spots::*step)(), std::optional<std::uint64_t> own_page) const;
  /// The first and the last key of a clean leaf.
  struct Ends {
    BytesView first;
    BytesView last;
  };
  Ends ends_of_leaf(BytesView key) const;
  BytesView key_in(BytesView page, std::size_t n, BytesView otherwise) const;
  bool has_dirty_neighbour(Spots& spots, BytesView key) const;
  void look(Spots& spots, const Spot& spot);
  void count(const PageCounts& now);
  std::uint64_t dirty_branches() const;

  std::uint64_t page_bytes_ = 0;
  Map map_;
  PageCounts committed_;
  PageCounts now_;
  std::uint64_t free_list_pages_ = 0;

  bool changed_ = false;
  std::uint64_t leaves_ = 0;         // clean ones that became dirty
  std::uint64_t places_ = 0;         // of them, those with no dirty leaf beside
  std::uint64_t leaves_held_ = 0;    // in memory
  std::uint64_t new_branches_ = 0;   // made by splits
  std::uint64_t overflow_ = 0;       // pages written for large values
  bool had_dirty_overflow_ = false;  // the record that is being put
  std::vector<Bytes> watched_;       // keys on clean leaves that the erase may touch
};

}  // namespace dormouse::store
