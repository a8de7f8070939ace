// SPDX-License-Identifier: Apache-2.0
// How a schedule is written in a file, the same in a device's configuration and in a scenario.
#pragma once

#include "runtime/base/limits.hpp"
#include "runtime/schedules/schedule.hpp"
#include "runtime/time/strict_toml.hpp"

namespace dormouse::actors {

/// misfire, window, max_runs, max_age. Mistakes are noted in the table.
jobs::Misfire read_misfire(TomlTable& table, jobs::Misfire::Policy by_default);

/// id, handler, cron | daily | weekly | every, zone, dst, the misfire keys, grace, timeout, priority, needs.time,
/// wake_system, enabled, args.
schedules::Definition read_schedule(TomlTable& table, const Limits& limits);

}  // namespace dormouse::actors
