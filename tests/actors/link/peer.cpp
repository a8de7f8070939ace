// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/link/peer.hpp"

#include "runtime/wire/receive_window.hpp"

namespace dormouse::sim {

using wire::Frame;
using wire::Message;
using wire::Record;

Peer::Peer(SimulatedDevice& device, std::optional<Identity> who) : device_(device) {
  const auto client = device_.link().connect(std::move(who));
  check(client.has_value(), "peer:connect");
  client_ = *client;
  device_.settle();
}

std::optional<wire::Welcome> Peer::birth(wire::Birth birth) {
  write(wire::encode_frame({.type = Message::birth, .body = to_record(birth).encode()}));
  for (const Frame& frame : take()) {
    if (frame.type != Message::welcome) continue;
    const auto welcome = wire::welcome_from(Record::decode(frame.body).value());
    check(welcome.ok(), "peer:welcome");
    if (frame.epoch != epoch_) seq_ = 0;
    epoch_ = frame.epoch;
    return *welcome;
  }
  return std::nullopt;
}

std::uint16_t Peer::send(Message type, const Record& body) {
  seq_ = wire::next_seq(seq_);
  write(wire::encode_frame({.type = type, .reliable = true, .epoch = epoch_, .seq = seq_, .body = body.encode()}));
  return seq_;
}

std::vector<Frame> Peer::take() {
  std::vector<Frame> frames;
  while (true) {  // what is taken may make room for more
    device_.settle();
    const Bytes bytes = device_.link().take(client_);
    if (bytes.empty()) return frames;
    for (auto& frame : decoder_.feed(bytes)) frames.push_back(std::move(frame));
  }
}

Result<Record> Peer::ask(Message type, const Record& body) {
  const std::uint64_t seq = send(type, body);
  std::optional<Result<Record>> answer;
  for (const Frame& frame : take()) {
    if (frame.type != Message::reply && frame.type != Message::error) continue;
    if (Record::decode(frame.body).value().get_uint(wire::Key::re) != seq) continue;
    check(!answer, "peer:answered_twice");
    answer = result_of(frame);
  }
  device_.advance(Duration{0});  // what became due starts
  if (!answer) return Error{"test.unanswered", "No answer came."};
  return *std::move(answer);
}

Result<Record> result_of(const Frame& frame) {
  auto body = Record::decode(frame.body);
  if (!body.ok() || frame.type == Message::reply) return body;
  auto error = wire::error_from(*body);
  check(error.ok(), "peer:error_body");
  return std::move(error->error);
}

std::string fields_of(const Error& error) {
  std::string text;
  for (const FieldError& field : error.fields) text += (text.empty() ? "" : ", ") + field.field + ": " + field.code;
  return text;
}

}  // namespace dormouse::sim
