// SPDX-License-Identifier: Apache-2.0
// What a definition may say. All failing fields are found in one pass.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "runtime/base/limits.hpp"
#include "runtime/schedules/schedule.hpp"
#include "runtime/schedules/timing.hpp"

namespace dormouse::schedules {

/// The trust below which its slots, and the jobs they become, are held: what it asks for, of a wall kind at least
/// rtc.
Trust needs_of(const Definition& definition);

/// What each of a schedule's jobs is made from.
jobs::JobSpec spec_of(const Definition& definition);

/// Blanks around the name gone, a retry preset spelled out, a need for time that its kind has anyway left out.
Definition understood(Definition definition);

/// The plan of a definition that holds in every field. Otherwise invalid_input listing all that do not: name
/// (required, name_too_long, name_invalid), those of plan(), handler (required, bad_format, unknown_handler), args
/// (args_too_large), misfire, grace, timeout, retry, priority. `handlers`: the known ones; null leaves that out.
Result<Plan> check_definition(const Definition& definition, const Limits& limits,
                              const std::set<std::string>* handlers);

}  // namespace dormouse::schedules
