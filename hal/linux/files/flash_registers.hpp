// SPDX-License-Identifier: Apache-2.0
// What a flash device says of itself, as the kernel shows it below /sys/block/<device>/: `device/life_time` and
// `device/pre_eol_info` (eMMC 5.0 and later), `stat` (sectors written since the kernel booted). Reading wakes no
// device: the kernel answers from memory. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/store/flash_wear.hpp"

namespace dormouse::hal_linux {

/// "0x02 0x05\n"; none for anything else.
std::optional<std::array<std::uint8_t, 2>> parse_life_time(std::string_view text);

/// "0x01\n"; none for anything else.
std::optional<std::uint8_t> parse_pre_eol(std::string_view text);

/// Bytes written, of a line of block statistics: its seventh number, in sectors of 512 bytes; none if there is
/// none.
std::optional<std::uint64_t> parse_written_bytes(std::string_view stat);

/// Looks at the device below `sys_block`. What it does not say, or what is no device there, is none in the reading.
store::FlashReading read_flash_registers(const std::string& device,
                                         const std::filesystem::path& sys_block = "/sys/block");

}  // namespace dormouse::hal_linux
