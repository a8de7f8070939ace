// SPDX-License-Identifier: Apache-2.0
// JSON inside of TOML: handlers take JSON, people rather write a table.
#include <nlohmann/json.hpp>

#include "runtime/time/rfc3339.hpp"
#include "runtime/time/toml_node.hpp"

namespace dormouse {
namespace {

struct ToJson {
  nlohmann::ordered_json operator()(const std::string& text) const { return text; }
  nlohmann::ordered_json operator()(std::int64_t integer) const { return integer; }
  nlohmann::ordered_json operator()(double number) const { return number; }
  nlohmann::ordered_json operator()(bool flag) const { return flag; }
  nlohmann::ordered_json operator()(WallTime wall) const { return format_utc(wall); }
  nlohmann::ordered_json operator()(const TomlNode::Array& array) const {
    auto out = nlohmann::ordered_json::array();
    for (const auto& element : array) out.push_back(std::visit(*this, element.side));
    return out;
  }
  nlohmann::ordered_json operator()(const TomlNode::Table& table) const {
    auto out = nlohmann::ordered_json::object();
    for (const auto& [key, member] : table.members) out[key] = std::visit(*this, member.side);
    return out;
  }
};

std::string compact(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);  // never throws
}

}  // namespace

std::optional<std::string> TomlTable::find_json(std::string_view key) {
  const auto* node = ask(key);
  if (!node) return std::nullopt;
  node->whole = true;
  if (node->table() || node->array()) return compact(std::visit(ToJson{}, node->side));
  const std::string allowed = "a JSON object or array, such as '{\"a\": 1}' or the table { a = 1 }, is allowed";
  const auto* text = node->text();
  if (!text) {
    refuse(key, "bad_type", allowed);
    return std::nullopt;
  }
  const auto json = nlohmann::ordered_json::parse(*text, nullptr, false);
  if (json.is_discarded() || !json.is_structured()) {
    refuse(key, "bad_format", allowed);
    return std::nullopt;
  }
  return compact(json);
}

}  // namespace dormouse
