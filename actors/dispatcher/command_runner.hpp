// SPDX-License-Identifier: Apache-2.0
// How a command's environment is made and how its end becomes an outcome. Pure, so that both are tables in tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "actors/handlers.hpp"

namespace dormouse::actors {

/// PATH, HOME, LANG, the configured extras and DORMOUSE_JOB, _ATTEMPT, _TOKEN, _DUE, _SLOT, _SCHEDULE,
/// _MISSED_COUNT, _FIRST_MISSED, _IDEMPOTENCY_KEY: nothing of a job ever enters the argument vector.
std::vector<std::pair<std::string, std::string>> environment_of(const CommandHandler& command,
                                                                const jobs::Claimed& claimed);

/// 0: ok with standard output as the result. 75: retryable. Other 64..78: permanent. 126, 127 and a spawn that
/// failed: permanent, exec.not_found. Everything else: retryable, exec.exit or exec.signal.
jobs::Outcome outcome_of(const hal::ProcessEnd& end);

}  // namespace dormouse::actors
