// SPDX-License-Identifier: Apache-2.0
// A device reduced to what a reconcile sees: a store on a memory disk, boots with explicit samples, jobs and
// schedules through their operations. Time is what a test says it is.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/reconcile/reconcile.hpp"
#include "runtime/reconcile/stamp_record.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/store/memory_tree.hpp"
#include "tests/runtime/time/day.hpp"

namespace dormouse::test {

inline const RtcState kGoodRtc{.present = true, .set_wall_at_boot = true, .valid = true};
inline const RtcState kNoRtc{};

class Device {
 public:
  explicit Device(Limits limits = {}) : limits_(limits) {}

  /// Starts a process: what was not synced is lost first. `facts` as the test likes them.
  reconcile::BootStart start(const reconcile::BootFacts& facts);
  /// A start that power ends before its first batch is durable.
  void lose_start(const reconcile::BootFacts& facts);
  /// Of the store that is opened, from the next start on.
  void set_store_id(const std::string& id) { store_id_ = id; }
  /// Drops the process and what it had not synced.
  void cut() { store_.reset(); }

  static reconcile::BootFacts facts(const std::string& kernel, Instant instant, WallTime wall,
                                    const RtcState& rtc = kGoodRtc);

  /// The next moments of this process.
  void set_now(Instant instant, WallTime wall, Trust trust);
  /// Instant and wall both move.
  void pass(Duration time);
  const Now& now() const { return now_; }
  const Spans& spans() const { return spans_; }
  /// As the timekeeper finds it: noted, spans re-based, schedules planned anew. Answers the alarms.
  std::vector<Error> gain_trust(WallTime wall, Trust trust = Trust::synced);

  /// The last reading of this process, durable; with `clean` the mark of a clean stop.
  void stamp(std::optional<std::string> clean = std::nullopt);

  /// Runs `op(work)` over a transaction, applies and syncs it.
  template <class Op>
  auto run(Op&& op) {
    auto txn = store_->begin();
    jobs::Work work{txn, now_, spans_, limits_, handlers_, epoch_};
    auto result = op(work);
    check(txn.apply(store::Durability::durable).ok(), "test:apply");
    check(store_->sync().ok(), "test:sync");
    return result;
  }

  std::uint64_t enqueue(const jobs::JobSpec& spec);
  std::uint64_t put(const schedules::Definition& definition);
  jobs::Claimed claim(std::uint64_t id);
  void succeed(std::uint64_t id);  // claims it and ends it well
  jobs::Job job(std::uint64_t id);
  /// All batches of a pass; the report, if there was one.
  std::optional<reconcile::Report> reconcile(reconcile::Trigger trigger = reconcile::Trigger::boot);
  reconcile::Pass reconcile_batch(reconcile::Trigger trigger = reconcile::Trigger::boot);
  std::uint64_t batches() const { return batches_; }  // of the passes so far
  std::vector<jobs::Job> jobs();
  schedules::Schedule schedule(const std::string& name);
  std::vector<std::string> slots();  // of the jobs that schedules made, oldest first
  std::vector<Boot> boots();
  std::vector<Gap> gaps();
  /// What `dormouse explain` says, line by line.
  std::vector<std::string> explain(const std::string& what);

  store::MemoryDisk& disk() { return disk_; }
  Limits& limits() { return limits_; }

 private:
  store::MemoryDisk disk_;
  Limits limits_;
  std::set<std::string> handlers_{"work", "backup", "sample"};
  std::string store_id_;
  std::unique_ptr<store::Store> store_;
  reconcile::BootStart start_;
  Now now_;
  Spans spans_;
  std::uint32_t epoch_ = 0;
  std::uint64_t batches_ = 0;
};

inline jobs::JobSpec job_at(WallTime due, jobs::Misfire misfire = {}) {
  return {.handler = "work", .due = jobs::DueAt{due}, .misfire = misfire};
}
inline jobs::JobSpec job_after(Duration delay, jobs::Misfire misfire = {}) {
  return {.handler = "work", .due = jobs::DueAfter{delay}, .misfire = misfire};
}

}  // namespace dormouse::test
