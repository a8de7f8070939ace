// SPDX-License-Identifier: Apache-2.0
// A store in memory, a clock that moves when told, and the verbs of the stories. Second 0 is T0, time is synced,
// the component is `app`, the known handlers are `h` and `g`.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/jobs/operations.hpp"
#include "runtime/jobs/records.hpp"
#include "runtime/store/memory_tree.hpp"
#include "runtime/store/store.hpp"

namespace dormouse::jobs {

inline constexpr std::int64_t kT0 = 1'800'000'000'000;

inline Duration s(double seconds) {
  return Duration{static_cast<std::int64_t>(seconds * 1'000)};
}

class Bench {
 public:
  explicit Bench(Limits limits = {}) : limits_(limits) {
    spans_.begin_kernel_boot(1, Duration{});
    open();
  }

  // -- time --
  void at(double seconds) { set_instant(s(seconds).count()); }
  void at_ms(std::int64_t ms) { set_instant(ms); }
  std::int64_t ms() const { return elapsed_; }
  void wall_ms(std::int64_t ms) { now_.wall = WallTime{kT0 + ms}; }
  Now& now() { return now_; }
  std::set<std::string>& handlers() { return handlers_; }
  Limits& limits() { return limits_; }

  // -- the device --
  /// The process dies at once; what was applied and synced is there. A new process opens the store.
  void restart_at(double seconds) {
    at(seconds);
    open();
    close_old_attempts();
  }
  /// A new kernel boot, with the time since trusted.
  void reboot_at(double seconds) {
    const Duration off = s(seconds) - Duration{elapsed_};
    spans_.begin_kernel_boot(++now_.kernel_boot, now_.instant - Instant{} + off);
    now_.instant = Instant{};
    instant_base_ = s(seconds).count();
    at(seconds);
    open();
    close_old_attempts();
  }

  // -- operations: each in a transaction of its own, synced --
  template <class Body>
  auto in_work(Body body) {
    store::Transaction txn = store_->begin();
    Work work{txn, now_, spans_, limits_, handlers_, epoch_};
    auto result = body(work);
    if (!refused(result)) {
      const auto applied = txn.apply(store::Durability::durable);
      if (!applied) return refuse(std::move(result), applied.error());
      EXPECT_TRUE(store_->sync().ok());
    }
    return result;
  }
  Result<std::vector<Enqueued>> enqueue_all(std::vector<JobSpec> specs, const std::string& component = "app") {
    return in_work([&](Work& work) { return enqueue(work, who(component), Trigger::call, specs); });
  }
  Result<Enqueued> submit(const JobSpec& spec, const std::string& component = "app") {
    auto all = enqueue_all({spec}, component);
    if (!all) return all.error();
    return all->at(0);
  }
  std::uint64_t submitted(const JobSpec& spec, const std::string& component = "app") {
    const auto enqueued = submit(spec, component);
    EXPECT_TRUE(enqueued.ok()) << (enqueued.ok() ? "" : enqueued.error().message);
    return enqueued.ok() ? enqueued->id : 0;
  }
  Result<Cancelled> cancel_job(std::uint64_t id, const std::string& reason) {
    return in_work([&](Work& work) { return cancel(work, who("app"), id, reason); });
  }
  DueBatch due(std::uint64_t limit = 100) {
    return in_work([&](Work& work) { return take_due(work, {}, {}, limit); });
  }
  /// Claims everything that is due; the jobs that started.
  std::vector<Job> start_due() {
    std::vector<std::uint64_t> ids;
    for (const DueJob& job : due().jobs) ids.push_back(job.id);
    return start(ids);
  }
  std::vector<Job> start(const std::vector<std::uint64_t>& ids) {
    const ClaimResult result = in_work([&](Work& work) { return claim(work, ids); });
    std::vector<Job> jobs;
    for (const Claimed& claimed : result.claimed) jobs.push_back(claimed.job);
    return jobs;
  }
  /// A claim whose batch never reaches the medium.
  ClaimResult claim_and_lose(const std::vector<std::uint64_t>& ids) {
    store::Transaction txn = store_->begin();
    Work work{txn, now_, spans_, limits_, handlers_, epoch_};
    return claim(work, ids);
  }
  /// The one job that is due.
  Job start_one() {
    const std::vector<Job> jobs = start_due();
    EXPECT_EQ(jobs.size(), 1u);
    return jobs.empty() ? Job{} : jobs[0];
  }
  Finished end(const Token& token, Outcome outcome, Effects effects = {}) {
    return in_work([&](Work& work) { return finish(work, {{token, outcome, effects}}).at(0); });
  }
  /// Starts what is due and ends it `ok`.
  std::size_t run_due() {
    const std::vector<Job> jobs = start_due();
    for (const Job& job : jobs) end(job.token(), Outcome::ok());
    return jobs.size();
  }
  Result<Job> look(std::uint64_t id, bool with_args = false, const std::string& component = "app") {
    return in_work([&](Work& work) { return get(work, who(component), id, with_args); });
  }
  Job job(std::uint64_t id) {
    const Result<Job> found = look(id, true);
    EXPECT_TRUE(found.ok()) << "job " << id;
    return found.ok() ? *found : Job{};
  }
  State state(std::uint64_t id) { return job(id).state; }
  Result<JobPage> page(const ListQuery& query) {
    return in_work([&](Work& work) { return list(work, who("app"), query); });
  }
  Counts count() {
    return in_work([&](Work& work) { return counts(work); });
  }
  std::uint64_t batches() const { return store_->stats().batches; }
  const store::MemoryDisk& disk() const { return disk_; }
  store::Store& store() { return *store_; }
  std::uint32_t epoch() const { return epoch_; }

  static Identity who(const std::string& component) { return {component, Role::none}; }

 private:
  template <class T>
  static bool refused(const T&) {
    return false;
  }
  template <class T>
  static bool refused(const Result<T>& result) {
    return !result.ok();
  }
  template <class T>
  static T refuse(T result, const Error& error) {
    ADD_FAILURE() << error.message;
    return result;
  }
  template <class T>
  static Result<T> refuse(Result<T>, const Error& error) {
    return error;
  }
  void set_instant(std::int64_t ms) {
    elapsed_ = ms;
    now_.instant = Instant{ms - instant_base_};
    now_.wall = WallTime{kT0 + ms};
  }
  void open() {
    store_.reset();
    auto opened = store::Store::open(store::open_memory_tree(disk_), limits_);
    ASSERT_TRUE(opened.ok());
    store_ = std::move(opened).value();
    now_.boot = ++epoch_;
  }
  /// What a reconcile does first: attempts of older processes are over.
  void close_old_attempts() {
    in_work([&](Work& work) {
      for (DueFound& found : due_jobs(work, {}, 1'000).jobs) {
        if (found.job.state != State::running) continue;
        EXPECT_TRUE(interrupt(work, found.job).ok());
      }
      return Done{};
    });
  }

  Limits limits_;
  store::MemoryDisk disk_{limits_.map_bytes};
  std::unique_ptr<store::Store> store_;
  Spans spans_;
  std::int64_t elapsed_ = 0;
  std::int64_t instant_base_ = 0;
  Now now_{Instant{}, WallTime{kT0}, Trust::synced, 0, 1};
  std::set<std::string> handlers_ = {"g", "h"};
  std::uint32_t epoch_ = 0;
};

/// A job of handler `h`.
inline JobSpec h(Misfire misfire = Misfire::catch_up()) {
  JobSpec spec;
  spec.handler = "h";
  spec.misfire = misfire;
  return spec;
}
inline JobSpec after(JobSpec spec, Duration delay) {
  spec.due = DueAfter{delay};
  return spec;
}
/// Due at so many seconds after T0.
inline JobSpec due_at(JobSpec spec, double seconds) {
  spec.due = DueAt{WallTime{kT0} + s(seconds)};
  return spec;
}
inline JobSpec keyed(JobSpec spec, const std::string& key, ConflictPolicy policy = ConflictPolicy::dedupe) {
  spec.conflict_key = key;
  spec.conflict_policy = policy;
  return spec;
}

/// "field: code, field: code" of a refusal.
inline std::string fields_of(const Error& error) {
  std::string text;
  for (const FieldError& field : error.fields) text += (text.empty() ? "" : ", ") + field.field + ": " + field.code;
  return text;
}

}  // namespace dormouse::jobs
