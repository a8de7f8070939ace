// SPDX-License-Identifier: Apache-2.0
// The device configuration: what a person decides about one device, as one TOML file. Boards say what the hardware
// is (boards/board.hpp); this says what runs on it and who may talk to it. Read strictly: an unknown key is a
// mistake, and all mistakes are told at once with file, line, full key and the allowed values.
//
//   [device]
//   name = "pump-3"          # shown to people
//   component = "device"     # owner of what this file declares
//   volatile_ok = false      # accept jobs on a store that does not outlive the power
//   heartbeat = "60s"        # 5s..1h; bounds what is unknown about the start of a gap
//
//   [handlers.backup]        # a command that executes jobs: args come on standard input, no shell
//   command = ["/usr/bin/backup", "--all"]
//   user = "backup"          # needed when the runtime is root; there "root" must be written out
//   user_if_root = "nobody"  # instead of user: used when the runtime is root, its own user otherwise
//   directory = "/var/lib"   # absolute; default /
//   environment = { LEVEL = "3" }
//   timeout = "5min"         # 100ms..1d; of schedules and jobs that name none
//   max_running = 1          # 1..64 at once
//   callers = ["pump"]       # further components that may enqueue for it; "*": all
//
//   [[schedules]]
//   id = "nightly"           # the schedule's name
//   handler = "backup"
//   cron = "0 3 * * *"       # or daily = "03:00", weekly = "mon,thu 06:00", every = "15min": exactly one
//   zone = "Europe/Berlin"   # default UTC; dst = "once" | "skip" | "absolute"
//   misfire = "catch_up"     # catch_up, skip (default), run_once_if_missed, windowed; window = "1h" for the last
//   max_runs = 10            # also max_age = "2d" (catch_up), grace = "60s", timeout, priority, enabled,
//                            # wake_system (the device is woken for it)
//   needs.time = "synced"    # any (default), rtc, synced: while the clock is trusted less its slots are held;
//                            # cron, daily and weekly need rtc anyway
//   args = { level = 3 }     # a table, or JSON text
//
//   [[socket.allow]]         # who may use the control socket; root and the runtime's own user always may
//   uid = 1000               # or gid
//   component = "app"
//   role = "operator"        # none (default), reader, operator
//   capabilities = ["clock"] # clock: tells the time; power: tells of failing power; wake: has work that wakes
//
//   [limits]                 # by the names of runtime/base/limits.hpp
//   active_jobs_device = 5000
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/handlers.hpp"
#include "runtime/base/identity.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/base/result.hpp"
#include "runtime/schedules/schedule.hpp"

namespace dormouse::actors {

struct ExecHandler {
  std::string name;
  CommandHandler command;
  std::string user_if_root;
  std::optional<Duration> timeout;
  std::uint64_t max_running = 1;
  std::vector<std::string> callers;
};

/// Exactly one of uid and gid is given. Role none: the component itself and nothing beyond.
struct SocketAllow {
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;
  Identity who;
};

struct Config {
  std::string name;
  std::string component = "device";
  bool volatile_ok = false;
  std::optional<Duration> heartbeat;
  std::vector<ExecHandler> handlers;             // in the file's order, names unique
  std::vector<schedules::Definition> schedules;  // put at start, owned by `component`; ids unique
  std::vector<SocketAllow> allow;                // in order: the first match wins
  Limits limits;
};

/// `limits` are what [limits] overrides, such as the board's. config.unreadable, config.bad_syntax, or the code of
/// the first mistake in the file (config.unknown_key, .bad_type, .out_of_range, .bad_format, .required, and those
/// of timings: .cron_out_of_range, .zone_unknown ...) with every mistake in `fields`. Whether a schedule's handler
/// exists, and quotas, are judged when it is put.
Result<Config> load_config(const std::filesystem::path& path, const Limits& limits = {});
/// `file` is the name that messages show.
Result<Config> parse_config(std::string_view text, std::string file, const Limits& limits = {});

/// Settles under which user each command runs, once it is known whether the runtime is root: fills in
/// `user_if_root`. As root a handler without a user is refused with config.required, naming each.
Status settle_users(Config& config, bool running_as_root);

}  // namespace dormouse::actors
