// SPDX-License-Identifier: Apache-2.0
// A device on Linux: opens the data directory, builds the board's real parts, runs the actors over them. What the
// program `dormouse run` does, for programs that embed a device.
#pragma once

#include <memory>
#include <string>

#include "actors/config/config.hpp"
#include "actors/device.hpp"
#include "hal/board_facts.hpp"

namespace dormouse {

struct LinuxOptions {
  hal::BoardFacts board;
  actors::Config config;
  std::string data_dir;     // empty: the board's
  std::string socket_path;  // empty: the board's; "-": no socket
  bool standby = false;     // waits until the owner of the data directory is gone, and takes over
  actors::Observer observe = [](const actors::Event&) {};
};

/// The version and the day of this build; a wall clock before that day is not believed.
std::string version();
WallTime build_date();

class LinuxDevice {
 public:
  /// Adds the configuration's commands to `handlers`. Takes the data directory: store.locked, store.fs_refused,
  /// and others name what stands in the way; config.required for a command without a user as root. On a read-only
  /// file system the device comes up to be asked and starts nothing; only without a store there does it end with
  /// store.read_only. notify.bad_socket: systemd asks to be told at a place that is none.
  static Result<std::unique_ptr<LinuxDevice>> open(LinuxOptions options, actors::Handlers handlers);
  ~LinuxDevice();
  LinuxDevice(const LinuxDevice&) = delete;
  LinuxDevice& operator=(const LinuxDevice&) = delete;

  /// The device, to enqueue and to ask from other threads while run() runs.
  actors::Device& device();

  /// Runs until SIGTERM, SIGINT or device().stop(); tells systemd how it is, where that has started it; ok after a
  /// clean stop, else why it could not start or go on. Blocks the calling thread, which must be the one that opened
  /// the device. `ready` is called on that thread once work is accepted; there it may ask device() and wait for the
  /// answers.
  Status run(std::function<void()> ready = [] {});

 private:
  struct Parts;
  explicit LinuxDevice(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace dormouse
