// SPDX-License-Identifier: Apache-2.0
// What is odd about a start, told: a code and one clear sentence each. Alarms are what a person should look at;
// remarks hold all of them and what merely explains the boot's record. Inside of this room.
#pragma once

#include <string>
#include <vector>

#include "runtime/reconcile/reconcile.hpp"

namespace dormouse::reconcile {

struct OddStart {
  std::vector<Error> alarms;
  std::vector<std::string> remarks;  // "code: sentence"
};

/// `last`: the last reading that is used. `foreign`: the heartbeat file belongs to another store and is not.
/// `trust`: as it is at this start.
OddStart odd_start(const BootFacts& facts, const std::optional<Stamp>& last, const Classified& classified,
                   const TrustState& trust, bool foreign);

}  // namespace dormouse::reconcile
