// SPDX-License-Identifier: Apache-2.0
// What an RTC is worth, by its folder /sys/class/rtc/rtcN and its device /dev/rtcN. Any thread.
#pragma once

#include <filesystem>
#include <optional>

#include "runtime/time/trust.hpp"

namespace dormouse::hal_linux {

/// What the driver says about the supply of the RTC, as RTC_VL_READ's bits. None: the driver cannot tell, or the
/// device cannot be opened (no permission; somebody else has it open).
std::optional<unsigned> read_supply(const std::filesystem::path& device);

/// `supply` as above. Its content is valid if it can be read (drivers refuse what they know to be lost) and the
/// supply never failed; where the driver cannot tell about the supply, it is valid if the board says `has_battery`.
/// It can wake and power on by what the kernel shows: an alarm that may be written, and whether it may wake.
RtcState rtc_state(const std::filesystem::path& folder, std::optional<unsigned> supply, bool has_battery);

/// Whether any RTC below /sys/class/rtc may end a suspend. The kernel chooses one for its alarm timers by itself,
/// so it need not be the one that the board names.
bool some_rtc_wakes(const std::filesystem::path& rtcs);

/// Sets the RTC to the nearest second. False if that failed.
bool set_rtc(const std::filesystem::path& device, WallTime wall);

}  // namespace dormouse::hal_linux
