// SPDX-License-Identifier: Apache-2.0
// How long a failed job sleeps before its next attempt. Presets by name, or numbers of one's own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/jobs/job.hpp"

namespace dormouse::jobs {

/// A remote hint ("try again in ...") counts up to here.
inline constexpr Duration kHintCap{3'600'000};

/// none, fast, standard, rate_limit (also rateLimit), dns, verification; none if there is no such preset.
std::optional<Retry> retry_preset(std::string_view name);
std::vector<std::string> retry_preset_names();
/// What a job has that asks for none: standard, or one attempt alone if it runs at most once.
Retry usual_retry(Delivery delivery);

/// Whether numbers of one's own are allowed: max_attempts 1..100, max 100..86 400 000 ms,
/// initial 100 ms..max, factor 1.00..10.00.
bool retry_in_range(const Retry& retry);

/// The sleep after the failure of the attempt that was charged as number `used` (from 1): initial, multiplied
/// used - 1 times by the factor as IEEE doubles, at most max, rounded down.
Duration sleep_after(const Retry& retry, std::uint32_t used);

/// The same with a remote hint, which may lengthen the sleep beyond max, but never shorten it.
Duration sleep_after(const Retry& retry, std::uint32_t used, Duration hint);

/// The delay after the `in_a_row`th interruption (from 1): 2 s, doubled each time.
Duration interruption_delay(std::uint32_t in_a_row);

}  // namespace dormouse::jobs
