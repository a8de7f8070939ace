// SPDX-License-Identifier: Apache-2.0
// A new folder that goes away with the object: on a real file system, or where files cost nothing.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <unistd.h>

#include "runtime/base/check.hpp"

namespace dormouse {

class TempFolder {
 public:
  enum class Where { disk, memory };

  explicit TempFolder(Where where = Where::disk) {
    std::string name = (base(where) / (prefix(::getpid()) + "XXXXXX")).string();
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

  /// Removes those that a process has left which could not do so itself.
  static void remove_those_of(pid_t process) {
    std::error_code ignored;
    for (const Where where : {Where::disk, Where::memory})
      for (const auto& entry : std::filesystem::directory_iterator(base(where)))
        if (entry.path().filename().string().starts_with(prefix(process)))
          std::filesystem::remove_all(entry.path(), ignored);
  }

 private:
  static std::filesystem::path base(Where where) {
    const std::filesystem::path memory = "/dev/shm";
    std::error_code ignored;
    const bool use_memory = where == Where::memory && std::filesystem::is_directory(memory, ignored);
    return use_memory ? memory : std::filesystem::temp_directory_path();
  }
  static std::string prefix(pid_t process) { return "dormouse-" + std::to_string(process) + "-"; }

  std::filesystem::path path_;
};

}  // namespace dormouse
