// SPDX-License-Identifier: Apache-2.0
// Every key of the store, spelled here and nowhere else. A key is a one-byte prefix, then fixed-width
// big-endian integers; text comes last, raw, so neighbours in meaning are neighbours in the tree.
//
//   prefix              then                                        body
//   o  boot             boot u32                                    the boot record (ring)
//   c  component        component u16                               its name
//   d  slot due         lane and due of the next slot, component,   empty
//                       schedule u64
//   f  forget           lane `e` and due, n u32                     a key of `k` that outlives its job
//   g  gap, report      `g` or `r`, number u32, part u16            the gap / what a reconcile decided (ring)
//   j  job part         job u64, part u8 (a args, r result)         what is above 1,900 bytes
//   k  key              `c` conflict or `i` idempotency, component, job u64
//                       text; or `s` slot, component, t u64, schedule u64
//   m  meta             name                                        see meta names below
//   q  job              lane and due, job u64                       the job record
//   r  running          job u64                                     what the claim of its running attempt changed
//   s  schedule         component, schedule u64                     the schedule record
//   u  wake             lane and due, `j` or `s`, job or schedule   empty; for what wakes the device
//                       u64
//   x  set aside        boot u32, n u32                             old key and raw bytes
//   y  history          `f` finished or `d` dead, place u64         ended job (ring)
//   z  job place        job u64                                     the job's `q` key or `y` place
//
// What every job adds to and never comes back to stands last: LMDB fills a leaf only where nothing follows the
// record that is added, and else leaves each half empty.
//
// Lane and due: `w`, wall ms u64; or `e`, kernel boot u32, instant ms u64. A ms has its sign bit flipped, so
// that keys sort as the numbers do. (Prefixes a b l p t v w are reserved for audit, blobs, locks, staging,
// trash, values and steps.)
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/base/bytes.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::store::keys {

/// Whether the grammar above knows a key that begins so (reserved prefixes included).
bool is_known_prefix(char prefix);

/// The half-open range of all keys that begin with a prefix.
struct Range {
  Bytes from;
  Bytes to;
};
Range starting_with(BytesView prefix);  // an empty prefix: every key

/// Smallest key strictly above `key` (for paging on from it).
Bytes after(BytesView key);

/// Names: format, position, journal, ids, spans, stamp, reconcile, counters, device; rescue and restored of a store
/// that was made out of another one.
Bytes meta(BytesView name);
Bytes boot(std::uint32_t number);
Bytes component(std::uint16_t number);
Bytes gap(std::uint32_t number);
Bytes report(std::uint32_t number, std::uint16_t part);

Bytes job(const Due& due, std::uint64_t id);
/// All jobs of a lane that are due up to and including `due`.
Range jobs_due_until(const Due& due);
/// All jobs of the wall lane, or of one kernel boot's elapsed lane.
Range jobs_in_lane(Due::Lane lane, std::uint32_t kernel_boot);
struct JobKey {
  Due due;
  std::uint64_t id = 0;
};
std::optional<JobKey> parse_job(BytesView key);

Bytes job_place(std::uint64_t id);
Bytes running(std::uint64_t id);
Bytes job_part(std::uint64_t id, char part);
Bytes finished(std::uint64_t place);
Bytes dead(std::uint64_t place);

Bytes conflict(std::uint16_t component, BytesView text);
Bytes idempotency(std::uint16_t component, BytesView text);
Bytes slot(std::uint16_t component, std::int64_t slot_ms, std::uint64_t schedule);
Bytes forget(const Due& due, std::uint32_t n);

Bytes schedule(std::uint16_t component, std::uint64_t id);
Bytes schedule_due(const Due& due, std::uint16_t component, std::uint64_t id);
Range schedules_due_until(const Due& due);
Range schedules_in_lane(Due::Lane lane, std::uint32_t kernel_boot);
struct ScheduleDueKey {
  Due due;
  std::uint16_t component = 0;
  std::uint64_t id = 0;
};
std::optional<ScheduleDueKey> parse_schedule_due(BytesView key);

/// Work that wakes the device: kind `j` and a job's id, or `s` and a schedule's.
Bytes wake(const Due& due, char kind, std::uint64_t id);
Range wakes();
Range wakes_in_lane(Due::Lane lane, std::uint32_t kernel_boot);
/// The first key that can be of a later due in that lane.
Bytes wakes_after(const Due& due);
std::optional<Due> parse_wake(BytesView key);

Bytes set_aside(std::uint32_t boot, std::uint32_t n);

}  // namespace dormouse::store::keys
