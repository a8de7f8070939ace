// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/limits.hpp"

namespace dormouse {

Limits Limits::tiny() {
  Limits tiny;
  tiny.value_bytes = 2 * 1024;
  tiny.batch_effects = 64;
  tiny.batch_bytes = 8 * 1024;
  tiny.group_batches = 8;
  tiny.group_bytes = 4 * 1024;
  tiny.journal_half_bytes = 16 * 1024;
  tiny.dirty_bytes = 256 * 1024;
  tiny.lazy_bytes = 1024;
  tiny.lazy_age_ms = 5'000;
  tiny.map_bytes = 1024 * 1024;
  tiny.args_bytes = 256;
  tiny.result_bytes = 128;
  tiny.active_jobs_device = 8;
  tiny.active_jobs_component = 4;
  tiny.enqueue_batch = 4;
  tiny.list_page = 2;
  tiny.list_page_max = 4;
  tiny.finished_ring = 4;
  tiny.finished_age_ms = 3'600'000;
  tiny.dead_ring = 2;
  tiny.dead_age_ms = 2 * 3'600'000;
  tiny.remembered_keys = 4;
  tiny.running_device = 2;
  tiny.running_component = 2;
  tiny.ready_window = 4;
  tiny.reconcile_batch = 2;
  tiny.report_lines = 4;
  tiny.boots_ring = 4;
  tiny.gaps_ring = 4;
  tiny.reports_ring = 4;
  return tiny;
}

}  // namespace dormouse
