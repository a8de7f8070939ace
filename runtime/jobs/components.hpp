// SPDX-License-Identifier: Apache-2.0
// Components by name and number, and who may see or change what.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/jobs/operations.hpp"

namespace dormouse::jobs {

/// The number of a component that is known already.
std::optional<std::uint16_t> find_component(store::Transaction& txn, const std::string& name);

/// Operators and readers see all, a component its own.
bool may_see(store::Transaction& txn, const Identity& who, std::uint16_t component);

/// denied, for the reader role.
std::optional<Error> may_change(const Identity& who);

}  // namespace dormouse::jobs
