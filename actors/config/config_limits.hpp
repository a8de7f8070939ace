// SPDX-License-Identifier: Apache-2.0
// The [limits] table of a configuration: bounds of the runtime by their own names.
#pragma once

#include "runtime/base/limits.hpp"
#include "runtime/time/strict_toml.hpp"

namespace dormouse::actors {

/// Overrides what the table names; what is out of its range is noted and leaves the limit as it was.
void read_limits(TomlTable table, Limits& limits);

}  // namespace dormouse::actors
