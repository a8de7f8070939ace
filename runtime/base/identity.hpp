// SPDX-License-Identifier: Apache-2.0
// Who asks. Identity comes from the transport or the embedding program, never from an argument.
#pragma once

#include <cstdint>
#include <string>

namespace dormouse {

enum class Role : std::uint8_t { none, reader, operator_ };

struct Identity {
  std::string component = "device";
  Role role = Role::operator_;
};

}  // namespace dormouse
