// SPDX-License-Identifier: Apache-2.0
// Every bound of the runtime, in one place. A board or a configuration may change them; `tiny` makes
// rare paths (full rings, full queues, small batches) happen often in tests. All are inclusive.
#pragma once

#include <cstdint>

namespace dormouse {

struct Limits {
  // -- store --
  std::uint64_t key_bytes = 400;
  std::uint64_t value_bytes = 128 * 1024;
  std::uint64_t batch_effects = 8'192;
  std::uint64_t batch_bytes = 2 * 1024 * 1024;
  std::uint64_t group_batches = 256;
  std::uint64_t group_bytes = 64 * 1024;  // at most a quarter of a half; a bigger batch costs a checkpoint
  std::uint64_t journal_half_bytes = 256 * 1024;
  std::uint64_t dirty_bytes = 4 * 1024 * 1024;  // changed pages held in memory until a checkpoint
  std::uint64_t lazy_bytes = 8 * 1024;
  std::int64_t lazy_age_ms = 60'000;
  std::int64_t idle_checkpoint_ms = 15 * 60'000;
  std::uint64_t map_bytes = 64 * 1024 * 1024;  // the LMDB map, fixed at open

  // -- jobs --
  std::uint64_t args_bytes = 100'000;
  std::uint64_t result_bytes = 65'536;
  std::uint64_t active_jobs_device = 10'000;
  std::uint64_t active_jobs_component = 1'000;
  std::uint64_t enqueue_batch = 500;
  std::uint64_t list_page = 100;
  std::uint64_t list_page_max = 500;
  std::uint64_t finished_ring = 1'000;
  std::int64_t finished_age_ms = 7LL * 86'400'000;
  std::uint64_t dead_ring = 200;
  std::int64_t dead_age_ms = 30LL * 86'400'000;
  std::uint64_t ring_trim = 10;  // places given up per batch that appends
  std::uint64_t attempts_kept = 10;
  std::uint64_t remembered_keys = 10'000;

  // -- running --
  std::uint64_t running_device = 4;
  std::uint64_t running_component = 4;
  std::uint64_t running_handler = 1;
  std::uint64_t ready_window = 256;  // due jobs held in memory at most
  std::uint64_t catch_up_parallel = 2;
  std::uint64_t reconcile_rate = 20;  // starts a second of the catch-up line

  // -- schedules --
  std::uint64_t schedules_device = 500;
  std::uint64_t schedules_component = 50;
  std::uint64_t on_time_slots = 100;  // of one decision; older ones count as missed

  // -- reconcile --
  std::uint64_t reconcile_batch = 100;
  std::uint64_t report_lines = 200;
  std::uint64_t boots_ring = 64;
  std::uint64_t gaps_ring = 256;
  std::uint64_t reports_ring = 64;

  // -- link --
  std::uint64_t socket_frame_bytes = 131'072;
  std::uint64_t socket_clients = 16;
  std::uint64_t socket_window = 32;
  std::uint64_t output_bytes = 256 * 1024;  // a client that does not read is stopped here

  static Limits tiny();
};

}  // namespace dormouse
