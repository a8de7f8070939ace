// SPDX-License-Identifier: Apache-2.0
// The life of jobs as work for a store: enqueue some, find and claim them, end them. What is asked is durable
// before the next step begins; a claim may be lazy: kept if the process dies, and durable with the next step.
#pragma once

#include <filesystem>
#include <memory>

#include "runtime/base/result.hpp"
#include "runtime/store/tree.hpp"

namespace dormouse::bench {

enum class Claims { durable, lazy };

class JobWork {
 public:
  static constexpr unsigned waiting = 1'000;  // jobs that are due some other day
  static constexpr unsigned history = 1'000;  // ended jobs that are kept
  static constexpr unsigned args_bytes = 64;

  virtual ~JobWork() = default;
  virtual Status enqueue(unsigned jobs) = 0;
  virtual Status claim(unsigned jobs, Claims claims) = 0;
  virtual Status end() = 0;  // those claimed last
  /// Whether syncs are done (the default) or only counted. LMDB's own are always done.
  virtual void wait_for_syncs(bool wait) = 0;
  /// Blocks of 4 KiB touched between syncs, and syncs.
  virtual store::Tree::Traffic traffic() const = 0;

  /// That many jobs from enqueue to end, together.
  Status live(unsigned jobs, Claims claims);
};

/// On a store of ours with a journal of that size, or on LMDB alone with 0. Its history is full.
Result<std::unique_ptr<JobWork>> jobs_on_store(const std::filesystem::path& parent, std::uint64_t half_bytes);
/// On SQLite: write-ahead log, synchronous=FULL, one owner. Its history is full.
Result<std::unique_ptr<JobWork>> jobs_on_sqlite(const std::filesystem::path& parent);

}  // namespace dormouse::bench
