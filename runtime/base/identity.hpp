// SPDX-License-Identifier: Apache-2.0
// Who asks, and what that one may do. Identity comes from the transport, the configuration or the embedding
// program, never from an argument.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace dormouse {

enum class Role : std::uint8_t { none, reader, operator_ };

/// What a component may do beside what everybody may. Operators may do everything.
enum class Capability : std::uint8_t {
  clock,  // say what time it is
  power,  // say that the power is failing, or back
  wake,   // have work that wakes the device
};
inline constexpr Capability kLastCapability = Capability::wake;
inline const char* name_of(Capability capability) {
  switch (capability) {
    case Capability::clock:
      return "clock";
    case Capability::power:
      return "power";
    case Capability::wake:
      return "wake";
  }
  return "capability";
}
inline std::optional<Capability> parse_capability(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(kLastCapability); ++i) {
    if (name == name_of(static_cast<Capability>(i))) return static_cast<Capability>(i);
  }
  return std::nullopt;
}

struct Identity {
  std::string component = "device";
  Role role = Role::operator_;
  std::set<Capability> capabilities = {};

  bool may(Capability capability) const { return role == Role::operator_ || capabilities.contains(capability); }
};

}  // namespace dormouse
