// SPDX-License-Identifier: Apache-2.0
// Boards as folders of facts. Reads DIR/board.toml strictly into hal::BoardFacts; every board has the same keys:
//
//   name = "generic-linux"            # required; the folder's name
//   description = "one line"
//   simulated = false                 # its parts come from hal/sim
//   [places]   data_dir, socket, allow_fs, volatile_ok
//   [clock]    rtc ("none", "host", "rtc0".. "rtc9"), rtc_battery, build_date, heartbeat (5s..1h),
//              heartbeat_writes_per_day
//   [flash]    type, device, endurance_bytes, write_amplification, bytes_per_day
//   [store]    prezero, journal_align ("packed", "block"), journal_half (64 KiB..4 MiB),
//              on_broken ("replace", "stop")
//   [power]    hold_up, stop_bound, drain_bound, boot_takes, probation, watchdog ("none" or a device),
//              watchdog_timeout, reset_register
//   [network]  interface
//   [running]  threads, max_running, catch_up_parallel, reconcile_rate
//   [limits]   preset ("default", "tiny"), map_bytes, active_jobs_device, active_jobs_component, finished_ring,
//              dead_ring
//   [[links]]  name, device, baud, rts_cts
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hal/board_facts.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::boards {

/// Reads DIR/board.toml. config.unreadable, config.bad_syntax, or all mistakes of the file at once, with the code
/// of the first (strict_toml.hpp).
Result<hal::BoardFacts> load_board(const std::filesystem::path& dir);
/// The same from text; `file` is the name that messages show.
Result<hal::BoardFacts> parse_board(std::string_view text, std::string file);

/// Where boards are looked for by name, in this order: $DORMOUSE_BOARDS, the installed boards, those of the source
/// tree this was built from.
std::vector<std::filesystem::path> board_folders();

/// A board's folder, or the name of one in board_folders(). config.unknown_board names what there is.
Result<hal::BoardFacts> find_board(const std::string& name_or_dir);

/// Names of the boards that can be found, sorted.
std::vector<std::string> board_names();

}  // namespace dormouse::boards
