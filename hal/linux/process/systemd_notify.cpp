// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/process/systemd_notify.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace dormouse::hal_linux {
namespace {

Error bad_socket(const std::string& given, const std::string& why) {
  return {.code = "notify.bad_socket",
          .message = "NOTIFY_SOCKET is " + given + ": " + why,
          .hint = "Unset it, or start the program by systemd."};
}

/// The bytes of a sockaddr_un; none: too long for one.
std::optional<std::string> address_of(std::string_view given) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool abstract = given.front() == '@';
  if (given.size() + (abstract ? 0 : 1) > sizeof address.sun_path) return std::nullopt;
  std::copy(given.begin(), given.end(), address.sun_path);
  if (abstract) address.sun_path[0] = '\0';
  const std::size_t length = offsetof(sockaddr_un, sun_path) + given.size() + (abstract ? 0 : 1);
  return std::string(reinterpret_cast<const char*>(&address), length);
}

std::optional<std::uint64_t> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  std::uint64_t number = 0;
  const std::string_view digits(text);
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

/// Of this process; another one may have been meant, which has handed its environment on.
std::optional<Duration> watchdog_in_environment() {
  constexpr std::uint64_t longest_usec = 86'400'000'000;
  const auto usec = number_in("WATCHDOG_USEC");
  if (!usec || *usec < 1'000) return std::nullopt;
  if (std::getenv("WATCHDOG_PID") != nullptr && number_in("WATCHDOG_PID") != static_cast<std::uint64_t>(::getpid()))
    return std::nullopt;
  return Duration{static_cast<std::int64_t>(std::min(*usec, longest_usec) / 1'000)};
}

class SystemdWatchdog : public hal::Watchdog {
 public:
  explicit SystemdWatchdog(SystemdNotify& notify) : notify_(notify) {}
  std::optional<Duration> timeout() const override { return notify_.watchdog_timeout(); }
  Status start() override {
    feed();
    return done();
  }
  void feed() override {
    if (timeout()) notify_.feed();
  }
  void disarm() override {}

 private:
  SystemdNotify& notify_;
};

}  // namespace

Result<std::unique_ptr<SystemdNotify>> SystemdNotify::from_environment() {
  const char* given = std::getenv("NOTIFY_SOCKET");
  if (given == nullptr || *given == '\0') return std::unique_ptr<SystemdNotify>();
  if (*given != '/' && *given != '@') return bad_socket(given, "neither a path nor @name");
  auto address = address_of(given);
  if (!address) return bad_socket(given, "longer than the name of a socket can be");
  FileHandle socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return bad_socket(given, std::strerror(errno));
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return std::unique_ptr<SystemdNotify>(
      new SystemdNotify(std::move(socket), *std::move(address), watchdog_in_environment()));
}

void SystemdNotify::status(const std::string& line) {
  std::string one = line;
  std::replace(one.begin(), one.end(), '\n', ' ');
  send("STATUS=" + one);
}

void SystemdNotify::extend(Duration by) {
  send("EXTEND_TIMEOUT_USEC=" + std::to_string(std::chrono::microseconds(by).count()));
}

void SystemdNotify::send(const std::string& message) const {
  const auto* address = reinterpret_cast<const sockaddr*>(address_.data());
  while (::sendto(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL, address,
                  static_cast<socklen_t>(address_.size())) < 0 &&
         errno == EINTR)
    continue;
}

std::unique_ptr<hal::Watchdog> make_systemd_watchdog(SystemdNotify& notify) {
  return std::make_unique<SystemdWatchdog>(notify);
}

}  // namespace dormouse::hal_linux
