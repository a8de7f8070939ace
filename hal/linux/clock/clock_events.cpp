// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/clock/clock_events.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <utility>

#include "hal/linux/clock/kernel_clocks.hpp"
#include "runtime/base/check.hpp"
#include "runtime/time/rfc3339.hpp"

namespace dormouse::hal_linux {
ClockEvents::ClockEvents(asio::io_context& context, std::string marker)
    : due_(context), wall_(context), folder_(context), marker_(std::move(marker)) {}

Status ClockEvents::open() {
  if (Status opened = open_timer(due_, CLOCK_BOOTTIME); !opened) return opened;
  if (Status opened = open_timer(wall_, CLOCK_REALTIME); !opened) return opened;
  watch_wall();
  wait(due_, &ClockEvents::due_readable);
  wait(wall_, &ClockEvents::wall_readable);

  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return done();
  folder_.assign(fd);
  watch_marker();
  wait(folder_, &ClockEvents::folder_readable);
  return done();
}

Status ClockEvents::open_timer(asio::posix::stream_descriptor& descriptor, int clock_id) {
  const int fd = ::timerfd_create(clock_id, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) return Error{"time.arm_failed", std::string("No timer to be had: ") + std::strerror(errno) + "."};
  asio::error_code error;
  descriptor.assign(fd, error);
  if (!error) return done();
  ::close(fd);
  return Error{"time.arm_failed", "The event loop takes no timer: " + error.message() + "."};
}

void ClockEvents::arm(std::optional<Instant> due) {
  itimerspec spec{};  // all zero disarms
  if (due) spec = once_at_ms(due->ms);
  const int fd = due_.native_handle();
  check(::timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, nullptr) == 0, "clock:arm");
}

void ClockEvents::listen(std::function<void(hal::ClockEvent)> listener) {
  const std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

bool ClockEvents::marker_stands() const {
  std::error_code ignored;
  return std::filesystem::exists(marker_, ignored);
}

void ClockEvents::wait(asio::posix::stream_descriptor& descriptor, OnReadable on_readable) {
  descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                        [weak = weak_from_this(), &descriptor, on_readable](const asio::error_code& error) {
                          const auto self = weak.lock();
                          if (!self || error) return;
                          (self.get()->*on_readable)();
                          self->wait(descriptor, on_readable);
                        });
}

void ClockEvents::due_readable() {
  std::uint64_t expirations = 0;
  // Nothing to read: it was armed anew after it had come.
  if (::read(due_.native_handle(), &expirations, sizeof expirations) == sizeof expirations)
    tell(hal::ClockEvent::timer_due);
}

/// A timer far in the future, cancelled by whoever sets the wall.
void ClockEvents::watch_wall() {
  const itimerspec spec = once_at_ms(kEndOfWall.ms);
  const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
  // ECANCELED: somebody set the wall just now. The timer is armed all the same, and whoever is told after this call
  // reads the wall after that set.
  const bool armed = ::timerfd_settime(wall_.native_handle(), flags, &spec, nullptr) == 0 || errno == ECANCELED;
  check(armed, "clock:watch_wall");
}

void ClockEvents::wall_readable() {
  std::uint64_t expirations = 0;
  const auto got = ::read(wall_.native_handle(), &expirations, sizeof expirations);
  if (got < 0 && errno == EAGAIN) return;
  if (got < 0) watch_wall();  // ECANCELED; a timer that truly expired means a wall beyond 2199: once is enough
  tell(hal::ClockEvent::look_again);
}

/// Watches the marker's folder or, until that exists, the one above it. Not further up: what else happens there
/// would wake the processor for nothing.
void ClockEvents::watch_marker() {
  constexpr std::uint32_t kAppears = IN_CREATE | IN_MOVED_TO | IN_ONLYDIR;
  const std::filesystem::path folder = std::filesystem::path(marker_).parent_path();
  const auto watch = [&](const std::filesystem::path& path) {
    return ::inotify_add_watch(folder_.native_handle(), path.c_str(), kAppears);
  };
  int now = watch(folder);
  if (now < 0) {
    const int above = watch(folder.parent_path());
    now = watch(folder);  // it may have appeared between the two
    if (now < 0)
      now = above;
    else if (above >= 0)
      ::inotify_rm_watch(folder_.native_handle(), above);
  }
  const int former = std::exchange(watch_, now);
  if (former >= 0 && former != now) ::inotify_rm_watch(folder_.native_handle(), former);
  look_at_marker();
}

void ClockEvents::look_at_marker() {
  const bool stands = marker_stands();
  if (stands && !std::exchange(marker_told_, stands)) tell(hal::ClockEvent::sync_hint);
  marker_told_ = stands;
}

/// What exactly happened matters only where the marker itself came anew: then it is told again.
void ClockEvents::folder_readable() {
  const std::string marker = std::filesystem::path(marker_).filename();
  alignas(inotify_event) char events[4'096];
  for (;;) {
    const auto bytes = ::read(folder_.native_handle(), events, sizeof events);
    if (bytes <= 0) break;
    for (const char* at = events; at < events + bytes;) {
      inotify_event event;
      std::memcpy(&event, at, sizeof event);
      if (event.len > 0 && marker == at + sizeof event) marker_told_ = false;
      at += sizeof event + event.len;
    }
  }
  watch_marker();
}

void ClockEvents::tell(hal::ClockEvent event) {
  std::function<void(hal::ClockEvent)> listener;
  {
    const std::lock_guard lock(mutex_);
    listener = listener_;
  }
  if (listener) listener(event);
}

}  // namespace dormouse::hal_linux
