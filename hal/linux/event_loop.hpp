// SPDX-License-Identifier: Apache-2.0
// The real event loop: asio over epoll. Blocks in the kernel while nothing is due; nothing polls.
// context() is for the parts of hal/linux, whose handlers all run on the thread that is in run().
#pragma once

#include <functional>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include "hal/event_loop.hpp"

namespace dormouse::hal_linux {

class AsioLoop : public hal::EventLoop {
 public:
  AsioLoop();

  /// Returns after quit(), also when quit() came first; may be called again then.
  void run() override;
  void quit() override;
  void post(std::function<void()> job) override;

  asio::io_context& context() { return context_; }

 private:
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
};

}  // namespace dormouse::hal_linux
