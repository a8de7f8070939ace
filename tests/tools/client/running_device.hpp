// SPDX-License-Identifier: Apache-2.0
// A real device on a thread of its own, with a handler "echo", over a socket in a folder that goes with it.
#pragma once

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "tools/device/linux_device.hpp"

namespace dormouse::client {

class RunningDevice {
 public:
  RunningDevice();   // returns once it takes requests
  ~RunningDevice();  // stops it
  RunningDevice(const RunningDevice&) = delete;
  RunningDevice& operator=(const RunningDevice&) = delete;

  std::string socket_path() const { return (folder_ / "s.sock").string(); }
  void stop();

 private:
  void live(std::promise<Status>& ready);

  std::filesystem::path folder_;
  std::unique_ptr<LinuxDevice> device_;  // made and run on the thread
  std::thread thread_;
};

}  // namespace dormouse::client
