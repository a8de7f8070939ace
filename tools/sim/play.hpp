// SPDX-License-Identifier: Apache-2.0
// Plays a scenario on a simulated device: the same program, scenario and seed give the same lines, byte for byte.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tools/sim/scenario.hpp"

namespace dormouse::sim {

/// Something that happened, on true time.
struct Moment {
  Duration t{};
  actors::Event event;
  std::string fault;  // the kind, for a fault; then `event` is empty
};

struct ScheduleSum {
  std::string name;
  std::uint64_t runs = 0;
  std::uint64_t missed = 0;
  std::uint64_t dropped = 0;
  std::uint64_t caught_up = 0;
};
struct JobSum {
  std::string handler;
  std::uint64_t enqueued = 0;
  std::uint64_t runs = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t dead = 0;
  std::uint64_t missed = 0;
  std::uint64_t waiting = 0;
};
struct Checked {
  std::string sentence;  // what was expected
  bool ok = false;
  std::string found;
};
struct Summary {
  std::uint64_t boots = 0;
  std::uint64_t lost = 0;  // acknowledged jobs of which nothing is known
  std::uint64_t alarms = 0;
  std::uint64_t bytes = 0;  // given to the flash
  std::uint64_t syncs = 0;
  std::vector<ScheduleSum> schedules;
  std::vector<JobSum> jobs;  // one-shot jobs by handler
  std::vector<Checked> expectations;
  bool ok() const {
    for (const auto& checked : expectations) {
      if (!checked.ok) return false;
    }
    return true;
  }
};

/// `tell` is called for each moment in order. An error: the device refused something of the scenario (a job for a
/// handler that is not there, a schedule that is not valid).
Result<Summary> play(const Scenario& scenario, std::uint64_t seed, const std::function<void(const Moment&)>& tell);

}  // namespace dormouse::sim
