// SPDX-License-Identifier: Apache-2.0
// What a gap costs: ten thousand missed jobs in bytes and syncs, and schedules after ten years against an hour.
#include "tools/bench/figures.hpp"
#include "tools/bench/in_turns.hpp"
#include "tools/bench/life.hpp"

namespace dormouse::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned minute_schedules = 20;
constexpr unsigned runs_of_each = 50;

constexpr Duration an_hour = std::chrono::hours(1);
constexpr Duration ten_years = std::chrono::hours(24 * 3'652);

Limits many_jobs() {
  Limits limits = small_map();
  limits.map_bytes = 64ULL * 1024 * 1024;
  limits.active_jobs_device = limits.active_jobs_component = 100'000;
  return limits;
}

struct Cost {
  double seconds = 0;
  store::Tree::Traffic traffic;
  std::uint64_t jobs = 0;  // that wait to run when all is decided
};

/// The boot's pass, to its end.
Result<Cost> reconcile_all(StoreBed& bed, Life& life) {
  const auto before = bed.store().stats().traffic;
  const auto start = Clock::now();
  for (bool more = true; more;) {
    auto pass = life.run([](jobs::Work& work) { return reconcile::reconcile(work, reconcile::Trigger::boot); });
    if (!pass) return std::move(pass).error();
    more = pass->more;
  }
  const double took = seconds_since(start);
  const auto after = bed.store().stats().traffic;
  auto jobs = life.run([](jobs::Work& work) { return jobs::counts(work).scheduled; });
  if (!jobs) return std::move(jobs).error();
  return Cost{took, {after.bytes - before.bytes, after.syncs - before.syncs}, *jobs};
}

Status show_missed(const Options& options, const std::string& policy, const jobs::Misfire& misfire) {
  const std::uint64_t count = options.quick ? 2'000 : 10'000;
  auto bed = StoreBed::make(options.folder, {.limits = many_jobs(), .full_size = false});
  if (!bed) return std::move(bed).error();
  {
    auto before = Life::begin(**bed, "kernel-1", first_boot);
    if (!before) return std::move(before).error();
    if (auto enqueued = enqueue_waiting(**before, count, misfire); !enqueued) return enqueued;
  }
  auto after = Life::begin(**bed, "kernel-2", first_boot + 24 * an_hour);
  if (!after) return std::move(after).error();
  auto cost = reconcile_all(**bed, **after);
  if (!cost) return std::move(cost).error();
  const auto jobs = static_cast<double>(count);
  const std::string what = number(jobs) + " missed jobs reconciled, " + policy;
  figure(what + ": time, jobs a second", number(cost->seconds, 2) + " s, " + number(jobs / cost->seconds));
  goal("... bytes to the device a job", static_cast<double>(cost->traffic.bytes) / jobs, Bound::at_most, 1'024, 0);
  goal("... syncs a job", static_cast<double>(cost->traffic.syncs) / jobs, Bound::at_most, 0.02, 4);
  return done();
}

/// Schedules of every minute, each of which may run some of what it missed: after such a gap.
Result<Cost> after_gap(const Options& options, Duration gap) {
  auto bed = StoreBed::make(options.folder, {.limits = many_jobs(), .full_size = false});
  if (!bed) return std::move(bed).error();
  {
    auto before = Life::begin(**bed, "kernel-1", first_boot);
    if (!before) return std::move(before).error();
    for (unsigned i = 0; i < minute_schedules; ++i) {
      schedules::Definition definition;
      definition.name = "every-minute-" + std::to_string(i);
      definition.timing.text = "* * * * *";
      definition.handler = "work";
      definition.misfire.max_runs = runs_of_each;
      definition.misfire.policy = jobs::Misfire::Policy::catch_up;
      auto put =
          (*before)->run([&](jobs::Work& work) { return schedules::put(work, {.component = "app"}, definition); });
      if (!put) return std::move(put).error();
      if (!*put) return std::move(*put).error();
    }
  }
  auto after = Life::begin(**bed, "kernel-2", first_boot + gap);
  if (!after) return std::move(after).error();
  return reconcile_all(**bed, **after);
}

Status show_gaps(const Options& options) {
  std::vector<double> hour;
  std::vector<double> years;
  std::uint64_t jobs = 0;
  std::uint64_t hour_bytes = 0;
  std::uint64_t years_bytes = 0;
  for (int i = 0; i < (options.quick ? 3 : 9); ++i) {
    auto after_hour = after_gap(options, an_hour);
    if (!after_hour) return std::move(after_hour).error();
    auto after_years = after_gap(options, ten_years);
    if (!after_years) return std::move(after_years).error();
    if (after_hour->jobs != after_years->jobs || after_hour->jobs == 0)
      return Error{.code = "bench.runs", .message = "the gaps do not lead to equally many runs"};
    jobs = after_hour->jobs;
    hour.push_back(after_hour->seconds);
    years.push_back(after_years->seconds);
    hour_bytes = after_hour->traffic.bytes;
    years_bytes = after_years->traffic.bytes;
  }
  figure("schedules of every minute reconciled, " + number(static_cast<double>(jobs)) +
             " runs, after an hour / ten years",
         number(median(hour) * 1'000, 1) + " / " + number(median(years) * 1'000, 1) + " ms");
  goal("... ten years against an hour, time", median(years) / median(hour), Bound::at_most, 1.1);
  goal("... ten years against an hour, bytes", static_cast<double>(years_bytes) / static_cast<double>(hour_bytes),
       Bound::at_most, 1.1);
  return done();
}

}  // namespace

Status measure_store_reconcile(const Options& options) {
  if (auto shown = show_missed(options, "skip", jobs::Misfire::skip()); !shown) return shown;
  if (auto shown = show_missed(options, "catch_up", jobs::Misfire::catch_up()); !shown) return shown;
  return show_gaps(options);
}

}  // namespace dormouse::bench
