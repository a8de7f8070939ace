// SPDX-License-Identifier: Apache-2.0
// A new folder that goes away with the object: on a real file system, or where files cost nothing.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "runtime/base/check.hpp"

namespace dormouse::crash {

class TempFolder {
 public:
  enum class Where { disk, memory };

  explicit TempFolder(Where where = Where::disk) {
    const std::filesystem::path memory = "/dev/shm";
    std::error_code ignored;
    const bool use_memory = where == Where::memory && std::filesystem::is_directory(memory, ignored);
    const auto base = use_memory ? memory : std::filesystem::temp_directory_path();
    std::string name = (base / "dormouse-crash-XXXXXX").string();
    check(::mkdtemp(name.data()) != nullptr, "test:mkdtemp");
    path_ = name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace dormouse::crash
