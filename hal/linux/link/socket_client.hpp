// SPDX-License-Identifier: Apache-2.0
// One connected client of the unix socket link: its bounded output queue, and when it is read. Loop thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>

#include <asio/local/stream_protocol.hpp>
#include <asio/steady_timer.hpp>

#include "hal/link.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::hal_linux {

struct ClientBounds {
  std::uint64_t output_bytes = 0;
  std::uint64_t output_limit = 0;
  Duration slow_after{};
};

struct ClientEvents {
  std::function<void(Bytes)> received;
  std::function<void()> drained;
  std::function<void(bool slow)> gone;  // once, last of all
};

class SocketClient : public std::enable_shared_from_this<SocketClient> {
 public:
  /// `scratch` is read into and shared by all clients; it outlives them.
  SocketClient(asio::local::stream_protocol::socket socket, ClientBounds bounds, std::span<char> scratch,
               ClientEvents events);

  void start_reading();
  void send(Bytes bytes);
  void close_when_sent();  // at once if nothing is queued
  void expect_close();     // closes it slow_after from now, unless it is gone before
  void drop(bool slow);
  void forget();  // closes without telling anybody

 private:
  void read_when_ready();
  void read_some();
  void flush();
  void sent(std::size_t bytes);
  void pause_if_full();
  void stop_waiting();

  asio::local::stream_protocol::socket socket_;
  asio::steady_timer slow_timer_;
  ClientBounds bounds_;
  std::span<char> scratch_;
  ClientEvents events_;
  std::deque<Bytes> queue_;
  std::uint64_t queued_bytes_ = 0;
  std::uint64_t slow_round_ = 0;
  std::size_t front_sent_ = 0;  // bytes of queue_.front() already written
  bool reading_ = false;        // wanted at all
  bool waiting_to_read_ = false;
  bool waiting_to_write_ = false;
  bool paused_ = false;
  bool closing_ = false;
  bool open_ = true;
};

}  // namespace dormouse::hal_linux
