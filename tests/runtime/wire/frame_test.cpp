// SPDX-License-Identifier: Apache-2.0
// Frames byte for byte, and a stream that is damaged in every way a line can damage it.
#include "runtime/wire/frame.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/wire/bodies.hpp"
#include "runtime/wire/crc32c.h"
#include "runtime/wire/frame_decoder.hpp"
#include "tests/runtime/wire/helpers.hpp"

namespace dormouse::wire {
namespace {

using testing::from_hex;
using testing::to_hex;

constexpr std::size_t kSocketMaxFrame = 131'072;

const Frame kPing = {.type = Message::ping, .epoch = 0x1234, .ack = 7};
const Frame kEnqueue = {.type = Message::job_enqueue,
                        .reliable = true,
                        .epoch = 0x1234,
                        .seq = 8,
                        .body = Record()
                                    .put_text(Key::handler, "blink")
                                    .put_bytes(Key::args, "\x01\x02")
                                    .put_uint(Key::after, 60'000)
                                    .encode()};
const Frame kReply = {.type = Message::reply,
                      .reply = true,
                      .epoch = 0x1234,
                      .ack = 8,
                      .body = Record().put_uint(Key::re, 8).put_uint(Key::state, 6).encode()};
const Frame kBirth = {.type = Message::birth,
                      .body = to_record(Birth{.nonce = 0xDEADBEEF,
                                              .firmware = "pump 1.4.0",
                                              .boot_count = 17,
                                              .reset_reason = ResetReason::pin,
                                              .uptime_ms = 1'500})
                                  .encode()};

struct Vector {
  std::string name;
  Frame frame;
  std::string line;
};

const std::vector<Vector> kVectors = {
    {.name = "L001", .frame = kPing, .line = "03 01 05 01 03 34 12 01 02 07 05 bf f9 1a 70 00"},
    {.name = "L002",
     .frame = kEnqueue,
     .line = "04 01 20 01 04 34 12 08 01 01 15 a3 02 65 62 6c 69 6e 6b 03 42 01 02 05 19 ea 60 8f 4d 1a 85 00"},
    {.name = "L003", .frame = kReply, .line = "04 01 0e 02 03 34 12 01 02 08 02 a2 08 08 08 06 03 6d 83 65 00"},
    {.name = "L004",
     .frame = kBirth,
     .line = "03 01 01 01 01 01 01 01 01 01 25 a8 18 4d 19 05 dc 18 4e 6a 70 75 6d 70 20 31 2e 34 2e 30 18 50 02 "
             "18 51 1a de ad be ef 18 52 01 18 53 19 02 0b 18 54 11 18 5b 01 7e 87 05 41 00"},
};

Bytes without_delimiter(Bytes line) {
  line.pop_back();
  return line;
}

/// A frame of `size` decoded bytes; `fill` decides how long it is on the line.
Bytes frame_of_size(std::size_t size, char fill) {
  return encode_frame({.type = Message::ping, .body = Bytes(size - kFrameOverhead, fill)});
}

/// COBS of bytes with a right CRC behind them, and the delimiter.
Bytes line_of(Bytes bytes) {
  const std::uint32_t crc = dm_crc32c(0, bytes.data(), bytes.size());
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(crc >> shift);
  Bytes line(DM_COBS_MAX(bytes.size()), '\0');
  DmCobsEncoder encoder;
  dm_cobs_begin(&encoder, reinterpret_cast<std::uint8_t*>(line.data()), line.size());
  dm_cobs_put(&encoder, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  line.resize(dm_cobs_end(&encoder));
  return line + '\0';
}

TEST(Frame, L001L002L003L004AreTheseBytesBothWays) {
  for (const Vector& row : kVectors) {
    EXPECT_EQ(to_hex(encode_frame(row.frame)), row.line) << row.name;
    FrameDecoder decoder(kUartMaxFrame);
    EXPECT_EQ(decoder.feed(from_hex(row.line)), std::vector{row.frame}) << row.name;
    EXPECT_EQ(decoder.counters(), FrameCounters{.taken = 1}) << row.name;
  }
}

TEST(Frame, L004IsReadAsTheBirthItIs) {
  const Birth birth = birth_from(Record::decode(kBirth.body).value()).value();
  EXPECT_EQ(birth.nonce, 0xDEADBEEF);
  EXPECT_EQ(birth.firmware, "pump 1.4.0");
  EXPECT_EQ(birth.boot_count, 17U);
  EXPECT_EQ(birth.reset_reason, ResetReason::pin);
  EXPECT_EQ(birth.uptime_ms, 1'500);
  EXPECT_EQ(birth.max_frame, 512U);
}

TEST(Frame, TheSameFramesComeOutHoweverTheBytesAreCut) {
  Bytes stream;
  std::vector<Frame> sent;
  for (const Vector& row : kVectors) {
    stream += encode_frame(row.frame) + Bytes(1, '\0');  // a second delimiter is nothing
    sent.push_back(row.frame);
  }
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    FrameDecoder decoder(kUartMaxFrame);
    std::vector<Frame> taken;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      for (Frame& frame : decoder.feed(BytesView(stream).substr(at, piece))) taken.push_back(std::move(frame));
    }
    ASSERT_EQ(taken, sent) << "pieces of " << piece;
    ASSERT_EQ(decoder.counters().bad(), 0U);
  }
}

TEST(Frame, L006AnyBitFlippedLosesThatFrameOnly) {
  const Bytes good = encode_frame(kEnqueue);
  for (std::size_t bit = 0; bit < 8 * (good.size() - 1); ++bit) {
    Bytes line = good;
    line[bit / 8] = static_cast<char>(line[bit / 8] ^ (1 << bit % 8));
    FrameDecoder decoder(kUartMaxFrame);
    ASSERT_EQ(decoder.feed(line + encode_frame(kPing)), std::vector{kPing}) << "bit " << bit;
    // A byte that became zero ends the frame early: two pieces, unless one of them is empty.
    const std::uint64_t pieces = line[bit / 8] == 0 && bit / 8 != 0 ? 2 : 1;
    ASSERT_EQ(decoder.counters().bad(), pieces) << "bit " << bit;
  }
}

TEST(Frame, L007AnyByteMissingLosesThatFrameOnly) {
  const Bytes good = encode_frame(kEnqueue);
  for (std::size_t at = 0; at + 1 < good.size(); ++at) {
    FrameDecoder decoder(kUartMaxFrame);
    ASSERT_EQ(decoder.feed(Bytes(good).erase(at, 1) + encode_frame(kPing)), std::vector{kPing}) << "byte " << at;
    ASSERT_EQ(decoder.counters().bad(), 1U) << "byte " << at;
  }
}

TEST(Frame, L008AMissingDelimiterLosesBothAndTheRepeatIsTaken) {
  Frame repeat = kEnqueue;
  repeat.repeated = true;
  FrameDecoder decoder(kUartMaxFrame);
  const Bytes stream = without_delimiter(encode_frame(kEnqueue)) + encode_frame(kPing) + encode_frame(repeat);
  EXPECT_EQ(decoder.feed(stream), std::vector{repeat});
  EXPECT_EQ(decoder.counters().bad(), 1U);
}

TEST(Frame, L009AZeroInsertedLosesTwoPieces) {
  const Bytes good = encode_frame(kEnqueue);
  for (std::size_t at = 1; at + 1 < good.size(); ++at) {
    FrameDecoder decoder(kUartMaxFrame);
    ASSERT_EQ(decoder.feed(Bytes(good).insert(at, 1, '\0') + encode_frame(kPing)), std::vector{kPing}) << at;
    ASSERT_EQ(decoder.counters().bad(), 2U) << at;
  }
}

TEST(Frame, L010ThirteenBytesWithARightCrcAreTooShort) {
  FrameDecoder decoder(kUartMaxFrame);
  EXPECT_TRUE(decoder.feed(line_of(Bytes(9, '\x01'))).empty());
  EXPECT_EQ(decoder.counters(), FrameCounters{.too_short = 1});
}

TEST(Frame, L011TheLargestFrameIsTakenAndOneByteMoreIsTooLong) {
  for (const std::size_t max : {kUartMaxFrame, kSocketMaxFrame}) {
    for (const char fill : {'\x01', '\0'}) {
      FrameDecoder decoder(max);
      EXPECT_EQ(decoder.feed(frame_of_size(max, fill)).size(), 1U) << max;
      EXPECT_EQ(decoder.feed(frame_of_size(max + 1, fill) + encode_frame(kPing)), std::vector{kPing}) << max;
      EXPECT_EQ(decoder.counters(), (FrameCounters{.taken = 2, .too_long = 1})) << max;
    }
  }
}

TEST(Frame, L012AMebibyteWithoutAZeroIsOneTooLongFrameInABoundedBuffer) {
  FrameDecoder decoder(kUartMaxFrame);
  const Bytes noise(1'000, '\x55');
  for (std::size_t sent = 0; sent < 1024 * 1024; sent += noise.size()) {
    ASSERT_TRUE(decoder.feed(noise).empty());
    ASSERT_LE(decoder.held(), 516U);
  }
  EXPECT_EQ(decoder.feed(Bytes(1, '\0') + encode_frame(kEnqueue)), std::vector{kEnqueue});
  EXPECT_EQ(decoder.counters(), (FrameCounters{.taken = 1, .too_long = 1}));
}

TEST(Frame, L013ChecksVersionThenFlags) {
  const Bytes header = from_hex("01 05 00 00 34 12 00 00 07 00");
  const auto changed = [&](std::size_t at, char to) {
    Bytes bytes = header;
    bytes[at] = to;
    return line_of(bytes);
  };
  FrameDecoder decoder(kUartMaxFrame);
  EXPECT_EQ(decoder.feed(line_of(header)), std::vector{kPing});
  EXPECT_TRUE(decoder.feed(changed(0, 2)).empty());
  EXPECT_EQ(decoder.counters(), (FrameCounters{.taken = 1, .bad_version = 1}));
  EXPECT_TRUE(decoder.feed(changed(2, '\x80')).empty());
  EXPECT_EQ(decoder.counters(), (FrameCounters{.taken = 1, .bad_version = 1, .bad_flags = 1}));
  // reliable without seq; a seq without reliable
  EXPECT_TRUE(decoder.feed(changed(2, 1) + changed(6, 9)).empty());
  EXPECT_EQ(decoder.counters(), (FrameCounters{.taken = 1, .bad_version = 1, .bad_flags = 3}));
  Bytes both = header;
  both[0] = 2;
  both[2] = '\x80';
  EXPECT_TRUE(decoder.feed(line_of(both)).empty());
  EXPECT_EQ(decoder.counters(), (FrameCounters{.taken = 1, .bad_version = 2, .bad_flags = 3}));
}

TEST(Frame, L021TenMegabytesOfNoiseBringNoFrameAndHideNone) {
  std::mt19937_64 random(1);
  for (const std::size_t max : {kUartMaxFrame, kSocketMaxFrame}) {
    FrameDecoder decoder(max);
    for (int round = 0; round < 10 * 256; ++round) {
      ASSERT_TRUE(decoder.feed(testing::random_bytes(random, 4'096)).empty()) << round;
      ASSERT_LE(decoder.held(), DM_COBS_MAX(max));
    }
    EXPECT_GT(decoder.counters().bad(), 10'000U);
    EXPECT_EQ(decoder.feed(Bytes(1, '\0') + encode_frame(kEnqueue)), std::vector{kEnqueue});
  }
}

TEST(Frame, L022BootTextBeforeTheFirstDelimiterIsOneBadFrame) {
  FrameDecoder decoder(kUartMaxFrame);
  EXPECT_EQ(decoder.feed("rom v1.2 booting...\r\n" + Bytes(1, '\0') + encode_frame(kBirth)), std::vector{kBirth});
  EXPECT_EQ(decoder.counters().bad(), 1U);
}

TEST(Frame, L023ALineOpenedInsideAFrameDropsItUncounted) {
  const Bytes line = encode_frame(kEnqueue);
  for (std::size_t cut = 0; cut < line.size(); ++cut) {
    FrameDecoder decoder(kUartMaxFrame, FrameDecoder::Start::at_delimiter);
    ASSERT_EQ(decoder.feed(line.substr(cut) + encode_frame(kPing)), std::vector{kPing}) << cut;
    ASSERT_EQ(decoder.counters(), FrameCounters{.taken = 1}) << cut;
  }
}

TEST(Frame, TheEncoderRefusesABufferThatIsTooSmall) {
  DmFrame frame = {};
  frame.type = 5;
  const Bytes line = encode_frame({.type = Message::ping});
  for (std::size_t capacity = 0; capacity < line.size(); ++capacity) {
    std::vector<std::uint8_t> buffer(capacity + 1, 0xEE);
    ASSERT_EQ(dm_frame_encode(&frame, buffer.data(), capacity), 0U) << capacity;
    ASSERT_EQ(buffer[capacity], 0xEE) << capacity;
  }
  std::vector<std::uint8_t> buffer(line.size());
  EXPECT_EQ(dm_frame_encode(&frame, buffer.data(), buffer.size()), line.size());
}

TEST(FrameDeathTest, ASeqThatContradictsReliableIsABrokenInvariant) {
  EXPECT_DEATH(encode_frame({.type = Message::ping, .seq = 1}), "wire:frame_seq");
  EXPECT_DEATH(encode_frame({.type = Message::job_get, .reliable = true}), "wire:frame_seq");
}

}  // namespace
}  // namespace dormouse::wire
