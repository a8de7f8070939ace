// SPDX-License-Identifier: Apache-2.0
// The numbers that operations keep beside the records, changed in the batch that changes the jobs. They only rise,
// so that each operation writes what it counts itself and nothing else: an enqueue the meta record `ids`, an end
// the meta record `counters`, a claim none. What is active is the difference; what is running has a claim record.
//
//   ids        last_id; scheduled: jobs begun, per component. Other rooms keep their last ids in it too: whoever
//              writes it keeps the keys of others (decode, put, encode)
//   counters   count: totals and rings, in the order of counters.cpp; data: jobs ended, per component
#pragma once

#include <cstdint>
#include <map>

#include "runtime/jobs/operations.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::jobs {

/// Round 2^32: only differences count.
using PerComponent = std::map<std::uint16_t, std::uint32_t>;

struct Begun {
  std::uint64_t last_id = 0;
  PerComponent jobs;
  wire::Record record;  // with the keys of others
};
Begun load_begun(store::Transaction& txn);
void store_begun(store::Transaction& txn, const Begun& begun);

struct Counters {
  Counts counts;                    // scheduled and running are left out: see counts()
  std::uint64_t finished = 0;       // records in the finished ring ...
  std::uint64_t finished_next = 0;  // ... and its next place
  std::uint64_t dead = 0;           // likewise the dead ring
  std::uint64_t dead_next = 0;
  std::uint64_t remembered = 0;  // idempotency keys without a record
  PerComponent ended;
  bool is_new = false;  // there was no such record
};
/// Where the record is missing, in a new store or by damage, whatever has begun counts as ended: a lost number must
/// not use up a quota for ever.
Counters load_counters(store::Transaction& txn);
void store_counters(store::Transaction& txn, const Counters& counters);

/// Both, for an enqueue.
struct Tally {
  Begun begun;
  Counters counters;
};
Tally load_tally(store::Transaction& txn);

/// One more job of the component. What had ended without having begun, by damage, is forgotten.
void count_begun(Tally& tally, std::uint16_t component);
/// One that has ended so.
void count_ended(Counters& counters, std::uint16_t component, State end);

/// Never below zero: a record set aside as corrupt leaves its count behind.
std::uint64_t active_jobs(const Tally& tally, std::uint16_t component);
std::uint64_t active_jobs(const Tally& tally);

}  // namespace dormouse::jobs
