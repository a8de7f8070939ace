// SPDX-License-Identifier: Apache-2.0
// What became of a scenario, counted outside the device: the answers to what it expects. Inside of this room.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/sim/play.hpp"

namespace dormouse::sim {

class Tally {
 public:
  /// Both outlive it.
  Tally(const Scenario& scenario, SimulatedDevice& device) : scenario_(scenario), device_(device) {}

  void booted() { ++boots_; }
  void acked(std::uint64_t job, const std::string& handler) { acked_[job] = handler; }
  void note(const actors::Event& event);

  Checked check(const Expectation& expectation);
  /// At the end; `checked` are those that were checked before.
  Summary sum_up(std::vector<Checked> checked);

 private:
  using Found = std::map<std::string, std::uint64_t>;
  Found found_for(const Expectation& expectation);
  Found found_of_device();
  Found found_of_schedule(const std::string& name);
  Checked check_boot(const Expectation& expectation);
  Checked check_bounds(const Expectation& expectation, const std::string& of, const Found& found) const;
  std::optional<jobs::State> state_of(std::uint64_t id);
  std::uint64_t count_lost();
  std::uint64_t held_slots(const std::string& schedule);
  std::uint64_t count_held();
  std::uint64_t per_day(std::uint64_t sum) const;
  std::uint64_t bytes() const { return device_.store_traffic().bytes + device_.heartbeat().bytes_written(); }
  std::uint64_t syncs() const { return device_.store_traffic().syncs + device_.heartbeat().syncs(); }

  const Scenario& scenario_;
  SimulatedDevice& device_;
  std::map<std::uint64_t, std::string> acked_;  // one-shot jobs, by id: their handler
  std::map<std::uint64_t, jobs::State> ended_;
  std::uint64_t boots_ = 0;
  std::uint64_t alarms_ = 0;
};

}  // namespace dormouse::sim
