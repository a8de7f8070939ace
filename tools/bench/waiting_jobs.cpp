// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/waiting_jobs.hpp"

#include <algorithm>
#include <vector>

#include "runtime/jobs/job_codec.hpp"

namespace dormouse::bench {

namespace {

using wire::Key;
using wire::Message;
using wire::Record;

constexpr std::size_t batch_jobs = 64;

Record batch_of(std::size_t jobs) {
  jobs::JobSpec spec;
  spec.handler = "noop";
  spec.args = "\xA0";
  spec.due = jobs::DueAfter{std::chrono::hours(24)};
  Record body;
  body.put_records(Key::items, std::vector<Record>(jobs, jobs::enqueue_body(spec)));
  return body;
}

Status receive(client::Client& client) {
  auto answer = client.receive();
  if (!answer) return std::move(answer).error();
  if (!answer->result) return std::move(answer->result).error();
  return done();
}

}  // namespace

Status enqueue_for_tomorrow(client::Client& client, std::size_t jobs, std::size_t in_flight) {
  const Record whole = batch_of(batch_jobs);
  in_flight = std::min(in_flight, client.window());
  for (std::size_t sent = 0; sent < jobs; sent += batch_jobs) {
    if (client.outstanding() == in_flight) {
      if (auto received = receive(client); !received) return received;
    }
    const std::size_t left = jobs - sent;
    auto seq = client.send(Message::job_batch, left < batch_jobs ? batch_of(left) : whole);
    if (!seq) return std::move(seq).error();
  }
  while (client.outstanding() > 0) {
    if (auto received = receive(client); !received) return received;
  }
  return done();
}

}  // namespace dormouse::bench
