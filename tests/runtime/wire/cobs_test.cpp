// SPDX-License-Identifier: Apache-2.0
// Byte stuffing: sizes, identity, and what is refused.
#include "runtime/wire/cobs.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/runtime/wire/helpers.hpp"

namespace dormouse::wire {
namespace {

using testing::from_hex;

Bytes encode(const Bytes& bytes) {
  Bytes line(DM_COBS_MAX(bytes.size()), '\0');
  DmCobsEncoder encoder;
  dm_cobs_begin(&encoder, reinterpret_cast<std::uint8_t*>(line.data()), line.size());
  dm_cobs_put(&encoder, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  line.resize(dm_cobs_end(&encoder));
  return line;
}

std::optional<Bytes> decode(Bytes line) {
  std::size_t size = 0;
  auto* bytes = reinterpret_cast<std::uint8_t*>(line.data());
  if (!dm_cobs_decode(bytes, line.size(), bytes, &size)) return std::nullopt;
  line.resize(size);
  return line;
}

TEST(Cobs, L005HasTheseSizesAndIsTheIdentity) {
  struct Row {
    std::size_t size, encoded;
  };
  const std::vector<Row> rows = {{0, 1},     {1, 2},     {254, 255},        {255, 257},
                                 {508, 510}, {512, 515}, {131'072, 131'589}};
  for (const Row& row : rows) {
    const Bytes bytes(row.size, '\x01');
    const Bytes line = encode(bytes);
    EXPECT_EQ(line.size(), row.encoded) << row.size;
    EXPECT_EQ(line.find('\0'), Bytes::npos) << row.size;
    EXPECT_EQ(decode(line), bytes) << row.size;
  }
  EXPECT_EQ(decode(encode(Bytes(254, '\x01')) + '\x01'), Bytes(254, '\x01'));
}

TEST(Cobs, EncodesZerosAsTheyStand) {
  EXPECT_EQ(encode(from_hex("00")), from_hex("01 01"));
  EXPECT_EQ(encode(from_hex("11 00 22")), from_hex("02 11 02 22"));
  EXPECT_EQ(encode(Bytes(254, 'x') + '\0'), '\xFF' + Bytes(254, 'x') + from_hex("01 01"));
}

TEST(Cobs, AnyBytesAreTheIdentity) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 2'000; ++round) {
    Bytes bytes = testing::random_bytes(random, random() % 1'000);
    if (round % 2 == 0) {
      for (char& c : bytes) c = c % 4 == 0 ? c : '\0';
    }
    const Bytes line = encode(bytes);
    ASSERT_EQ(line.find('\0'), Bytes::npos);
    ASSERT_LE(line.size(), DM_COBS_MAX(bytes.size()));
    ASSERT_EQ(decode(line), bytes);
  }
}

TEST(Cobs, RefusesWhatIsNoEncoding) {
  for (const char* hex : {"", "00", "02", "03 11", "02 00", "01 03 11", "ff 01", "02 11 00"}) {
    EXPECT_EQ(decode(from_hex(hex)), std::nullopt) << hex;
  }
}

TEST(Cobs, NeverWritesBehindItsBuffer) {
  const Bytes bytes = Bytes(300, 'x') + Bytes(3, '\0') + Bytes(10, 'y');
  const std::size_t needed = encode(bytes).size();
  for (std::size_t capacity = 0; capacity <= needed; ++capacity) {
    std::vector<std::uint8_t> buffer(capacity + 1, 0xEE);
    DmCobsEncoder encoder;
    dm_cobs_begin(&encoder, buffer.data(), capacity);
    dm_cobs_put(&encoder, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    ASSERT_EQ(dm_cobs_end(&encoder), capacity == needed ? needed : 0) << capacity;
    ASSERT_EQ(buffer[capacity], 0xEE) << capacity;
  }
}

}  // namespace
}  // namespace dormouse::wire
