// SPDX-License-Identifier: Apache-2.0
// Opening the device arms it; only a 'V' written before the close disarms it.
#include "hal/linux/process/watchdog.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

#include "runtime/base/check.hpp"

namespace dormouse::hal_linux {
namespace {

int whole_seconds(Duration timeout) {
  return static_cast<int>(std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(timeout).count()));
}

class LinuxWatchdog : public hal::Watchdog {
 public:
  LinuxWatchdog(std::string device, Duration timeout)
      : device_(std::move(device)), timeout_(std::chrono::seconds(whole_seconds(timeout))) {}
  ~LinuxWatchdog() override {
    if (fd_ >= 0) ::close(fd_);  // without the 'V': whoever forgot to disarm has not stopped cleanly
  }

  std::optional<Duration> timeout() const override { return timeout_; }
  Status start() override;
  void feed() override {
    if (fd_ >= 0) ::ioctl(fd_, WDIOC_KEEPALIVE, 0);
  }
  void disarm() override {
    if (fd_ < 0) return;
    [[maybe_unused]] const auto written = ::write(fd_, "V", 1);
    ::close(std::exchange(fd_, -1));
  }

 private:
  Error failed(const char* code, const std::string& why) const {
    return {.code = code, .message = "watchdog " + device_ + ": " + why};
  }

  std::string device_;
  Duration timeout_;
  int fd_ = -1;
};

Status LinuxWatchdog::start() {
  check(fd_ < 0, "watchdog:started_twice");
  fd_ = ::open(device_.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd_ < 0) {
    if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
      return failed("watchdog.not_found", std::strerror(errno));
    if (errno == EBUSY) return failed("watchdog.busy", "another program feeds it");
    return failed("watchdog.unusable", std::strerror(errno));
  }
  watchdog_info info{};
  if (::ioctl(fd_, WDIOC_GETSUPPORT, &info) != 0) {
    const int error = errno;
    disarm();
    return failed("watchdog.unusable", error == ENOTTY ? "not a watchdog device" : std::strerror(error));
  }
  int seconds = static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(timeout_).count());
  // A driver with a fixed timeout refuses; then what it has is what counts.
  if (::ioctl(fd_, WDIOC_SETTIMEOUT, &seconds) != 0 && ::ioctl(fd_, WDIOC_GETTIMEOUT, &seconds) != 0) {
    const int error = errno;
    disarm();
    return failed("watchdog.unusable", std::string("it does not tell its timeout: ") + std::strerror(error));
  }
  timeout_ = std::chrono::seconds(seconds);
  feed();
  return done();
}

class BothWatchdogs : public hal::Watchdog {
 public:
  BothWatchdogs(std::unique_ptr<hal::Watchdog> one, std::unique_ptr<hal::Watchdog> other)
      : one_(std::move(one)), other_(std::move(other)) {}

  std::optional<Duration> timeout() const override {
    const auto a = one_->timeout();
    const auto b = other_->timeout();
    return a && b ? std::min(*a, *b) : a ? a : b;
  }
  Status start() override {
    if (auto started = one_->start(); !started.ok()) return started;
    auto started = other_->start();
    if (!started.ok()) one_->disarm();
    return started;
  }
  void feed() override {
    one_->feed();
    other_->feed();
  }
  void disarm() override {
    one_->disarm();
    other_->disarm();
  }

 private:
  std::unique_ptr<hal::Watchdog> one_;
  std::unique_ptr<hal::Watchdog> other_;
};

class NoneWatchdog : public hal::Watchdog {
 public:
  std::optional<Duration> timeout() const override { return std::nullopt; }
  Status start() override { return done(); }
  void feed() override {}
  void disarm() override {}
};

}  // namespace

std::unique_ptr<hal::Watchdog> make_watchdog(std::string device, Duration timeout) {
  return std::make_unique<LinuxWatchdog>(std::move(device), timeout);
}

std::unique_ptr<hal::Watchdog> make_both_watchdogs(std::unique_ptr<hal::Watchdog> one,
                                                   std::unique_ptr<hal::Watchdog> other) {
  return std::make_unique<BothWatchdogs>(std::move(one), std::move(other));
}

std::unique_ptr<hal::Watchdog> make_none_watchdog() {
  return std::make_unique<NoneWatchdog>();
}

}  // namespace dormouse::hal_linux
