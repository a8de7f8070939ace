// SPDX-License-Identifier: Apache-2.0
#include "runtime/schedules/timing.hpp"

#include <optional>
#include <utility>

#include "runtime/time/duration_text.hpp"

namespace dormouse::schedules {
namespace {

constexpr const char* every_allowed = "every must be 1 s to 365 d";

Error refusal(const char* field, const char* code, const char* message) {
  return Error{.code = "invalid_input", .message = message, .fields = {{field, code, message}}};
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// "HH:MM", exactly.
std::optional<CronSets> time_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  if (!is_digit(text[0]) || !is_digit(text[1]) || !is_digit(text[3]) || !is_digit(text[4])) return std::nullopt;
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (hour > 23 || minute > 59) return std::nullopt;
  CronSets sets;
  sets.hours = 1U << hour;
  sets.minutes = 1ULL << minute;
  return sets;
}

/// "mon" or "monday", any case; -1 if it is none.
int weekday_of(std::string_view word) {
  const int day = weekday_named(word.substr(0, 3));
  static constexpr std::string_view endings[7] = {"day", "day", "sday", "nesday", "rsday", "day", "urday"};
  if (day < 0 || word.size() == 3) return day;
  const std::string_view ending = endings[day];
  if (word.size() != 3 + ending.size()) return -1;
  for (std::size_t i = 0; i < ending.size(); ++i)
    if ((word[3 + i] | 0x20) != ending[i]) return -1;
  return day;
}

/// One bit a day; 0 if the list is none.
std::uint8_t weekdays_of(std::string_view list) {
  std::uint8_t days = 0;
  while (true) {
    const auto comma = list.find(',');
    const int day = weekday_of(trimmed(list.substr(0, comma)));
    if (day < 0) return 0;
    days = static_cast<std::uint8_t>(days | 1U << day);
    if (comma == std::string_view::npos) return days;
    list.remove_prefix(comma + 1);
  }
}

/// What the text of a wall kind says.
Result<Cron> parse_text(const Timing& timing) {
  if (timing.kind == Kind::cron) return parse_cron(timing.text);
  auto sets = timing.kind == Kind::daily ? parse_daily(timing.text) : parse_weekly(timing.text);
  if (!sets) return std::move(sets).error();
  return Cron{.sets = *sets, .shown = std::string(trimmed(timing.text))};
}

void append(Error& to, Error more) {
  if (to.code.empty()) {
    to = std::move(more);
    return;
  }
  for (auto& field : more.fields) to.fields.push_back(std::move(field));
  if (!more.hint.empty()) to.hint += (to.hint.empty() ? "" : "; ") + more.hint;
}

}  // namespace

Result<CronSets> parse_daily(std::string_view text) {
  if (auto sets = time_of_day(trimmed(text))) return *sets;
  return refusal("daily", "bad_format", "daily must be a time of day such as 06:00");
}

Result<CronSets> parse_weekly(std::string_view text) {
  text = trimmed(text);
  const auto blank = text.find_last_of(" \t");
  if (blank != std::string_view::npos) {
    auto sets = time_of_day(text.substr(blank + 1));
    const std::uint8_t days = weekdays_of(trimmed(text.substr(0, blank)));
    if (sets && days != 0) {
      sets->weekdays = days;
      return *sets;
    }
  }
  return refusal("weekly", "bad_format", "weekly must be days and a time such as mon,thu 06:00");
}

Result<Duration> parse_period(std::string_view text) {
  auto period = parse_duration(text);
  if (!period) return refusal("every", "bad_format", "every must be a duration such as 90s, 2h30min or 14d");
  if (*period < shortest_period || *period > longest_period) return refusal("every", "out_of_range", every_allowed);
  return *period;
}

Result<Plan> plan(const Timing& timing) {
  if (timing.kind == Kind::every) {
    if (timing.period < shortest_period || timing.period > longest_period)
      return refusal("every", "out_of_range", every_allowed);
    // A period follows elapsed time: neither zone nor Dst has a say.
    return Plan{{.kind = Kind::every, .period = timing.period}, {}, Slots::every(timing.period), {}};
  }
  auto cron = parse_text(timing);
  auto zone = find_zone(timing.zone);
  if (!cron || !zone) {
    Error error;
    if (!cron) append(error, std::move(cron).error());
    if (!zone) append(error, std::move(zone).error());
    return error;
  }
  Timing understood{.kind = timing.kind, .text = cron->shown, .zone = zone->name(), .dst = timing.dst};
  return Plan{std::move(understood), cron->sets, Slots::wall(cron->sets, *zone, timing.dst),
              std::move(cron->warnings)};
}

bool same_timing(const Plan& a, const Plan& b) {
  return a.timing.kind == b.timing.kind && a.timing.period == b.timing.period && a.sets == b.sets &&
         a.timing.zone == b.timing.zone && a.timing.dst == b.timing.dst;
}

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::cron:
      return "cron";
    case Kind::daily:
      return "daily";
    case Kind::weekly:
      return "weekly";
    case Kind::every:
      return "every";
  }
  fail_check("timing:kind");
}

const char* name_of(Dst dst) {
  switch (dst) {
    case Dst::once:
      return "once";
    case Dst::skip:
      return "skip";
    case Dst::absolute:
      return "absolute";
  }
  fail_check("timing:dst");
}

}  // namespace dormouse::schedules
