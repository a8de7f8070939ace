// SPDX-License-Identifier: Apache-2.0
// The simulated launcher: no command ever runs. A script decides when and how each one ends.
// Faults: a command that cannot start (refuse_next), one that ignores SIGTERM (stubborn), any end that end() is
// given: exit codes, signals, cut output. With the device's power everything goes: power_off().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "hal/event_loop.hpp"
#include "hal/process.hpp"

namespace dormouse::hal_sim {

/// What a script may hear, each as a job of the loop. Empty ones are left out.
struct ProcessScript {
  std::function<void(hal::ProcessId, const hal::Command&)> started;
  std::function<void(hal::ProcessId)> terminated;  // SIGTERM has come; one that is not stubborn ends of it
};

/// start(), terminate() and kill() take effect as jobs of the loop, `ended` is called from such a job too. One
/// thread; the loop outlives it.
class SimProcesses : public hal::ProcessLauncher {
 public:
  explicit SimProcesses(hal::EventLoop& loop, ProcessScript script = {});
  ~SimProcesses() override;

  hal::ProcessId start(hal::Command command, std::function<void(hal::ProcessEnd)> ended) override;
  void terminate(hal::ProcessId id) override;
  void kill(hal::ProcessId id) override;

  // ---- for the script ----
  void end(hal::ProcessId id, hal::ProcessEnd end);  // unknown ids are fine: a signal may have been faster
  void set_stubborn(hal::ProcessId id);
  void refuse_next(std::string why);  // the next start fails with this text
  void power_off();                   // all gone, nobody told
  bool running(hal::ProcessId id) const;
  std::size_t running_count() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dormouse::hal_sim
