// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/clock/clock_text.hpp"

#include <charconv>
#include <linux/watchdog.h>

namespace dormouse::hal_linux {
namespace {

constexpr std::size_t kBootIdBytes = 16;

std::string_view without_line_end(std::string_view text) {
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<std::string> parse_boot_id(std::string_view text) {
  std::string digits;
  for (const char c : without_line_end(text))
    if (c != '-') digits.push_back(c);
  if (digits.size() != 2 * kBootIdBytes) return std::nullopt;
  std::string id;
  for (const char* pair = digits.data(); pair != digits.data() + digits.size(); pair += 2) {
    unsigned char byte = 0;
    const auto [end, error] = std::from_chars(pair, pair + 2, byte, 16);
    if (error != std::errc{} || end != pair + 2) return std::nullopt;
    id.push_back(static_cast<char>(byte));
  }
  return id;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  text = without_line_end(text);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool was_watchdog_reset(std::string_view bootstatus) {
  return (parse_number(bootstatus).value_or(0) & WDIOF_CARDRESET) != 0;
}

}  // namespace dormouse::hal_linux
