// SPDX-License-Identifier: Apache-2.0
// Splits at zero bytes and leaves the rest to the C99 codec.
#include "runtime/wire/frame_decoder.hpp"

#include "runtime/base/check.hpp"
#include "runtime/wire/frame.h"

namespace dormouse::wire {

static_assert(kFrameOverhead == DM_FRAME_MIN);

Bytes encode_frame(const Frame& frame) {
  check(frame.reliable == (frame.seq != 0), "wire:frame_seq");
  DmFrame raw = {};
  raw.type = static_cast<std::uint8_t>(frame.type);
  raw.flags =
      static_cast<std::uint8_t>((frame.reliable ? DM_FRAME_RELIABLE : 0) | (frame.reply ? DM_FRAME_REPLY : 0) |
                                (frame.repeated ? DM_FRAME_REPEATED : 0));
  raw.channel = frame.channel;
  raw.epoch = frame.epoch;
  raw.seq = frame.seq;
  raw.ack = frame.ack;
  raw.body = reinterpret_cast<const std::uint8_t*>(frame.body.data());
  raw.body_size = frame.body.size();

  Bytes line(DM_FRAME_LINE_MAX(kFrameOverhead + frame.body.size()), '\0');
  const std::size_t size = dm_frame_encode(&raw, reinterpret_cast<std::uint8_t*>(line.data()), line.size());
  check(size != 0, "wire:frame_room");
  line.resize(size);
  return line;
}

FrameDecoder::FrameDecoder(std::size_t max_frame, Start start)
    : max_frame_(max_frame), max_held_(DM_COBS_MAX(max_frame)), skipping_(start == Start::at_delimiter) {}

std::vector<Frame> FrameDecoder::feed(BytesView bytes) {
  std::vector<Frame> frames;
  while (!bytes.empty()) {
    const std::size_t zero = bytes.find('\0');
    hold(bytes.substr(0, zero));
    if (zero == BytesView::npos) break;
    end_frame(frames);
    bytes.remove_prefix(zero + 1);
  }
  return frames;
}

void FrameDecoder::hold(BytesView bytes) {
  if (skipping_) return;
  if (bytes.size() <= max_held_ - held_.size()) {
    held_.append(bytes);
    return;
  }
  skipping_ = true;
  ++counters_.too_long;
  held_.clear();
}

void FrameDecoder::end_frame(std::vector<Frame>& frames) {
  if (skipping_) {
    skipping_ = false;
    return;
  }
  if (held_.empty()) return;  // delimiters in a row are nothing
  DmFrame raw = {};
  switch (dm_frame_decode(reinterpret_cast<std::uint8_t*>(held_.data()), held_.size(), max_frame_, &raw)) {
    case DM_FRAME_OK:
      ++counters_.taken;
      frames.push_back({.type = static_cast<Message>(raw.type),
                        .reliable = (raw.flags & DM_FRAME_RELIABLE) != 0,
                        .reply = (raw.flags & DM_FRAME_REPLY) != 0,
                        .repeated = (raw.flags & DM_FRAME_REPEATED) != 0,
                        .channel = raw.channel,
                        .epoch = raw.epoch,
                        .seq = raw.seq,
                        .ack = raw.ack,
                        .body = Bytes(reinterpret_cast<const char*>(raw.body), raw.body_size)});
      break;
    case DM_FRAME_TOO_LONG:
      ++counters_.too_long;
      break;
    case DM_FRAME_BAD_COBS:
      ++counters_.bad_cobs;
      break;
    case DM_FRAME_TOO_SHORT:
      ++counters_.too_short;
      break;
    case DM_FRAME_BAD_CRC:
      ++counters_.bad_crc;
      break;
    case DM_FRAME_BAD_VERSION:
      ++counters_.bad_version;
      break;
    case DM_FRAME_BAD_FLAGS:
      ++counters_.bad_flags;
      break;
  }
  held_.clear();
}

}  // namespace dormouse::wire
