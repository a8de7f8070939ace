// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/client/running_device.hpp"

#include <atomic>
#include <cstdlib>
#include <utility>

#include "boards/board.hpp"

namespace dormouse::client {

RunningDevice::RunningDevice() {
  std::promise<Status> ready;
  auto is_ready = ready.get_future();
  thread_ = std::thread([this, &ready] { live(ready); });
  check(is_ready.get().ok(), "running_device:ready");
}

RunningDevice::~RunningDevice() {
  stop();
}

void RunningDevice::live(std::promise<Status>& ready) {
  LinuxOptions options;
  options.board = boards::find_board("generic-linux").value();
  options.board.allow_fs = {"overlay"};
  options.config.volatile_ok = true;
  options.data_dir = (folder_.path() / "data").string();
  options.socket_path = socket_path();
  std::atomic<bool> told = false;
  options.observe = [&](const actors::Event& event) {
    if (event.kind == actors::Event::Kind::ready && !told.exchange(true)) ready.set_value(done());
  };
  actors::Handlers handlers;
  handlers.add("echo", [](actors::Context& job) { return jobs::Outcome::ok(Bytes(job.args())); });
  auto device = LinuxDevice::open(std::move(options), std::move(handlers));
  if (!device) return ready.set_value(std::move(device).error());
  device_ = std::move(*device);
  const Status ended = device_->run();
  if (!told.exchange(true)) ready.set_value(ended.ok() ? Error{"stopped"} : ended.error());
  device_.reset();
}

void RunningDevice::stop() {
  if (!thread_.joinable()) return;
  device_->device().stop(hal::StopReason::sigterm);
  thread_.join();
}

}  // namespace dormouse::client
