// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/life.hpp"

#include <algorithm>
#include <vector>

#include "runtime/store/keys.hpp"

namespace dormouse::bench {

Result<std::unique_ptr<Life>> Life::begin(StoreBed& bed, const std::string& kernel, WallTime wall) {
  std::unique_ptr<Life> life(new Life(bed));
  reconcile::BootFacts facts;
  facts.sample = {Instant{1'000}, Duration{1'000}, wall};
  facts.kernel_boot_id = kernel;
  facts.rtc = {.present = true, .set_wall_at_boot = true, .valid = true};
  facts.sync = {.disciplined = true, .max_error_ms = 10};
  facts.last_batch = bed.store().recovery().last_batch;
  facts.build_date = first_boot - std::chrono::hours(24);
  facts.version = "bench";
  auto txn = bed.store().begin({.instant = facts.sample.instant, .wall = wall, .trust = Trust::rtc});
  auto start = reconcile::begin_boot(txn, facts, bed.limits());
  if (!start) return std::move(start).error();
  life->start_ = std::move(*start);
  bed.store().own(life->start_.boot.epoch);
  life->trust_the_clock(facts);
  txn.put(store::keys::meta("spans"), life->start_.spans.encode());
  if (auto applied = txn.apply(store::Durability::durable); !applied) return std::move(applied).error();
  if (auto settled = life->settle(); !settled) return std::move(settled).error();
  return life;
}

/// A second look at a clock that the network has set: after a long gap nothing else is believed.
void Life::trust_the_clock(const reconcile::BootFacts& facts) {
  constexpr Duration between_looks{3'000};
  Sample later = facts.sample;
  later.instant = later.instant + between_looks;
  later.monotonic += between_looks;
  later.wall = later.wall + between_looks;
  start_.trust.look(later, facts.sync);
  now_ = {later.instant, later.wall, start_.trust.trust(), start_.boot.number, start_.boot.kernel_boot};
  start_.spans.gain_trust(now_);
}

Status Life::settle() {
  if (auto settled = bed_.store().settle(now_); !settled) return std::move(settled).error();
  return done();
}

Status enqueue_waiting(Life& life, std::uint64_t count, const jobs::Misfire& misfire) {
  constexpr std::uint64_t at_once = 200;
  for (std::uint64_t sent = 0; sent < count; sent += at_once) {
    std::vector<jobs::JobSpec> specs;
    for (std::uint64_t i = sent; i < std::min(sent + at_once, count); ++i) {
      const auto due = first_boot + std::chrono::hours(1) + Duration{static_cast<std::int64_t>(i)};
      specs.push_back({.handler = "work", .due = jobs::DueAt{due}, .misfire = misfire});
    }
    const auto enqueued = life.run(
        [&](jobs::Work& work) { return jobs::enqueue(work, {.component = "app"}, jobs::Trigger::call, specs); });
    if (!enqueued) return enqueued.error();
    if (!*enqueued) return enqueued->error();
  }
  return done();
}

}  // namespace dormouse::bench
