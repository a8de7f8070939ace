// SPDX-License-Identifier: Apache-2.0
// A table of commands that are said to run.
#include "hal/sim/sim_processes.hpp"

#include <csignal>
#include <optional>
#include <utility>

namespace dormouse::hal_sim {

struct SimProcesses::State : std::enable_shared_from_this<SimProcesses::State> {
  struct Process {
    std::function<void(hal::ProcessEnd)> ended;
    bool stubborn = false;
  };

  State(hal::EventLoop& event_loop, ProcessScript process_script)
      : loop(event_loop), script(std::move(process_script)) {}

  hal::EventLoop& loop;
  ProcessScript script;
  hal::ProcessId last_id = 0;
  std::optional<std::string> refusal;
  std::map<hal::ProcessId, Process> processes;

  template <class Job>
  void later(Job job) {
    loop.post([self = shared_from_this(), job = std::move(job)] { job(*self); });
  }
  void start(hal::ProcessId id, const hal::Command& command) {
    if (!processes.contains(id)) return;  // the power went first
    if (refusal) {
      auto why = std::exchange(refusal, std::nullopt);
      return end(id, {.spawned = false, .exit_code = 127, .error_tail = *std::move(why)});
    }
    if (script.started) script.started(id, command);
  }
  void end(hal::ProcessId id, hal::ProcessEnd how) {
    auto gone = processes.extract(id);
    if (gone.empty()) return;
    later([ended = std::move(gone.mapped().ended), how = std::move(how)](State& self) {
      if (self.alive) ended(how);
    });
  }

  bool alive = true;
};

SimProcesses::SimProcesses(hal::EventLoop& loop, ProcessScript script)
    : state_(std::make_shared<State>(loop, std::move(script))) {}

SimProcesses::~SimProcesses() {
  state_->alive = false;
  state_->script = {};
  power_off();
}

hal::ProcessId SimProcesses::start(hal::Command command, std::function<void(hal::ProcessEnd)> ended) {
  const auto id = ++state_->last_id;
  state_->processes[id].ended = std::move(ended);
  state_->later([id, command = std::move(command)](State& self) { self.start(id, command); });
  return id;
}

void SimProcesses::terminate(hal::ProcessId id) {
  state_->later([id](State& self) {
    const auto found = self.processes.find(id);
    if (found == self.processes.end()) return;
    const bool stubborn = found->second.stubborn;
    if (self.script.terminated) self.script.terminated(id);
    if (!stubborn) self.end(id, {.signal = SIGTERM});
  });
}

void SimProcesses::kill(hal::ProcessId id) {
  state_->later([id](State& self) { self.end(id, {.signal = SIGKILL}); });
}

void SimProcesses::end(hal::ProcessId id, hal::ProcessEnd end) {
  state_->end(id, std::move(end));
}

void SimProcesses::set_stubborn(hal::ProcessId id) {
  if (const auto found = state_->processes.find(id); found != state_->processes.end())
    found->second.stubborn = true;
}

void SimProcesses::refuse_next(std::string why) {
  state_->refusal = std::move(why);
}

void SimProcesses::power_off() {
  state_->processes.clear();
}

bool SimProcesses::running(hal::ProcessId id) const {
  return state_->processes.contains(id);
}

std::size_t SimProcesses::running_count() const {
  return state_->processes.size();
}

}  // namespace dormouse::hal_sim
