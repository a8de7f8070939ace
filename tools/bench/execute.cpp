// SPDX-License-Identifier: Apache-2.0
// Executions: how many a second, how late, and what each writes. C++ functions that do nothing, in this process.
#include <algorithm>
#include <chrono>
#include <future>
#include <random>
#include <unistd.h>
#include <vector>

#include "tools/bench/embedded.hpp"
#include "tools/bench/figures.hpp"

namespace dormouse::bench {

namespace {

using Clock = std::chrono::steady_clock;

Error too_slow(const char* what) {
  return {.code = "bench.too_slow", .message = what};
}

std::chrono::microseconds wall_now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch());
}

WallTime wall_in(Duration delay) {
  return {std::chrono::duration_cast<Duration>(wall_now()).count() + delay.count()};
}

/// Enqueues them all, a thousand on the way at a time.
Status enqueue_all(Embedded& device, const std::vector<jobs::JobSpec>& specs) {
  constexpr std::size_t on_the_way = 1'000;
  std::vector<std::future<Result<jobs::Enqueued>>> sent;
  const auto receive = [&sent]() -> Status {
    for (auto& future : sent) {
      if (auto answer = future.get(); !answer) return std::move(answer).error();
    }
    sent.clear();
    return done();
  };
  for (const auto& spec : specs) {
    sent.push_back(device.device().enqueue(spec, {.component = "app"}));
    if (sent.size() < on_the_way) continue;
    if (auto received = receive(); !received) return received;
  }
  return receive();
}

/// What the device itself counts, and what the process wrote at all.
struct Written {
  store::Tree::Traffic device;
  std::uint64_t call_bytes = 0;
};
Result<Written> written(const Embedded& device) {
  auto traffic = device.traffic();
  if (!traffic) return std::move(traffic).error();
  return Written{*traffic, written_by(::getpid())};
}

void show_written(const std::string& when, const Written& before, const Written& after, std::uint64_t jobs) {
  const auto each = [jobs](std::uint64_t from, std::uint64_t to) {
    return static_cast<double>(to - from) / static_cast<double>(jobs);
  };
  figure("bytes written for a job from enqueue to its end, " + when,
         number(each(before.device.bytes, after.device.bytes)) + " counted by the device, " +
             number(each(before.call_bytes, after.call_bytes)) + " given to write calls");
  figure("syncs for a job, " + when, number(each(before.device.syncs, after.device.syncs), 2));
}

/// All due at one instant to come; answers how long they took from then on.
Result<double> run_crowd(Embedded& device, std::uint64_t jobs) {
  const auto delay = std::chrono::seconds(4);
  const auto due = Clock::now() + delay;
  const std::uint64_t before = device.ended();
  const std::vector<jobs::JobSpec> specs(jobs, no_op_job(jobs::DueAt{wall_in(delay)}));
  if (auto enqueued = enqueue_all(device, specs); !enqueued) return std::move(enqueued).error();
  if (Clock::now() > due) return too_slow("the jobs fell due before all were enqueued");
  if (!device.wait_ended(before + jobs)) return too_slow("the jobs did not end within two minutes");
  return std::chrono::duration<double>(Clock::now() - due).count();
}

}  // namespace

Status measure_execute(const Options& options) {
  auto device = Embedded::start(options.folder, no_op(4), roomy_limits());
  if (!device) return std::move(device).error();
  const std::uint64_t jobs = options.quick ? 1'000 : 10'000;
  const auto took = run_crowd(**device, jobs);
  if (!took) return took.error();
  figure("executions of " + number(static_cast<double>(jobs)) + " no-op jobs due at once, 4 at a time",
         number(static_cast<double>(jobs) / *took) + " /s");
  return done();
}

Status measure_lateness(const Options& options) {
  std::mutex mutex;
  std::vector<double> late_ms;
  actors::Handlers handlers;
  handlers.add(
      "noop",
      [&](actors::Context& job) {
        const auto late = wall_now() - Duration{job.job().due.ms};
        const std::lock_guard lock(mutex);
        late_ms.push_back(static_cast<double>(late.count()) / 1'000.0);
        return jobs::Outcome::ok();
      },
      4);
  auto device = Embedded::start(options.folder, std::move(handlers), roomy_limits());
  if (!device) return std::move(device).error();

  const std::uint64_t jobs = options.quick ? 100 : 1'000;
  std::mt19937 random(1);
  std::uniform_int_distribution<std::int64_t> instant(2'000, options.quick ? 4'000 : 22'000);
  std::vector<jobs::JobSpec> specs;
  for (std::uint64_t i = 0; i < jobs; ++i)
    specs.push_back(no_op_job(jobs::DueAt{wall_in(Duration{instant(random)})}));
  if (auto enqueued = enqueue_all(**device, specs); !enqueued) return enqueued;
  if (!(*device)->wait_ended(jobs)) return too_slow("the jobs did not end within two minutes");

  const std::lock_guard lock(mutex);
  std::sort(late_ms.begin(), late_ms.end());
  const auto share = [&](double part) {
    return number(late_ms[static_cast<std::size_t>(part * static_cast<double>(late_ms.size() - 1))], 2) + " ms";
  };
  figure(
      "lateness of " + number(static_cast<double>(jobs)) + " jobs at random instants within 20 s, p50 / p99 / most",
      share(0.5) + " / " + share(0.99) + " / " + share(1.0));
  return done();
}

Status measure_writes(const Options& options) {
  auto device = Embedded::start(options.folder, no_op(4), roomy_limits());
  if (!device) return std::move(device).error();
  const std::uint64_t alone = options.quick ? 20 : 200;
  auto before = written(**device);
  if (!before) return std::move(before).error();
  for (std::uint64_t i = 0; i < alone; ++i) {
    const std::uint64_t ended = (*device)->ended();
    if (auto enqueued = enqueue_all(**device, {no_op_job(jobs::DueNow{})}); !enqueued) return enqueued;
    if (!(*device)->wait_ended(ended + 1)) return too_slow("a job did not end within two minutes");
  }
  auto after = written(**device);
  if (!after) return std::move(after).error();
  show_written("one after the other", *before, *after, alone);

  const std::uint64_t jobs = options.quick ? 1'000 : 10'000;
  if (const auto took = run_crowd(**device, jobs); !took) return took.error();
  const auto last = written(**device);
  if (!last) return last.error();
  show_written(number(static_cast<double>(jobs)) + " due at once", *after, *last, jobs);
  return done();
}

}  // namespace dormouse::bench
