// SPDX-License-Identifier: Apache-2.0
// systemd's end of a notify socket.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

#include "hal/linux/files/durable_file.hpp"
#include "runtime/base/check.hpp"

namespace dormouse::hal_linux {

class NotifyEar {
 public:
  /// A path, or "@name" in the abstract namespace.
  explicit NotifyEar(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    socklen_t length = sizeof address;
    if (name.front() == '@') {
      address.sun_path[0] = '\0';
      length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    }
    check(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0, "notify_ear:bind");
  }
  /// The next datagram, waited for; empty: none came.
  std::string hear(std::chrono::milliseconds patience = {}) const {
    std::array<char, 1024> buffer{};
    pollfd wait{socket_.get(), POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(patience.count())) != 1) return "";
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

 private:
  FileHandle socket_;
};

}  // namespace dormouse::hal_linux
