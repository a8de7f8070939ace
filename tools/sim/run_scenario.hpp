// SPDX-License-Identifier: Apache-2.0
// `dormouse sim run`: loads a scenario, plays it, prints what happened.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace dormouse::sim {

/// Prints the timeline and the counts on standard output, the seed first; mistakes on standard error. Without a
/// seed one is drawn. `out_file`, if not empty, gets one JSON object a line. Answers the exit code: 0, 1 if an
/// expectation did not hold or the device refused the scenario, 2 if the file is not valid.
int run_scenario(const std::filesystem::path& path, std::optional<std::uint64_t> seed, const std::string& out_file);

}  // namespace dormouse::sim
