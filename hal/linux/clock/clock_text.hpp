// SPDX-License-Identifier: Apache-2.0
// The kernel's texts about time, read: pure functions over what its files say.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/time/types.hpp"

namespace dormouse::hal_linux {

/// The 16 bytes of "b8a1f0c2-...-...\n"; none if that is no such id.
std::optional<std::string> parse_boot_id(std::string_view text);

/// A whole decimal number, as sysfs writes it with a line end; none for anything else.
std::optional<std::int64_t> parse_number(std::string_view text);

/// True if a watchdog's bootstatus says that it reset the device.
bool was_watchdog_reset(std::string_view bootstatus);

}  // namespace dormouse::hal_linux
