// SPDX-License-Identifier: Apache-2.0
// A look at every record of a tree that changes nothing: can it be read, and does what it points to exist?
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/store/store.hpp"
#include "runtime/store/tree.hpp"

namespace dormouse::store {

struct CheckReport {
  std::map<char, std::uint64_t> records;  // by the first byte of the key
  std::uint64_t total = 0;
  std::uint64_t expected = 0;  // by the tree's own count
  bool complete = false;       // false: stopped at its bound, `total` of `expected` were seen
  std::uint64_t bytes = 0;     // of keys and values
  std::uint64_t bad_count = 0;
  std::uint64_t dangling_count = 0;
  /// The first hundred of each. Dangling: index records (`z`, `d`) that lead to nothing.
  std::vector<BadRecord> bad;
  std::vector<BadRecord> dangling;

  bool sound() const { return bad_count == 0 && dangling_count == 0; }
};

/// How long a verification may go on.
struct VerifyBound {
  std::function<bool()> stop = {};  // asked before each hundred records or so; true ends it
};

/// Reads each record once, and once more what an index names; in a broken tree at most as many records as the tree
/// counts itself. Errors are those of the tree, which then could not be read to its end, and store.broken: its
/// records are out of order, or more or fewer than it counts.
Result<CheckReport> verify(Tree& tree, const VerifyBound& bound = {});

}  // namespace dormouse::store
