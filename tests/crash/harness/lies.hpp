// SPDX-License-Identifier: Apache-2.0
// A medium that lied: it answered a sync, and what it covered is not there.
#pragma once

#include <cstddef>
#include <vector>

#include "tests/crash/harness/record.hpp"
#include "tests/crash/harness/states.hpp"

namespace dormouse::crash {

/// What became of the newest meta page of LMDB: as it was before that checkpoint, or zeros.
enum class Lie { old_meta, zeroed_meta };

struct LiedState {
  Image image;
  Bounds bounds;
  bool later_batches = false;  // the journal has some of the generation after that checkpoint
  std::size_t point = 0;       // ops of the record before it
};

/// For each checkpoint of the record the state right after it, and that right before the next one.
std::vector<LiedState> lied_states(const Record& record, Lie lie);

/// The node that was, or was made as, the file of that name.
int node_named(const Record& record, const std::string& name);

}  // namespace dormouse::crash
