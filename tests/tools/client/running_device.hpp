// SPDX-License-Identifier: Apache-2.0
// A real device on a thread of its own, with a handler "echo", over a socket in a folder that goes with it.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <thread>

#include "tests/temp_folder.hpp"
#include "tools/device/linux_device.hpp"

namespace dormouse::client {

class RunningDevice {
 public:
  RunningDevice();   // returns once it takes requests
  ~RunningDevice();  // stops it
  RunningDevice(const RunningDevice&) = delete;
  RunningDevice& operator=(const RunningDevice&) = delete;

  std::string socket_path() const { return (folder_.path() / "s.sock").string(); }
  void stop();

 private:
  void live(std::promise<Status>& ready);

  const TempFolder folder_;
  std::unique_ptr<LinuxDevice> device_;  // made and run on the thread
  std::thread thread_;
};

}  // namespace dormouse::client
