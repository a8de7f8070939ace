// SPDX-License-Identifier: Apache-2.0
// The two tables differ in columns and in the base of their numbers; a row of either becomes one Route.
#include "hal/linux/network/routes.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <optional>
#include <sstream>

namespace dormouse::hal_linux {
namespace {

constexpr std::uint32_t flag_up = 0x1;
constexpr std::uint32_t flag_reject = 0x200;

struct Route {
  std::string interface;
  std::uint32_t metric = 0;
};

using Words = std::vector<std::string>;

std::optional<std::uint32_t> number(const std::string& text, int base) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool all_zero(const std::string& digits) {
  return !digits.empty() && digits.find_first_not_of('0') == std::string::npos;
}

std::optional<Route> usable(const std::string& interface, std::optional<std::uint32_t> flags,
                            std::optional<std::uint32_t> metric) {
  if (!flags || !metric || interface == "lo") return std::nullopt;
  if ((*flags & flag_up) == 0 || (*flags & flag_reject) != 0) return std::nullopt;
  return Route{interface, *metric};
}

// Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT; flags in hex, metric in decimal.
std::optional<Route> ipv4_default(const Words& row) {
  if (row.size() < 8 || !all_zero(row[1]) || !all_zero(row[7])) return std::nullopt;
  return usable(row[0], number(row[3], 16), number(row[6], 10));
}

// destination length source length next-hop metric references uses flags interface; all in hex.
std::optional<Route> ipv6_default(const Words& row) {
  if (row.size() < 10 || !all_zero(row[0]) || !all_zero(row[1])) return std::nullopt;
  return usable(row[9], number(row[8], 16), number(row[5], 16));
}

std::optional<Route> preferred(std::string_view table, const std::string& interface,
                               std::optional<Route> (*default_of)(const Words&)) {
  std::optional<Route> best;
  std::istringstream lines{std::string(table)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream columns(line);
    Words row;
    for (std::string word; columns >> word;) row.push_back(word);
    const auto route = default_of(row);
    if (route && !interface.empty() && route->interface != interface) continue;
    if (route && (!best || route->metric < best->metric)) best = route;
  }
  return best;
}

}  // namespace

hal::NetworkState network_state(std::string_view ipv4, std::string_view ipv6, const NetworkOptions& options) {
  const auto costs = [&](const Route& route) {
    return std::any_of(options.metered.begin(), options.metered.end(),
                       [&](const std::string& beginning) { return route.interface.starts_with(beginning); });
  };
  auto state = hal::NetworkState::offline;
  for (const auto& route :
       {preferred(ipv4, options.interface, ipv4_default), preferred(ipv6, options.interface, ipv6_default)})
    if (route) state = std::max(state, costs(*route) ? hal::NetworkState::online : hal::NetworkState::unmetered);
  return state;
}

}  // namespace dormouse::hal_linux
