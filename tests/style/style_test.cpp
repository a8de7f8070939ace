// SPDX-License-Identifier: Apache-2.0
// What the tree promises about its own form: openers, lengths, words, names at the top level.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/style/source_tree.hpp"

namespace dormouse::style {
namespace {

constexpr std::size_t longest_file = 500;
// Files that were longer once. A ratchet: none may grow past its number, and none may join.
const std::map<std::string, std::size_t> longer_files = {};

const std::set<std::string> top_level_names = {".ci", ".clang-format", ".clang-tidy", ".editorconfig", ".git",
                                               ".gitignore", "actors", "boards", "build", "CHANGELOG.md", "hal",
                                               "CMakeLists.txt", "LICENSE", "README.md", "runtime", "tests",
                                               "tools", "CMakePresets.json",
                                               // never committed
                                               ".cache", "CMakeUserPresets.json", "compile_commands.json"};

// Spelled in two halves, so that this file passes its own test.
const std::string leftovers[] = {std::string("FIX") + "ME", std::string("TO") + "DO", std::string("XX") + "X"};
const std::string foreign[] = {std::string("/wo") + "rk/", std::string("desi") + "gn.md",
                               std::string("pream") + "ble.md", std::string("/ho") + "me/"};

// Only hal/linux reads a clock or takes randomness from the system: time and seeds are arguments.
const std::string_view clocks[] = {"system_clock::now", "steady_clock::now", "high_resolution_clock",
                                   "clock_gettime",     "gettimeofday",      "random_device",
                                   "this_thread::sleep"};

TEST(Style, every_source_begins_with_its_licence_and_every_header_with_what_it_is) {
  for (const auto& file : source_tree()) {
    if (!file.is_code()) continue;
    ASSERT_FALSE(file.lines.empty()) << file.path << " is empty";
    const auto& first = file.lines.front();
    EXPECT_TRUE(first == "// SPDX-License-Identifier: Apache-2.0" ||
                first == "/* SPDX-License-Identifier: Apache-2.0 */")
        << file.path << ": " << first;
    if (!file.is_header()) continue;
    EXPECT_TRUE(file.lines.size() > 1 && (file.lines[1].starts_with("// ") || file.lines[1].starts_with("/* ")))
        << file.path << ": its second line should say what it is";
  }
}

TEST(Style, headers_are_guarded_and_open_no_namespace_for_others) {
  for (const auto& file : source_tree()) {
    if (!file.is_header()) continue;
    EXPECT_EQ(std::count(file.lines.begin(), file.lines.end(), "#pragma once"), 1) << file.path;
    for (const auto& line : file.lines)
      EXPECT_EQ(line.find("using namespace"), std::string::npos) << file.path << ": " << line;
  }
}

TEST(Style, no_file_is_longer_than_one_can_keep_in_mind) {
  for (const auto& file : source_tree()) {
    if (!file.is_code()) continue;
    const auto known = longer_files.find(file.path);
    const std::size_t limit = known == longer_files.end() ? longest_file : known->second;
    EXPECT_LE(file.lines.size(), limit) << file.path << " has grown; cut it in two";
    EXPECT_GE(file.lines.size(), known == longer_files.end() ? 0 : longest_file + 1)
        << file.path << " is short again; strike it from the list";
  }
}

TEST(Style, nothing_is_left_for_later_and_nothing_names_a_place_outside_the_tree) {
  for (const auto& file : source_tree()) {
    if (file.path == "LICENSE") continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      for (const auto& word : leftovers)
        EXPECT_FALSE(has_word(file.lines[i], word)) << file.path << ":" << i + 1 << ": " << file.lines[i];
      for (const auto& text : foreign)
        EXPECT_EQ(file.lines[i].find(text), std::string::npos)
            << file.path << ":" << i + 1 << ": " << file.lines[i];
    }
  }
}

TEST(Style, time_and_randomness_come_in_as_arguments) {
  for (const auto& file : source_tree()) {
    if (!file.is_code() || file.in("hal/linux") || file.in("tools") || file.in("tests")) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      for (const auto clock : clocks)
        EXPECT_EQ(file.lines[i].find(clock), std::string::npos)
            << file.path << ":" << i + 1 << ": " << file.lines[i];
  }
}

TEST(Style, the_top_level_holds_what_belongs_there_and_each_layer_says_what_it_is) {
  for (const auto& name : top_level())
    EXPECT_TRUE(top_level_names.contains(name)) << name << " does not belong there";
  std::set<std::string> paths;
  for (const auto& file : source_tree()) paths.insert(file.path);
  for (const auto* layer : {"runtime", "hal", "actors", "boards", "tools", "tests"})
    EXPECT_TRUE(paths.contains(std::string(layer) + "/README.md")) << layer << " has no README.md";
}

TEST(Style, every_board_has_the_same_files) {
  std::set<std::string> paths;
  std::set<std::string> boards;
  for (const auto& file : source_tree()) {
    paths.insert(file.path);
    const auto slash = file.path.find('/', std::string_view("boards/").size());
    if (file.in("boards") && slash != std::string::npos) boards.insert(file.path.substr(0, slash));
  }
  EXPECT_FALSE(boards.empty());
  for (const auto& board : boards)
    for (const auto* name : {"/board.toml", "/README.md"})
      EXPECT_TRUE(paths.contains(board + name)) << board << name;
}

TEST(Style, a_word_is_a_word_only_between_other_characters) {
  EXPECT_TRUE(has_word("// later: word", "word"));
  EXPECT_TRUE(has_word("word", "word"));
  EXPECT_TRUE(has_word("passwords and word.", "word"));
  EXPECT_FALSE(has_word("passwords", "word"));
  EXPECT_FALSE(has_word("word_", "word"));
}

}  // namespace
}  // namespace dormouse::style
