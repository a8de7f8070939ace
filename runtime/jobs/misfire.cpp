// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/misfire.hpp"

#include <algorithm>
#include <string_view>

namespace dormouse::jobs {

std::optional<Duration> expires_above(const Misfire& misfire, Duration grace) {
  switch (misfire.policy) {
    case Misfire::Policy::skip:
      return grace;
    case Misfire::Policy::windowed:
      return misfire.window;
    case Misfire::Policy::catch_up:
      if (misfire.max_age) return std::max(grace, *misfire.max_age);  // within the grace age does not count
      return std::nullopt;
    case Misfire::Policy::run_once_if_missed:
      return std::nullopt;
  }
  return std::nullopt;
}

Fate judge(const Misfire& misfire, Duration grace, Duration lateness) {
  const std::optional<Duration> last = expires_above(misfire, grace);
  if (last && lateness > *last) return Fate::missed;
  return lateness <= grace ? Fate::runs_on_time : Fate::runs_late;
}

const char* name_of(Misfire::Policy policy) {
  switch (policy) {
    case Misfire::Policy::catch_up:
      return "catch_up";
    case Misfire::Policy::skip:
      return "skip";
    case Misfire::Policy::run_once_if_missed:
      return "run_once_if_missed";
    case Misfire::Policy::windowed:
      return "windowed";
  }
  return "unknown";
}

std::optional<Misfire::Policy> parse_policy(std::string_view text) {
  if (text == "catch_up" || text == "catch_up_all") return Misfire::Policy::catch_up;
  if (text == "skip") return Misfire::Policy::skip;
  if (text == "run_once_if_missed" || text == "catch_up_one") return Misfire::Policy::run_once_if_missed;
  if (text == "windowed") return Misfire::Policy::windowed;
  return std::nullopt;
}

}  // namespace dormouse::jobs
