// SPDX-License-Identifier: Apache-2.0
// CRC-32C against published check values.
#include "runtime/wire/crc32c.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace {

uint32_t crc_of(const std::string& bytes) {
  return dm_crc32c(0, bytes.data(), bytes.size());
}

TEST(Crc32c, GivesThePublishedCheckValues) {
  EXPECT_EQ(crc_of("123456789"), 0xE3069283U);
  EXPECT_EQ(crc_of(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc_of(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(dm_crc32c(0, nullptr, 0), 0U);
  EXPECT_EQ(dm_crc32c_by_table(0, "123456789", 9), 0xE3069283U);
  EXPECT_EQ(dm_crc32c_by_table(0, nullptr, 0), 0U);
}

TEST(Crc32c, IsTheSameWithAndWithoutTheProcessorsInstruction) {
  std::mt19937_64 random(32);
  std::string bytes(600, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  for (size_t from = 0; from < 16; ++from)
    for (size_t size = 0; size + from <= bytes.size(); ++size) {
      const auto start = static_cast<uint32_t>(random());
      ASSERT_EQ(dm_crc32c(start, bytes.data() + from, size), dm_crc32c_by_table(start, bytes.data() + from, size))
          << from << " " << size;
    }
}

TEST(Crc32c, InPiecesIsTheSameAsInOne) {
  const std::string bytes = "the quick brown fox jumps over the lazy dormouse";
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const uint32_t head = dm_crc32c(0, bytes.data(), cut);
    EXPECT_EQ(dm_crc32c(head, bytes.data() + cut, bytes.size() - cut), crc_of(bytes)) << cut;
  }
}

}  // namespace
