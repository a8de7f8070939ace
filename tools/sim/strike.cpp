// SPDX-License-Identifier: Apache-2.0
#include "tools/sim/strike.hpp"

#include <algorithm>

namespace dormouse::sim {

namespace {

using Kind = FaultPlan::Kind;

void cut_power(SimulatedDevice& device, const FaultPlan& fault, Duration off) {
  if (fault.announced) {
    device.supply(hal::PowerEvent::failing);
    (void)device.advance(*fault.announced);
  }
  device.power_cut(off);
}

void clone(SimulatedDevice& device, const FaultPlan& fault) {
  const Instant now = device.clock().read().instant;
  if (now == Instant{0}) return device.crash();  // nothing is smaller
  const Instant smaller = fault.back ? std::max(Instant{0}, now - *fault.back) : Instant{0};
  device.clone(smaller);
}

void sync(hal_sim::SimClock& clock, const FaultPlan& fault) {
  clock.sync_arrives(fault.by_slew ? hal_sim::SyncBy::slew : hal_sim::SyncBy::step, fault.marker, fault.wall);
}

}  // namespace

void strike(SimulatedDevice& device, const FaultPlan& fault, Duration lasts, Duration boot_takes) {
  switch (fault.kind) {
    case Kind::power_cut:
      return cut_power(device, fault, lasts + boot_takes);
    case Kind::reboot:
      return device.reboot(lasts + boot_takes);
    case Kind::panic:
      return device.panic(lasts + boot_takes);
    case Kind::watchdog_reset:
      return device.watchdog_reset(lasts + boot_takes);
    case Kind::restart:
      return fault.clean ? device.restart(lasts) : device.crash(lasts);
    case Kind::suspend:
      return device.suspend(lasts, fault.wake);
    case Kind::step:
      device.clock().step(fault.by);
      break;
    case Kind::slew:
      device.slew(fault.ppm, lasts);
      break;
    case Kind::leap_second:
      device.clock().leap_second();
      break;
    case Kind::clone:
      return clone(device, fault);
    case Kind::sync_arrives:
      sync(device.clock(), fault);
      break;
    case Kind::sync_lost:
      device.clock().sync_lost();
      break;
    case Kind::rtc_reset:
      device.clock().rtc_reset(fault.wall.value_or(WallTime{}));
      break;
    case Kind::rtc_dead:
      device.clock().rtc_dead();
      break;
    case Kind::rtc_ppm:
      device.clock().rtc_ppm(fault.ppm);
      break;
  }
  (void)device.advance(Duration{0});
}

}  // namespace dormouse::sim
