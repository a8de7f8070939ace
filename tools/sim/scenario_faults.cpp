// SPDX-License-Identifier: Apache-2.0
// The faults of a scenario: each kind with the keys that it has and no others.
#include <array>
#include <charconv>

#include "runtime/time/duration_text.hpp"
#include "tools/sim/scenario_parts.hpp"

namespace dormouse::sim {

namespace {

using Kind = FaultPlan::Kind;

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

/// "-2h", "+2h" or "2h".
Duration read_signed(TomlTable& table, const char* key) {
  const std::string text = table.required_text(key);
  const bool back = text.starts_with("-");
  const auto size = parse_duration(back || text.starts_with("+") ? text.substr(1) : text);
  if (!size.ok()) table.refuse(key, "bad_format", "a signed duration such as \"-2h\" is allowed");
  if (!size.ok()) return Duration{};
  return back ? -*size : *size;
}

Range read_how_long(TomlTable& table, const char* what) {
  if (!table.has("for")) table.refuse("for", "required", what);
  return read_range(table, "for").value_or(Range{});
}

void read_power_cut(TomlTable& table, FaultPlan& fault) {
  fault.off = read_range(table, "off").value_or(Range{});
  fault.announced = table.find_duration("announced", Duration{0}, day);
}

void read_off(TomlTable& table, FaultPlan& fault) {
  fault.off = read_range(table, "off").value_or(Range{});
}

void read_restart(TomlTable& table, FaultPlan& fault) {
  read_off(table, fault);
  fault.clean = table.flag("clean", true);
}

void read_suspend(TomlTable& table, FaultPlan& fault) {
  fault.off = read_how_long(table, "how long the device sleeps, such as \"1h\"");
  fault.wake = table.flag("wake", true);
}

void read_step(TomlTable& table, FaultPlan& fault) {
  fault.by = read_signed(table, "by");
}

void read_slew(TomlTable& table, FaultPlan& fault) {
  fault.off = read_how_long(table, "how long the clocks run at another rate, such as \"1d\"");
  if (!table.has("ppm")) table.refuse("ppm", "required", "how many ms in 1000 s they run fast, below 0 slow");
  fault.ppm = table.integer("ppm", 0, -100'000, 100'000);
}

void read_clone(TomlTable& table, FaultPlan& fault) {
  fault.back = table.find_duration("by", Duration{1}, longest);
}

void read_sync(TomlTable& table, FaultPlan& fault, WallTime start) {
  fault.by_slew = table.choice("by", {"step", "slew"}, "step") == "slew";
  fault.marker = table.flag("marker", true);
  fault.wall = read_wall(table, "wall", start);
}

void read_rtc_reset(TomlTable& table, FaultPlan& fault, WallTime start) {
  if (!table.has("value")) table.refuse("value", "required", "the date that the RTC reads from then on");
  fault.wall = read_wall(table, "value", start);
}

void read_rtc_ppm(TomlTable& table, FaultPlan& fault) {
  if (!table.has("value")) table.refuse("value", "required", "how many ms in 1000 s it runs fast, below 0 slow");
  fault.ppm = table.integer("value", 0, -100'000, 100'000);
}

void read_own_keys(TomlTable& table, FaultPlan& fault, WallTime start) {
  switch (fault.kind) {
    case Kind::power_cut:
      return read_power_cut(table, fault);
    case Kind::reboot:
    case Kind::panic:
    case Kind::watchdog_reset:
      return read_off(table, fault);
    case Kind::restart:
      return read_restart(table, fault);
    case Kind::suspend:
      return read_suspend(table, fault);
    case Kind::step:
      return read_step(table, fault);
    case Kind::slew:
      return read_slew(table, fault);
    case Kind::clone:
      return read_clone(table, fault);
    case Kind::sync_arrives:
      return read_sync(table, fault, start);
    case Kind::rtc_reset:
      return read_rtc_reset(table, fault, start);
    case Kind::rtc_ppm:
      return read_rtc_ppm(table, fault);
    case Kind::leap_second:
    case Kind::sync_lost:
    case Kind::rtc_dead:
      return;
  }
}

Kind read_kind(TomlTable& table, std::string& name) {
  static constexpr std::array<std::pair<std::string_view, Kind>, 15> kinds = {
      {{"power_cut", Kind::power_cut},
       {"reboot", Kind::reboot},
       {"panic", Kind::panic},
       {"watchdog_reset", Kind::watchdog_reset},
       {"restart", Kind::restart},
       {"suspend", Kind::suspend},
       {"step", Kind::step},
       {"slew", Kind::slew},
       {"leap_second", Kind::leap_second},
       {"clone", Kind::clone},
       {"sync_arrives", Kind::sync_arrives},
       {"sync_lost", Kind::sync_lost},
       {"rtc_reset", Kind::rtc_reset},
       {"rtc_dead", Kind::rtc_dead},
       {"rtc_ppm", Kind::rtc_ppm}}};
  name = table.required_choice(
      "kind", {"power_cut", "reboot", "panic", "watchdog_reset", "restart", "suspend", "step", "slew",
               "leap_second", "clone", "sync_arrives", "sync_lost", "rtc_reset", "rtc_dead", "rtc_ppm"});
  for (const auto& [word, kind] : kinds)
    if (word == name) return kind;
  // A kind that nobody knows is the mistake; its keys are none.
  for (const auto& key : table.keys()) table.accept(key);
  return Kind::sync_lost;
}

}  // namespace

FaultPlan read_fault(TomlTable& table, WallTime start) {
  FaultPlan fault;
  fault.kind = read_kind(table, fault.name);
  fault.at = read_instant(table, "at", start);
  fault.every = table.find_duration("every", Duration{1'000}, longest);
  fault.per_day = read_rate(table);
  fault.after_boot = read_range(table, "after_boot");
  int given = 0;
  for (const char* key : {"at", "every", "rate", "after_boot"}) given += table.has(key) ? 1 : 0;
  if (given != 1) table.refuse("at", "required", "exactly one of at, every, rate and after_boot is required");
  fault.times = static_cast<std::uint64_t>(table.integer("times", fault.at ? 1 : 0, 0, most_times));
  read_own_keys(table, fault, start);
  return fault;
}

}  // namespace dormouse::sim
