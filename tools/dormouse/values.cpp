// SPDX-License-Identifier: Apache-2.0
// What the texts of options mean.
#include <charconv>

#include <nlohmann/json.hpp>

#include "runtime/jobs/misfire.hpp"
#include "runtime/jobs/retry.hpp"
#include "runtime/jobs/transitions.hpp"
#include "runtime/schedules/timing.hpp"
#include "runtime/time/duration_text.hpp"
#include "runtime/time/needed_trust.hpp"
#include "runtime/time/rfc3339.hpp"
#include "tools/dormouse/command_line.hpp"

namespace dormouse::cli {

namespace {

Error refusal(const std::string& text, const std::string& allowed) {
  return {.code = "usage", .message = "'" + text + "' is not " + allowed};
}

/// One of the enumerators 0..last, by its name.
template <class Enum>
Result<Enum> named(const std::string& text, Enum last, const char* (*name_of)(Enum)) {
  std::string allowed;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto value = static_cast<Enum>(i);
    if (text == name_of(value)) return value;
    allowed += std::string(allowed.empty() ? "" : ", ") + name_of(value);
  }
  return refusal(text, "one of: " + allowed);
}

const char* name_of_conflict(jobs::ConflictPolicy policy) {
  return policy == jobs::ConflictPolicy::dedupe ? "dedupe" : "fail";
}

}  // namespace

Result<std::string> read_text(const std::string& text) {
  return text;
}

Result<std::string> read_json(const std::string& text) {
  if (!nlohmann::json::accept(text)) return refusal(text, "JSON");
  return text;
}

Result<std::uint64_t> read_number(const std::string& text) {
  const bool hex = text.starts_with("0x");
  const char* end = text.data() + text.size();
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data() + (hex ? 2 : 0), end, number, hex ? 16 : 10);
  if (read.ec != std::errc{} || read.ptr != end) return refusal(text, "a number from 0 to 2^64 - 1");
  return number;
}

Result<std::uint64_t> read_count(const std::string& text) {
  auto number = read_number(text);
  if (!number || *number < 1 || *number > 10'000) return refusal(text, "a number from 1 to 10000");
  return number;
}

Result<int> read_priority(const std::string& text) {
  const auto number = read_number(text);
  if (!number || *number > 9) return refusal(text, "a number from 0 to 9");
  return static_cast<int>(*number);
}

Result<Duration> read_duration(const std::string& text) {
  auto duration = parse_duration(text);
  if (!duration) return refusal(text, "a duration such as 90s, 2h30min or 14d");
  return duration;
}

Result<WallTime> read_instant(const std::string& text) {
  auto instant = parse_rfc3339(text);
  if (!instant) return refusal(text, "a time from 1970 to 2199 such as 2026-06-01T12:00:00Z");
  return instant;
}

Result<jobs::Misfire::Policy> read_misfire(const std::string& text) {
  if (const auto policy = jobs::parse_policy(text)) return *policy;
  return named(text, jobs::Misfire::Policy::windowed, &jobs::name_of);
}

Result<jobs::State> read_state(const std::string& text) {
  return named(text, jobs::State::replaced, &jobs::name_of);
}

Result<jobs::ConflictPolicy> read_conflict_policy(const std::string& text) {
  return named(text, jobs::ConflictPolicy::fail, &name_of_conflict);
}

Result<jobs::Retry> read_retry(const std::string& text) {
  if (const auto retry = jobs::retry_preset(text)) return *retry;
  std::string allowed;
  for (const auto& name : jobs::retry_preset_names()) allowed += (allowed.empty() ? "" : ", ") + name;
  return refusal(text, "one of: " + allowed);
}

Result<schedules::Dst> read_dst(const std::string& text) {
  return named(text, schedules::Dst::absolute, &schedules::name_of);
}

Result<Trust> read_needed_trust(const std::string& text) {
  if (const auto needed = parse_needed_trust(text)) return *needed;
  return refusal(text, "one of: any, rtc, synced");
}

Result<jobs::Misfire> misfire_of(std::optional<jobs::Misfire::Policy> policy, std::optional<Duration> window,
                                 jobs::Misfire otherwise) {
  jobs::Misfire misfire = otherwise;
  if (policy) misfire.policy = *policy;
  const bool windowed = misfire.policy == jobs::Misfire::Policy::windowed;
  if (windowed && !window) {
    return Error{.code = "usage", .message = "--misfire windowed needs --window, such as --window 2h."};
  }
  if (!windowed && window) {
    return Error{.code = "usage", .message = "--window is for --misfire windowed only."};
  }
  if (window) misfire.window = *window;
  return misfire;
}

}  // namespace dormouse::cli
