// SPDX-License-Identifier: Apache-2.0
#include "tests/runtime/reconcile/device.hpp"

#include <algorithm>
#include <sstream>

namespace dormouse::test {

using reconcile::BootFacts;
using reconcile::BootStart;

BootFacts Device::facts(const std::string& kernel, Instant instant, WallTime wall, const RtcState& rtc) {
  BootFacts facts;
  facts.sample = {instant, Duration{instant.ms}, wall};
  facts.kernel_boot_id = kernel;
  facts.rtc = rtc;
  facts.build_date = kBuildDate;
  facts.version = "1.2.3";
  return facts;
}

BootStart Device::start(const BootFacts& given) {
  auto facts = given;
  if (facts.store_id.empty()) facts.store_id = store_id_;
  store_.reset();
  auto store = store::Store::open(store::open_memory_tree(disk_), limits_);
  check(store.ok(), "test:open");
  store_ = std::move(*store);
  auto txn = store_->begin();
  auto start = reconcile::begin_boot(txn, facts, limits_);
  check(start.ok(), "test:begin_boot");
  check(txn.apply(store::Durability::durable).ok(), "test:apply");
  check(store_->sync().ok(), "test:sync");
  start_ = *start;
  spans_ = start_.spans;
  epoch_ = start_.boot.epoch;
  now_ = {facts.sample.instant, facts.sample.wall, start_.trust.trust(), start_.boot.number,
          start_.boot.kernel_boot};
  return start_;
}

void Device::lose_start(const BootFacts& facts) {
  store_.reset();
  disk_.cut_power_in_next_commit(store::MemoryDisk::Outcome::keeps_old);
  {
    auto store = store::Store::open(store::open_memory_tree(disk_), limits_);
    check(store.ok(), "test:open");
    auto txn = (*store)->begin();
    check(reconcile::begin_boot(txn, facts, limits_).ok(), "test:begin_boot");
    check(txn.apply(store::Durability::durable).ok(), "test:apply");
    check(!(*store)->sync().ok(), "test:cut");
  }
  disk_.restore();
}

void Device::set_now(Instant instant, WallTime wall, Trust trust) {
  now_.instant = instant;
  now_.wall = wall;
  now_.trust = trust;
}

void Device::pass(Duration time) {
  set_now(now_.instant + time, now_.wall + time, now_.trust);
}

std::vector<Error> Device::gain_trust(WallTime wall, Trust trust) {
  now_.wall = wall;
  now_.trust = trust;
  spans_.gain_trust(now_);
  return run([&](jobs::Work& work) {
    auto alarms = reconcile::note_gains(work, {{now_.instant, wall, trust, "kernel"}}, Duration{40});
    for (auto& alarm : reconcile::plan_anew(work, std::nullopt)) alarms.push_back(std::move(alarm));
    return alarms;
  });
}

void Device::stamp(std::optional<std::string> clean) {
  run([&](jobs::Work& work) {
    const Sample sample{now_.instant, Duration{now_.instant.ms}, now_.wall};
    auto trust = start_.trust;
    trust.note_stamp(sample);
    const auto stamp = reconcile::make_stamp(start_.boot, now_, sample, trust);
    if (clean)
      reconcile::put_clean_stamp(work.txn, stamp, *clean);
    else
      reconcile::put_stamp(work.txn, stamp);
    return 0;
  });
  spans_.note_stamp(now_);
}

std::uint64_t Device::enqueue(const jobs::JobSpec& spec) {
  return run([&](jobs::Work& work) {
    const auto enqueued = jobs::enqueue(work, {}, jobs::Trigger::call, {spec});
    check(enqueued.ok(), "test:enqueue");
    return enqueued->front().id;
  });
}

std::uint64_t Device::put(const schedules::Definition& definition) {
  return run([&](jobs::Work& work) {
    const auto put = schedules::put(work, {}, definition);
    check(put.ok(), "test:put");
    return put->id;
  });
}

jobs::Claimed Device::claim(std::uint64_t id) {
  return run([&](jobs::Work& work) {
    const auto claimed = jobs::claim(work, {id});
    check(claimed.claimed.size() == 1, "test:claim");
    return claimed.claimed.front();
  });
}

void Device::succeed(std::uint64_t id) {
  const auto token = claim(id).job.token();
  run([&](jobs::Work& work) { return jobs::finish(work, {{token, jobs::Outcome::ok(), {}}}); });
}

std::vector<std::string> Device::explain(const std::string& what) {
  const auto text = run([&](jobs::Work& work) { return reconcile::explain(work, {}, what); });
  check(text.ok(), "test:explain");
  std::istringstream in(*text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

jobs::Job Device::job(std::uint64_t id) {
  return run([&](jobs::Work& work) {
    const auto found = jobs::get(work, {}, id, false);
    check(found.ok(), "test:job");
    return *found;
  });
}

std::vector<jobs::Job> Device::jobs() {
  return run([&](jobs::Work& work) {
    std::vector<jobs::Job> all;
    jobs::ListQuery query;
    query.limit = limits_.list_page_max;
    for (;;) {
      const auto page = jobs::list(work, {}, query);
      check(page.ok(), "test:list");
      all.insert(all.end(), page->jobs.begin(), page->jobs.end());
      if (!page->next_after_id) return all;
      query.after_id = *page->next_after_id;
    }
  });
}

schedules::Schedule Device::schedule(const std::string& name) {
  return run([&](jobs::Work& work) {
    const auto found = schedules::get(work, {}, name);
    check(found.ok(), "test:schedule");
    return *found;
  });
}

std::vector<std::string> Device::slots() {
  std::vector<std::int64_t> found;
  for (const auto& job : jobs())
    if (job.schedule != 0) found.push_back(job.slot_ms);
  std::sort(found.begin(), found.end());
  std::vector<std::string> texts;
  for (const auto slot : found) texts.push_back(format_utc(WallTime{slot}));
  return texts;
}

std::vector<Boot> Device::boots() {
  return run([](jobs::Work& work) { return reconcile::boots(work, 100); });
}

std::vector<Gap> Device::gaps() {
  return run([](jobs::Work& work) { return reconcile::gaps(work, 100); });
}

reconcile::Pass Device::reconcile_batch(reconcile::Trigger trigger) {
  ++batches_;
  return run([&](jobs::Work& work) { return reconcile::reconcile(work, trigger); });
}

std::optional<reconcile::Report> Device::reconcile(reconcile::Trigger trigger) {
  for (;;) {
    auto pass = reconcile_batch(trigger);
    if (!pass.more) return pass.report;
  }
}

}  // namespace dormouse::test
