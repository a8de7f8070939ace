// SPDX-License-Identifier: Apache-2.0
// How people state the trust in the time below which work is held.
#pragma once

#include <optional>
#include <string_view>

#include "runtime/time/types.hpp"

namespace dormouse {

/// any, rtc, synced; none: another word.
std::optional<Trust> parse_needed_trust(std::string_view text);

}  // namespace dormouse
