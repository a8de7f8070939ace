// SPDX-License-Identifier: Apache-2.0
// Inside of strict_toml: a parsed file as plain values with their lines, and what has been asked of it. Not
// for other rooms.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/time/strict_toml.hpp"

namespace dormouse {

struct TomlMember;

struct TomlNode {
  struct Table {
    std::vector<TomlMember> members;          // in the file's order
    mutable std::vector<std::string> wanted;  // keys that were asked for, in that order
  };
  using Array = std::vector<TomlNode>;
  std::variant<std::string, std::int64_t, double, bool, WallTime, Array, Table> side;
  int line = 0;
  mutable bool asked = false;
  mutable bool whole = false;  // taken whatever it holds: not searched for unknown keys

  const Table* table() const { return std::get_if<Table>(&side); }
  const Array* array() const { return std::get_if<Array>(&side); }
  const std::string* text() const { return std::get_if<std::string>(&side); }
  const TomlNode* find(std::string_view key) const;
};

struct TomlMember {
  std::string key;
  TomlNode value;
};

struct TomlMistake {
  int line = 0;
  FieldError what;
};

struct TomlFile {
  std::string name;
  TomlNode root;
  std::vector<TomlMistake> mistakes;
};

/// Reads the text with toml++; config.bad_syntax with file and line.
Result<TomlNode> parse_toml(std::string_view text, const std::string& file);

}  // namespace dormouse
