// SPDX-License-Identifier: Apache-2.0
// What the machine means for the store on it: the size of its pages and of its words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

struct Platform {
  std::uint64_t page_bytes = 4096;  // the kernel's, and so LMDB's
  unsigned word_bits = 64;
};

Platform this_platform();

/// store.map_too_large: a 32-bit program has no room for a map above 256 MiB.
Status check_map(const Platform& platform, std::uint64_t map_bytes);

/// What a person should know of pages above 4 KiB: each checkpoint writes whole ones.
std::optional<std::string> page_warning(const Platform& platform);

}  // namespace dormouse::hal_linux
