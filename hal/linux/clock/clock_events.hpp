// SPDX-License-Identifier: Apache-2.0
// The descriptors behind the clock's events, and their place on the loop.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <asio/posix/stream_descriptor.hpp>

#include "hal/clock.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

/// Lives in a shared_ptr: what waits on the loop holds it weakly, so it may be dropped at any time.
class ClockEvents : public std::enable_shared_from_this<ClockEvents> {
 public:
  ClockEvents(asio::io_context& context, std::string marker);

  /// Makes the descriptors and waits on them; once, first of all. time.arm_failed. Without inotify there are no
  /// sync hints, which only delays what the next look finds.
  Status open();
  /// From any thread: the kernel's own call replaces the former setting as a whole.
  void arm(std::optional<Instant> due);
  void listen(std::function<void(hal::ClockEvent)> listener);
  bool marker_stands() const;

 private:
  using OnReadable = void (ClockEvents::*)();
  Status open_timer(asio::posix::stream_descriptor& descriptor, int clock_id);
  void wait(asio::posix::stream_descriptor& descriptor, OnReadable on_readable);
  void due_readable();
  void wall_readable();
  void folder_readable();
  void watch_wall();
  void watch_marker();
  void look_at_marker();
  void tell(hal::ClockEvent event);

  asio::posix::stream_descriptor due_;
  asio::posix::stream_descriptor wall_;
  asio::posix::stream_descriptor folder_;  // inotify
  std::string marker_;                     // the file whose appearance means: synchronised
  bool marker_told_ = false;
  int watch_ = -1;  // of inotify
  std::mutex mutex_;
  std::function<void(hal::ClockEvent)> listener_;  // under mutex_
};

}  // namespace dormouse::hal_linux
