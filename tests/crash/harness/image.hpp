// SPDX-License-Identifier: Apache-2.0
// A folder with all that is in it, held in memory: what a medium may hold after a cut. Names and files are apart,
// as on a file system: a folder maps names to nodes, and a node that no name leads to is gone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace dormouse::crash {

/// Which file or folder, whatever its name: device and inode.
using Inode = std::pair<dev_t, ino_t>;

struct Node {
  bool folder = false;
  std::string bytes;                 // of a file
  std::map<std::string, int> names;  // of a folder: to places in Image::nodes
};

struct Image {
  std::vector<Node> nodes;  // the first is the folder itself

  /// What lies on disk now; `inodes`, if given, learns which node is which.
  static Image of(const std::filesystem::path& folder, std::map<Inode, int>* inodes = nullptr);
  /// Makes the folder, which must not exist, with all that names lead to.
  void write_to(const std::filesystem::path& folder) const;
  /// Equal for equal names and bytes, however the nodes are numbered.
  std::uint64_t hash() const;
  /// Every file by its path, folders with a slash at the end.
  std::map<std::string, std::string> files() const;
  /// The file of that path; none: nullptr.
  const Node* find(const std::string& path) const;
};

}  // namespace dormouse::crash
