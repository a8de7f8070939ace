// SPDX-License-Identifier: Apache-2.0
// Texts that the kernel shows as files. Any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace dormouse::hal_linux {

/// What the file says, `most` bytes of it; empty where it cannot be read.
std::string text_of(const std::filesystem::path& path, std::size_t most = 1'024 * 1'024);

}  // namespace dormouse::hal_linux
