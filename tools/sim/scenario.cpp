// SPDX-License-Identifier: Apache-2.0
#include "tools/sim/scenario.hpp"

#include "actors/config/config_schedules.hpp"
#include "runtime/time/duration_text.hpp"
#include "runtime/time/rfc3339.hpp"
#include "tools/sim/scenario_parts.hpp"

namespace dormouse::sim {

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

std::optional<WallTime> read_wall(TomlTable& table, std::string_view key, WallTime start) {
  if (!table.is_text(key)) return table.find_wall_time(key);
  const std::string text = table.text(key, "");
  if (text.starts_with("+")) {
    if (const auto after = parse_duration(text.substr(1)); after.ok()) return start + *after;
  } else if (const auto wall = parse_rfc3339(text); wall.ok()) {
    return *wall;
  }
  table.refuse(key, "bad_format", "a date, or text such as \"+2d4h\", is allowed");
  return std::nullopt;
}

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

namespace {

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
  const std::string time = table.choice("time", {"untrusted", "rtc", "synced"}, "synced");
  scenario.device.synced = time == "synced";
  if ((time == "untrusted" && rtc == "good") || (time == "rtc" && rtc != "good")) {
    table.refuse("time", "out_of_range",
                 "rtc where the RTC is good, untrusted where it is not, or synced is allowed");
  }
  if (table.choice("limits", {"default", "tiny"}, "default") == "tiny") scenario.device.limits = Limits::tiny();
  scenario.boot_takes = table.duration("boot_takes", scenario.boot_takes, Duration{0}, day);
  scenario.device.heartbeat_interval =
      table.duration("heartbeat", scenario.device.heartbeat_interval, Duration{5'000}, Duration{3'600'000});
  scenario.device.hold_up = table.duration("hold_up", scenario.device.hold_up, Duration{0}, Duration{60'000});
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
