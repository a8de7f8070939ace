// SPDX-License-Identifier: Apache-2.0
// A client: non-blocking reads and writes, tried at once and awaited only when the kernel says "not now".
#include "hal/linux/link/socket_client.hpp"

#include <utility>

#include <asio/buffer.hpp>

namespace dormouse::hal_linux {
namespace {

bool not_now(const asio::error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again || error == asio::error::interrupted;
}

}  // namespace

SocketClient::SocketClient(asio::local::stream_protocol::socket socket, ClientBounds bounds,
                           std::span<char> scratch, ClientEvents events)
    : socket_(std::move(socket)),
      slow_timer_(socket_.get_executor()),
      bounds_(bounds),
      scratch_(scratch),
      events_(std::move(events)) {
  asio::error_code error;
  socket_.non_blocking(true, error);
}

void SocketClient::start_reading() {
  reading_ = true;
  read_when_ready();
}

void SocketClient::read_when_ready() {
  if (!open_ || !reading_ || paused_ || closing_ || waiting_to_read_) return;
  waiting_to_read_ = true;
  socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](asio::error_code error) {
    self->waiting_to_read_ = false;
    if (self->open_ && !self->paused_ && !self->closing_ && !error) self->read_some();
  });
}

void SocketClient::read_some() {
  asio::error_code error;
  const auto bytes = socket_.read_some(asio::buffer(scratch_.data(), scratch_.size()), error);
  if (not_now(error)) return read_when_ready();
  if (error) return drop(false);  // end of file too: the session is over
  if (events_.received) events_.received(Bytes(scratch_.data(), bytes));
  read_when_ready();  // one piece per turn: no client starves the others
}

void SocketClient::send(Bytes bytes) {
  if (!open_ || closing_ || bytes.empty()) return;
  queued_bytes_ += bytes.size();
  queue_.push_back(std::move(bytes));
  flush();
  if (open_) pause_if_full();
}

void SocketClient::flush() {
  if (waiting_to_write_) return;
  while (open_ && !queue_.empty()) {
    asio::error_code error;
    const auto& front = queue_.front();
    const auto bytes = socket_.write_some(asio::buffer(front) + front_sent_, error);
    if (not_now(error)) {
      waiting_to_write_ = true;
      socket_.async_wait(asio::socket_base::wait_write, [self = shared_from_this()](asio::error_code) {
        self->waiting_to_write_ = false;
        self->flush();
      });
      return;
    }
    if (error) return drop(false);
    sent(bytes);
  }
}

void SocketClient::sent(std::size_t bytes) {
  queued_bytes_ -= bytes;
  front_sent_ += bytes;
  if (front_sent_ == queue_.front().size()) {
    queue_.pop_front();
    front_sent_ = 0;
  }
  if (paused_ && queued_bytes_ <= bounds_.output_bytes / 2) {
    paused_ = false;
    if (!closing_) stop_waiting();
    read_when_ready();
  }
  if (!queue_.empty()) return;
  if (closing_) return drop(false);
  if (events_.drained) events_.drained();
}

void SocketClient::pause_if_full() {
  if (queued_bytes_ > bounds_.output_limit) return drop(true);
  if (paused_ || queued_bytes_ <= bounds_.output_bytes) return;
  paused_ = true;
  expect_close();
}

void SocketClient::expect_close() {
  slow_timer_.expires_after(bounds_.slow_after);
  slow_timer_.async_wait([self = shared_from_this(), round = ++slow_round_](asio::error_code error) {
    // A timer that had fired before it was cancelled still arrives; the round tells it from the present one.
    if (!error && round == self->slow_round_) self->drop(true);
  });
}

void SocketClient::stop_waiting() {
  ++slow_round_;
  slow_timer_.cancel();
}

void SocketClient::close_when_sent() {
  if (!open_ || closing_) return;
  closing_ = true;
  if (queue_.empty()) return drop(false);
  expect_close();
}

void SocketClient::drop(bool slow) {
  if (!open_) return;
  // forget() takes the callbacks away, and with them perhaps the last owner of what they capture.
  const auto gone = std::move(events_.gone);
  forget();
  if (gone) gone(slow);
}

void SocketClient::forget() {
  open_ = false;
  asio::error_code ignored;
  socket_.close(ignored);
  stop_waiting();
  queue_.clear();
  queued_bytes_ = 0;
}

}  // namespace dormouse::hal_linux
