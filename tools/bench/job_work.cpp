// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/job_work.hpp"

#include <vector>

#include "tools/bench/life.hpp"

namespace dormouse::bench {

namespace {

/// Each job is enqueued and ended by a batch of its own, as by as many clients and attempts; claims are one batch.
class StoreJobs final : public JobWork {
 public:
  Status begin(const std::filesystem::path& parent, std::uint64_t half_bytes) {
    Limits limits = small_map();
    limits.active_jobs_component = limits.active_jobs_device;
    auto bed = StoreBed::make(parent, {.half_bytes = half_bytes, .limits = limits});
    if (!bed) return std::move(bed).error();
    bed_ = std::move(*bed);
    auto life = Life::begin(*bed_, "kernel", first_boot);
    if (!life) return std::move(life).error();
    life_ = std::move(*life);
    return enqueue_waiting(*life_, waiting, jobs::Misfire::catch_up());
  }

  Status enqueue(unsigned count) override {
    const jobs::JobSpec spec{.handler = "work", .args = Bytes(args_bytes, 'x')};
    for (unsigned i = 0; i < count; ++i) {
      auto enqueued = life_->apply(
          [&](jobs::Work& work) { return jobs::enqueue(work, {.component = "app"}, jobs::Trigger::call, {spec}); });
      if (!enqueued) return std::move(enqueued).error();
      if (!*enqueued) return std::move(*enqueued).error();
    }
    return life_->settle();
  }

  Status claim(unsigned count, Claims claims) override {
    auto claimed = life_->apply(
        [&](jobs::Work& work) {
          std::vector<std::uint64_t> ids;
          for (const auto& due : jobs::take_due(work, {}, {}, count).jobs) ids.push_back(due.id);
          return jobs::claim(work, ids);
        },
        claims == Claims::lazy ? store::Durability::lazy : store::Durability::durable);
    if (!claimed) return std::move(claimed).error();
    running_ = std::move(claimed->claimed);
    if (running_.size() != count) return Error{.code = "bench.claims", .message = "jobs are missing"};
    return life_->settle();
  }

  Status end() override {
    for (const auto& [job, component] : running_) {
      const jobs::Finish end{.token = {job.epoch, job.id, job.attempt}, .outcome = jobs::Outcome::ok()};
      auto ended = life_->apply([&](jobs::Work& work) { return jobs::finish(work, {end}); });
      if (!ended) return std::move(ended).error();
      if (ended->front().refused) return *ended->front().refused;
    }
    return life_->settle();
  }

  void wait_for_syncs(bool wait) override { bed_->wait_for_syncs(wait); }
  store::Tree::Traffic traffic() const override { return bed_->store().stats().traffic; }

 private:
  std::unique_ptr<StoreBed> bed_;
  std::unique_ptr<Life> life_;
  std::vector<jobs::Claimed> running_;
};

}  // namespace

Status JobWork::live(unsigned count, Claims claims) {
  if (auto enqueued = enqueue(count); !enqueued) return enqueued;
  if (auto claimed = claim(count, claims); !claimed) return claimed;
  return end();
}

Result<std::unique_ptr<JobWork>> jobs_on_store(const std::filesystem::path& parent, std::uint64_t half_bytes) {
  auto jobs = std::make_unique<StoreJobs>();
  if (auto begun = jobs->begin(parent, half_bytes); !begun) return std::move(begun).error();
  for (unsigned i = 0; i < JobWork::history; i += 100)
    if (auto lived = jobs->live(100, Claims::lazy); !lived) return std::move(lived).error();
  return std::unique_ptr<JobWork>(std::move(jobs));
}

}  // namespace dormouse::bench
