// SPDX-License-Identifier: Apache-2.0
// A record is either what was written under that key, or it is refused.
#include "runtime/store/envelope.hpp"

#include <gtest/gtest.h>

namespace dormouse::store {
namespace {

TEST(Envelope, ComesApartAsItWasSealed) {
  const Bytes record = seal("q1", 0x0102030405060708u, "body");
  ASSERT_EQ(record.size(), envelope_bytes + 4);
  EXPECT_EQ(record.substr(0, 4), (Bytes{1, 'q', 0, 0}));
  EXPECT_EQ(record.substr(8, 8), "\x08\x07\x06\x05\x04\x03\x02\x01");
  const auto opened = unseal("q1", record);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->sequence, 0x0102030405060708u);
  EXPECT_EQ(opened->body, "body");
  EXPECT_TRUE(unseal("q1", seal("q1", 1, "")).ok());
}

TEST(Envelope, ABitFlippedAnywhereIsFound) {
  const Bytes record = seal("q1", 77, "some body");
  for (std::size_t byte = 0; byte < record.size(); ++byte)
    for (int bit = 0; bit < 8; ++bit) {
      Bytes damaged = record;
      damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << bit));
      EXPECT_FALSE(unseal("q1", damaged).ok()) << byte << ":" << bit;
    }
}

TEST(Envelope, RefusesWhatDoesNotFit) {
  const Bytes record = seal("q1", 1, "body");
  Bytes newer = record;
  newer[0] = 2;
  struct Row {
    const char* name;
    Bytes key;
    Bytes record;
    const char* code;
  };
  const Row rows[] = {
      {"under another key", "q2", record, "store.corrupt_record"},
      {"under a key of another kind", "h1", record, "store.corrupt_record"},
      {"too short for an envelope", "q1", record.substr(0, envelope_bytes - 1), "store.corrupt_record"},
      {"cut", "q1", record.substr(0, record.size() - 1), "store.corrupt_record"},
      {"longer", "q1", record + "x", "store.corrupt_record"},
      {"empty", "q1", "", "store.corrupt_record"},
      {"of a newer version", "q1", newer, "store.newer_record"},
  };
  for (const Row& row : rows) {
    const auto opened = unseal(row.key, row.record);
    ASSERT_FALSE(opened.ok()) << row.name;
    EXPECT_EQ(opened.error().code, row.code) << row.name;
  }
}

TEST(Envelope, KeysAreShownReadably) {
  EXPECT_EQ(printable(Bytes("qw\x00\x01\\", 5)), "qw\\x00\\x01\\x5c");
}

}  // namespace
}  // namespace dormouse::store
