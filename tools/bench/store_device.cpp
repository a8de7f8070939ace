// SPDX-License-Identifier: Apache-2.0
// The whole device, with its actors, against a bare append and sync: durable enqueues alone and with 64
// outstanding, and jobs from enqueue to end, alone and in groups.
#include <deque>
#include <future>

#include "tools/bench/embedded.hpp"
#include "tools/bench/figures.hpp"
#include "tools/bench/in_turns.hpp"
#include "tools/bench/store_bed.hpp"

namespace dormouse::bench {

namespace {

using Clock = std::chrono::steady_clock;
using Answer = std::future<Result<jobs::Enqueued>>;

constexpr std::size_t outstanding = 64;

/// Keeps so many enqueues on the way.
class Enqueuer {
 public:
  Enqueuer(Embedded& device, std::size_t on_the_way) : device_(device), on_the_way_(on_the_way) {}

  /// Sends what may be on the way and waits for the oldest answer.
  Status step() {
    while (sent_.size() < on_the_way_)
      sent_.push_back(
          device_.device().enqueue(no_op_job(jobs::DueAfter{std::chrono::hours(24)}), {.component = "app"}));
    return receive();
  }
  Status drain() {
    while (!sent_.empty())
      if (auto received = receive(); !received) return received;
    return done();
  }

 private:
  Status receive() {
    auto answer = sent_.front().get();
    sent_.pop_front();
    if (!answer) return std::move(answer).error();
    return done();
  }
  Embedded& device_;
  std::size_t on_the_way_;
  std::deque<Answer> sent_;
};

/// So many with 64 on the way, and their answers.
Status enqueue_many(Embedded& device, std::uint64_t jobs) {
  Enqueuer many(device, outstanding);
  for (std::uint64_t i = outstanding - 1; i < jobs; ++i)
    if (auto enqueued = many.step(); !enqueued) return enqueued;
  return many.drain();
}

Status show_enqueues(const Options& options, Embedded& device) {
  constexpr std::uint64_t jobs_in_step = 2'000;
  auto bare = BareLoop::make(options.folder, put_record_bytes());
  if (!bare) return std::move(bare).error();
  Enqueuer one(device, 1);
  // A disk that others use too is slow and fast from second to second: many short rounds, each compared in itself.
  std::vector<double> bare_rates, one_rates, many_rates, one_ratios, many_ratios;
  for (unsigned round = 0; round < (options.quick ? 6 : 40); ++round) {
    const auto rates = in_turns({{[&] { return (*bare)->append(); }},
                                 {[&] { return one.step(); }},
                                 {[&] { return enqueue_many(device, jobs_in_step); }, jobs_in_step}},
                                1, std::chrono::milliseconds(75));
    if (!rates) return rates.error();
    bare_rates.push_back((*rates)[0]);
    one_rates.push_back((*rates)[1]);
    many_rates.push_back((*rates)[2]);
    one_ratios.push_back((*rates)[1] / (*rates)[0]);
    many_ratios.push_back((*rates)[2] / (*rates)[0]);
  }
  const auto before = device.traffic();
  if (!before) return before.error();
  const std::uint64_t jobs = jobs_in_step * (options.quick ? 2 : 10);
  if (auto enqueued = enqueue_many(device, jobs); !enqueued) return enqueued;
  const auto after = device.traffic();
  if (!after) return after.error();

  figure(
      "bare append and fdatasync / durable enqueues one at a time / with 64 outstanding, this process, medians",
      number(median(bare_rates)) + " / " + number(median(one_rates)) + " / " + number(median(many_rates)) + " /s");
  goal("... one at a time against the bare append", median(one_ratios), Bound::at_least, 0.45);
  goal("... 64 outstanding against the bare append", median(many_ratios), Bound::at_least, 12, 1);
  figure("... 64 outstanding against one at a time", number(median(many_rates) / median(one_rates), 1));
  const auto all = static_cast<double>(jobs);
  figure("... 64 outstanding: bytes to the device, syncs an enqueue",
         number(static_cast<double>(after->bytes - before->bytes) / all) + ", " +
             number(static_cast<double>(after->syncs - before->syncs) / all, 3));
  return done();
}

/// That many enqueued together, due now, and their ends awaited.
Status live(Embedded& device, unsigned group) {
  const std::uint64_t before = device.ended();
  std::deque<Answer> sent;
  for (unsigned i = 0; i < group; ++i)
    sent.push_back(device.device().enqueue(no_op_job(jobs::DueNow{}), {.component = "app"}));
  for (auto& answer : sent)
    if (auto enqueued = answer.get(); !enqueued) return std::move(enqueued).error();
  if (device.wait_ended(before + group)) return done();
  return Error{.code = "bench.too_slow", .message = "jobs did not end within two minutes"};
}

Status show_jobs(const Options& options, Embedded& device, unsigned group) {
  const unsigned warm = options.quick ? 10 : 1'200 / group;  // the history is then full
  for (unsigned i = 0; i < warm; ++i)
    if (auto lived = live(device, group); !lived) return lived;
  const auto before = device.traffic();
  if (!before) return before.error();
  const unsigned groups = (options.quick ? 100U : 2'000U) / (group == 1 ? 1 : 4);
  const auto start = Clock::now();
  for (unsigned i = 0; i < groups; ++i)
    if (auto lived = live(device, group); !lived) return lived;
  const double took = seconds_since(start);
  const auto after = device.traffic();
  if (!after) return after.error();
  const double jobs = static_cast<double>(groups) * group;
  const double bytes = static_cast<double>(after->bytes - before->bytes) / jobs;
  const double syncs = static_cast<double>(after->syncs - before->syncs) / jobs;
  const std::string of = group == 1 ? "one by one" : "by " + std::to_string(group);
  figure("jobs through the device, enqueue to end, " + of + ": jobs a second, syncs a job",
         number(jobs / took) + ", " + number(syncs, 3));
  if (group == 8)
    figure("... bytes to the device a job", number(bytes));
  else
    goal("... bytes to the device a job", bytes, Bound::at_most, group == 1 ? 10'240 : 1'024, 0);
  return done();
}

}  // namespace

Status measure_store_device(const Options& options) {
  Limits limits = roomy_limits();
  limits.running_device = limits.running_component = limits.running_handler = 32;
  auto device = Embedded::start(options.folder, no_op(32), limits);
  if (!device) return std::move(device).error();
  for (const unsigned group : {1U, 8U, 32U})
    if (auto shown = show_jobs(options, **device, group); !shown) return shown;
  return show_enqueues(options, **device);
}

}  // namespace dormouse::bench
