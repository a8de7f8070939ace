// SPDX-License-Identifier: Apache-2.0
// The simulated service manager: keeps what it was told, in order and in systemd's words. Faults: none; nobody
// relies on it.
#pragma once

#include <string>
#include <vector>

#include "hal/notify.hpp"

namespace dormouse::hal_sim {

/// One thread.
class SimServices : public hal::ServiceManager {
 public:
  void ready() override { told_.emplace_back("READY"); }
  void stopping() override { told_.emplace_back("STOPPING"); }
  void status(const std::string& line) override { told_.push_back("STATUS " + line); }
  void extend(Duration by) override { told_.push_back("EXTEND " + std::to_string(by.count()) + " ms"); }

  const std::vector<std::string>& told() const { return told_; }
  void forget() { told_.clear(); }

 private:
  std::vector<std::string> told_;
};

}  // namespace dormouse::hal_sim
