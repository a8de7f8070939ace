// SPDX-License-Identifier: Apache-2.0
#include "runtime/time/needed_trust.hpp"

namespace dormouse {

std::optional<Trust> parse_needed_trust(std::string_view text) {
  if (text == "any") return Trust::untrusted;
  if (text == "rtc") return Trust::rtc;
  if (text == "synced") return Trust::synced;
  return std::nullopt;
}

}  // namespace dormouse
