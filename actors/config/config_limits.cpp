// SPDX-License-Identifier: Apache-2.0
#include "actors/config/config_limits.hpp"

#include <cstdint>

namespace dormouse::actors {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

struct Count {
  const char* name;
  std::uint64_t Limits::*limit;
  std::int64_t min;
  std::int64_t max;
};
// Each range: from where the device still works to where memory or flash would give out first.
constexpr Count counts[] = {
    {"batch_effects", &Limits::batch_effects, 64, 65'536},
    {"group_batches", &Limits::group_batches, 1, 4'096},
    {"active_jobs_device", &Limits::active_jobs_device, 1, 1'000'000},
    {"active_jobs_component", &Limits::active_jobs_component, 1, 1'000'000},
    {"enqueue_batch", &Limits::enqueue_batch, 1, 500},
    {"list_page", &Limits::list_page, 1, 500},
    {"list_page_max", &Limits::list_page_max, 1, 500},
    {"finished_ring", &Limits::finished_ring, 0, 100'000},
    {"dead_ring", &Limits::dead_ring, 0, 100'000},
    {"ring_trim", &Limits::ring_trim, 1, 100},
    {"attempts_kept", &Limits::attempts_kept, 1, 100},
    {"remembered_keys", &Limits::remembered_keys, 1, 1'000'000},
    {"running_device", &Limits::running_device, 1, 64},
    {"running_component", &Limits::running_component, 1, 64},
    {"running_handler", &Limits::running_handler, 1, 64},
    {"ready_window", &Limits::ready_window, 1, 65'536},
    {"catch_up_parallel", &Limits::catch_up_parallel, 1, 64},
    {"reconcile_rate", &Limits::reconcile_rate, 1, 10'000},
    {"schedules_device", &Limits::schedules_device, 1, 10'000},
    {"schedules_component", &Limits::schedules_component, 1, 10'000},
    {"on_time_slots", &Limits::on_time_slots, 1, 1'000},
    {"reconcile_batch", &Limits::reconcile_batch, 1, 1'000},
    {"report_lines", &Limits::report_lines, 1, 10'000},
    {"boots_ring", &Limits::boots_ring, 1, 10'000},
    {"gaps_ring", &Limits::gaps_ring, 1, 10'000},
    {"reports_ring", &Limits::reports_ring, 1, 10'000},
    {"socket_clients", &Limits::socket_clients, 1, 1'024},
    {"socket_window", &Limits::socket_window, 1, 1'024},
};

struct Size {
  const char* name;
  std::uint64_t Limits::*limit;
  std::uint64_t min;
  std::uint64_t max;
};
constexpr Size sizes[] = {
    {"key_bytes", &Limits::key_bytes, 64, 400},  // LMDB itself takes 511
    {"value_bytes", &Limits::value_bytes, kib, 16 * mib},
    {"batch_bytes", &Limits::batch_bytes, 4 * kib, 64 * mib},
    {"map_bytes", &Limits::map_bytes, mib, 1024 * 1024 * mib},
    {"args_bytes", &Limits::args_bytes, 1, 100'000},
    {"result_bytes", &Limits::result_bytes, 1, 65'536},
    {"socket_frame_bytes", &Limits::socket_frame_bytes, kib, mib},
    {"output_bytes", &Limits::output_bytes, kib, 64 * mib},
};

struct Age {
  const char* name;
  std::int64_t Limits::*limit;
};
constexpr Age ages[] = {{"finished_age_ms", &Limits::finished_age_ms}, {"dead_age_ms", &Limits::dead_age_ms}};
constexpr std::int64_t ten_years_ms = 315'360'000'000;

}  // namespace

void read_limits(TomlTable table, Limits& limits) {
  for (const auto& count : counts)
    if (const auto value = table.find_integer(count.name, count.min, count.max))
      limits.*count.limit = static_cast<std::uint64_t>(*value);
  for (const auto& size : sizes)
    if (const auto value = table.find_bytes(size.name, size.min, size.max)) limits.*size.limit = *value;
  for (const auto& age : ages)
    if (const auto value = table.find_integer(age.name, 0, ten_years_ms)) limits.*age.limit = *value;
  if (limits.list_page > limits.list_page_max)
    table.refuse("list_page", "out_of_range", "at most list_page_max is allowed");
}

}  // namespace dormouse::actors
