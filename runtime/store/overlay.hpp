// SPDX-License-Identifier: Apache-2.0
// Changes that lie over an ordered map without being in it yet: a transaction over the store, the open
// transaction of a memory tree over its disk. Reading through them shows the map as it would become.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/tree.hpp"

namespace dormouse::store {

using Changes = std::map<Bytes, std::optional<Bytes>, std::less<>>;  // none = erased

/// A piece of a scan of what lies below. With `more`, the range goes on beyond `last` (the last key looked
/// at, which need not be among the entries: a reader may pass over records).
struct Page {
  std::vector<Entry> entries;
  Bytes last;
  bool more = false;
};
/// Reads at most `limit` entries of [from, to) in the direction, at least one if there is one.
using ReadPage =
    std::function<Result<Page>(BytesView from, BytesView to, std::uint64_t limit, Direction direction)>;

/// At most `limit` entries of [from, to) as seen through the changes. Reads below in bounded pages, so that
/// memory follows the limit and not the range.
Result<std::vector<Entry>> scan_through(const Changes& changes, BytesView from, BytesView to, std::uint64_t limit,
                                        Direction direction, const ReadPage& below);

}  // namespace dormouse::store
