// SPDX-License-Identifier: Apache-2.0
// What the tests of schedules share: instants as text, and plans that must be understood.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "runtime/schedules/timing.hpp"

namespace dormouse::schedules::test {

/// "2026-06-01T12:00Z" (seconds may be left out) as wall ms; fails the test if it is none.
std::int64_t utc(const std::string& text);

constexpr Duration minutes(std::int64_t n) {
  return Duration{n * 60'000};
}

/// A list of slots as one line of text, for comparing.
std::string shown(const std::vector<std::int64_t>& slots);

/// The plan of a timing that must be a good one.
Plan planned(const Timing& timing);
Plan planned_cron(const std::string& text, const std::string& zone = "UTC", Dst dst = Dst::once);

/// Points TZDIR elsewhere for the length of a test.
class OtherDatabase {
 public:
  explicit OtherDatabase(const char* folder) {
    if (const char* before = std::getenv("TZDIR")) before_ = before;
    setenv("TZDIR", folder, 1);
  }
  ~OtherDatabase() {
    unsetenv("TZDIR");
    if (before_) setenv("TZDIR", before_->c_str(), 1);
  }

 private:
  std::optional<std::string> before_;
};

/// "cron.minute:cron_out_of_range cron.hour:..." of a refusal; "ok" if it is none.
template <class T>
std::string refusals(const Result<T>& result) {
  if (result.ok()) return "ok";
  std::string all;
  for (const auto& field : result.error().fields) all += (all.empty() ? "" : " ") + field.field + ":" + field.code;
  return all.empty() ? result.error().code : all;
}

}  // namespace dormouse::schedules::test
