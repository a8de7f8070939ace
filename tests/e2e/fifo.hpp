// SPDX-License-Identifier: Apache-2.0
// What a command says while it runs, and whether it still does: a FIFO ends for its reader when the last process
// that holds it is gone.
#pragma once

#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/e2e/life.hpp"

namespace dormouse::e2e {

class Fifo {
 public:
  explicit Fifo(const std::filesystem::path& path) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0666), 0);
    ::chmod(path.c_str(), 0666);  // whatever the umask
    fd_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  }
  ~Fifo() { ::close(fd_); }
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;

  /// The next line, waited for; nothing once every writer is gone.
  std::optional<std::string> line() {
    for (;;) {
      if (const auto end = held_.find('\n'); end != std::string::npos) {
        std::string line = held_.substr(0, end);
        held_.erase(0, end + 1);
        return line;
      }
      pollfd readable = {fd_, POLLIN, 0};
      if (::poll(&readable, 1, static_cast<int>(patience.count())) != 1) return "nothing within the patience";
      char piece[256];
      const auto size = ::read(fd_, piece, sizeof piece);
      if (size <= 0) return std::nullopt;
      held_.append(piece, static_cast<std::size_t>(size));
    }
  }

 private:
  int fd_ = -1;
  std::string held_;
};

}  // namespace dormouse::e2e
