// SPDX-License-Identifier: Apache-2.0
// What is true of one kind of hardware: the facts that a board folder states (boards/*/board.toml) and the
// rest of the program is built from. Plain values; the defaults are those of a Linux device about which
// nothing is known. Simulation is a board like any other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/limits.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::hal {

/// The real-time clock that sets the wall clock at boot.
struct RtcFact {
  enum class Kind : std::uint8_t {
    none,    // nothing counts while the device is off
    host,    // a virtual machine or container: the host's clock is this one's RTC
    device,  // /dev/rtcN
  };
  Kind kind = Kind::none;
  int number = 0;        // of /dev/rtcN
  bool battery = false;  // believed even if the driver cannot tell whether its content is valid
  bool operator==(const RtcFact&) const = default;
};

struct FlashFact {
  std::string type;                              // "sd", "emmc", "nand", "ssd", "unknown", "none"
  std::string device;                            // the whole disk below /sys/block, "mmcblk0"; empty: not named
  std::optional<std::uint64_t> endurance_bytes;  // that the medium bears over its life
  double write_amplification = 1.0;              // bytes worn per byte written
  std::uint64_t bytes_per_day = 0;               // write budget; 0: none
  bool operator==(const FlashFact&) const = default;
};

/// How the store lies on that flash.
struct StoreFact {
  bool prezero = false;         // a new store gets all its room at once: a full disk then stops nothing
  bool journal_blocks = false;  // each group of the journal begins a block: for media that garble the last one
  bool stop_when_broken =
      false;  // a store that cannot be read is left as it is, instead of replaced by the best there is
  bool operator==(const StoreFact&) const = default;
};

/// A serial line on the board, by the name that a configuration uses.
struct LinkFact {
  std::string name;         // "uart0"
  std::string device_path;  // "/dev/serial0"
  std::uint32_t baud = 115'200;
  bool rts_cts = false;
  bool operator==(const LinkFact&) const = default;
};

struct BoardFacts {
  std::string name = "generic-linux";
  std::string description;
  bool simulated = false;  // its parts come from hal/sim

  // -- places --
  std::string data_dir = "/var/lib/dormouse";
  std::string socket_path = "/run/dormouse/dormouse.sock";
  std::vector<std::string> allow_fs;  // file systems accepted although they are normally refused
  bool volatile_ok = false;           // jobs are accepted although the store does not outlive the power

  // -- hardware --
  RtcFact rtc;
  FlashFact flash;
  StoreFact store;
  std::vector<LinkFact> links;
  std::string watchdog_device;  // "/dev/watchdog0"; empty: none
  Duration watchdog_timeout{60'000};
  std::string reset_register;     // a file that tells why the hardware started; empty: none
  std::string network_interface;  // empty: any

  // -- time --
  std::optional<WallTime> build_date;   // none: when the program was built
  Duration heartbeat_interval{60'000};  // 5 s to 1 h
  std::uint32_t heartbeat_writes_per_day = 1'440;
  Duration hold_up{200};        // from power.failing until the supply is gone
  Duration stop_bound{10'000};  // from SIGTERM to the end of the process
  Duration drain_bound{5'000};  // of which running attempts get this much
  Duration probation{600'000};  // after an unclean start claims are durable before the handler starts
  Duration boot_takes{20'000};  // from power on to the runtime's start

  // -- running --
  std::uint32_t threads = 1;  // workers of the actor scheduler
  Limits limits;              // the preset with the board's own numbers (map, places, catch-up line) put in

  /// The interval in force: heartbeat_interval, or longer where the write budget of a day asks for it.
  Duration heartbeat() const {
    if (heartbeat_writes_per_day == 0) return heartbeat_interval;
    const Duration budget{86'400'000 / heartbeat_writes_per_day};
    return budget > heartbeat_interval ? budget : heartbeat_interval;
  }
};

}  // namespace dormouse::hal
