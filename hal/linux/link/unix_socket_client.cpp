// SPDX-License-Identifier: Apache-2.0
// Plain poll, send and recv: a program that asks one question needs no event loop.
#include "hal/linux/link/unix_socket_client.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <limits>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

#include "hal/linux/link/unix_socket_path.hpp"

namespace dormouse::hal_linux {
namespace {

using SteadyClock = std::chrono::steady_clock;

Error broken(const char* doing, int error) {
  return {.code = "link.down", .message = std::string(doing) + " the socket: " + std::strerror(error)};
}

// Until the descriptor is ready; link.no_answer at the deadline.
Status await(int fd, short what, SteadyClock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<Duration>(deadline - SteadyClock::now()).count();
    const auto wait = std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max());
    pollfd poll_for{.fd = fd, .events = what, .revents = 0};
    const int ready = ::poll(&poll_for, 1, static_cast<int>(wait));
    if (ready > 0) return done();
    if (ready < 0 && errno != EINTR) return broken("waiting on", errno);
    if (ready == 0 && SteadyClock::now() >= deadline)
      return Error{.code = "link.no_answer", .message = "the runtime does not answer on its socket"};
  }
}

Error cannot_connect(const std::string& path, int error) {
  const std::string message = "socket " + path + ": " + std::strerror(error);
  if (error == ENOENT || error == ECONNREFUSED)
    return {.code = "link.no_runtime", .message = message, .hint = "is the runtime running?"};
  if (error == EACCES || error == EPERM)
    return {.code = "link.denied", .message = message, .hint = "join the group that owns the socket"};
  if (error == EAGAIN) return {.code = "link.no_answer", .message = "the runtime does not take a connection"};
  return {.code = "link.cannot_open", .message = message};
}

}  // namespace

Result<UnixSocketClient> UnixSocketClient::connect(const std::string& path) {
  const auto address = socket_address(path);
  if (!address) return address.error();
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return cannot_connect(path, errno);
  UnixSocketClient client(fd);
  // Where the listener's queue is full, connect waits; a runtime that hangs must not hang its callers.
  const timeval connect_wait{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &connect_wait, sizeof connect_wait);
  int result = 0;
  do {
    result = ::connect(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return cannot_connect(path, errno);
  return client;
}

UnixSocketClient::UnixSocketClient(UnixSocketClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

UnixSocketClient& UnixSocketClient::operator=(UnixSocketClient&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

UnixSocketClient::~UnixSocketClient() {
  if (fd_ >= 0) ::close(fd_);
}

Status UnixSocketClient::write_all(BytesView bytes, Duration wait) {
  const auto deadline = SteadyClock::now() + wait;
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return broken("writing to", errno);
    if (auto ready = await(fd_, POLLOUT, deadline); !ready) return ready;
  }
  return done();
}

Result<Bytes> UnixSocketClient::read_some(Duration wait) {
  const auto deadline = SteadyClock::now() + wait;
  Bytes bytes(64 * 1024, '\0');
  for (;;) {
    const auto received = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (received >= 0) {
      bytes.resize(static_cast<std::size_t>(received));
      return bytes;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return broken("reading from", errno);
    if (auto ready = await(fd_, POLLIN, deadline); !ready) return ready.error();
  }
}

}  // namespace dormouse::hal_linux
