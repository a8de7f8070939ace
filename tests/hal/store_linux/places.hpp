// SPDX-License-Identifier: Apache-2.0
// Where the tests of this folder work: folders that go away, file systems mounted for one test, and other
// processes, which say when they have got somewhere and then wait to be killed.
#pragma once

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/check.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::hal_linux {

/// A file system on a folder of its own, if this process may mount at all.
class Mount {
 public:
  Mount(const char* type, const std::string& options)
      : mounted_(::mount(type, folder_.path().c_str(), type, 0, options.c_str()) == 0) {}
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;
  ~Mount() {
    if (mounted_) ::umount2(path().c_str(), MNT_DETACH);
  }
  explicit operator bool() const { return mounted_; }
  const std::filesystem::path& path() const { return folder_.path(); }
  bool remount(unsigned long flags) {
    return ::mount(nullptr, path().c_str(), nullptr, MS_REMOUNT | flags, nullptr) == 0;
  }

 private:
  TempFolder folder_;
  bool mounted_;
};

/// A child that runs `work`, which ends by calling the function it is given with a number; then it waits.
class Child {
 public:
  using Say = std::function<void(int)>;
  explicit Child(const std::function<void(const Say&)>& work) {
    int ends[2];
    check(::pipe(ends) == 0, "test:pipe");
    pid_ = ::fork();
    check(pid_ >= 0, "test:fork");
    if (pid_ == 0) {
      ::close(ends[0]);
      work([&](int number) { check(::write(ends[1], &number, sizeof number) == sizeof number, "test:say"); });
      while (true) ::pause();
    }
    ::close(ends[1]);
    said_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    kill();
    ::close(said_);
  }
  pid_t pid() const { return pid_; }
  /// Waits for the next number; -1 if the child has ended.
  int hear() const {
    int number = -1;
    return ::read(said_, &number, sizeof number) == sizeof number ? number : -1;
  }
  void kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  int said_ = -1;
};

inline std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

/// Every file below the folder with its bytes; folders with none.
inline std::map<std::string, std::string> files_in(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    files[entry.path().lexically_relative(folder)] = entry.is_directory() ? "" : content_of(entry.path());
  return files;
}

inline std::string errors_of(const auto& result) {
  return result.ok() ? "ok" : result.error().code;
}

}  // namespace dormouse::hal_linux
