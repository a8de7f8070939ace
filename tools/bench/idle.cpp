// SPDX-License-Identifier: Apache-2.0
// What a device costs that has nothing to do: wake-ups and memory; and what a hundred thousand waiting jobs add.
#include <chrono>
#include <thread>

#include "tools/bench/figures.hpp"
#include "tools/bench/program.hpp"
#include "tools/bench/waiting_jobs.hpp"

namespace dormouse::bench {

namespace {

// One schedule, due tomorrow at the latest; its handler never runs here.
constexpr char config[] = R"(
[device]
name = "bench"
volatile_ok = true
[handlers.noop]
command = ["/bin/true"]
user_if_root = "nobody"
[[schedules]]
id = "tomorrow"
handler = "noop"
every = "1d"
)";

constexpr char roomy[] = R"(
[limits]
active_jobs_device = 200_000
active_jobs_component = 200_000
map_bytes = "256 MiB"
)";

constexpr auto settling = std::chrono::seconds(3);  // what starting left behind is over

void show(const std::string& when, const Memory& memory) {
  figure("resident memory, " + when, mebibytes(memory.resident));
  figure("... its proportional share, libraries of others being shared", mebibytes(memory.share));
  figure("... of it anonymous", mebibytes(memory.anonymous));
  figure("... of it the store's pages, which the kernel may drop", mebibytes(memory.store));
  figure("... of it code and data of the program and its libraries", mebibytes(memory.file - memory.store));
}

}  // namespace

Status measure_idle(const Options& options) {
  auto program = Program::start(options.folder, config);
  if (!program) return std::move(program).error();
  std::this_thread::sleep_for(settling);
  const auto seconds = std::chrono::seconds(options.quick ? 5 : 30);
  const Switches before = switches_of((*program)->pid());
  std::this_thread::sleep_for(seconds);
  const Switches after = switches_of((*program)->pid());
  figure("context switches of all " + std::to_string(after.threads) + " threads in " +
             std::to_string(seconds.count()) + " s idle, one schedule due tomorrow",
         std::to_string(after.voluntary - before.voluntary + after.involuntary - before.involuntary));
  return done();
}

Status measure_memory(const Options& options) {
  auto program = Program::start(options.folder, std::string(config) + roomy);
  if (!program) return std::move(program).error();
  std::this_thread::sleep_for(settling);
  show("idle", memory_of((*program)->pid()));

  const std::size_t jobs = options.quick ? 5'000 : 100'000;
  auto client = (*program)->connect();
  if (!client) return std::move(client).error();
  const auto start = std::chrono::steady_clock::now();
  if (auto enqueued = enqueue_for_tomorrow(*client, jobs); !enqueued) return enqueued;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const std::string count = number(static_cast<double>(jobs));
  figure("enqueue of " + count + " jobs over the socket, batches of 64, 32 outstanding",
         number(static_cast<double>(jobs) / took.count()) + " jobs/s");
  std::this_thread::sleep_for(settling);
  show(count + " jobs waiting", memory_of((*program)->pid()));
  return done();
}

}  // namespace dormouse::bench
