// SPDX-License-Identifier: Apache-2.0
#include "runtime/time/wake_counts.hpp"

#include <utility>

#include "runtime/base/check.hpp"

namespace dormouse {

const char* name_of(WakeCause cause) {
  switch (cause) {
    case WakeCause::due:
      return "due";
    case WakeCause::lazy_age:
      return "lazy_age";
    case WakeCause::idle_checkpoint:
      return "idle_checkpoint";
    case WakeCause::heartbeat:
      return "heartbeat";
    case WakeCause::confirmation:
      return "confirmation";
    case WakeCause::trust_poll:
      return "trust_poll";
    case WakeCause::watchdog:
      return "watchdog";
    case WakeCause::catch_up:
      return "catch_up";
    case WakeCause::look_again:
      return "look_again";
    case WakeCause::sync_hint:
      return "sync_hint";
    case WakeCause::link_input:
      return "link_input";
    case WakeCause::handler_end:
      return "handler_end";
    case WakeCause::signal:
      return "signal";
  }
  fail_check("wake_counts:name");
}

void WakeCounts::count(WakeCause cause, Instant at) {
  const auto number = static_cast<std::size_t>(cause);
  if (std::exchange(last_[number], at) != at) ++counts_[number];
  if (std::exchange(last_wake_up_, at) != at) ++wake_ups_;
}

}  // namespace dormouse
