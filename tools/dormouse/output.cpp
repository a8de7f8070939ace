// SPDX-License-Identifier: Apache-2.0
#include "tools/dormouse/output.hpp"

#include <algorithm>
#include <iostream>

#include <nlohmann/json.hpp>

#include "runtime/base/check.hpp"
#include "runtime/time/duration_text.hpp"

namespace dormouse::cli {

namespace {

nlohmann::json error_json(const Error& error) {
  nlohmann::json inner = {{"code", error.code}, {"message", error.message}};
  if (!error.hint.empty()) inner["hint"] = error.hint;
  if (error.id != 0) inner["id"] = error.id;
  if (error.retry_after_ms != 0) inner["retry_after"] = error.retry_after_ms;
  for (const auto& field : error.fields) {
    inner["fields"].push_back({{"field", field.field}, {"code", field.code}, {"message", field.message}});
  }
  return {{"error", std::move(inner)}};
}

/// Characters, not bytes, so that names in any script stay aligned.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string dump(const nlohmann::json& document) {
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

int exit_code(const Error& error) {
  static const std::string at_fault[] = {"usage", "invalid_input", "time.bad_instant", "time.delay_too_long"};
  const bool given = std::find(std::begin(at_fault), std::end(at_fault), error.code) != std::end(at_fault);
  return given || error.code.starts_with("config.") ? not_understood : failed;
}

std::string error_text(const Error& error) {
  std::string text = "error " + error.code + ": " + error.message + "\n";
  if (!error.hint.empty()) text += "hint: " + error.hint + "\n";
  for (const auto& field : error.fields) text += "field " + field.field + ": " + field.message + "\n";
  if (error.retry_after_ms != 0)
    text += "try again after " + format_duration(Duration{error.retry_after_ms}) + "\n";
  return text;
}

int fail(const Error& error, bool json) {
  std::cout.flush();
  std::cerr << (json ? dump(error_json(error)) + "\n" : error_text(error)) << std::flush;
  return exit_code(error);
}

void print(const nlohmann::json& document) {
  std::cout << dump(document) << "\n" << std::flush;
}

void print_text(const std::string& text) {
  std::cout << text << std::flush;
}

Table::Table(std::vector<std::string> head) {
  rows_.push_back(std::move(head));
}

Table& Table::row(std::vector<std::string> cells) {
  check(cells.size() == rows_.front().size(), "output:cells");
  for (auto& cell : cells) {
    std::replace_if(
        cell.begin(), cell.end(), [](unsigned char c) { return c < 0x20; }, ' ');
    if (cell.empty()) cell = "-";
  }
  rows_.push_back(std::move(cells));
  return *this;
}

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

namespace {

/// Without blanks at its end, further lines under the first.
std::string indented(const std::string& value, std::size_t column) {
  std::string text = value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', end + 1)) {
    text.insert(end + 1, column, ' ');
  }
  return text;
}

}  // namespace

std::string facts(const std::vector<std::pair<std::string, std::string>>& lines) {
  std::size_t width = 0;
  for (const auto& [name, value] : lines) {
    if (!value.empty()) width = std::max(width, width_of(name));
  }
  std::string text;
  for (const auto& [name, value] : lines) {
    if (value.empty()) continue;
    text += name + std::string(width - width_of(name) + 2, ' ') + indented(value, width + 2) + "\n";
  }
  return text;
}

}  // namespace dormouse::cli
