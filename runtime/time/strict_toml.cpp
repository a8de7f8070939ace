// SPDX-License-Identifier: Apache-2.0
#include "runtime/time/strict_toml.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <sstream>

#include "runtime/time/duration_text.hpp"
#include "runtime/time/rfc3339.hpp"
#include "runtime/time/toml_node.hpp"

namespace dormouse {
namespace {

std::string shown(const TomlNode& node) {
  if (const auto* text = node.text()) return "\"" + *text + "\"";
  if (const auto* integer = std::get_if<std::int64_t>(&node.side)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&node.side)) {
    std::ostringstream out;
    out << *number;
    return out.str();
  }
  if (const auto* flag = std::get_if<bool>(&node.side)) return *flag ? "true" : "false";
  if (node.array()) return "an array";
  return node.table() ? "a table" : "a date";
}

template <class Names>
std::string listed(const Names& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

/// "64 MiB", "1 GB", "512": none if it is not such a text or does not fit.
std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{}) return std::nullopt;
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  struct Unit {
    std::string_view name;
    std::uint64_t bytes;
  };
  static constexpr Unit units[] = {{"", 1},
                                   {"B", 1},
                                   {"KiB", 1ULL << 10},
                                   {"MiB", 1ULL << 20},
                                   {"GiB", 1ULL << 30},
                                   {"TiB", 1ULL << 40},
                                   {"kB", 1'000},
                                   {"MB", 1'000'000},
                                   {"GB", 1'000'000'000},
                                   {"TB", 1'000'000'000'000}};
  for (const auto& known : units)
    if (known.name == unit && count <= UINT64_MAX / known.bytes) return count * known.bytes;
  return std::nullopt;
}

std::string shown_bytes(std::uint64_t bytes) {
  static constexpr const char* units[] = {"", " KiB", " MiB", " GiB", " TiB"};
  std::size_t unit = 0;
  while (bytes >= 1'024 && bytes % 1'024 == 0 && unit + 1 < std::size(units)) {
    bytes /= 1'024;
    ++unit;
  }
  return std::to_string(bytes) + units[unit];
}

std::string joined(const std::string& table, std::string_view key) {
  return table.empty() ? std::string(key) : table + "." + std::string(key);
}

void find_unknown(const TomlFile& file, const TomlNode& node, const std::string& name,
                  std::vector<TomlMistake>& out) {
  if (node.whole) return;
  if (const auto* array = node.array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      if ((*array)[i].asked) find_unknown(file, (*array)[i], name + "." + std::to_string(i), out);
    return;
  }
  const auto* table = node.table();
  if (!table) return;
  for (const auto& [key, member] : table->members) {
    const std::string full = joined(name, key);
    if (member.asked) {
      find_unknown(file, member, full, out);
      continue;
    }
    out.push_back({member.line,
                   {full, "unknown_key",
                    file.name + ":" + std::to_string(member.line) + ": " + full +
                        ": unknown key; known here: " + listed(table->wanted)}});
  }
}

}  // namespace

// -- TomlTable: asking --

TomlTable::TomlTable(std::shared_ptr<TomlFile> file, const TomlNode* node, std::string name)
    : file_(std::move(file)), node_(node), name_(std::move(name)) {}

bool TomlTable::present() const {
  return node_ != nullptr;
}
bool TomlTable::has(std::string_view key) const {
  return peek(key) != nullptr;
}
bool TomlTable::is_text(std::string_view key) const {
  const auto* node = peek(key);
  return node && node->text();
}
bool TomlTable::is_array(std::string_view key) const {
  const auto* node = peek(key);
  return node && node->array();
}
bool TomlTable::is_table(std::string_view key) const {
  const auto* node = peek(key);
  return node && node->table();
}

std::vector<std::string> TomlTable::keys() const {
  std::vector<std::string> out;
  if (node_)
    for (const auto& member : node_->table()->members) out.push_back(member.key);
  return out;
}

std::string TomlTable::name() const {
  return name_;
}
int TomlTable::line() const {
  return node_ ? node_->line : 0;
}
std::string TomlTable::full(std::string_view key) const {
  return joined(name_, key);
}

const TomlNode* TomlTable::peek(std::string_view key) const {
  return node_ ? node_->find(key) : nullptr;
}

const TomlNode* TomlTable::ask(std::string_view key) {
  if (!node_) return nullptr;
  auto& wanted = node_->table()->wanted;
  if (std::find(wanted.begin(), wanted.end(), key) == wanted.end()) wanted.emplace_back(key);
  const auto* node = node_->find(key);
  if (node) node->asked = true;
  return node;
}

const TomlNode* TomlTable::ask_required(std::string_view key, const char* what) {
  const auto* node = ask(key);
  if (!node) note(nullptr, key, "required", std::string("is required: ") + what);
  return node;
}

void TomlTable::note(const TomlNode* at, std::string_view key, const char* code, const std::string& sentence) {
  const int at_line = at ? at->line : line();
  const std::string place = at_line > 0 ? file_->name + ":" + std::to_string(at_line) : file_->name;
  file_->mistakes.push_back({at_line, {full(key), code, place + ": " + full(key) + ": " + sentence}});
}

void TomlTable::refuse(std::string_view key, std::string_view code, const std::string& what_is_allowed) {
  const auto* node = ask(key);
  note(node, key, std::string(code).c_str(),
       node ? shown(*node) + " is refused; " + what_is_allowed : what_is_allowed);
}

void TomlTable::accept(std::string_view key) {
  if (const auto* node = ask(key)) node->whole = true;
}

// -- TomlTable: values --

std::optional<std::string> TomlTable::find_text(std::string_view key) {
  const auto* node = ask(key);
  if (!node) return std::nullopt;
  if (const auto* text = node->text()) return *text;
  note(node, key, "bad_type", shown(*node) + " is not text; allowed is text in quotes");
  return std::nullopt;
}

std::string TomlTable::text(std::string_view key, std::string fallback) {
  return find_text(key).value_or(std::move(fallback));
}

std::string TomlTable::required_text(std::string_view key) {
  if (!ask_required(key, "text in quotes")) return {};
  return find_text(key).value_or(std::string{});
}

std::string TomlTable::choice(std::string_view key, std::initializer_list<std::string_view> allowed,
                              std::string fallback) {
  const auto text = find_text(key);
  if (!text) return fallback;
  if (std::find(allowed.begin(), allowed.end(), *text) != allowed.end()) return *text;
  note(peek(key), key, "out_of_range", shown(*peek(key)) + " is not allowed; allowed are " + listed(allowed));
  return fallback;
}

std::string TomlTable::required_choice(std::string_view key, std::initializer_list<std::string_view> allowed) {
  const std::string first(allowed.size() ? *allowed.begin() : std::string_view{});
  if (!ask_required(key, ("one of " + listed(allowed)).c_str())) return first;
  return choice(key, allowed, first);
}

bool TomlTable::flag(std::string_view key, bool fallback) {
  const auto* node = ask(key);
  if (!node) return fallback;
  if (const auto* flag = std::get_if<bool>(&node->side)) return *flag;
  note(node, key, "bad_type", shown(*node) + " is neither true nor false");
  return fallback;
}

std::optional<std::int64_t> TomlTable::find_integer(std::string_view key, std::int64_t min, std::int64_t max) {
  const auto* node = ask(key);
  if (!node) return std::nullopt;
  const std::string allowed = "allowed is a whole number, " + std::to_string(min) + " to " + std::to_string(max);
  const auto* integer = std::get_if<std::int64_t>(&node->side);
  if (!integer) {
    note(node, key, "bad_type", shown(*node) + " is not a whole number; " + allowed);
    return std::nullopt;
  }
  if (*integer < min || *integer > max) {
    note(node, key, "out_of_range", shown(*node) + " is out of range; " + allowed);
    return std::nullopt;
  }
  return *integer;
}

std::int64_t TomlTable::integer(std::string_view key, std::int64_t fallback, std::int64_t min, std::int64_t max) {
  return find_integer(key, min, max).value_or(fallback);
}

double TomlTable::number(std::string_view key, double fallback, double min, double max) {
  const auto* node = ask(key);
  if (!node) return fallback;
  double value = 0;
  if (const auto* integer = std::get_if<std::int64_t>(&node->side)) {
    value = static_cast<double>(*integer);
  } else if (const auto* number = std::get_if<double>(&node->side)) {
    value = *number;
  } else {
    note(node, key, "bad_type", shown(*node) + " is not a number");
    return fallback;
  }
  if (value >= min && value <= max)  // false for not-a-number
    return value;
  std::ostringstream allowed;
  allowed << " is out of range; allowed is " << min << " to " << max;
  note(node, key, "out_of_range", shown(*node) + allowed.str());
  return fallback;
}

std::optional<std::uint64_t> TomlTable::find_bytes(std::string_view key, std::uint64_t min, std::uint64_t max) {
  const auto* node = ask(key);
  if (!node) return std::nullopt;
  const std::string allowed = "allowed is " + shown_bytes(min) + " to " + shown_bytes(max) + " bytes";
  std::optional<std::uint64_t> value;
  if (const auto* integer = std::get_if<std::int64_t>(&node->side)) {
    if (*integer < 0) {
      note(node, key, "out_of_range", shown(*node) + " is out of range; " + allowed);
      return std::nullopt;
    }
    value = static_cast<std::uint64_t>(*integer);
  } else if (const auto* text = node->text()) {
    value = parse_bytes(*text);
    if (!value) {
      note(node, key, "bad_format", shown(*node) + " is not a size such as \"64 MiB\"; " + allowed);
      return std::nullopt;
    }
  } else {
    note(node, key, "bad_type", shown(*node) + " is not a size such as \"64 MiB\"; " + allowed);
    return std::nullopt;
  }
  if (*value >= min && *value <= max) return value;
  note(node, key, "out_of_range", shown(*node) + " is out of range; " + allowed);
  return std::nullopt;
}

std::uint64_t TomlTable::bytes(std::string_view key, std::uint64_t fallback, std::uint64_t min, std::uint64_t max) {
  return find_bytes(key, min, max).value_or(fallback);
}

std::optional<Duration> TomlTable::find_duration(std::string_view key, Duration min, Duration max) {
  const auto* node = ask(key);
  if (!node) return std::nullopt;
  const std::string allowed = "allowed is " + format_duration(min) + ".." + format_duration(max);
  const auto* text = node->text();
  if (!text) {
    note(node, key, "bad_type", shown(*node) + " is not a duration in quotes such as \"90s\"; " + allowed);
    return std::nullopt;
  }
  const auto value = parse_duration(*text);
  if (!value) {
    note(node, key, "bad_format", shown(*node) + " is not a duration such as \"90s\" or \"2h30min\"; " + allowed);
    return std::nullopt;
  }
  if (*value >= min && *value <= max) return *value;
  note(node, key, "out_of_range", shown(*node) + " is out of range; " + allowed);
  return std::nullopt;
}

Duration TomlTable::duration(std::string_view key, Duration fallback, Duration min, Duration max) {
  return find_duration(key, min, max).value_or(fallback);
}

std::optional<WallTime> TomlTable::find_wall_time(std::string_view key) {
  const auto* node = ask(key);
  if (!node) return std::nullopt;
  if (const auto* wall = std::get_if<WallTime>(&node->side)) return *wall;
  if (const auto* text = node->text()) {
    if (const auto wall = parse_rfc3339(*text)) return *wall;
  }
  note(node, key, node->text() ? "bad_format" : "bad_type",
       shown(*node) + " is not a date such as 2026-06-01T12:00:00Z");
  return std::nullopt;
}

std::vector<std::string> TomlTable::texts_of(const TomlNode& array, std::string_view key) {
  std::vector<std::string> out;
  for (const auto& element : *array.array()) {
    element.asked = true;
    if (const auto* text = element.text())
      out.push_back(*text);
    else
      note(&array, key, "bad_type", "holds " + shown(element) + "; allowed are texts in quotes");
  }
  return out;
}

std::vector<std::string> TomlTable::texts(std::string_view key, std::vector<std::string> fallback) {
  const auto* node = ask(key);
  if (!node) return fallback;
  if (node->array()) return texts_of(*node, key);
  note(node, key, "bad_type", shown(*node) + " is not an array of texts such as [\"a\", \"b\"]");
  return fallback;
}

std::vector<std::string> TomlTable::text_or_texts(std::string_view key) {
  const auto* node = ask(key);
  if (!node) return {};
  if (const auto* text = node->text()) return {*text};
  if (node->array()) return texts_of(*node, key);
  note(node, key, "bad_type", shown(*node) + " is neither text nor an array of texts");
  return {};
}

std::vector<std::int64_t> TomlTable::integers(std::string_view key, std::int64_t min, std::int64_t max) {
  const auto* node = ask(key);
  if (!node) return {};
  std::vector<std::int64_t> out;
  if (!node->array()) {
    note(node, key, "bad_type", shown(*node) + " is not an array of whole numbers");
    return out;
  }
  const std::string allowed = "allowed are whole numbers, " + std::to_string(min) + " to " + std::to_string(max);
  for (const auto& element : *node->array()) {
    const auto* integer = std::get_if<std::int64_t>(&element.side);
    if (!integer)
      note(node, key, "bad_type", "holds " + shown(element) + "; " + allowed);
    else if (*integer < min || *integer > max)
      note(node, key, "out_of_range", shown(element) + " is out of range; " + allowed);
    else
      out.push_back(*integer);
  }
  return out;
}

// -- TomlTable: tables --

TomlTable TomlTable::table(std::string_view key) {
  const auto* node = ask(key);
  if (node && !node->table()) {
    note(node, key, "bad_type", shown(*node) + " is not a table");
    node = nullptr;
  }
  return TomlTable(file_, node, full(key));
}

std::vector<TomlTable> TomlTable::tables(std::string_view key) {
  const auto* node = ask(key);
  std::vector<TomlTable> out;
  if (!node) return out;
  if (!node->array()) {
    note(node, key, "bad_type", shown(*node) + " is not an array of tables");
    return out;
  }
  std::size_t place = 0;
  for (const auto& element : *node->array()) {
    const std::string element_name = full(key) + "." + std::to_string(place++);
    element.asked = true;
    if (element.table())
      out.push_back(TomlTable(file_, &element, element_name));
    else
      note(node, key, "bad_type", "holds " + shown(element) + "; allowed are tables");
  }
  return out;
}

std::vector<std::pair<std::string, TomlTable>> TomlTable::named_tables(std::string_view key) {
  auto outer = table(key);
  std::vector<std::pair<std::string, TomlTable>> out;
  for (const auto& inner_name : outer.keys())
    if (auto inner = outer.table(inner_name); inner.present()) out.emplace_back(inner_name, std::move(inner));
  return out;
}

// -- StrictToml --

Result<StrictToml> StrictToml::load(const std::filesystem::path& path) {
  std::error_code ignored;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, ignored))
    return Error{"config.unreadable", "cannot read " + path.string(), "does it exist, and may this user read it?"};
  std::string text{std::istreambuf_iterator<char>(in), {}};
  return parse(text, path.string());
}

Result<StrictToml> StrictToml::parse(std::string_view text, std::string file) {
  auto root = parse_toml(text, file);
  if (!root) return root.error();
  auto parsed = std::make_shared<TomlFile>();
  parsed->name = std::move(file);
  parsed->root = std::move(*root);
  return StrictToml(std::move(parsed));
}

TomlTable StrictToml::root() const {
  return TomlTable(file_, &file_->root, {});
}

const std::string& StrictToml::file() const {
  return file_->name;
}

Status StrictToml::finish() const {
  auto mistakes = file_->mistakes;
  find_unknown(*file_, file_->root, {}, mistakes);
  if (mistakes.empty()) return done();
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
  Error error;
  error.code = "config." + mistakes.front().what.code;
  for (auto& mistake : mistakes) {
    error.message += (error.message.empty() ? "" : "\n") + mistake.what.message;
    error.fields.push_back(std::move(mistake.what));
  }
  return error;
}

}  // namespace dormouse
