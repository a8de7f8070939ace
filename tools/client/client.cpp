// SPDX-License-Identifier: Apache-2.0
#include "tools/client/client.hpp"

#include <utility>

#include "runtime/base/limits.hpp"
#include "runtime/wire/receive_window.hpp"

namespace dormouse::client {

using wire::Frame;
using wire::Key;
using wire::Message;
using wire::Record;

namespace {

constexpr std::uint64_t kWindow = 32;

Error no_device(const std::string& path, const Error& cause) {
  return {.code = "client.no_device",
          .message = "No device answers at " + path + " (" + cause.message + ").",
          .hint = "Start one with `dormouse run`, or name its socket with --socket or DORMOUSE_SOCKET."};
}

Error session_over() {
  return {.code = "link.down", .message = "The device has ended the session.", .hint = "Connect again."};
}

/// What a frame of type reply or error says.
Result<Record> result_of(const Frame& frame) {
  auto body = Record::decode(frame.body);
  if (!body) return std::move(body).error();
  if (frame.type != Message::error) return body;
  auto refusal = wire::error_from(*body);
  if (!refusal) return std::move(refusal).error();
  return std::move(refusal->error);
}

}  // namespace

Client::Client(hal_linux::UnixSocketClient socket, Duration patience)
    : socket_(std::move(socket)), patience_(patience), decoder_(Limits{}.socket_frame_bytes) {}

Result<Client> Client::connect(const std::string& path, Duration patience) {
  auto socket = hal_linux::UnixSocketClient::connect(path);
  if (!socket) {
    if (socket.error().code == "link.no_runtime") return no_device(path, socket.error());
    return std::move(socket).error();
  }
  Client client(std::move(*socket), patience);
  if (auto opened = client.open_session(); !opened) return std::move(opened).error();
  return client;
}

Status Client::open_session() {
  wire::Birth birth;
  birth.nonce = 1;  // a connection is born once
  birth.firmware = "dormouse client";
  birth.frames = kWindow;
  birth.max_frame = Limits{}.socket_frame_bytes;
  Frame frame;
  frame.type = Message::birth;
  frame.body = wire::to_record(birth).encode();
  // A device that refuses this user may have closed already: what it said still waits to be read.
  const auto written = write(frame);
  auto answer = next_frame();
  if (!answer) return written ? std::move(answer).error() : written.error();
  const auto body = result_of(*answer);
  if (!body) return body.error();
  if (answer->type != Message::welcome) return session_over();
  auto welcome = wire::welcome_from(*body);
  if (!welcome) return std::move(welcome).error();
  welcome_ = std::move(*welcome);
  epoch_ = answer->epoch;
  return done();
}

Result<Record> Client::request(Message type, const Record& body) {
  const auto seq = send(type, body);
  if (!seq) return seq.error();
  for (;;) {
    auto answer = next_answer();
    if (!answer) return std::move(answer).error();
    if (answer->seq == *seq) return std::move(answer->result);
    kept_.push_back(std::move(*answer));
  }
}

Result<std::uint16_t> Client::send(Message type, const Record& body) {
  if (outstanding() >= window()) {
    return Error{.code = "link.window_full",
                 .message = std::to_string(window()) + " requests are unanswered; receive an answer first."};
  }
  Frame frame;
  frame.type = type;
  frame.reliable = true;
  frame.epoch = epoch_;
  frame.seq = wire::next_seq(last_seq_);
  frame.body = body.encode();
  if (frame.body.size() + wire::kFrameOverhead > welcome_.max_frame) {
    return Error{
        .code = "link.too_large",
        .message = "The request is larger than a frame of " + std::to_string(welcome_.max_frame) + " bytes holds."};
  }
  if (auto written = write(frame); !written) return std::move(written).error();
  last_seq_ = frame.seq;
  outstanding_.insert(frame.seq);
  return frame.seq;
}

Result<Client::Answer> Client::receive() {
  if (!kept_.empty()) {
    Answer answer = std::move(kept_.front());
    kept_.pop_front();
    return answer;
  }
  if (outstanding_.empty()) return Error{.code = "client.nothing_sent", .message = "No request is unanswered."};
  return next_answer();
}

Result<Client::Answer> Client::next_answer() {
  for (;;) {
    auto frame = next_frame();
    if (!frame) return std::move(frame).error();
    if (auto over = end_of_session(*frame)) return *std::move(over);
    if (!frame->reply) continue;  // `wait` and other notes
    const auto body = Record::decode(frame->body);
    if (!body) return body.error();
    const auto seq = static_cast<std::uint16_t>(body->get_uint(Key::re).value_or(0));
    if (outstanding_.erase(seq) != 0) return Answer{seq, result_of(*frame)};
  }
}

std::optional<Error> Client::end_of_session(const Frame& frame) const {
  if (frame.type == Message::rebirth) return session_over();
  if (frame.type != Message::bye) return std::nullopt;
  constexpr std::uint64_t stopping_reason = 3;
  const auto body = Record::decode(frame.body);
  if (body && body->get_uint(Key::reason) == stopping_reason) {
    return Error{.code = "stopping", .message = "The device is stopping."};
  }
  return session_over();
}

Status Client::write(const Frame& frame) {
  return socket_.write_all(wire::encode_frame(frame), patience_);
}

Result<Frame> Client::next_frame() {
  while (frames_.empty()) {
    const auto bytes = socket_.read_some(patience_);
    if (!bytes) return bytes.error();
    if (bytes->empty()) return session_over();
    for (auto& frame : decoder_.feed(*bytes)) frames_.push_back(std::move(frame));
  }
  Frame frame = std::move(frames_.front());
  frames_.pop_front();
  return frame;
}

}  // namespace dormouse::client
