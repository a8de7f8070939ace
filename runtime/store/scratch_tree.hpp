// SPDX-License-Identifier: Apache-2.0
// A tree over another one that is only read: what is put and committed stays in memory and is gone with it. For
// looking at a store as it would be, its journal replayed, without changing it. One thread, that of the tree below.
#pragma once

#include <memory>

#include "runtime/store/tree.hpp"

namespace dormouse::store {

/// Takes the tree below. Errors are those of reading it. Memory grows with what is put.
std::unique_ptr<Tree> make_scratch_tree(std::unique_ptr<Tree> below);

}  // namespace dormouse::store
