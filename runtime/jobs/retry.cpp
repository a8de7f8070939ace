// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/retry.hpp"

#include <algorithm>
#include <cmath>

namespace dormouse::jobs {
namespace {

// clang-format off
const Retry kPresets[] = {
    // name         attempts  initial ms       max ms             factor %
    {"none",               1, Duration{2'000},  Duration{60'000},  200},
    {"fast",               3, Duration{1'000},  Duration{5'000},   200},
    {"standard",           5, Duration{2'000},  Duration{60'000},  200},
    {"rate_limit",         8, Duration{5'000},  Duration{300'000}, 300},
    {"dns",                4, Duration{10'000}, Duration{120'000}, 200},
    {"verification",      10, Duration{30'000}, Duration{600'000}, 150},
};
// clang-format on

constexpr std::int64_t kDay = 86'400'000;

}  // namespace

std::optional<Retry> retry_preset(std::string_view name) {
  if (name == "rateLimit") name = "rate_limit";
  for (const Retry& preset : kPresets) {
    if (preset.preset == name) return preset;
  }
  return std::nullopt;
}

Retry usual_retry(Delivery delivery) {
  return *retry_preset(delivery == Delivery::at_most_once ? "none" : "standard");
}

std::vector<std::string> retry_preset_names() {
  std::vector<std::string> names;
  for (const Retry& preset : kPresets) names.push_back(preset.preset);
  return names;
}

bool retry_in_range(const Retry& retry) {
  const std::int64_t initial = retry.initial.count();
  const std::int64_t max = retry.max.count();
  return retry.max_attempts >= 1 && retry.max_attempts <= 100 && max >= 100 && max <= kDay && initial >= 100 &&
         initial <= max && retry.factor_percent >= 100 && retry.factor_percent <= 1'000;
}

Duration sleep_after(const Retry& retry, std::uint32_t used) {
  const double factor = retry.factor_percent / 100.0;
  const auto max = static_cast<double>(retry.max.count());
  auto sleep = static_cast<double>(retry.initial.count());
  // Once at the maximum it stays there, so the loop may stop early.
  for (std::uint32_t n = 1; n < used && sleep < max; ++n) sleep *= factor;
  return Duration{static_cast<std::int64_t>(std::floor(std::min(sleep, max)))};
}

Duration sleep_after(const Retry& retry, std::uint32_t used, Duration hint) {
  return std::max(sleep_after(retry, used), std::min(hint, kHintCap));
}

Duration interruption_delay(std::uint32_t in_a_row) {
  constexpr std::uint32_t kLongest = 20;  // doublings; 2 s * 2^20 is 24 days
  const std::uint32_t doublings = std::min(in_a_row > 0 ? in_a_row - 1 : 0, kLongest);
  return Duration{std::int64_t{2'000} << doublings};
}

}  // namespace dormouse::jobs
