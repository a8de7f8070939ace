// SPDX-License-Identifier: Apache-2.0
// What SQLite writes, counted as our own store counts: a layer over its file access.
#pragma once

#include "runtime/store/tree.hpp"

namespace dormouse::bench {

/// The name to open a database with. Only one thread may use such databases, and only with
/// locking_mode=EXCLUSIVE: the layer has no shared memory.
const char* counting_vfs();

/// Whether syncs are done (the default) or only counted.
void sqlite_waits_for_syncs(bool wait);

/// Of all databases opened so since the program began: blocks of 4 KiB touched between two syncs of a file, and
/// syncs.
store::Tree::Traffic sqlite_traffic();

}  // namespace dormouse::bench
