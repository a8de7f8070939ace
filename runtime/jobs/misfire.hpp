// SPDX-License-Identifier: Apache-2.0
// The misfire policies for one-shot jobs. A job is missed when lateness > grace; lateness = the instant at
// which it could start - its due instant. What is late but within grace simply runs, under every policy.
#pragma once

#include <optional>
#include <string_view>

#include "runtime/jobs/job.hpp"

namespace dormouse::jobs {

enum class Fate {
  runs_on_time,  // lateness <= grace: as if nothing had happened
  runs_late,     // missed, but the policy lets it run
  missed,        // ends without a run
};

/// Judges one lateness. windowed: the window replaces the grace, inclusive.
Fate judge(const Misfire& misfire, Duration grace, Duration lateness);

/// The lateness above which a job that has not started ends missed; none: it never does.
std::optional<Duration> expires_above(const Misfire& misfire, Duration grace);

/// "catch_up", "skip", "run_once_if_missed", "windowed"; the aliases catch_up_all and catch_up_one are
/// accepted by parse alone.
const char* name_of(Misfire::Policy policy);
std::optional<Misfire::Policy> parse_policy(std::string_view text);

}  // namespace dormouse::jobs
