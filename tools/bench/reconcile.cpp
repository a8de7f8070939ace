// SPDX-License-Identifier: Apache-2.0
// A device comes back after a day with a hundred thousand jobs overdue: how long until each is decided. Uses the
// library alone, each batch synced as the device does it.
#include "runtime/reconcile/reconcile.hpp"

#include "tools/bench/embedded.hpp"
#include "tools/bench/figures.hpp"
#include "tools/bench/in_turns.hpp"
#include "tools/bench/life.hpp"

namespace dormouse::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr Duration day = std::chrono::hours(24);

Status measure_policy(const Options& options, const std::string& policy, const jobs::Misfire& misfire) {
  const std::uint64_t count = options.quick ? 5'000 : 100'000;
  auto bed = StoreBed::make(options.folder, {.limits = roomy_limits(), .full_size = false});
  if (!bed) return std::move(bed).error();
  {
    auto before = Life::begin(**bed, "kernel-1", first_boot);
    if (!before) return std::move(before).error();
    if (auto enqueued = enqueue_waiting(**before, count, misfire); !enqueued) return enqueued;
  }
  (*bed)->close();
  const auto opening = Clock::now();
  if (auto opened = (*bed)->open(); !opened) return opened;
  auto life = Life::begin(**bed, "kernel-2", first_boot + day);
  if (!life) return std::move(life).error();
  const std::string jobs = number(static_cast<double>(count)) + " overdue jobs";
  figure("open the store with " + jobs + " after a power cut, until the boot is recorded",
         number(seconds_since(opening) * 1'000, 1) + " ms");

  const auto start = Clock::now();
  std::uint64_t batches = 0;
  for (bool more = true; more; ++batches) {
    const auto pass =
        (*life)->run([](jobs::Work& work) { return reconcile::reconcile(work, reconcile::Trigger::boot); });
    if (!pass) return pass.error();
    more = pass->more;
  }
  const double took = seconds_since(start);
  figure("reconcile " + jobs + ", " + policy + " (" + std::to_string(batches) + " synced batches)",
         number(took, 2) + " s, " + number(static_cast<double>(count) / took) + " jobs/s");
  return done();
}

}  // namespace

Status measure_reconcile(const Options& options) {
  if (auto late = measure_policy(options, "catch_up", jobs::Misfire::catch_up()); !late) return late;
  return measure_policy(options, "skip", jobs::Misfire::skip());
}

}  // namespace dormouse::bench
