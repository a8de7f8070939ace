// SPDX-License-Identifier: Apache-2.0
// One peer of a link: its frames in, its session, its frames out. Pure but for the time it is given; the link
// actor moves the bytes and answers the requests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/identity.hpp"
#include "runtime/base/result.hpp"
#include "runtime/time/types.hpp"
#include "runtime/wire/bodies.hpp"
#include "runtime/wire/frame_decoder.hpp"
#include "runtime/wire/receive_window.hpp"

namespace dormouse::actors {

/// What a session knows of its device: goes into `welcome`.
struct SessionFacts {
  std::string device;
  std::uint32_t boot = 0;
  std::uint64_t max_frame = 131'072;
  std::uint64_t window = 32;
};

class Session {
 public:
  Session(Identity who, SessionFacts facts, std::uint16_t epoch)
      : who_(std::move(who)), facts_(std::move(facts)), epoch_(epoch), decoder_(facts_.max_frame) {}

  struct Request {
    wire::Message type = wire::Message::ping;
    std::uint16_t seq = 0;
    std::uint16_t epoch = 0;
    wire::Record body;
  };
  /// What the peer says of the device's supply.
  struct SupplyWord {
    bool failing = false;             // else: restored
    std::optional<Duration> hold_up;  // how long it still holds, if the peer knows
    std::uint16_t epoch = 0;          // to be answered in this session
  };
  struct Step {
    std::vector<Request> requests;   // to be carried out, in order; each answered once
    std::vector<SupplyWord> supply;  // ahead of the requests
    Bytes output;                    // to be sent at once: welcome, pong, repeated replies, refusals
    std::optional<Error> close;      // why this peer is to be closed
  };
  /// Takes bytes as they arrive, cut anywhere.
  Step feed(BytesView bytes, const Now& now);

  /// The one answer to a reliable request: the bytes to send; empty if its session is over.
  Bytes answer(std::uint16_t epoch, std::uint16_t seq, const Result<wire::Record>& result);

  /// `bye` with the reason: the session is over.
  Bytes bye(std::uint8_t reason);
  /// The device has begun anew as this boot: the session is over, and the bytes ask the peer for a birth.
  Bytes begin_anew(std::uint32_t boot);

  /// `power.saved`: the answer to a failing supply; empty if its session is over.
  Bytes power_saved(std::uint16_t epoch, bool clean);
  /// Messages that this peer may not send and that have no answer.
  std::uint64_t forbidden() const { return forbidden_; }

  const Identity& who() const { return who_; }

 private:
  void take(const wire::Frame& frame, const Now& now, Step& step);
  void open(const wire::Frame& frame, const Now& now, Step& step);
  void rebirth(const Now& now, Step& step);
  void request(const wire::Frame& frame, Step& step);
  void hear_of_supply(const wire::Frame& frame, Step& step);
  wire::Frame frame(wire::Message type, const wire::Record& body) const;

  Identity who_;
  SessionFacts facts_;
  std::uint16_t epoch_;  // of the next session; rises with each birth
  wire::FrameDecoder decoder_;
  std::optional<wire::ReceiveWindow> window_;  // there while a session is open
  std::uint32_t nonce_ = 0;
  std::uint64_t max_frame_ = 0;  // of the session: the smaller of both sides
  std::vector<Instant> rebirths_;
  Instant counting_since_;
  std::uint64_t bad_before_ = 0;
  std::uint64_t forbidden_ = 0;
};

}  // namespace dormouse::actors
