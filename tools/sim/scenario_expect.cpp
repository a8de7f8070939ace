// SPDX-License-Identifier: Apache-2.0
// What a scenario expects.
#include <algorithm>
#include <string_view>
#include <utility>

#include "runtime/time/rfc3339.hpp"
#include "tools/sim/scenario_parts.hpp"

namespace dormouse::sim {

namespace {

void read_bound(TomlTable& table, const char* key, Expectation& expectation) {
  if (!table.has(key)) return;
  constexpr std::uint64_t most = 1'000'000'000'000;
  const bool of_bytes = std::string_view(key) == "bytes_per_day";
  const auto read = [&](TomlTable& from, const char* name, std::uint64_t fallback) {
    if (of_bytes) return from.bytes(name, fallback, 0, most);  // also "40 MiB"
    return static_cast<std::uint64_t>(from.integer(name, static_cast<std::int64_t>(fallback), 0, most));
  };
  Bound bound{key, 0, 0};
  if (table.is_table(key)) {
    TomlTable range = table.table(key);
    bound.low = read(range, "min", 0);
    bound.high = read(range, "max", most);
  } else {
    bound.low = bound.high = read(table, key, 0);
  }
  expectation.bounds.push_back(std::move(bound));
}

/// The word of a key that may be left out.
std::optional<std::string> read_word(TomlTable& table, const char* key,
                                     std::initializer_list<std::string_view> allowed) {
  if (!table.has(key)) return std::nullopt;
  return table.choice(key, allowed, "");
}

std::vector<std::string> read_slots(TomlTable& table) {
  auto slots = table.texts("slots");
  const auto is_instant = [](const std::string& text) {
    const auto wall = parse_rfc3339(text);
    return wall.ok() && format_utc(*wall) == text;
  };
  if (!std::all_of(slots.begin(), slots.end(), is_instant)) {
    table.refuse("slots", "bad_format", "instants in UTC such as \"2026-03-29T01:00:00Z\" are allowed");
  }
  return slots;
}

void read_expected_boot(TomlTable& table, Expectation& expectation) {
  expectation.cause = read_word(table, "cause",
                                {"first_boot", "clean_restart", "crash_restart", "clean_reboot", "power_loss",
                                 "kernel_panic", "watchdog_reset", "unclear"});
  if (!table.has("gap")) return;
  TomlTable gap = table.table("gap");
  expectation.gap = read_word(gap, "cause", {"stopped", "crash", "power_off", "suspend", "clock_step"});
  expectation.certainty = read_word(gap, "certainty", {"exact", "bounded", "at_least", "unknown"});
}

bool expects_something(const Expectation& expectation) {
  return !expectation.bounds.empty() || expectation.slots || expectation.cause || expectation.gap ||
         expectation.certainty;
}

}  // namespace

Expectation read_expectation(TomlTable& table, const Scenario& scenario) {
  Expectation expectation;
  if (const auto name = table.find_text("schedule")) {
    expectation.of = Expectation::Of::schedule;
    expectation.name = *name;
    check_named(table, "schedule", *name, scenario.schedules);
    for (const char* key : {"runs", "missed", "dropped", "held", "missed_count"})
      read_bound(table, key, expectation);
    if (table.has("slots")) expectation.slots = read_slots(table);
  } else if (const auto handler = table.find_text("job")) {
    expectation.of = Expectation::Of::job;
    expectation.name = *handler;
    check_named(table, "job", *handler, scenario.handlers);
    for (const char* key : {"runs", "succeeded", "dead", "missed", "held"}) read_bound(table, key, expectation);
  } else if (const auto boot = table.find_integer("boot", 1, 1'000'000)) {
    expectation.of = Expectation::Of::boot;
    expectation.boot = static_cast<std::uint64_t>(*boot);
    read_expected_boot(table, expectation);
  } else {
    for (const char* key :
         {"boots", "lost", "alarms", "held", "bytes_per_day", "syncs_per_day", "wakeups_per_day"}) {
      read_bound(table, key, expectation);
    }
  }
  if (!expects_something(expectation)) {
    const bool of_boot = expectation.of == Expectation::Of::boot;
    const char* key = of_boot ? "cause" : expectation.of == Expectation::Of::device ? "lost" : "runs";
    table.refuse(key, "required", of_boot ? "cause or gap is required" : "a number or {min, max} is required");
  }
  if (table.is_text("at") && table.text("at", "") == "end") return expectation;
  expectation.at = read_instant(table, "at", scenario.device.start);
  if (expectation.at > scenario.length) table.refuse("at", "out_of_range", "an instant before the end is allowed");
  return expectation;
}

}  // namespace dormouse::sim
