// SPDX-License-Identifier: Apache-2.0
#include "runtime/time/duration_text.hpp"

#include <algorithm>

namespace dormouse {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr Unit kUnits[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1'000}, {"ms", 1}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

Error bad_text(std::string_view text) {
  return Error{"invalid_input", "\"" + std::string(text.substr(0, 64)) +
                                    "\" is not a duration such as 90s or 2h30min (units d h min s ms, largest "
                                    "first, each once; digits alone are milliseconds)."};
}

/// sum + number * unit, or false if that is more than 64 bits hold.
bool add(std::int64_t& sum, std::int64_t number, std::int64_t unit_ms) {
  std::int64_t product = 0;
  return !__builtin_mul_overflow(number, unit_ms, &product) && !__builtin_add_overflow(sum, product, &sum);
}

std::string_view take_while(std::string_view& rest, bool digits) {
  const auto end = std::find_if(rest.begin(), rest.end(), [&](char c) { return is_digit(c) != digits; });
  const std::string_view taken = rest.substr(0, end - rest.begin());
  rest.remove_prefix(taken.size());
  return taken;
}

bool to_number(std::string_view digits, std::int64_t& number) {
  number = 0;
  for (const char c : digits) {
    if (__builtin_mul_overflow(number, std::int64_t{10}, &number)) return false;
    if (__builtin_add_overflow(number, std::int64_t{c - '0'}, &number)) return false;
  }
  return !digits.empty();
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  std::int64_t sum = 0;
  const Unit* next_unit = std::begin(kUnits);  // units before this one are used or passed
  std::string_view rest = text;
  if (rest.empty()) return bad_text(text);
  while (!rest.empty()) {
    std::int64_t number = 0;
    if (!to_number(take_while(rest, true), number)) return bad_text(text);
    std::string_view name = take_while(rest, false);
    if (name == "m") name = "min";
    if (name.empty()) return next_unit == std::begin(kUnits) ? Result<Duration>(Duration{number}) : bad_text(text);
    const Unit* unit = std::find_if(next_unit, std::end(kUnits), [&](const Unit& u) { return u.name == name; });
    if (unit == std::end(kUnits) || !add(sum, number, unit->ms)) return bad_text(text);
    next_unit = unit + 1;
  }
  return Duration{sum};
}

std::string format_duration(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  std::string text = duration < Duration::zero() ? "-" : "";
  // Unsigned, so that the most negative value has a magnitude too.
  std::uint64_t rest = duration < Duration::zero() ? 0 - static_cast<std::uint64_t>(duration.count())
                                                   : static_cast<std::uint64_t>(duration.count());
  for (const Unit& unit : kUnits) {
    const std::uint64_t count = rest / static_cast<std::uint64_t>(unit.ms);
    if (count == 0) continue;
    text += std::to_string(count) + std::string(unit.name);
    rest -= count * static_cast<std::uint64_t>(unit.ms);
  }
  return text;
}

}  // namespace dormouse
