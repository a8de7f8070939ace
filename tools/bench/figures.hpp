// SPDX-License-Identifier: Apache-2.0
// Figures, measured and never asserted. Each group is one function in a file of its own; it may take seconds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "runtime/base/result.hpp"

namespace dormouse::bench {

struct Options {
  bool quick = false;            // fewer jobs and seconds: does it work at all
  std::filesystem::path folder;  // for data directories; on the disk that is to be measured
};

/// One line of the table, printed at once.
void figure(const std::string& what, const std::string& value);

/// A line with a bound: says whether it is met. Tells, does not fail.
enum class Bound { at_most, at_least };
void goal(const std::string& what, double measured, Bound bound, double limit, int decimals = 2);

std::string number(double value, int decimals = 0);  // "12,345.6"
std::string mebibytes(std::uint64_t bytes);          // "7.1 MiB"

Status measure_disk(const Options& options);
Status measure_idle(const Options& options);
Status measure_memory(const Options& options);
Status measure_enqueue(const Options& options);
Status measure_execute(const Options& options);
Status measure_lateness(const Options& options);
Status measure_writes(const Options& options);
Status measure_reconcile(const Options& options);
Status measure_cron(const Options& options);

// The group `store`: one part each.
Status measure_store_puts(const Options& options);
Status measure_store_counts(const Options& options);
Status measure_store_jobs(const Options& options);
Status measure_store_device(const Options& options);
Status measure_store_reconcile(const Options& options);
Status measure_store_recovery(const Options& options);
Status measure_store_memory(const Options& options);

}  // namespace dormouse::bench
