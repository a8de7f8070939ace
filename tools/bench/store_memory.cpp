// SPDX-License-Identifier: Apache-2.0
// Memory of a device that many jobs wait in, against few: after they came, and after a restart. They come a batch
// at a time: what a burst takes on its way in depends on how many batches are on the way, not on how many jobs
// wait, and stays the allocator's; that is shown beside.
#include <chrono>
#include <thread>

#include "tools/bench/figures.hpp"
#include "tools/bench/program.hpp"
#include "tools/bench/waiting_jobs.hpp"

namespace dormouse::bench {

namespace {

constexpr char config[] = R"(
[device]
name = "bench"
volatile_ok = true
[handlers.noop]
command = ["/bin/true"]
user_if_root = "nobody"
[limits]
active_jobs_device = 200_000
active_jobs_component = 200_000
map_bytes = "256 MiB"
)";

constexpr std::size_t one_at_a_time = 1;
constexpr std::size_t whole_window = SIZE_MAX;

struct Anonymous {
  std::uint64_t after_enqueue = 0;
  std::uint64_t after_restart = 0;
};

Result<Anonymous> anonymous_with(const Options& options, std::size_t jobs, std::size_t in_flight) {
  const auto settling = std::chrono::milliseconds(options.quick ? 300 : 2'000);
  auto program = Program::start(options.folder, config);
  if (!program) return std::move(program).error();
  {
    auto client = (*program)->connect();
    if (!client) return std::move(client).error();
    if (auto enqueued = enqueue_for_tomorrow(*client, jobs, in_flight); !enqueued)
      return std::move(enqueued).error();
  }
  std::this_thread::sleep_for(settling);
  Anonymous anonymous{.after_enqueue = memory_of((*program)->pid()).anonymous};
  if (auto restarted = (*program)->restart(); !restarted) return std::move(restarted).error();
  std::this_thread::sleep_for(settling);
  anonymous.after_restart = memory_of((*program)->pid()).anonymous;
  return anonymous;
}

double against(std::uint64_t many, std::uint64_t few) {
  return static_cast<double>(many) / static_cast<double>(few);
}

}  // namespace

Status measure_store_memory(const Options& options) {
  constexpr std::size_t few_jobs = 1'000;
  const std::size_t many_jobs = options.quick ? 10'000 : 100'000;
  auto few = anonymous_with(options, few_jobs, one_at_a_time);
  if (!few) return std::move(few).error();
  auto many = anonymous_with(options, many_jobs, one_at_a_time);
  if (!many) return std::move(many).error();
  auto few_at_once = anonymous_with(options, few_jobs, whole_window);
  if (!few_at_once) return std::move(few_at_once).error();
  auto many_at_once = anonymous_with(options, many_jobs, whole_window);
  if (!many_at_once) return std::move(many_at_once).error();
  const std::string jobs = number(few_jobs) + " / " + number(static_cast<double>(many_jobs)) + " jobs waiting";
  figure("anonymous memory of the device after they came, " + jobs,
         mebibytes(few->after_enqueue) + " / " + mebibytes(many->after_enqueue));
  goal("... many against few", against(many->after_enqueue, few->after_enqueue), Bound::at_most, 1.2);
  figure("... when they came as fast as the socket takes them",
         mebibytes(few_at_once->after_enqueue) + " / " + mebibytes(many_at_once->after_enqueue));
  figure("anonymous memory after a restart, " + jobs,
         mebibytes(few->after_restart) + " / " + mebibytes(many->after_restart));
  goal("... many against few", against(many->after_restart, few->after_restart), Bound::at_most, 1.2);
  return done();
}

}  // namespace dormouse::bench
