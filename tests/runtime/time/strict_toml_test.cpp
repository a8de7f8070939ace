// SPDX-License-Identifier: Apache-2.0
// Strict reading of the files people write: every mistake is told, all at once, with its place.
#include "runtime/time/strict_toml.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace dormouse {
namespace {

StrictToml parse(std::string_view text) {
  auto file = StrictToml::parse(text, "test.toml");
  EXPECT_TRUE(file.ok()) << (file ? "" : file.error().message);
  return *file;
}

TEST(StrictToml, reads_each_kind_of_value_and_falls_back_where_a_key_is_absent) {
  auto file = parse(R"(
name = "pump"
on = true
count = 3
share = 0.5
size = "64 MiB"
plain_size = 4096
wait = "2h30min"
start = 2026-06-01T14:00:00+02:00
day = 2026-06-01
text_start = "2026-06-01T12:00:00Z"
fs = ["overlay", "tmpfs"]
takes = "20ms"
list = [1, 2]
[inner.deep]
x = 1
)");
  auto root = file.root();
  EXPECT_EQ(root.text("name", ""), "pump");
  EXPECT_EQ(root.text("absent", "fallback"), "fallback");
  EXPECT_TRUE(root.flag("on", false));
  EXPECT_EQ(root.integer("count", 0, 1, 9), 3);
  EXPECT_EQ(root.number("share", 0, 0, 1), 0.5);
  EXPECT_EQ(root.number("no_share", 0.25, 0, 1), 0.25);
  EXPECT_EQ(root.bytes("size", 0, 0, 1ULL << 40), 64ULL << 20);
  EXPECT_EQ(root.bytes("plain_size", 0, 0, 1ULL << 40), 4096U);
  EXPECT_EQ(root.duration("wait", {}, Duration{0}, Duration{86'400'000}), Duration{9'000'000});
  const WallTime noon{1'780'315'200'000};
  EXPECT_EQ(root.find_wall_time("start"), noon);
  EXPECT_EQ(root.find_wall_time("text_start"), noon);
  EXPECT_EQ(root.find_wall_time("day"), noon - Duration{12 * 3'600'000});
  EXPECT_EQ(root.texts("fs"), (std::vector<std::string>{"overlay", "tmpfs"}));
  EXPECT_EQ(root.text_or_texts("takes"), (std::vector<std::string>{"20ms"}));
  EXPECT_EQ(root.integers("list", 0, 9), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(root.table("inner").table("deep").integer("x", 0, 0, 9), 1);
  EXPECT_FALSE(root.table("no_table").present());
  EXPECT_EQ(root.table("no_table").integer("x", 7, 0, 9), 7);
  const auto end = file.finish();
  EXPECT_TRUE(end.ok()) << end.error().message;
}

TEST(StrictToml, tells_every_mistake_at_once_with_line_full_name_and_what_is_allowed) {
  auto file = parse(R"(threads = "two"
[heartbeat]
interval = "2s"
colour = "red"
[flash]
kind = "paper"
[[links]]
baud = 0
)");
  auto root = file.root();
  EXPECT_EQ(root.integer("threads", 1, 1, 16), 1);
  EXPECT_EQ(root.table("heartbeat").duration("interval", Duration{60'000}, Duration{5'000}, Duration{3'600'000}),
            Duration{60'000});
  root.table("flash").choice("kind", {"sd", "emmc"}, "sd");
  for (auto& link : root.tables("links")) {
    link.integer("baud", 115'200, 1'200, 4'000'000);
    link.required_text("path");
  }
  const auto end = file.finish();
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, "config.bad_type");  // of the first in the file
  struct Row {
    const char* field;
    const char* code;
    const char* says;
  };
  const Row rows[] = {
      {"threads", "bad_type",
       "test.toml:1: threads: \"two\" is not a whole number; allowed is a whole number, 1 to 16"},
      {"heartbeat.interval", "out_of_range",
       "test.toml:3: heartbeat.interval: \"2s\" is out of range; allowed is 5s..1h"},
      {"heartbeat.colour", "unknown_key", "test.toml:4: heartbeat.colour: unknown key; known here: interval"},
      {"flash.kind", "out_of_range", "test.toml:6: flash.kind: \"paper\" is not allowed; allowed are sd, emmc"},
      {"links.0.path", "required", "test.toml:7: links.0.path: is required: text in quotes"},
      {"links.0.baud", "out_of_range",
       "test.toml:8: links.0.baud: 0 is out of range; allowed is a whole number, 1200 to 4000000"},
  };
  ASSERT_EQ(end.error().fields.size(), std::size(rows)) << end.error().message;
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    const auto& got = end.error().fields[i];
    EXPECT_EQ(got.field, rows[i].field);
    EXPECT_EQ(got.code, rows[i].code);
    EXPECT_EQ(got.message, rows[i].says);
    EXPECT_NE(end.error().message.find(rows[i].says), std::string::npos);
  }
}

TEST(StrictToml, every_getter_refuses_a_wrong_form) {
  struct Row {
    const char* text;
    const char* code;
    std::function<void(TomlTable&)> ask;
  };
  const Row rows[] = {
      {"k = 1", "config.bad_type", [](auto& t) { t.text("k", ""); }},
      {"k = 1", "config.bad_type", [](auto& t) { t.flag("k", false); }},
      {"k = 1.5", "config.bad_type", [](auto& t) { t.integer("k", 0, 0, 9); }},
      {"k = 10", "config.out_of_range", [](auto& t) { t.integer("k", 0, 0, 9); }},
      {"k = nan", "config.out_of_range", [](auto& t) { t.number("k", 0, 0, 9); }},
      {"k = 'x'", "config.bad_type", [](auto& t) { t.number("k", 0, 0, 9); }},
      {"k = '9 apples'", "config.bad_format", [](auto& t) { t.bytes("k", 0, 0, 9); }},
      {"k = '99999999999999999 TiB'", "config.bad_format", [](auto& t) { t.bytes("k", 0, 0, 9); }},
      {"k = -1", "config.out_of_range", [](auto& t) { t.bytes("k", 0, 0, 9); }},
      {"k = 60", "config.bad_type", [](auto& t) { t.duration("k", {}, Duration{0}, Duration{9}); }},
      {"k = 'soon'", "config.bad_format", [](auto& t) { t.duration("k", {}, Duration{0}, Duration{9}); }},
      {"k = 'yesterday'", "config.bad_format", [](auto& t) { t.find_wall_time("k"); }},
      {"k = 5", "config.bad_type", [](auto& t) { t.find_wall_time("k"); }},
      {"k = ['a', 1]", "config.bad_type", [](auto& t) { t.texts("k"); }},
      {"k = 'a'", "config.bad_type", [](auto& t) { t.texts("k"); }},
      {"k = 1", "config.bad_type", [](auto& t) { t.text_or_texts("k"); }},
      {"k = [1, 99]", "config.out_of_range", [](auto& t) { t.integers("k", 0, 9); }},
      {"k = 1", "config.bad_type", [](auto& t) { t.table("k"); }},
      {"k = [1]", "config.bad_type", [](auto& t) { t.tables("k"); }},
      {"other = 1", "config.required", [](auto& t) { t.accept("other"), t.required_text("k"); }},
      {"k = 'a'", "config.unknown_key", [](auto&) {}},
      {"[k]\na = 1", "config.unknown_key", [](auto& t) { t.table("k"); }},
      {"k = [{a = 1}]", "config.unknown_key", [](auto& t) { t.tables("k"); }},
      {"k = 'a'", "config.busy", [](auto& t) { t.refuse("k", "busy", "allowed is another"); }},
  };
  for (const auto& row : rows) {
    auto file = parse(row.text);
    auto root = file.root();
    row.ask(root);
    const auto end = file.finish();
    ASSERT_FALSE(end.ok()) << row.text;
    EXPECT_EQ(end.error().code, row.code) << row.text << ": " << end.error().message;
    EXPECT_EQ(end.error().fields.size(), 1U) << end.error().message;
  }
}

TEST(StrictToml, named_tables_come_in_the_files_order) {
  auto file = parse("[handlers.upload]\nargv = ['u']\n[handlers.backup]\nargv = ['b']\n");
  auto root = file.root();
  const auto handlers = root.named_tables("handlers");
  ASSERT_EQ(handlers.size(), 2U);
  EXPECT_EQ(handlers[0].first, "upload");
  EXPECT_EQ(handlers[1].first, "backup");
  for (auto [name, table] : handlers) table.texts("argv");
  EXPECT_TRUE(file.finish().ok());
}

TEST(StrictToml, a_broken_or_missing_file_is_an_error_that_names_it) {
  const auto broken = StrictToml::parse("a = 1\nb = = 2\n", "x.toml");
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().code, "config.bad_syntax");
  EXPECT_EQ(broken.error().message.substr(0, 9), "x.toml:2:");
  const auto missing = StrictToml::load("/nowhere/board.toml");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, "config.unreadable");
  EXPECT_NE(missing.error().message.find("/nowhere/board.toml"), std::string::npos);
}

}  // namespace
}  // namespace dormouse
