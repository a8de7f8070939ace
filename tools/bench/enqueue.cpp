// SPDX-License-Identifier: Apache-2.0
// Durable enqueues over the control socket: each is answered after its sync.
#include <chrono>
#include <functional>
#include <vector>

#include "runtime/jobs/job_codec.hpp"
#include "tools/bench/figures.hpp"
#include "tools/bench/program.hpp"

namespace dormouse::bench {

namespace {

using Clock = std::chrono::steady_clock;
using wire::Message;
using wire::Record;

constexpr char config[] = R"(
[device]
name = "bench"
volatile_ok = true
[handlers.noop]
command = ["/bin/true"]
user_if_root = "nobody"
[limits]
active_jobs_device = 1_000_000
active_jobs_component = 1_000_000
map_bytes = "1 GiB"
)";

Record one_job() {
  jobs::JobSpec spec;
  spec.handler = "noop";
  spec.args = Bytes(64, 'x');
  spec.due = jobs::DueAfter{std::chrono::hours(24)};
  return jobs::enqueue_body(spec);
}

/// Calls `step`, which answers how many jobs it has had accepted, for some seconds; jobs a second.
Result<double> rate(std::chrono::seconds seconds, const std::function<Result<std::size_t>()>& step) {
  const auto start = Clock::now();
  std::size_t jobs = 0;
  while (Clock::now() - start < seconds) {
    auto accepted = step();
    if (!accepted) return std::move(accepted).error();
    jobs += *accepted;
  }
  return static_cast<double>(jobs) / std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

Status measure_enqueue(const Options& options) {
  auto program = Program::start(options.folder, config);
  if (!program) return std::move(program).error();
  const auto seconds = std::chrono::seconds(options.quick ? 1 : 10);
  const Record job = one_job();

  std::vector<client::Client> clients;
  for (int i = 0; i < 2; ++i) {
    auto client = (*program)->connect();
    if (!client) return std::move(client).error();
    clients.push_back(std::move(*client));
  }
  const auto alone = rate(seconds, [&]() -> Result<std::size_t> {
    auto answer = clients[0].request(Message::job_enqueue, job);
    if (!answer) return std::move(answer).error();
    return std::size_t{1};
  });
  if (!alone) return alone.error();
  figure("durable enqueues, one client, one at a time", number(*alone) + " /s");

  // A session has 32 requests on the way at most, so 64 are two sessions.
  std::size_t turn = 0;
  const auto many = rate(seconds, [&]() -> Result<std::size_t> {
    for (auto& client : clients) {
      while (client.outstanding() < client.window()) {
        if (auto sent = client.send(Message::job_enqueue, job); !sent) return std::move(sent).error();
      }
    }
    auto answer = clients[turn++ % clients.size()].receive();
    if (!answer) return std::move(answer).error();
    if (!answer->result) return std::move(answer->result).error();
    return std::size_t{1};
  });
  if (!many) return many.error();
  figure("durable enqueues, 64 outstanding (two sessions of 32)", number(*many) + " /s");
  return done();
}

}  // namespace dormouse::bench
