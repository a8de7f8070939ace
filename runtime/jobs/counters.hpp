// SPDX-License-Identifier: Apache-2.0
// The numbers that operations keep beside the records, in the meta record `counters`: how many jobs are where, how
// long the rings are, how many active jobs each component has. Changed in the batch that changes the jobs.
#pragma once

#include <cstdint>
#include <map>

#include "runtime/jobs/operations.hpp"

namespace dormouse::jobs {

struct Counters {
  Counts counts;
  std::uint64_t finished = 0;       // records in the finished ring ...
  std::uint64_t finished_next = 0;  // ... and its next place
  std::uint64_t dead = 0;           // likewise the dead ring
  std::uint64_t dead_next = 0;
  std::uint64_t remembered = 0;                   // idempotency keys without a record
  std::map<std::uint16_t, std::uint32_t> active;  // per component, without zeros

  std::uint64_t active_jobs() const { return counts.scheduled + counts.running; }
};

Counters load_counters(store::Transaction& txn);
void store_counters(store::Transaction& txn, const Counters& counters);

/// Moves one job of `component` from one count to another; a job that begins has no `from`.
void count_move(Counters& counters, std::uint16_t component, std::optional<State> from, State to);

}  // namespace dormouse::jobs
