// SPDX-License-Identifier: Apache-2.0
// Lets one fault of a scenario happen to a simulated device.
#pragma once

#include "tools/sim/scenario.hpp"

namespace dormouse::sim {

/// `lasts` is what was drawn for off or for; a kernel takes `boot_takes` more to come up. Afterwards the process
/// may have ended: whoever strikes boots it again.
void strike(SimulatedDevice& device, const FaultPlan& fault, Duration lasts, Duration boot_takes);

}  // namespace dormouse::sim
