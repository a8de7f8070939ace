// SPDX-License-Identifier: Apache-2.0
// How the program speaks: tables for people and JSON for scripts on standard output, errors on standard error.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "runtime/base/result.hpp"

namespace dormouse::cli {

inline constexpr int well = 0;
inline constexpr int failed = 1;
inline constexpr int not_understood = 2;

/// Not understood, if what was given is at fault; otherwise failed.
int exit_code(const Error& error);

/// "error CODE: message", then hint and fields, a line each; with `json` one object. Answers the exit code.
int fail(const Error& error, bool json);
/// The same as text, for tests.
std::string error_text(const Error& error);

/// One document, indented, and a line end.
void print(const nlohmann::json& document);

/// Rows under a head, in columns that are as wide as they must be. A cell keeps to its line.
class Table {
 public:
  explicit Table(std::vector<std::string> head);
  Table& row(std::vector<std::string> cells);  // as many as the head has
  std::string text() const;
  bool empty() const { return rows_.size() == 1; }

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// Names and values, a line each, values aligned; without those whose value is empty.
std::string facts(const std::vector<std::pair<std::string, std::string>>& lines);

/// To standard output.
void print_text(const std::string& text);

}  // namespace dormouse::cli
