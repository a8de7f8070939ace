// SPDX-License-Identifier: Apache-2.0
// One life drawn from a seed: a device, its work, what befalls it, then a calm stretch; and the ledger that
// watches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/seeds_dice.hpp"
#include "tests/sim/seeds_ledger.hpp"

namespace dormouse::sim::seeds {

enum class Blow {
  power_cut,
  cut_in_commit,
  crash,
  clean_restart,
  reboot,
  panic,
  watchdog_reset,
  clone,
  suspend,
  step,
  slew,
  leap_second,
  rtc_reset,
  rtc_dead,
  rtc_ppm,
  sync_arrives,
  sync_lost,
};
constexpr int kinds_of_blows = static_cast<int>(Blow::sync_lost) + 1;
const char* name_of(Blow blow);

/// Something that befalls the device at a moment of true time.
struct Event {
  Duration at{};
  Blow blow = Blow::power_cut;
  Duration lasts{};               // off, for
  std::int64_t ppm = 0;           // slew, rtc_ppm
  std::optional<Duration> wrong;  // the wall or the RTC against true time afterwards; none: 1970
  bool slews = false;             // sync_arrives
  bool marker = false;
  SimulatedDevice::Kept kept = SimulatedDevice::Kept::nothing;
};
std::string text_of(const Event& event);

/// Work that is given to the device at a moment.
struct Order {
  Duration at{};
  std::optional<std::size_t> timing;  // a schedule, with this row of the catalogue; none: a job
  schedules::Definition schedule;
  bool removes = false;  // the schedule goes again
  jobs::JobSpec job;
};
std::string text_of(const Order& order);

/// All that is drawn before the life begins.
struct Plan {
  std::uint64_t seed = 0;
  SimulatedSetup device;
  Duration length{};
  std::vector<Order> orders;
  std::vector<Event> events;
  double late_sync = 0;  // share of the boots after which a source is found
  double kills = 0;      // share of the attempts that end the process
  bool honest = true;    // no wall is believed that is wrong
  std::string words() const;
};
Plan draw_plan(std::uint64_t seed);

struct Outcome {
  std::string failure;  // empty: all was accounted for
  std::string last;     // what the device told at the end, a line each
  std::uint64_t slots = 0;
  std::uint64_t starts = 0;
  std::uint64_t boots = 0;
};
Outcome live(const Plan& plan);

}  // namespace dormouse::sim::seeds
