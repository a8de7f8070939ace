// SPDX-License-Identifier: Apache-2.0
// A device comes back after a day with a hundred thousand jobs overdue: how long until each is decided. Uses the
// library alone, synced after every batch as the device does it.
#include "runtime/reconcile/reconcile.hpp"

#include <chrono>
#include <set>

#include "hal/linux/data_directory.hpp"
#include "runtime/jobs/operations.hpp"
#include "tools/bench/figures.hpp"
#include "tools/bench/program.hpp"

namespace dormouse::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr WallTime first_boot{1'767'225'600'000};  // 2026-01-01
constexpr Duration day = std::chrono::hours(24);
constexpr std::uint64_t enqueued_at_once = 500;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Limits roomy() {
  Limits limits;
  limits.active_jobs_device = limits.active_jobs_component = 1'000'000;
  limits.map_bytes = 512ULL * 1024 * 1024;
  return limits;
}

/// One life of a runtime over the store in `folder`, at a time of our own.
class Life {
 public:
  static Result<std::unique_ptr<Life>> begin(const std::filesystem::path& folder, const std::string& kernel,
                                             WallTime wall) {
    std::unique_ptr<Life> life(new Life);
    auto data = hal_linux::DataDirectory::acquire(folder, {});
    if (!data) return std::move(data).error();
    life->data_ = std::move(*data);
    auto tree = life->data_->open_store_tree({.map_bytes = life->limits_.map_bytes});
    if (!tree) return std::move(tree).error();
    auto store = store::Store::open(std::move(tree->tree), life->limits_);
    if (!store) return std::move(store).error();
    life->store_ = std::move(*store);
    reconcile::BootFacts facts;
    facts.sample = {Instant{1'000}, Duration{1'000}, wall};
    facts.kernel_boot_id = kernel;
    facts.rtc = {.present = true, .set_wall_at_boot = true, .valid = true};
    facts.build_date = first_boot - day;
    facts.version = "bench";
    auto txn = life->store_->begin();
    auto start = reconcile::begin_boot(txn, facts, life->limits_);
    if (!start) return std::move(start).error();
    life->start_ = std::move(*start);
    life->now_ = {facts.sample.instant, wall, life->start_.trust.trust(), life->start_.boot.number,
                  life->start_.boot.kernel_boot};
    if (auto applied = txn.apply(store::Durability::durable); !applied) return std::move(applied).error();
    if (auto synced = life->store_->sync(); !synced) return std::move(synced).error();
    return life;
  }

  /// `op(work)` as one batch, synced.
  template <class Op>
  auto run(Op&& op) -> Result<std::invoke_result_t<Op, jobs::Work&>> {
    auto txn = store_->begin();
    jobs::Work work{txn, now_, start_.spans, limits_, handlers_, start_.boot.epoch};
    auto answer = op(work);
    if (auto applied = txn.apply(store::Durability::durable); !applied) return std::move(applied).error();
    if (auto synced = store_->sync(); !synced) return std::move(synced).error();
    return answer;
  }

 private:
  Life() = default;
  Limits limits_ = roomy();
  std::set<std::string> handlers_{"work"};
  std::unique_ptr<hal_linux::DataDirectory> data_;
  std::unique_ptr<store::Store> store_;
  reconcile::BootStart start_;
  Now now_;
};

Status enqueue(Life& life, std::uint64_t count, const jobs::Misfire& misfire) {
  for (std::uint64_t sent = 0; sent < count; sent += enqueued_at_once) {
    std::vector<jobs::JobSpec> specs;
    for (std::uint64_t i = 0; i < std::min(enqueued_at_once, count - sent); ++i) {
      const auto due = first_boot + std::chrono::hours(1) + Duration{static_cast<std::int64_t>(sent + i)};
      specs.push_back({.handler = "work", .due = jobs::DueAt{due}, .misfire = misfire});
    }
    const auto enqueued = life.run(
        [&](jobs::Work& work) { return jobs::enqueue(work, {.component = "app"}, jobs::Trigger::call, specs); });
    if (!enqueued) return enqueued.error();
    if (!enqueued->ok()) return enqueued->error();
  }
  return done();
}

Status measure_policy(const Options& options, const std::string& policy, const jobs::Misfire& misfire) {
  const Folder folder(options.folder);
  const std::uint64_t count = options.quick ? 5'000 : 100'000;
  {
    auto before = Life::begin(folder.path() / "data", "kernel-1", first_boot);
    if (!before) return std::move(before).error();
    if (auto enqueued = enqueue(**before, count, misfire); !enqueued) return enqueued;
  }
  const auto opening = Clock::now();
  auto life = Life::begin(folder.path() / "data", "kernel-2", first_boot + day);
  if (!life) return std::move(life).error();
  const std::string jobs = number(static_cast<double>(count)) + " overdue jobs";
  figure("open the store with " + jobs + ", until the boot is recorded",
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
