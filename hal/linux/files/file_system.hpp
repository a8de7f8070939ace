// SPDX-License-Identifier: Apache-2.0
// What kind of file system a path lies on, in the few kinds that matter to a store.
#pragma once

#include <filesystem>
#include <string>

#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

struct FileSystem {
  std::string name;          // nfs, 9p, overlay, jffs2, tmpfs; "other" for whatever needs no care
  bool unsafe = false;       // keeps neither locks nor syncs as a store needs them
  bool is_volatile = false;  // gone with the power
};

/// What the kernel's number of a file system means.
FileSystem file_system_of_magic(unsigned long magic);

/// Looks at the path, or at the nearest folder above it that exists.
Result<FileSystem> file_system_of(const std::filesystem::path& path);

}  // namespace dormouse::hal_linux
