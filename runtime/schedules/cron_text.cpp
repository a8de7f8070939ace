// SPDX-License-Identifier: Apache-2.0
// The cron parser: one pass per part, every bad part reported.
#include "runtime/schedules/cron_text.hpp"

#include <array>
#include <bit>
#include <optional>

namespace dormouse::schedules {
namespace {

constexpr std::size_t max_text_bytes = 128;
constexpr const char* fields_message = "Invalid cron expression (expected 5 fields: m h dom mon dow)";
constexpr const char* unsupported_message = "Invalid cron expression (unsupported characters)";

constexpr std::array<std::string_view, 12> month_names{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                       "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> weekday_names{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

enum class Names { none, months, weekdays };

struct PartRule {
  const char* name;
  int low;
  int high;
  int star_high;  // what `*` reaches: 6 for weekday, whose 7 is Sunday again
  Names names;
};
constexpr std::array<PartRule, 5> rules{{{"minute", 0, 59, 59, Names::none},
                                         {"hour", 0, 23, 23, Names::none},
                                         {"day-of-month", 1, 31, 31, Names::none},
                                         {"month", 1, 12, 12, Names::months},
                                         {"weekday", 0, 7, 6, Names::weekdays}}};

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool equal_any_case(std::string_view text, std::string_view upper_case) {
  if (text.size() != upper_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (upper(text[i]) != upper_case[i]) return false;
  return true;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// Digits only; what is too large for any part stays too large.
std::optional<int> number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    if (value < 100'000) value = value * 10 + (c - '0');
  }
  return value;
}

struct PartValue {
  int value = 0;
  bool named = false;
};

std::optional<PartValue> value_of(std::string_view text, const PartRule& rule) {
  if (auto n = number(text)) return PartValue{*n, false};
  if (rule.names == Names::months) {
    for (std::size_t i = 0; i < month_names.size(); ++i)
      if (equal_any_case(text, month_names[i])) return PartValue{static_cast<int>(i) + 1, true};
  }
  if (rule.names == Names::weekdays) {
    if (int day = weekday_named(text); day >= 0) return PartValue{day, true};
  }
  return std::nullopt;
}

std::string spell(int value, bool named, const PartRule& rule) {
  if (!named) return std::to_string(value);
  if (rule.names == Names::months) return std::string(month_names[value - 1]);
  return std::string(weekday_names[value % 7]);
}

std::string spell_range(int low, int high, bool named, const PartRule& rule) {
  if (low == high) return spell(low, named, rule);
  return spell(low, named, rule) + "-" + spell(high, named, rule);
}

enum class Fault { none, unsupported, out_of_range };

struct Part {
  std::uint64_t set = 0;
  Fault fault = Fault::none;
  std::string hint;
  bool step_exceeds_range = false;

  void fail(Fault with, std::string what_was_meant = {}) {
    if (fault == Fault::none || (fault == Fault::out_of_range && with == Fault::unsupported)) {
      fault = with;
      hint = std::move(what_was_meant);
    }
  }
};

/// The two ranges that a wrapping one was meant to be. A Sunday at the end is 7, so a week goes on with Monday.
std::string unwrapped(PartValue from, PartValue to, const PartRule& rule) {
  const bool named = from.named || to.named;
  const int restart = rule.names == Names::weekdays ? 1 : rule.low;
  std::string text = spell_range(from.value, rule.high, named, rule);
  if (to.value >= restart) text += "," + spell_range(restart, to.value, named, rule);
  return text;
}

void add_range(Part& part, int low, int high, int step, const PartRule& rule) {
  if (step > 1 && step > high - low) part.step_exceeds_range = true;
  for (int v = low; v <= high; v += step) part.set |= 1ULL << (rule.names == Names::weekdays ? v % 7 : v);
}

void add_item(Part& part, std::string_view item, const PartRule& rule) {
  const auto slash = item.find('/');
  const std::string_view span = item.substr(0, slash);
  std::optional<int> step = 1;
  if (slash != std::string_view::npos) step = number(item.substr(slash + 1));
  const auto dash = span.find('-');
  const bool star = span == "*";
  const auto from = star ? PartValue{rule.low, false} : value_of(span.substr(0, dash), rule);
  auto to = star ? PartValue{rule.star_high, false} : from;
  if (dash != std::string_view::npos && !star) to = value_of(span.substr(dash + 1), rule);
  if (!step || !from || !to) return part.fail(Fault::unsupported);

  if (slash != std::string_view::npos && !star && dash == std::string_view::npos) {
    const std::string meant =
        std::string(span) + "-" + spell(rule.star_high, from->named, rule) + std::string(item.substr(slash));
    return part.fail(Fault::unsupported, meant);
  }
  if (rule.names == Names::weekdays && to->named && to->value == 0 && from->value > 0) to->value = 7;
  if (*step < 1 || from->value < rule.low || from->value > rule.high || to->value < rule.low ||
      to->value > rule.high)
    return part.fail(Fault::out_of_range);
  if (from->value > to->value)
    return part.fail(Fault::out_of_range, slash == std::string_view::npos ? unwrapped(*from, *to, rule) : "");
  add_range(part, from->value, to->value, *step, rule);
}

Part parse_part(std::string_view text, const PartRule& rule) {
  Part part;
  while (true) {
    const auto comma = text.find(',');
    add_item(part, text.substr(0, comma), rule);
    if (comma == std::string_view::npos) return part;
    text.remove_prefix(comma + 1);
  }
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  while (true) {
    while (at < text.size() && is_blank(text[at])) ++at;
    if (at == text.size()) return parts;
    const std::size_t begin = at;
    while (at < text.size() && !is_blank(text[at])) ++at;
    parts.push_back(text.substr(begin, at - begin));
  }
}

/// The five parts a macro stands for; empty if there is no such macro.
std::string_view macro(std::string_view word) {
  struct Macro {
    std::string_view name;
    std::string_view text;
  };
  static constexpr std::array<Macro, 7> macros{{{"@HOURLY", "0 * * * *"},
                                                {"@DAILY", "0 0 * * *"},
                                                {"@MIDNIGHT", "0 0 * * *"},
                                                {"@WEEKLY", "0 0 * * 0"},
                                                {"@MONTHLY", "0 0 1 * *"},
                                                {"@YEARLY", "0 0 1 1 *"},
                                                {"@ANNUALLY", "0 0 1 1 *"}}};
  for (const auto& known : macros)
    if (equal_any_case(word, known.name)) return known.text;
  return {};
}

Error refusal(std::vector<FieldError> fields, std::string hint) {
  std::string message = fields.front().message;
  return Error{
      .code = "invalid_input", .message = std::move(message), .hint = std::move(hint), .fields = std::move(fields)};
}

Error unknown_macro(std::string_view word) {
  std::string hint = "one of @hourly @daily @midnight @weekly @monthly @yearly @annually";
  if (equal_any_case(word, "@EVERY")) hint = "for a period use the kind `every`";
  if (equal_any_case(word, "@REBOOT")) hint = "a schedule cannot follow the start of the device";
  return refusal({{"cron", "cron_unsupported", unsupported_message}}, std::move(hint));
}

/// True if some month of the set has some day of the set; 29 February counts.
bool has_a_day(const CronSets& sets) {
  static constexpr std::array<int, 13> longest{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int first_day = std::countr_zero(sets.days);
  for (int month = 1; month <= 12; ++month)
    if ((sets.months >> month & 1) != 0 && first_day <= longest[month]) return true;
  return false;
}

FieldError field_error(const PartRule& rule, Fault fault) {
  const std::string field = std::string("cron.") + rule.name;
  if (fault == Fault::unsupported) return {field, "cron_unsupported", unsupported_message};
  return {field, "cron_out_of_range",
          std::string("Invalid cron expression (") + rule.name + " must be " + std::to_string(rule.low) + "-" +
              std::to_string(rule.high) + ")"};
}

}  // namespace

int weekday_named(std::string_view three_letters) {
  for (std::size_t i = 0; i < weekday_names.size(); ++i)
    if (equal_any_case(three_letters, weekday_names[i])) return static_cast<int>(i);
  return -1;
}

Result<Cron> parse_cron(std::string_view text) {
  if (text.size() > max_text_bytes)
    return refusal({{"cron", "cron_too_long", "Cron expression too long"}}, "at most 128 bytes");
  std::vector<std::string_view> parts = split(text);
  Cron cron;
  for (const auto& part : parts) cron.shown += (cron.shown.empty() ? "" : " ") + std::string(part);
  if (!parts.empty() && parts[0].front() == '@') {
    const std::string_view meant = parts.size() == 1 ? macro(parts[0]) : std::string_view{};
    if (meant.empty()) return unknown_macro(parts[0]);
    parts = split(meant);
  }
  if (parts.size() != rules.size()) return refusal({{"cron", "cron_fields", fields_message}}, {});

  std::array<std::uint64_t, 5> sets{};
  std::vector<FieldError> bad;
  std::string hint;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Part part = parse_part(parts[i], rules[i]);
    sets[i] = part.set;
    if (part.fault != Fault::none) bad.push_back(field_error(rules[i], part.fault));
    if (!part.hint.empty()) hint += (hint.empty() ? "" : "; ") + part.hint;
    if (part.step_exceeds_range) cron.warnings = {"step_exceeds_range"};
  }
  if (!bad.empty()) return refusal(std::move(bad), std::move(hint));
  cron.sets = {sets[0], static_cast<std::uint32_t>(sets[1]), static_cast<std::uint32_t>(sets[2]),
               static_cast<std::uint16_t>(sets[3]), static_cast<std::uint8_t>(sets[4])};
  if (!cron.sets.weekday_restricted() && !has_a_day(cron.sets))
    return refusal({{"cron", "cron_never_fires", "Cron never fires"}}, "no month of the set has such a day");
  return cron;
}

}  // namespace dormouse::schedules
