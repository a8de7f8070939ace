// SPDX-License-Identifier: Apache-2.0
#include "actors/time/system_wake.hpp"

#include <string>
#include <utility>

namespace dormouse::actors {

namespace {

constexpr char from_suspend[] = "woken from suspend";
constexpr char from_off[] = "powered on";

/// Why not; empty code: it is armed.
Error refusal(hal::AlarmSet set, const std::string& what) {
  const std::string begin = "The device cannot be " + what + " for its work: ";
  switch (set) {
    case hal::AlarmSet::armed:
      return {"", ""};
    case hal::AlarmSet::unsupported:
      return {"time.wake_unsupported", begin + "the board has no such alarm."};
    case hal::AlarmSet::not_permitted:
      return {"time.wake_not_permitted", begin + "the process may not set the alarm."};
    case hal::AlarmSet::busy:
      return {"time.wake_busy", begin + "an earlier alarm that is not ours stands."};
  }
  return {"", ""};
}

}  // namespace

void SystemWake::arm(std::optional<Instant> due) {
  if (due == due_) return;
  due_ = due;
  const hal::AlarmSet set = clock_.arm_wake(due);
  time_->publish(set);
  tell(set, from_suspend);
}

void SystemWake::arm_power_on(std::optional<WallTime> due) {
  tell(clock_.arm_power_on(due ? std::optional(*due - boot_takes_) : std::nullopt), from_off);
}

void SystemWake::tell(hal::AlarmSet set, const char* from) {
  const Error error = refusal(set, from);
  if (error.code.empty() || !told_.insert({set, from}).second) return;
  observe_(alarm(time_->now(), error));
}

}  // namespace dormouse::actors
