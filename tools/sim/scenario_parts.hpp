// SPDX-License-Identifier: Apache-2.0
// How the parts of a scenario file are read. Mistakes are noted in the table's file. Inside of this room.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/time/strict_toml.hpp"
#include "tools/sim/scenario.hpp"

namespace dormouse::sim {

inline constexpr Duration day{86'400'000};
inline constexpr Duration longest = 3'650 * day;
inline constexpr std::int64_t most_times = 1'000'000;

/// "+2d4h" from the start, or a date not before it. None if the key is not there.
std::optional<Duration> read_instant(TomlTable& table, std::string_view key, WallTime start);
/// The same as a wall time, which may lie anywhere.
std::optional<WallTime> read_wall(TomlTable& table, std::string_view key, WallTime start);
/// "90s", or ["1s", "4h"]: drawn evenly between the two.
std::optional<Range> read_range(TomlTable& table, std::string_view key);

FaultPlan read_fault(TomlTable& table, WallTime start);
Expectation read_expectation(TomlTable& table, const Scenario& scenario);

/// A name that nothing in the scenario has would be expected in vain.
template <class Named>
void check_named(TomlTable& table, const char* key, const std::string& name, const std::vector<Named>& all) {
  const bool found = std::any_of(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  if (!found) table.refuse(key, "out_of_range", "\"" + name + "\" is not in this scenario");
}

}  // namespace dormouse::sim
