// SPDX-License-Identifier: Apache-2.0
// How fast the next slot of a cron text is found.
#include <chrono>

#include "runtime/schedules/timing.hpp"
#include "tools/bench/figures.hpp"

namespace dormouse::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t first_ms = 1'767'225'600'000;  // 2026-01-01
constexpr std::int64_t last_ms = first_ms + 315'360'000'000;

Status measure_text(const std::string& text, const std::string& zone, std::chrono::milliseconds time) {
  schedules::Timing timing;
  timing.text = text;
  timing.zone = zone;
  const auto plan = schedules::plan(timing);
  if (!plan) return plan.error();
  std::uint64_t searches = 0;
  std::int64_t at = first_ms;
  const auto start = Clock::now();
  const auto end = start + time;
  do {
    for (int i = 0; i < 100; ++i) {
      at = plan->slots.next(at).value_or(first_ms);
      if (at > last_ms) at = first_ms;
    }
    searches += 100;
  } while (Clock::now() < end);
  const std::chrono::duration<double> took = Clock::now() - start;
  figure("next slot of `" + text + "`, " + zone, number(static_cast<double>(searches) / took.count()) + " /s");
  return done();
}

}  // namespace

Status measure_cron(const Options& options) {
  const std::chrono::milliseconds time(options.quick ? 50 : 500);
  for (const char* zone : {"UTC", "Europe/Berlin"}) {
    for (const char* text : {"* * * * *", "*/15 8-18 * * MON-FRI", "30 2 * * *", "0 0 29 2 *"}) {
      if (auto measured = measure_text(text, zone, time); !measured) return measured;
    }
  }
  return done();
}

}  // namespace dormouse::bench
