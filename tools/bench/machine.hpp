// SPDX-License-Identifier: Apache-2.0
// On what the figures were measured.
#pragma once

#include <filesystem>
#include <string>

namespace dormouse::bench {

/// Date, cores, kernel, the file system of `folder`, build: one line.
std::string machine_line(const std::filesystem::path& folder);

}  // namespace dormouse::bench
