// SPDX-License-Identifier: Apache-2.0
// The only place that includes toml++: turns its tree into plain values.
#include "runtime/time/toml_node.hpp"

#include <algorithm>
#include <chrono>

#include <toml++/toml.h>

namespace dormouse {
namespace {

WallTime to_wall_time(const toml::date& date, const toml::time& time, int offset_minutes) {
  const std::chrono::sys_days days{std::chrono::year{date.year} / std::chrono::month{date.month} /
                                   std::chrono::day{date.day}};
  const auto since_midnight = std::chrono::hours{time.hour} + std::chrono::minutes{time.minute} +
                              std::chrono::seconds{time.second} + std::chrono::nanoseconds{time.nanosecond};
  const auto ms = std::chrono::duration_cast<Duration>(days.time_since_epoch() + since_midnight -
                                                       std::chrono::minutes{offset_minutes});
  return WallTime{ms.count()};
}

TomlNode convert(const toml::node& node);

TomlNode::Table convert_table(const toml::table& table) {
  std::vector<std::pair<toml::source_position, TomlMember>> members;
  for (const auto& [key, value] : table)
    members.emplace_back(key.source().begin, TomlMember{std::string(key.str()), convert(value)});
  std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  TomlNode::Table out;
  for (auto& [place, member] : members) {
    // A key's own line is where a reader looks for it; an inline value may begin further down.
    member.value.line = static_cast<int>(place.line);
    out.members.push_back(std::move(member));
  }
  return out;
}

TomlNode convert(const toml::node& node) {
  TomlNode out;
  out.line = static_cast<int>(node.source().begin.line);
  if (const auto* table = node.as_table()) {
    out.side = convert_table(*table);
  } else if (const auto* array = node.as_array()) {
    TomlNode::Array elements;
    for (const auto& element : *array) elements.push_back(convert(element));
    out.side = std::move(elements);
  } else if (const auto* text = node.as_string()) {
    out.side = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.side = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    out.side = number->get();
  } else if (const auto* flag = node.as_boolean()) {
    out.side = flag->get();
  } else if (const auto* date_time = node.as_date_time()) {
    const auto& value = date_time->get();
    out.side = to_wall_time(value.date, value.time, value.offset ? value.offset->minutes : 0);
  } else if (const auto* date = node.as_date()) {
    out.side = to_wall_time(date->get(), toml::time{}, 0);
  } else {
    out.side = std::string{};  // a time of day alone: nothing asks for one; as text it is refused by format
  }
  return out;
}

}  // namespace

const TomlNode* TomlNode::find(std::string_view key) const {
  const Table* members = table();
  if (!members) return nullptr;
  for (const auto& [name, node] : members->members)
    if (name == key) return &node;
  return nullptr;
}

Result<TomlNode> parse_toml(std::string_view text, const std::string& file) {
  // toml++ throws here; nothing throws across our boundary.
  try {
    const toml::table table = toml::parse(text, file);
    TomlNode root;
    root.side = convert_table(table);
    root.asked = true;
    return root;
  } catch (const toml::parse_error& error) {
    return Error{"config.bad_syntax",
                 file + ":" + std::to_string(error.source().begin.line) + ": " + std::string(error.description())};
  }
}

}  // namespace dormouse
