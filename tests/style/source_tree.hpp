// SPDX-License-Identifier: Apache-2.0
// The project's own files as text, read once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dormouse::style {

struct SourceFile {
  std::string path;  // from the root of the tree: "runtime/jobs/job.hpp"
  std::vector<std::string> lines;

  bool in(std::string_view folder) const { return path.starts_with(std::string(folder) + "/"); }
  bool is_header() const { return path.ends_with(".hpp") || path.ends_with(".h"); }
  bool is_code() const { return is_header() || path.ends_with(".cpp") || path.ends_with(".c"); }
};

/// Every text file of the tree, sorted by path; build trees, version control and binary files left out.
const std::vector<SourceFile>& source_tree();

/// Names at the top level of the tree.
std::vector<std::string> top_level();

/// True if `word` stands in `line` with no letter, digit or underscore right before or after it.
bool has_word(std::string_view line, std::string_view word);

}  // namespace dormouse::style
