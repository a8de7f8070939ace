// SPDX-License-Identifier: Apache-2.0
#include "tools/sim/scenario.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "actors/config_schedules.hpp"
#include "runtime/time/duration_text.hpp"
#include "runtime/time/rfc3339.hpp"
#include "runtime/time/strict_toml.hpp"

namespace dormouse::sim {

namespace {

constexpr Duration day{86'400'000};
constexpr Duration longest = 3'650 * day;
constexpr std::int64_t most_times = 1'000'000;

/// "+2d4h" from the start, or a date.
std::optional<Duration> read_instant(TomlTable& table, std::string_view key, WallTime start) {
  if (!table.is_text(key)) {
    const auto wall = table.find_wall_time(key);
    if (!wall || *wall >= start) return wall ? std::optional(*wall - start) : std::nullopt;
    table.refuse(key, "out_of_range", "a date not before the start is allowed");
    return std::nullopt;
  }
  const std::string text = table.text(key, "");
  if (text.starts_with("+")) {
    if (const auto after = parse_duration(text.substr(1)); after.ok()) return *after;
  } else if (const auto wall = parse_rfc3339(text); wall.ok() && *wall >= start) {
    return *wall - start;
  }
  table.refuse(key, "bad_format", "a date not before the start, or text such as \"+2d4h\", is allowed");
  return std::nullopt;
}

/// "90s", or ["1s", "4h"]: drawn evenly between the two.
std::optional<Range> read_range(TomlTable& table, std::string_view key) {
  if (!table.has(key)) return std::nullopt;
  std::vector<Duration> ends;
  for (const auto& text : table.text_or_texts(key)) {
    const auto parsed = parse_duration(text);
    if (parsed.ok()) ends.push_back(*parsed);
  }
  if (ends.size() == 1) return Range{ends[0], ends[0]};
  if (ends.size() == 2 && ends[0] <= ends[1]) return Range{ends[0], ends[1]};
  table.refuse(key, "bad_format", "a duration such as \"20ms\", or two such as [\"1s\", \"4h\"], is allowed");
  return std::nullopt;
}

/// "3/d" as 3.
std::optional<double> read_rate(TomlTable& table) {
  const auto text = table.find_text("rate");
  if (!text) return std::nullopt;
  double per_day = 0;
  const auto end = text->size() > 2 ? text->data() + text->size() - 2 : text->data();
  const auto parsed = std::from_chars(text->data(), end, per_day);
  if (text->ends_with("/d") && parsed.ec == std::errc() && parsed.ptr == end && per_day > 0 && per_day <= 10'000) {
    return per_day;
  }
  table.refuse("rate", "bad_format", "events a day such as \"3/d\", up to 10000, are allowed");
  return std::nullopt;
}

void read_device(TomlTable table, Scenario& scenario) {
  if (const auto start = table.find_wall_time("start")) scenario.device.start = *start;
  if (!table.has("start")) table.refuse("start", "required", "the instant at which the device is switched on");
  const auto length = table.find_duration("length", Duration{1'000}, longest);
  if (!table.has("length")) table.refuse("length", "required", "how long the scenario lasts, 1s to 3650d");
  scenario.length = length.value_or(Duration{1'000});
  const std::string rtc = table.choice("rtc", {"good", "dead", "none"}, "good");
  scenario.device.rtc = rtc == "good"   ? hal_sim::RtcKind::good
                        : rtc == "dead" ? hal_sim::RtcKind::dead
                                        : hal_sim::RtcKind::none;
  scenario.device.synced = table.choice("time", {"untrusted", "rtc", "synced"}, "synced") == "synced";
  if (table.choice("limits", {"default", "tiny"}, "default") == "tiny") scenario.device.limits = Limits::tiny();
  scenario.boot_takes = table.duration("boot_takes", scenario.boot_takes, Duration{0}, day);
  scenario.device.heartbeat_interval =
      table.duration("heartbeat", scenario.device.heartbeat_interval, Duration{5'000}, Duration{3'600'000});
  scenario.device.build_date = scenario.device.start;
}

HandlerPlan read_handler(TomlTable& table) {
  HandlerPlan handler;
  handler.name = table.required_text("name");
  handler.takes = read_range(table, "takes").value_or(Range{});
  handler.fails = table.number("fails", 0, 0, 1);
  handler.permanent = table.number("permanent", 0, 0, 1);
  handler.hangs = table.number("hangs", 0, 0, 1);
  handler.kills = table.number("kills", 0, 0, 1);
  if (handler.fails + handler.permanent + handler.hangs + handler.kills > 1) {
    table.refuse("fails", "out_of_range", "fails, permanent, hangs and kills together are shares of up to 1");
  }
  handler.at_once = static_cast<std::uint64_t>(table.integer("at_once", 1, 1, 64));
  return handler;
}

JobPlan read_job(TomlTable& table, WallTime start) {
  JobPlan job;
  job.spec.handler = table.required_text("handler");
  job.spec.misfire = actors::read_misfire(table, jobs::Misfire::Policy::catch_up);
  if (job.spec.misfire.policy == jobs::Misfire::Policy::run_once_if_missed) {
    job.spec.delivery = jobs::Delivery::at_most_once;
  }
  job.spec.grace = table.duration("grace", job.spec.grace, Duration{0}, 365 * day);
  job.spec.timeout = table.duration("timeout", job.spec.timeout, Duration{100}, day);
  job.spec.conflict_key = table.find_text("key");
  if (const auto after = table.find_duration("after", Duration{0}, longest)) job.spec.due = jobs::DueAfter{*after};
  if (const auto at = read_instant(table, "at", start)) job.spec.due = jobs::DueAt{start + *at};
  if (table.has("after") && table.has("at")) table.refuse("at", "out_of_range", "either after or at is allowed");
  if (const auto first = read_instant(table, "enqueue", start)) job.first = *first;
  job.every = table.find_duration("enqueue_every", Duration{1}, longest);
  if (job.every && !table.has("enqueue")) job.first = *job.every;
  job.times = static_cast<std::uint64_t>(table.integer("times", job.every ? most_times : 1, 1, most_times));
  return job;
}

FaultPlan read_fault(TomlTable& table, WallTime start) {
  using Kind = FaultPlan::Kind;
  static constexpr std::array<std::pair<std::string_view, Kind>, 7> kinds = {{{"power_cut", Kind::power_cut},
                                                                              {"reboot", Kind::reboot},
                                                                              {"restart", Kind::restart},
                                                                              {"step", Kind::step},
                                                                              {"suspend", Kind::suspend},
                                                                              {"sync_arrives", Kind::sync_arrives},
                                                                              {"sync_lost", Kind::sync_lost}}};
  FaultPlan fault;
  fault.name = table.required_choice(
      "kind", {"power_cut", "reboot", "restart", "step", "suspend", "sync_arrives", "sync_lost"});
  for (const auto& [name, kind] : kinds) {
    if (name == fault.name) fault.kind = kind;
  }
  fault.at = read_instant(table, "at", start);
  fault.every = table.find_duration("every", Duration{1'000}, longest);
  fault.per_day = read_rate(table);
  fault.after_boot = read_range(table, "after_boot");
  int given = 0;
  for (const char* key : {"at", "every", "rate", "after_boot"}) given += table.has(key) ? 1 : 0;
  if (given != 1) table.refuse("at", "required", "exactly one of at, every, rate and after_boot is required");
  fault.times = static_cast<std::uint64_t>(table.integer("times", fault.at ? 1 : 0, 0, most_times));
  const bool sleeps = fault.kind == Kind::suspend;
  if (sleeps && !table.has("for")) table.refuse("for", "required", "how long the device sleeps, such as \"1h\"");
  fault.off = read_range(table, sleeps ? "for" : "off").value_or(Range{});
  if (fault.kind == Kind::restart) fault.clean = table.flag("clean", true);
  if (fault.kind == Kind::sync_arrives) fault.by_slew = table.choice("by", {"step", "slew"}, "step") == "slew";
  if (fault.kind == Kind::step) {
    std::string by = table.required_text("by");
    const bool back = by.starts_with("-");
    const auto size = parse_duration(back || by.starts_with("+") ? by.substr(1) : by);
    if (!size.ok()) table.refuse("by", "bad_format", "a signed duration such as \"-2h\" is allowed");
    if (size.ok()) fault.by = back ? -*size : *size;
  }
  return fault;
}

void read_bound(TomlTable& table, const char* key, Expectation& expectation) {
  if (!table.has(key)) return;
  constexpr std::int64_t most = 1'000'000'000'000;
  Bound bound{key, 0, 0};
  if (table.is_table(key)) {
    TomlTable range = table.table(key);
    bound.low = static_cast<std::uint64_t>(range.integer("min", 0, 0, most));
    bound.high = static_cast<std::uint64_t>(range.integer("max", most, 0, most));
  } else {
    bound.low = bound.high = static_cast<std::uint64_t>(table.integer(key, 0, 0, most));
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

/// A name that nothing in the scenario has would be expected in vain.
template <class Named>
void check_named(TomlTable& table, const char* key, const std::string& name, const std::vector<Named>& all) {
  const bool found = std::any_of(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  if (!found) table.refuse(key, "out_of_range", "\"" + name + "\" is not in this scenario");
}

Expectation read_expectation(TomlTable& table, const Scenario& scenario) {
  Expectation expectation;
  if (const auto name = table.find_text("schedule")) {
    expectation.of = Expectation::Of::schedule;
    expectation.name = *name;
    check_named(table, "schedule", *name, scenario.schedules);
    for (const char* key : {"runs", "missed", "dropped", "missed_count"}) read_bound(table, key, expectation);
    if (table.has("slots")) expectation.slots = read_slots(table);
  } else if (const auto handler = table.find_text("job")) {
    expectation.of = Expectation::Of::job;
    expectation.name = *handler;
    check_named(table, "job", *handler, scenario.handlers);
    for (const char* key : {"runs", "succeeded", "dead", "missed"}) read_bound(table, key, expectation);
  } else if (const auto boot = table.find_integer("boot", 1, 1'000'000)) {
    expectation.of = Expectation::Of::boot;
    expectation.boot = static_cast<std::uint64_t>(*boot);
    read_expected_boot(table, expectation);
  } else {
    for (const char* key : {"boots", "lost", "alarms"}) read_bound(table, key, expectation);
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

Result<Scenario> read(const StrictToml& file) {
  Scenario scenario;
  TomlTable root = file.root();
  scenario.name = root.required_text("name");
  read_device(root.table("device"), scenario);
  const WallTime start = scenario.device.start;
  TomlTable plan = root.table("scenario");
  for (auto& table : plan.tables("handlers")) scenario.handlers.push_back(read_handler(table));
  for (auto& table : plan.tables("schedules")) {
    scenario.schedules.push_back(actors::read_schedule(table, scenario.device.limits));
    check_named(table, "handler", scenario.schedules.back().handler, scenario.handlers);
  }
  for (auto& table : plan.tables("jobs")) {
    scenario.jobs.push_back(read_job(table, start));
    check_named(table, "handler", scenario.jobs.back().spec.handler, scenario.handlers);
  }
  for (auto& table : plan.tables("faults")) scenario.faults.push_back(read_fault(table, start));
  for (auto& table : plan.tables("expect")) scenario.expect.push_back(read_expectation(table, scenario));
  if (auto good = file.finish(); !good.ok()) return std::move(good).error();
  return scenario;
}

}  // namespace

Result<Scenario> load_scenario(const std::filesystem::path& path) {
  auto file = StrictToml::load(path);
  if (!file.ok()) return std::move(file).error();
  return read(*file);
}

Result<Scenario> parse_scenario(std::string_view text, std::string file_name) {
  auto file = StrictToml::parse(text, std::move(file_name));
  if (!file.ok()) return std::move(file).error();
  return read(*file);
}

}  // namespace dormouse::sim
