// SPDX-License-Identifier: Apache-2.0
#include "actors/config/config_schedules.hpp"

#include <algorithm>
#include <utility>

#include "runtime/jobs/misfire.hpp"
#include "runtime/jobs/validate.hpp"
#include "runtime/schedules/timing.hpp"
#include "runtime/time/needed_trust.hpp"

namespace dormouse::actors {

namespace {

constexpr Duration day{86'400'000};
constexpr Duration year = 365 * day;

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

/// The text of a timing and its zone, judged as the schedule's put will judge them. A missing tz database is not
/// the file's mistake.
void check_timing(TomlTable& table, const schedules::Timing& timing) {
  const auto plan = schedules::plan(timing);
  if (plan) return;
  for (const auto& field : plan.error().fields) {
    if (field.code == "tzdata_missing") continue;
    const auto key = field.field.substr(0, field.field.find('.'));  // cron.minute stands in cron
    table.refuse(key, field.code, field.message);
  }
}

schedules::Timing read_timing(TomlTable& table) {
  using schedules::Kind;
  schedules::Timing timing;
  int given = 0;
  bool readable = false;
  for (auto [key, kind] : {std::pair{"cron", Kind::cron}, {"daily", Kind::daily}, {"weekly", Kind::weekly}}) {
    if (const auto text = table.find_text(key)) {
      timing.kind = kind;
      timing.text = *text;
      readable = true;
    }
    given += table.has(key) ? 1 : 0;
  }
  if (const auto period = table.find_duration("every", Duration{1'000}, year)) {
    timing.kind = Kind::every;
    timing.period = *period;
    readable = true;
  }
  given += table.has("every") ? 1 : 0;
  if (given == 0) table.refuse("cron", "required", "exactly one of cron, daily, weekly and every is required");
  if (given > 1)
    table.refuse(table.has("every")    ? "every"
                 : table.has("weekly") ? "weekly"
                                       : "daily",
                 "out_of_range", "exactly one of cron, daily, weekly and every is allowed");
  timing.zone = table.text("zone", timing.zone);
  const auto dst = table.choice("dst", {"once", "skip", "absolute"}, "once");
  timing.dst = dst == "skip"       ? schedules::Dst::skip
               : dst == "absolute" ? schedules::Dst::absolute
                                   : schedules::Dst::once;
  if (given == 1 && readable) check_timing(table, timing);
  return timing;
}

Trust read_needed_trust(TomlTable& table) {
  const auto needed = table.table("needs").choice("time", {"any", "rtc", "synced"}, "any");
  return parse_needed_trust(needed).value_or(Trust::untrusted);
}

}  // namespace

jobs::Misfire read_misfire(TomlTable& table, jobs::Misfire::Policy by_default) {
  using Policy = jobs::Misfire::Policy;
  jobs::Misfire misfire;
  misfire.policy = by_default;
  const auto text = table.find_text("misfire");
  if (const auto policy = jobs::parse_policy(text.value_or(jobs::name_of(by_default))))
    misfire.policy = *policy;
  else
    table.refuse("misfire", "out_of_range", "allowed are catch_up, skip, run_once_if_missed, windowed");
  const auto window = table.find_duration("window", Duration{0}, year);
  misfire.window = window.value_or(Duration{});
  if (misfire.policy == Policy::windowed && !table.has("window"))
    table.refuse("window", "required", "is required with misfire = \"windowed\"");
  if (misfire.policy != Policy::windowed && table.has("window"))
    table.refuse("window", "out_of_range", "it is allowed with misfire = \"windowed\" only");
  misfire.max_runs = static_cast<std::uint32_t>(table.integer("max_runs", misfire.max_runs, 1, 1'000));
  misfire.max_age = table.find_duration("max_age", Duration{0}, year);
  if (misfire.policy != Policy::catch_up && table.has("max_age"))
    table.refuse("max_age", "out_of_range", "it is allowed with misfire = \"catch_up\" only");
  return misfire;
}

schedules::Definition read_schedule(TomlTable& table, const Limits& limits) {
  schedules::Definition schedule;
  schedule.name = table.required_text("id");
  if (table.is_text("id") &&
      (schedule.name.empty() || schedule.name.size() > 128 || has_control_characters(schedule.name)))
    table.refuse("id", "bad_format", "1..128 bytes without control characters are allowed");
  schedule.handler = table.required_text("handler");
  if (table.is_text("handler") && !jobs::is_handler_name(schedule.handler))
    table.refuse("handler", "bad_format", "a handler's name is 1..64 of a-z 0-9 . _ / -");
  schedule.timing = read_timing(table);
  schedule.misfire = read_misfire(table, jobs::Misfire::Policy::skip);
  schedule.grace = table.duration("grace", schedule.grace, Duration{0}, year);
  schedule.timeout = table.duration("timeout", schedule.timeout, Duration{100}, day);
  schedule.priority = static_cast<int>(table.integer("priority", schedule.priority, 0, 9));
  schedule.needs_time = read_needed_trust(table);
  schedule.wake_system = table.flag("wake_system", schedule.wake_system);
  schedule.enabled = table.flag("enabled", schedule.enabled);
  schedule.args = table.find_json("args").value_or("");
  if (schedule.args.size() > limits.args_bytes)
    table.refuse("args", "out_of_range",
                 "at most " + std::to_string(limits.args_bytes) + " bytes of JSON are allowed");
  return schedule;
}

}  // namespace dormouse::actors
