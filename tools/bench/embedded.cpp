// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/embedded.hpp"

#include <chrono>

#include "boards/board.hpp"

namespace dormouse::bench {

Limits roomy_limits() {
  Limits limits;
  limits.active_jobs_device = limits.active_jobs_component = 1'000'000;
  limits.map_bytes = 512ULL * 1024 * 1024;
  return limits;
}

Result<std::unique_ptr<Embedded>> Embedded::start(const std::filesystem::path& parent, actors::Handlers handlers,
                                                  Limits limits) {
  std::unique_ptr<Embedded> embedded(new Embedded(parent));
  auto board = boards::find_board("generic-linux");
  if (!board) return std::move(board).error();
  LinuxOptions options;
  options.board = std::move(*board);
  options.config.volatile_ok = true;
  options.config.limits = limits;
  options.data_dir = (embedded->folder_.path() / "data").string();
  options.socket_path = embedded->socket();
  options.observe = [raw = embedded.get()](const actors::Event& event) { raw->observe(event); };
  auto device = LinuxDevice::open(std::move(options), std::move(handlers));
  if (!device) return std::move(device).error();
  embedded->device_ = std::move(*device);

  // The device belongs to the thread that opened it, but for run(): nothing else is called here until it has ended.
  auto failed = std::make_shared<std::optional<Error>>();
  embedded->loop_ = std::thread([raw = embedded.get(), failed] {
    const auto ended = raw->device_->run();
    const std::lock_guard lock(raw->mutex_);
    if (!ended) *failed = ended.error();
    raw->over_ = true;
    raw->changed_.notify_all();
  });
  std::unique_lock lock(embedded->mutex_);
  embedded->changed_.wait(lock, [&] { return embedded->ready_ || embedded->over_; });
  if (*failed) return **failed;
  lock.unlock();
  return embedded;
}

Embedded::~Embedded() {
  if (!loop_.joinable()) return;
  device().stop(hal::StopReason::sigterm);
  loop_.join();
}

void Embedded::observe(const actors::Event& event) {
  const std::lock_guard lock(mutex_);
  if (event.kind == actors::Event::Kind::ready) ready_ = true;
  if (event.kind == actors::Event::Kind::ended && jobs::has_ended(event.state)) ++ended_;
  changed_.notify_all();
}

std::uint64_t Embedded::ended() {
  const std::lock_guard lock(mutex_);
  return ended_;
}

bool Embedded::wait_ended(std::uint64_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::minutes(2), [&] { return ended_ >= count || over_; }) && !over_;
}

Result<store::Tree::Traffic> Embedded::traffic() const {
  auto client = connect();
  if (!client) return std::move(client).error();
  const auto status = client->request(wire::Message::status, {});
  if (!status) return status.error();
  return store::Tree::Traffic{status->get_uint(wire::Key::bytes).value_or(0),
                              status->get_uint(wire::Key::syncs).value_or(0)};
}

actors::Handlers no_op(std::uint64_t at_once) {
  actors::Handlers handlers;
  handlers.add(
      "noop", [](actors::Context&) { return jobs::Outcome::ok(); }, at_once);
  return handlers;
}

jobs::JobSpec no_op_job(jobs::DueSpec due) {
  jobs::JobSpec spec;
  spec.handler = "noop";
  spec.args = Bytes(64, 'x');
  spec.due = due;
  return spec;
}

}  // namespace dormouse::bench
