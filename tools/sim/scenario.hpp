// SPDX-License-Identifier: Apache-2.0
// A scenario: a workload and its faults, as a file of 20 to 40 lines. Read strictly: all mistakes at once, each
// with file, line and the allowed values. Durations are text ("20ms", "2h30min"); instants are dates or "+2d4h"
// from the start, in true time; ["1s", "4h"] is drawn evenly; a rate is "3/d".
//
//   name                    of the scenario
//   [device]                start (required), length (required), rtc (good, dead, none), time (untrusted, rtc,
//                           synced), limits (default, tiny), boot_takes, heartbeat, hold_up
//   [scenario]
//     handlers              name, takes, fails, permanent, hangs, kills (shares), at_once
//     schedules             as in a device's configuration
//     jobs                  handler, enqueue (instant) or enqueue_every, times; after or at; misfire, window,
//                           max_age, grace, key, timeout
//     faults                kind; one of at, every, rate, after_boot, with times; and of its own:
//       power_cut           off, announced (power.failing so long before)
//       reboot, panic, watchdog_reset   off
//       restart             off, clean
//       suspend             for, wake (an armed alarm ends it early)
//       step                by (signed)
//       slew                ppm, for
//       clone               by (how far its instants go back; else to 0)
//       sync_arrives        by (step, slew), marker, wall (a wrong one)
//       rtc_reset, rtc_ppm  value: a date; a rate
//       leap_second, sync_lost, rtc_dead   nothing
//     expect                at (default: the end); schedule with runs, missed, dropped, held, missed_count, slots;
//                           job with runs, succeeded, dead, missed, held; boot with cause, gap {cause, certainty};
//                           or boots, lost, alarms, held, bytes_per_day, syncs_per_day, wakeups_per_day. A number,
//                           or {min, max}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/schedules/schedule.hpp"
#include "tools/sim/simulated_device.hpp"

namespace dormouse::sim {

struct Range {
  Duration low{};
  Duration high{};
};

struct HandlerPlan {
  std::string name;
  Range takes;
  double fails = 0;      // share of attempts that end retryable
  double permanent = 0;  // ... that fail for good
  double hangs = 0;      // ... that never return by themselves
  double kills = 0;      // ... that end the process
  std::uint64_t at_once = 1;
};

struct JobPlan {
  jobs::JobSpec spec;
  Duration first{};  // true time since the start
  std::optional<Duration> every;
  std::uint64_t times = 1;
};

struct FaultPlan {
  enum class Kind {
    power_cut,
    reboot,
    panic,
    watchdog_reset,
    restart,
    suspend,
    step,
    slew,
    leap_second,
    clone,
    sync_arrives,
    sync_lost,
    rtc_reset,
    rtc_dead,
    rtc_ppm
  };
  Kind kind = Kind::power_cut;
  std::string name;            // of the kind, as written
  std::optional<Duration> at;  // exactly one of these four
  std::optional<Duration> every;
  std::optional<double> per_day;
  std::optional<Range> after_boot;
  std::uint64_t times = 0;            // 0: once for `at`, else until the end
  Range off;                          // off, or for
  std::optional<Duration> announced;  // power_cut
  bool clean = true;                  // restart
  bool wake = true;                   // suspend
  Duration by{};                      // step, signed
  std::int64_t ppm = 0;               // slew, rtc_ppm
  std::optional<Duration> back;       // clone; none: to 0
  bool by_slew = false;               // sync_arrives ...
  bool marker = true;
  std::optional<WallTime> wall;  // ... none: the true one; rtc_reset
};

/// A number that is expected, from low to high.
struct Bound {
  std::string what;
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};
struct Expectation {
  enum class Of { device, schedule, job, boot };
  Of of = Of::device;
  std::string name;  // of the schedule or the job's handler
  std::uint64_t boot = 0;
  std::optional<Duration> at;  // none: the end
  std::vector<Bound> bounds;
  std::optional<std::vector<std::string>> slots;  // RFC 3339
  std::optional<std::string> cause;               // of the boot
  std::optional<std::string> gap;                 // its gap's cause ...
  std::optional<std::string> certainty;           // ... and certainty
};

struct Scenario {
  std::string name;
  SimulatedSetup device;
  Duration length{};
  Duration boot_takes{20'000};
  std::vector<HandlerPlan> handlers;
  std::vector<schedules::Definition> schedules;
  std::vector<JobPlan> jobs;
  std::vector<FaultPlan> faults;
  std::vector<Expectation> expect;
};

Result<Scenario> load_scenario(const std::filesystem::path& path);
Result<Scenario> parse_scenario(std::string_view text, std::string file);

}  // namespace dormouse::sim
