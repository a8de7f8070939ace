// SPDX-License-Identifier: Apache-2.0
// Components have small numbers, so that keys stay short. There are few of them, so finding one by name reads all.
#include "runtime/jobs/components.hpp"

#include <limits>

#include "runtime/store/keys.hpp"

namespace dormouse::jobs {
namespace {

namespace keys = store::keys;

constexpr std::uint16_t kMost = std::numeric_limits<std::uint16_t>::max();

}  // namespace

std::optional<std::uint16_t> find_component(store::Transaction& txn, const std::string& name) {
  for (std::uint32_t number = 1; number <= kMost; ++number) {
    const std::optional<Bytes> body = txn.get(keys::component(static_cast<std::uint16_t>(number)));
    if (!body) return std::nullopt;  // numbers have no holes
    if (*body == name) return static_cast<std::uint16_t>(number);
  }
  return std::nullopt;
}

std::uint16_t component_number(store::Transaction& txn, const std::string& name) {
  if (const std::optional<std::uint16_t> known = find_component(txn, name)) return *known;
  std::uint32_t number = 1;
  while (number <= kMost && txn.get(keys::component(static_cast<std::uint16_t>(number)))) ++number;
  check(number <= kMost, "jobs:components");
  txn.put(keys::component(static_cast<std::uint16_t>(number)), name);
  return static_cast<std::uint16_t>(number);
}

std::string component_name(store::Transaction& txn, std::uint16_t number) {
  return txn.get(keys::component(number)).value_or(Bytes{});
}

bool may_see(store::Transaction& txn, const Identity& who, std::uint16_t component) {
  return who.role != Role::none || component_name(txn, component) == who.component;
}

std::optional<Error> may_change(const Identity& who) {
  if (who.role != Role::reader) return std::nullopt;
  return Error{.code = "denied", .message = "the reader role changes nothing"};
}

}  // namespace dormouse::jobs
