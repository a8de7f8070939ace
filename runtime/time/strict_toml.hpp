// SPDX-License-Identifier: Apache-2.0
// Files that people write (board facts, device configuration, scenarios), read strictly. Every getter names
// the key it wants and what is allowed; a mistake is noted with file, line and the key's full name, a usable
// value is answered all the same, and finish() tells all mistakes at once. A key nobody asked for is one.
//
//   auto file = StrictToml::load("board.toml");
//   if (!file) return file.error();
//   auto root = file->root();
//   facts.threads = root.table("running").integer("threads", 1, 1, 16);
//   if (auto good = file->finish(); !good) return good.error();
//
// Codes: config.unreadable, config.bad_syntax; config.unknown_key, config.bad_type, config.out_of_range,
// config.bad_format, config.required. Values; one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/time/types.hpp"

namespace dormouse {

struct TomlNode;
struct TomlFile;

/// One table of the file: a light handle, valid as long as any handle of its file lives. A table that is not
/// in the file reads as an empty one, so that defaults need no branch; its required keys are then missing.
class TomlTable {
 public:
  bool present() const;  // it stands in the file
  bool has(std::string_view key) const;
  /// What form a key's value has; these do not count as asking for it.
  bool is_text(std::string_view key) const;
  bool is_array(std::string_view key) const;
  bool is_table(std::string_view key) const;
  std::vector<std::string> keys() const;  // in the file's order
  std::string name() const;               // "handlers.backup"; empty for the root
  int line() const;                       // 0 if not in the file

  // -- values: with a fallback, or required (then a neutral value stands in until finish() refuses) --
  std::string text(std::string_view key, std::string fallback);
  std::string required_text(std::string_view key);
  std::optional<std::string> find_text(std::string_view key);
  std::string choice(std::string_view key, std::initializer_list<std::string_view> allowed, std::string fallback);
  std::string required_choice(std::string_view key, std::initializer_list<std::string_view> allowed);

  bool flag(std::string_view key, bool fallback);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t min, std::int64_t max);
  std::optional<std::int64_t> find_integer(std::string_view key, std::int64_t min, std::int64_t max);
  double number(std::string_view key, double fallback, double min, double max);  // an integer will do
  /// Bytes: an integer, or text such as "256 KiB", "64 MiB", "1 GB".
  std::uint64_t bytes(std::string_view key, std::uint64_t fallback, std::uint64_t min, std::uint64_t max);
  std::optional<std::uint64_t> find_bytes(std::string_view key, std::uint64_t min, std::uint64_t max);
  /// Text such as "90s" or "2h30min".
  Duration duration(std::string_view key, Duration fallback, Duration min, Duration max);
  std::optional<Duration> find_duration(std::string_view key, Duration min, Duration max);
  /// A TOML date or date-time (without an offset: UTC), or RFC 3339 text.
  std::optional<WallTime> find_wall_time(std::string_view key);
  std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback = {});
  std::vector<std::int64_t> integers(std::string_view key, std::int64_t min, std::int64_t max);
  /// Text, or each text of an array of texts: for values such as "20ms" or ["2min", "9min"].
  std::vector<std::string> text_or_texts(std::string_view key);
  /// A JSON object or array as compact text, written as such text or as a TOML table or array.
  std::optional<std::string> find_json(std::string_view key);

  // -- tables --
  TomlTable table(std::string_view key);
  std::vector<TomlTable> tables(std::string_view key);  // an array of tables
  /// A table of tables whose keys are names: [handlers.backup], [handlers.upload].
  std::vector<std::pair<std::string, TomlTable>> named_tables(std::string_view key);

  /// Notes a mistake that only the caller can see; `code` without its area: "out_of_range".
  void refuse(std::string_view key, std::string_view code, const std::string& what_is_allowed);
  /// Takes a key as known whatever it holds.
  void accept(std::string_view key);

 private:
  friend class StrictToml;
  TomlTable(std::shared_ptr<TomlFile> file, const TomlNode* node, std::string name);
  const TomlNode* ask(std::string_view key);
  const TomlNode* ask_required(std::string_view key, const char* what);
  const TomlNode* peek(std::string_view key) const;
  std::string full(std::string_view key) const;
  void note(const TomlNode* at, std::string_view key, const char* code, const std::string& sentence);
  std::vector<std::string> texts_of(const TomlNode& array, std::string_view key);

  std::shared_ptr<TomlFile> file_;
  const TomlNode* node_;  // none: not in the file
  std::string name_;
};

class StrictToml {
 public:
  static Result<StrictToml> load(const std::filesystem::path& path);
  /// `file` is the name that messages show.
  static Result<StrictToml> parse(std::string_view text, std::string file);

  TomlTable root() const;
  const std::string& file() const;
  /// Done if all was right. Else an error with the code of the first mistake in the file, every mistake in
  /// `fields` (field = the key's full name, code without its area) and in the message, one line each.
  Status finish() const;

 private:
  explicit StrictToml(std::shared_ptr<TomlFile> file) : file_(std::move(file)) {}
  std::shared_ptr<TomlFile> file_;
};

}  // namespace dormouse
