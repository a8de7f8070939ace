// SPDX-License-Identifier: Apache-2.0
// The real program as a process of its own, with a data directory that goes away, and what the kernel says of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/types.h>

#include "runtime/base/result.hpp"
#include "tools/client/client.hpp"

namespace dormouse::bench {

/// A folder of its own below `parent`, removed at the end.
class Folder {
 public:
  explicit Folder(const std::filesystem::path& parent);
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class Program {
 public:
  /// Starts `dormouse run` with this configuration and waits until its socket answers.
  static Result<std::unique_ptr<Program>> start(const std::filesystem::path& parent, const std::string& config);
  ~Program();  // SIGTERM, and waits
  /// Ends it so and starts it again on the same data.
  Status restart();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::string socket() const;
  pid_t pid() const { return pid_; }
  Result<client::Client> connect() const { return client::Client::connect(socket()); }

 private:
  explicit Program(const std::filesystem::path& parent) : folder_(parent) {}
  Status spawn();
  Status wait_until_it_answers() const;
  void stop();
  Folder folder_;
  pid_t pid_ = -1;
};

struct Switches {
  std::uint64_t voluntary = 0;
  std::uint64_t involuntary = 0;
  std::uint64_t threads = 0;
};
/// Of all threads of the process, since they began.
Switches switches_of(pid_t pid);

struct Memory {
  std::uint64_t resident = 0;
  std::uint64_t share = 0;  // as resident, each page divided by how many processes use it
  std::uint64_t anonymous = 0;
  std::uint64_t file = 0;   // shared libraries, the program, the store's map
  std::uint64_t store = 0;  // of that, the store's map alone
};
Memory memory_of(pid_t pid);

/// Bytes that the process gave to write calls. (The kernel's write_bytes counts a large folio whole for one changed
/// page in it.)
std::uint64_t written_by(pid_t pid);

}  // namespace dormouse::bench
