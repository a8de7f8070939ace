// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/platform.hpp"

#include <climits>
#include <unistd.h>

namespace dormouse::hal_linux {

namespace {

constexpr std::uint64_t usual_page_bytes = 4096;
constexpr std::uint64_t map_bytes_max_32 = 256 * 1024 * 1024;

}  // namespace

Platform this_platform() {
  return {static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)), sizeof(void*) * CHAR_BIT};
}

Status check_map(const Platform& platform, std::uint64_t map_bytes) {
  if (platform.word_bits > 32 || map_bytes <= map_bytes_max_32) return done();
  return Error{.code = "store.map_too_large",
               .message = "a store of " + std::to_string(map_bytes) +
                          " bytes; on a 32-bit system it may have 256 MiB (268435456 bytes) at most",
               .hint = "lower the map size"};
}

std::optional<std::string> page_warning(const Platform& platform) {
  if (platform.page_bytes <= usual_page_bytes) return std::nullopt;
  return "the kernel's pages have " + std::to_string(platform.page_bytes) + " bytes: a checkpoint writes up to " +
         std::to_string(platform.page_bytes / usual_page_bytes) + " times as much to flash as with pages of 4096";
}

}  // namespace dormouse::hal_linux
