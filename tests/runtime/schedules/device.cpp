// SPDX-License-Identifier: Apache-2.0
#include "device.hpp"

#include <gtest/gtest.h>

#include "helpers.hpp"

namespace dormouse::schedules::test {

Device::Device(const std::string& wall, Limits with_limits) : limits(with_limits) {
  now = {.instant = {1'000'000}, .wall = {utc(wall)}, .trust = Trust::synced, .boot = 1, .kernel_boot = 1};
  spans.begin_kernel_boot(1, Duration{});
  store = std::move(store::Store::open(open_memory_tree(disk), limits)).value();
}

void Device::set_wall(const std::string& wall) {
  now.wall.ms = utc(wall);
}

void Device::advance(Duration elapsed) {
  now.instant = now.instant + elapsed;
  now.wall = now.wall + elapsed;
}

void Device::advance_to(const std::string& wall) {
  advance(WallTime{utc(wall)} - now.wall);
}

void Device::reboot(Duration off, bool proven) {
  spans.note_stamp(now);
  const Duration ran{now.instant.ms};
  now.wall = now.wall + off;
  now.instant = {0};
  now.boot += 1;
  now.kernel_boot += 1;
  spans.begin_kernel_boot(now.kernel_boot, ran + (proven ? off : Duration{}));
}

Result<Put> Device::put(const Definition& definition, const Identity& who) {
  auto txn = store->begin();
  jobs::Work work{txn, now, spans, limits, handlers, 1};
  auto result = schedules::put(work, who, definition);
  if (result.ok()) {
    EXPECT_TRUE(txn.apply(store::Durability::durable).ok());
  }
  return result;
}

Status Device::remove(const std::string& name) {
  return operate([&](jobs::Work& work) { return schedules::remove(work, {}, name); });
}

Schedule Device::get(const std::string& name) {
  auto schedule = operate([&](jobs::Work& work) { return schedules::get(work, {}, name); });
  EXPECT_TRUE(schedule.ok()) << name;
  return schedule.ok() ? *schedule : Schedule{};
}

Decided Device::decide_once(std::uint64_t limit) {
  return operate([&](jobs::Work& work) { return decide_due(work, limit); });
}

std::vector<Decision> Device::decide() {
  std::vector<Decision> all;
  for (int rounds = 0; rounds < 10'000; ++rounds) {
    Decided decided = decide_once(16);
    all.insert(all.end(), decided.decisions.begin(), decided.decisions.end());
    if (!decided.more) return all;
  }
  ADD_FAILURE() << "deciding never ends";
  return all;
}

Replanned Device::replan() {
  return operate([&](jobs::Work& work) { return schedules::replan(work); });
}

void Device::finish_jobs() {
  operate([&](jobs::Work& work) {
    std::vector<std::uint64_t> ids;
    for (const auto& due : jobs::take_due(work, {}, {}, 1'000).jobs) ids.push_back(due.id);
    std::vector<jobs::Finish> ends;
    for (const auto& claimed : jobs::claim(work, ids).claimed)
      ends.push_back({claimed.job.token(), jobs::Outcome::ok(), {}});
    jobs::finish(work, ends);
    return true;
  });
}

std::vector<jobs::Job> Device::all_jobs() {
  return operate([&](jobs::Work& work) {
    std::vector<jobs::Job> all;
    jobs::ListQuery query{.limit = 500};
    while (true) {
      auto page = jobs::list(work, {}, query);
      EXPECT_TRUE(page.ok());
      if (!page.ok()) return all;
      all.insert(all.end(), page->jobs.begin(), page->jobs.end());
      if (!page->next_after_id) return all;
      query.after_id = *page->next_after_id;
    }
  });
}

std::vector<std::int64_t> Device::new_slots() {
  std::vector<std::int64_t> slots;
  for (const auto& job : all_jobs()) {
    if (job.id <= seen_) continue;
    slots.push_back(job.slot_ms);
    seen_ = job.id;
  }
  return slots;
}

Definition cron_of(const std::string& text, jobs::Misfire misfire) {
  return {.name = "n", .timing = {.text = text}, .handler = "work", .misfire = misfire};
}

Definition every_of(Duration period, jobs::Misfire misfire) {
  return {.name = "n", .timing = {.kind = Kind::every, .period = period}, .handler = "work", .misfire = misfire};
}

}  // namespace dormouse::schedules::test
