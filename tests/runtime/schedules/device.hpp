// SPDX-License-Identifier: Apache-2.0
// A device of one store and one hand-driven clock, in the verbs of a schedule's life: put, advance, decide,
// finish its jobs, reboot, step the clock.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/schedules/operations.hpp"
#include "runtime/store/memory_tree.hpp"

namespace dormouse::schedules::test {

class Device {
 public:
  explicit Device(const std::string& wall = "2026-06-01T12:00Z", Limits limits = {});

  // -- time --
  void set_wall(const std::string& wall);    // a step: the instant stays
  void advance(Duration elapsed);            // both clocks
  void advance_to(const std::string& wall);  // likewise, to a later wall time
  void trust(Trust trust) { now.trust = trust; }
  /// A new kernel boot, after `off` without power, of which `proven` can be told.
  void reboot(Duration off, bool proven);

  // -- operations, each in a transaction of its own --
  Result<Put> put(const Definition& definition, const Identity& who = {});
  Status remove(const std::string& name);
  Schedule get(const std::string& name);
  /// Until nothing more is due; answers all decisions.
  std::vector<Decision> decide();
  Decided decide_once(std::uint64_t limit);
  Replanned replan();
  /// Every scheduled job that is due runs and succeeds.
  void finish_jobs();
  /// Slots of the schedule's jobs, in the order they were made; made since the last call.
  std::vector<std::int64_t> new_slots();
  std::vector<jobs::Job> all_jobs();
  std::uint64_t batches() const { return store->stats().batches; }

  template <class Do>
  auto operate(Do work_on) {
    auto txn = store->begin();
    jobs::Work work{txn, now, spans, limits, handlers, 1};
    auto result = work_on(work);
    EXPECT_TRUE(txn.apply(store::Durability::durable).ok());
    return result;
  }

  Limits limits;
  Now now;
  Spans spans;
  std::set<std::string> handlers{"work"};
  store::MemoryDisk disk;
  std::unique_ptr<store::Store> store;

 private:
  std::uint64_t seen_ = 0;
};

Definition cron_of(const std::string& text, jobs::Misfire misfire = jobs::Misfire::skip());
Definition every_of(Duration period, jobs::Misfire misfire = jobs::Misfire::skip());

}  // namespace dormouse::schedules::test
