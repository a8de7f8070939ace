// SPDX-License-Identifier: Apache-2.0
// A whole device on one thread: the production actors over a real data directory, and a clock that is moved by
// hand. So a process may live through hours, and die at any call.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "actors/device.hpp"
#include "hal/linux/data/data_directory.hpp"
#include "hal/sim/clock.hpp"
#include "runtime/store/heartbeat.hpp"
#include "tests/crash/harness/device.hpp"

namespace dormouse::crash {

class WholeDevice {
 public:
  WholeDevice() {
    clock_.settle_with([this] {
      if (device_) device_->settle();
    });
  }
  ~WholeDevice() { device_.reset(); }
  WholeDevice(const WholeDevice&) = delete;
  WholeDevice& operator=(const WholeDevice&) = delete;

  hal_sim::SimClock& clock() { return clock_; }

  static hal_linux::DataDirectory::Options options() {
    hal_linux::DataDirectory::Options options;
    options.allow_fs = {"overlay"};
    options.store.limits = small_limits();
    return options;
  }
  /// On a folder that is its own by now.
  Status boot(std::unique_ptr<hal_linux::DataDirectory> data) {
    data_ = std::move(data);
    auto heartbeat = data_->open_heartbeat();
    if (!heartbeat.ok()) return std::move(heartbeat).error();
    heartbeat_ = std::move(*heartbeat);
    actors::DeviceParts parts;
    parts.open_store = [this] { return data_->open_store(); };
    parts.clock = &clock_;
    parts.heartbeat = heartbeat_.get();
    actors::DeviceOptions device;
    device.build_date = WallTime{1'780'272'000'000};
    device.limits = small_limits();
    device.one_thread = true;
    actors::Handlers handlers;
    handlers.add("h", [](actors::Context&) { return jobs::Outcome::ok(); });
    device_ = std::make_unique<actors::Device>(parts, std::move(handlers), std::move(device));
    device_->start([this](Status status) { ended_ = std::move(status); });
    clock_.advance(Duration{0});
    device_->settle();
    return ended_.value_or(done());
  }
  Status boot(const std::filesystem::path& folder) {
    auto data = hal_linux::DataDirectory::acquire(folder, options());
    if (!data.ok()) return std::move(data).error();
    return boot(std::move(*data));
  }
  Status stop() {
    device_->stop(hal::StopReason::sigterm);
    device_->settle();
    return ended_.value_or(Error{"test.unended", "It did not stop."});
  }

  std::uint64_t submit(Duration after) {
    auto answer = device_->enqueue({.handler = "h", .due = jobs::DueAfter{after}});
    device_->settle();
    const auto enqueued = answer.get();
    check(enqueued.ok(), "whole_device:enqueue");
    return enqueued->id;
  }
  std::optional<jobs::State> state(std::uint64_t id) {
    auto answer = device_->job(id);
    device_->settle();
    const auto view = answer.get();
    return view.ok() ? std::optional(view->job.state) : std::nullopt;
  }
  actors::BootsView boots() {
    auto answer = device_->boots();
    device_->settle();
    auto view = answer.get();
    check(view.ok(), "whole_device:boots");
    return std::move(*view);
  }
  /// The newest heartbeat that the file held when this device had not begun yet.
  static std::optional<Stamp> heartbeat_in(hal_linux::DataDirectory& data) {
    auto medium = data.open_heartbeat();
    check(medium.ok(), "whole_device:heartbeat");
    return store::Heartbeat(**medium).newest().value();
  }

 private:
  static hal_sim::SimClockSetup noon() {
    hal_sim::SimClockSetup setup;
    setup.start = WallTime{1'800'000'000'000};
    setup.synced = true;
    return setup;
  }

  hal_sim::SimClock clock_{noon()};
  std::unique_ptr<hal_linux::DataDirectory> data_;
  std::unique_ptr<store::StorageMedium> heartbeat_;
  std::optional<Status> ended_;
  std::unique_ptr<actors::Device> device_;
};

}  // namespace dormouse::crash
