// SPDX-License-Identifier: Apache-2.0
// The ordered map below the store: LMDB (lmdb_tree.hpp) or its memory twin (memory_tree.hpp). One write
// transaction is always open; reads go through it and see every put. commit() makes all puts since the
// last commit durable together and opens the next one. One thread calls it, the one that opened it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::store {

struct Entry {
  Bytes key;
  Bytes value;
  bool operator==(const Entry&) const = default;
};

enum class Direction { forward, backward };

class Tree {
 public:
  virtual ~Tree() = default;
  virtual Result<std::optional<Bytes>> get(BytesView key) = 0;
  /// Entries with from <= key < to, at most `limit`, in the direction (backward: from the high end).
  virtual Result<std::vector<Entry>> scan(BytesView from, BytesView to, std::uint64_t limit,
                                          Direction direction) = 0;
  using Visit = std::function<bool(BytesView key, BytesView value)>;
  /// Shows each entry with from <= key < to, upwards, until `visit` answers false. The views are valid during the
  /// call alone; it may read the tree, but not change it.
  virtual Status walk(BytesView from, BytesView to, const Visit& visit);
  virtual Result<bool> has(BytesView key);
  /// store.full when the map has no room: the open transaction is then spoiled, see abort().
  virtual Status put(BytesView key, BytesView value) = 0;
  virtual Status erase(BytesView key) = 0;  // an absent key is fine
  /// Durable on return. On failure (store.no_space, store.io, store.read_only) nothing of it is.
  virtual Status commit() = 0;
  /// Drops everything since the last commit and opens the next transaction.
  virtual Status abort() = 0;
  /// What the open transaction holds in memory until its commit: an estimate, at most 25 % below the truth.
  virtual std::uint64_t dirty_bytes() const { return 0; }
  /// Bytes and syncs given to the medium so far, block-rounded (4 KiB).
  struct Traffic {
    std::uint64_t bytes = 0;
    std::uint64_t syncs = 0;
  };
  virtual Traffic traffic() const = 0;
  /// The tree's form, for people and for verification. All but `entries` are 0 in a tree without pages, and all are
  /// 0 while no transaction is open.
  struct Shape {
    std::uint64_t entries = 0;     // in the open transaction, by the tree's own count
    std::uint64_t page_bytes = 0;  // above 4 KiB each write costs more than counted on: worth a warning
    unsigned depth = 0;            // in the open transaction
    // As of the last commit. A file shorter than its pages is broken; free pages are those that wait to be used
    // again.
    std::uint64_t file_pages = 0;
    std::uint64_t free_pages = 0;
  };
  virtual Shape shape() const { return {}; }
  /// Writes the state of the last commit before the call, compacted, to an open file or pipe; syncing is the
  /// caller's. Any thread but the one that commits, while the tree is open, one at a time. Puts and commits go on
  /// meanwhile, but the pages they replace are not used again until this has returned: the file grows, and the map
  /// may be full before room_bytes() says so. store.snapshot_failed at the first write that fails: whoever wants to
  /// be able to give the copy up passes a pipe and closes its reading end.
  virtual Status copy_to(int) const {
    return Error{.code = "store.snapshot_failed", .message = "this tree has no file that could be copied"};
  }
  /// Share of the map in use, in percent; 0 for a tree without one.
  virtual unsigned used_percent() const = 0;
  /// Bytes that may still be added before the map counts as full. Behind it lies a reserve, which a put may
  /// use too: for commits, erases and the replay of what was accepted. Whoever adds asks first.
  virtual std::uint64_t room_bytes() const { return std::numeric_limits<std::uint64_t>::max(); }
};

/// The map with its reserve: a sixteenth, at least 256 KiB.
inline std::uint64_t with_reserve(std::uint64_t map_bytes) {
  const std::uint64_t reserve = std::max<std::uint64_t>(map_bytes / 16, 256 * 1024);
  return map_bytes > std::numeric_limits<std::uint64_t>::max() - reserve ? map_bytes : map_bytes + reserve;
}

}  // namespace dormouse::store
