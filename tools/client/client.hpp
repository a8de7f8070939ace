// SPDX-License-Identifier: Apache-2.0
// A session with a running device over its control socket, blocking: what the command line, tests and benchmarks
// speak. The same frames and messages that firmware uses. Not thread-safe; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>

#include "hal/linux/link/unix_socket_client.hpp"
#include "runtime/base/result.hpp"
#include "runtime/time/types.hpp"
#include "runtime/wire/bodies.hpp"
#include "runtime/wire/frame_decoder.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::client {

class Client {
 public:
  /// Opens the socket and a session. client.no_device: nobody listens there; the device's own refusal
  /// (link.unauthorised, stopping); link.no_answer: nothing came within `patience`; link.* for the rest.
  static Result<Client> connect(const std::string& path, Duration patience = Duration{30'000});

  /// Sends one request and waits for its answer: the reply's body, or the device's error as it sent it. Answers to
  /// requests sent before are kept for receive(). As send() and receive() otherwise.
  Result<wire::Record> request(wire::Message type, const wire::Record& body);

  /// Sends one request and answers its number at once. link.window_full with window() requests unanswered;
  /// link.too_large for a body that no frame of this session holds; link.down, link.no_answer.
  Result<std::uint16_t> send(wire::Message type, const wire::Record& body);

  struct Answer {
    std::uint16_t seq = 0;  // as send() answered it
    Result<wire::Record> result;
  };
  /// The next answer, in order of arrival. client.nothing_sent if none is outstanding; link.no_answer after
  /// `patience` without one; link.down, or stopping, if the session is over: then make a new Client.
  Result<Answer> receive();

  std::size_t outstanding() const { return outstanding_.size() + kept_.size(); }
  std::size_t window() const { return welcome_.frames; }
  /// What the device said of itself and of us: name, boot, trust, component, role.
  const wire::Welcome& welcome() const { return welcome_; }

 private:
  Client(hal_linux::UnixSocketClient socket, Duration patience);
  Status open_session();
  Status write(const wire::Frame& frame);
  Result<wire::Frame> next_frame();
  Result<Answer> next_answer();
  std::optional<Error> end_of_session(const wire::Frame& frame) const;

  hal_linux::UnixSocketClient socket_;
  Duration patience_;
  wire::FrameDecoder decoder_;
  std::deque<wire::Frame> frames_;  // decoded, not yet looked at
  wire::Welcome welcome_;
  std::uint16_t epoch_ = 0;
  std::uint16_t last_seq_ = 0;
  std::set<std::uint16_t> outstanding_;
  std::deque<Answer> kept_;  // came while request() waited for another
};

}  // namespace dormouse::client
