// SPDX-License-Identifier: Apache-2.0
// How a simulated device runs a scripted handler. Inside of this room. One thread.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "tools/sim/simulated_device.hpp"

namespace dormouse::sim {

/// The scripted twin of a handler: its attempts end at moments of true time.
class SimulatedDevice::ScriptedRunner : public actors::Runner {
 public:
  ScriptedRunner(SimulatedDevice& device, std::string name, const Script& script)
      : device_(device), name_(std::move(name)), script_(script) {}

  void start(const jobs::Claimed& claimed, actors::Returned returned) override {
    const std::uint64_t start = ++device_.starts_[name_];
    const jobs::Job& job = claimed.job;
    Run run{job.id,
            job.attempt,
            name_,
            job.schedule_name.value_or(""),
            job.slot_ms,
            job.missed_count,
            job.first_missed_ms,
            device_.now(),
            {},
            device_.boot_number_};
    device_.runs_.push_back(run);
    const std::size_t index = device_.runs_.size() - 1;
    const Duration lasts = script_.lasts ? script_.lasts(start) : script_.takes;
    const bool kills = script_.kills && script_.kills(start);
    jobs::Outcome outcome = script_.ends ? script_.ends(start, claimed) : jobs::Outcome::ok();
    jobs::Effects effects;
    effects.enqueue = script_.enqueues;
    active_[job.token()] = {index, returned};
    if (script_.hangs) return;
    device_.moments_.emplace(device_.now() + lasts,
                             Moment{job.token(), [this, token = job.token(), kills, outcome, effects] {
                                      if (kills) {
                                        device_.crash_now_ = true;
                                      } else {
                                        end(token, outcome, effects);
                                      }
                                    }});
  }

  void stop(const jobs::Token& token) override {
    if (script_.heeds_stop) end_early(token, jobs::Outcome::cancelled("asked to stop"));
  }

  void kill(const jobs::Token& token) override {
    if (script_.killable) end_early(token, jobs::Outcome::retryable("exec.signal", "ended by signal 9"));
  }

 private:
  struct Active {
    std::size_t run = 0;
    actors::Returned returned;
  };

  void end(const jobs::Token& token, const jobs::Outcome& outcome, const jobs::Effects& effects) {
    const auto found = active_.find(token);
    if (found == active_.end()) return;
    device_.runs_[found->second.run].ended = device_.now();
    const auto returned = std::move(found->second.returned);
    active_.erase(found);
    returned(outcome, effects);
  }

  void end_early(const jobs::Token& token, const jobs::Outcome& outcome) {
    std::erase_if(device_.moments_, [&](const auto& moment) { return moment.second.token == token; });
    end(token, outcome, {});
  }

  SimulatedDevice& device_;
  std::string name_;
  const Script& script_;
  std::map<jobs::Token, Active> active_;
};

}  // namespace dormouse::sim
