// SPDX-License-Identifier: Apache-2.0
// What a device costs that has nothing to do: wake-ups and memory; and what a hundred thousand waiting jobs add.
#include <chrono>
#include <map>
#include <string>
#include <thread>

#include "runtime/time/wake_counts.hpp"
#include "tools/bench/figures.hpp"
#include "tools/bench/program.hpp"
#include "tools/bench/waiting_jobs.hpp"
#include "tools/sim/simulated_device.hpp"

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

using Wakes = std::map<std::string, std::uint64_t>;

/// Why the device was woken so far. To ask is a cause, too.
Result<Wakes> wakes_of(const Program& program) {
  auto client = program.connect();
  if (!client) return std::move(client).error();
  const auto time = client->request(wire::Message::time_query, {});
  if (!time) return time.error();
  Wakes wakes;
  for (const auto& item : time->get_records(wire::Key::wakes).value_or(std::vector<wire::Record>{})) {
    const auto cause = item.get_text(wire::Key::cause).value_or("");
    if (cause != name_of(WakeCause::link_input)) wakes[cause] = item.get_uint(wire::Key::count).value_or(0);
  }
  return wakes;
}

std::string difference(const Wakes& before, const Wakes& after) {
  std::string text;
  for (const auto& [cause, count] : after) {
    const auto earlier = before.find(cause);
    const auto more = count - (earlier == before.end() ? 0 : earlier->second);
    if (more > 0) text += (text.empty() ? "" : ", ") + std::to_string(more) + " " + cause;
  }
  return text.empty() ? "none" : text;
}

/// A day of a device under a fake clock, once it has come to rest.
void show_heartbeats(const std::string& when, bool job_waits) {
  constexpr Duration day{86'400'000};
  sim::SimulatedDevice device;
  device.handler("noop");
  if (!device.boot()) return;
  device.advance(Duration{60'000});
  if (job_waits) device.submit("noop", sim::after(7 * day));
  device.advance(day);  // the interval has grown
  const auto bytes = device.heartbeat().bytes_written();
  const auto syncs = device.heartbeat().syncs();
  const auto woken = device.time().wakes.wake_ups();
  device.advance(day);
  figure("heartbeats in a day (fake clock), " + when,
         number(static_cast<double>(device.heartbeat().bytes_written() - bytes)) + " bytes, " +
             std::to_string(device.heartbeat().syncs() - syncs) + " syncs, " +
             std::to_string(device.time().wakes.wake_ups() - woken) + " wake-ups");
}

}  // namespace

Status measure_idle(const Options& options) {
  auto program = Program::start(options.folder, config);
  if (!program) return std::move(program).error();
  std::this_thread::sleep_for(settling);
  const auto seconds = std::chrono::seconds(options.quick ? 5 : 60);
  const auto woken = wakes_of(**program);
  if (!woken) return woken.error();
  const Switches before = switches_of((*program)->pid());
  std::this_thread::sleep_for(seconds);
  const Switches after = switches_of((*program)->pid());
  const auto woken_after = wakes_of(**program);
  if (!woken_after) return woken_after.error();
  const std::string when = std::to_string(seconds.count()) + " s idle, one schedule due tomorrow";
  figure("context switches of all " + std::to_string(after.threads) + " threads in " + when,
         std::to_string(after.voluntary - before.voluntary + after.involuntary - before.involuntary));
  figure("wake-ups by cause in " + when, difference(*woken, *woken_after));
  show_heartbeats("nothing outstanding", false);
  show_heartbeats("one job due in a week", true);
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
