// SPDX-License-Identifier: Apache-2.0
// Frames out of a stream of bytes that may be cut anywhere, and frames into bytes. The C++ face of frame.h,
// one for UART and socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/wire/registry.hpp"

namespace dormouse::wire {

/// Bytes of a frame around its body: header and CRC.
constexpr std::size_t kFrameOverhead = 14;
constexpr std::size_t kUartMaxFrame = 512;

struct Frame {
  Message type = Message::ping;  // any number: numbers without a name are the receiver's to refuse
  bool reliable = false;         // exactly then seq is not 0
  bool reply = false;
  bool repeated = false;
  std::uint8_t channel = 0;
  std::uint16_t epoch = 0;
  std::uint16_t seq = 0;
  std::uint16_t ack = 0;
  Bytes body = {};
  bool operator==(const Frame&) const = default;
};

/// The frame on the line, delimiter included. A seq that contradicts `reliable` is a broken invariant. The
/// caller keeps the body within the session's frame size: kFrameOverhead + body.size() <= max_frame.
Bytes encode_frame(const Frame& frame);

/// Frames dropped, by the first cause that applied, and frames taken.
struct FrameCounters {
  std::uint64_t taken = 0;
  std::uint64_t too_long = 0;
  std::uint64_t bad_cobs = 0;
  std::uint64_t too_short = 0;
  std::uint64_t bad_crc = 0;
  std::uint64_t bad_version = 0;
  std::uint64_t bad_flags = 0;
  std::uint64_t bad() const { return too_long + bad_cobs + too_short + bad_crc + bad_version + bad_flags; }
  bool operator==(const FrameCounters&) const = default;
};

/// Not thread-safe; one per stream. Never fails: what is no frame is counted and dropped in silence.
class FrameDecoder {
 public:
  /// What the bytes before the first zero are: a socket starts with a frame, a line that is opened may be in
  /// the middle of one, which is dropped uncounted.
  enum class Start { at_frame, at_delimiter };

  /// Holds at most the encoded size of one frame of `max_frame` bytes (header, body and CRC).
  explicit FrameDecoder(std::size_t max_frame, Start start = Start::at_frame);

  /// The frames that end within `bytes`, in order.
  std::vector<Frame> feed(BytesView bytes);

  const FrameCounters& counters() const { return counters_; }
  /// Bytes of an unfinished frame held at present.
  std::size_t held() const { return held_.size(); }

 private:
  void hold(BytesView bytes);
  void end_frame(std::vector<Frame>& frames);

  std::size_t max_frame_;
  std::size_t max_held_;
  bool skipping_;  // up to the next zero: the rest of a frame that is not wanted
  Bytes held_;
  FrameCounters counters_;
};

}  // namespace dormouse::wire
