// SPDX-License-Identifier: Apache-2.0
// The loop itself: a work guard keeps it waiting when no part has anything pending.
#include "hal/linux/event_loop.hpp"

#include <utility>

#include <asio/post.hpp>

namespace dormouse::hal_linux {

AsioLoop::AsioLoop() : work_(asio::make_work_guard(context_)) {}

void AsioLoop::run() {
  context_.run();
  // Restarted here and not before run(): a quit() that came early must not be forgotten.
  context_.restart();
}

void AsioLoop::quit() {
  context_.stop();
}

void AsioLoop::post(std::function<void()> job) {
  asio::post(context_, std::move(job));
}

}  // namespace dormouse::hal_linux
