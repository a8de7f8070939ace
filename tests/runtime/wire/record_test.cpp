// SPDX-License-Identifier: Apache-2.0
// Records: what is written is read back, and nothing else is read at all.
#include "runtime/wire/record.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/runtime/wire/helpers.hpp"

namespace dormouse::wire {
namespace {

using testing::from_hex;
using testing::to_hex;

Record nested(int levels) {
  Record record;
  if (levels > 1) record.put_record(Key::retry, nested(levels - 1));
  return record;
}

TEST(Record, ReadsBackWhatWasPut) {
  Record record;
  record.put_int(Key::after, -5)
      .put_uint(Key::id, std::numeric_limits<std::uint64_t>::max())
      .put_bool(Key::lazy, true)
      .put_text(Key::handler, "blink")
      .put_bytes(Key::args, Bytes("\0\xFF", 2))
      .put_null(Key::cron)
      .put_record(Key::retry, Record().put_uint(Key::max, 7))
      .put_records(Key::items, {Record().put_uint(Key::id, 1), Record()})
      .put_ints(Key::running, {1, -1, std::numeric_limits<std::int64_t>::min()})
      .put_texts(Key::tags, {"a", "b"});
  const Record read = Record::decode(record.encode()).value();
  EXPECT_EQ(read, record);
  EXPECT_EQ(read.get_int(Key::after), -5);
  EXPECT_EQ(read.get_uint(Key::id), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(read.get_bool(Key::lazy), true);
  EXPECT_EQ(read.get_text(Key::handler), "blink");
  EXPECT_EQ(read.get_bytes(Key::args), Bytes("\0\xFF", 2));
  EXPECT_TRUE(read.has(Key::cron) && read.is_null(Key::cron));
  EXPECT_EQ(read.get_text(Key::cron), std::nullopt);
  EXPECT_EQ(read.get_record(Key::retry)->get_uint(Key::max), 7U);
  EXPECT_EQ(read.get_records(Key::items)->size(), 2U);
  EXPECT_EQ(read.get_ints(Key::running)->back(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(read.get_texts(Key::tags), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(read.has(Key::note) || read.is_null(Key::note));
  EXPECT_TRUE(types_ok(read).ok());
}

TEST(Record, NotesEveryFieldOfAWrongTypeOnce) {
  const Record record = Record()
                            .put_text(Key::after, "soon")
                            .put_uint(Key::handler, 3)
                            .put_uint(Key::due, std::numeric_limits<std::uint64_t>::max())
                            .put_ints(Key::tags, {1})
                            .put_null(Key::cron);
  EXPECT_EQ(record.get_int(Key::after), std::nullopt);
  EXPECT_EQ(record.get_int(Key::after), std::nullopt);
  EXPECT_EQ(record.get_text(Key::handler), std::nullopt);
  EXPECT_EQ(record.get_int(Key::due), std::nullopt);
  EXPECT_EQ(record.get_texts(Key::tags), std::nullopt);
  EXPECT_EQ(record.get_text(Key::cron), std::nullopt);
  EXPECT_EQ(record.get_text(Key::zone), std::nullopt);
  EXPECT_EQ(record.bad_fields(), (std::vector{Key::after, Key::handler, Key::due, Key::tags}));
  const Status status = types_ok(record);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "link.bad_body");
  ASSERT_EQ(status.error().fields.size(), 4U);
  EXPECT_EQ(status.error().fields[0].field, "after");
}

TEST(Record, ALaterPutWinsAndEqualNumbersAreEqual) {
  EXPECT_EQ(Record().put_int(Key::id, 1).put_uint(Key::id, 2), Record().put_int(Key::id, 2));
}

TEST(Record, TheOrderOfPuttingDoesNotShow) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::uint16_t> numbers;
    for (auto left = 1 + random() % 40; left > 0; --left)
      numbers.push_back(static_cast<std::uint16_t>(random() % 300));
    Record first;
    for (const auto number : numbers) first.put_uint(static_cast<Key>(number), number + 1U);
    std::shuffle(numbers.begin(), numbers.end(), random);
    Record second;
    for (const auto number : numbers) second.put_text(static_cast<Key>(number), "soon replaced");
    for (const auto number : numbers) second.put_uint(static_cast<Key>(number), number + 1U);
    ASSERT_EQ(first, second) << "round " << round;
    ASSERT_EQ(to_hex(first.encode()), to_hex(second.encode())) << "round " << round;
    for (const auto number : numbers)
      ASSERT_EQ(second.get_uint(static_cast<Key>(number)), number + 1U) << "round " << round;
    ASSERT_FALSE(second.has(static_cast<Key>(300)));
  }
}

TEST(Record, ABodyWithKeysOutOfOrderOrTwiceIsRefused) {
  EXPECT_EQ(to_hex(Record().put_uint(Key::handler, 1).put_uint(Key::id, 1).encode()), "a2 01 01 02 01");
  EXPECT_EQ(Record::decode(from_hex("a2 02 01 01 01")).error().code, "link.bad_body") << "falling";
  EXPECT_EQ(Record::decode(from_hex("a2 01 01 01 01")).error().code, "link.bad_body") << "twice";
  EXPECT_EQ(Record::decode(from_hex("a1 01 a2 02 01 02 01")).error().code, "link.bad_body") << "twice, inside";
}

TEST(Record, AFewFieldsAreReadAsAllAre) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 100; ++round) {
    const Bytes bytes = testing::random_record(random).encode();
    const Record all = Record::decode(bytes).value();
    const auto some = Record::decode_some(bytes, {Key::args, Key::id, Key::limit});
    ASSERT_TRUE(some.ok()) << "round " << round;
    for (std::uint16_t number = 0; number < 60; ++number) {
      const Key key = static_cast<Key>(number);
      const bool asked = key == Key::id || key == Key::args || key == Key::limit;
      ASSERT_EQ(some->has(key), asked && all.has(key)) << "round " << round << " key " << number;
      if (!asked) continue;
      ASSERT_EQ(some->get_uint(key), all.get_uint(key)) << "round " << round;
      ASSERT_EQ(some->get_bytes(key), all.get_bytes(key)) << "round " << round;
      ASSERT_EQ(some->get_record(key), all.get_record(key)) << "round " << round;
    }
  }
  EXPECT_FALSE(Record::decode_some(from_hex("a2 02 01 01 01"), {Key::args}).ok()) << "all of it is checked";
  EXPECT_EQ(Record::decode_some("", {Key::id}).value(), Record());
}

TEST(Record, TextThatIsNotUtf8IsMadeReadable) {
  const Record record = Record().put_text(Key::message, "a\xFF\xC3(\xE2\x82").put_texts(Key::tags, {"\xC0\x80"});
  const Record read = Record::decode(record.encode()).value();
  EXPECT_EQ(read.get_text(Key::message), "a\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(read, record);
}

TEST(Record, TheEmptyRecordIsNoBytesAndBothFormsAreRead) {
  EXPECT_EQ(Record().encode(), "");
  EXPECT_EQ(Record::decode("").value(), Record());
  EXPECT_EQ(Record::decode("\xA0").value(), Record());
}

TEST(Record, AnUnknownKeyIsIgnored) {
  const auto body = Record().put_text(Key::handler, "blink").put_uint(static_cast<Key>(200), 1).encode();
  EXPECT_EQ(Record::decode(body).value().get_text(Key::handler), "blink");
  // a key of more than 16 bits
  EXPECT_EQ(Record::decode(from_hex("a2 01 05 1a 00 01 00 00 01")).value(), Record().put_uint(Key::id, 5));
}

TEST(Record, AnyRecordIsReadBackEqualAndWrittenBackTheSame) {
  std::mt19937_64 random(20240501);
  for (int round = 0; round < 100; ++round) {
    const Record record = testing::random_record(random);
    const Bytes bytes = record.encode();
    const auto read = Record::decode(bytes);
    ASSERT_TRUE(read.ok()) << "round " << round << ": " << read.error().message;
    ASSERT_EQ(*read, record) << "round " << round;
    ASSERT_EQ(read->encode(), bytes) << "round " << round;
  }
}

TEST(Record, ABodyCutAnywhereIsRefused) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 8; ++round) {
    const Bytes bytes = testing::random_record(random).encode();
    for (std::size_t size = 1; size<bytes.size(); size += bytes.size()> 2'000 ? 37 : 1) {
      ASSERT_FALSE(Record::decode(BytesView(bytes).substr(0, size)).ok()) << round << " cut at " << size;
    }
  }
}

TEST(Record, WhateverBytesAreReadAreTheOneEncodingOfTheRecord) {
  std::mt19937_64 random(11);
  int taken = 0;
  for (int round = 0; round < 200'000; ++round) {
    Bytes bytes = testing::random_bytes(random, 1 + random() % 12);
    bytes[0] = static_cast<char>(0xA1 + random() % 2);
    const auto read = Record::decode(bytes);
    if (!read.ok()) continue;
    ++taken;
    const Bytes again = read->encode();
    // Keys beyond 16 bits are dropped; all else is written back byte for byte.
    if (again.size() == bytes.size()) {
      ASSERT_EQ(again, bytes) << to_hex(bytes);
    }
    ASSERT_LE(again.size(), bytes.size()) << to_hex(bytes);
  }
  EXPECT_GT(taken, 100);
}

TEST(RecordDeathTest, WhatIsOverTheLimitsIsABrokenInvariant) {
  const std::vector<std::string> many(65, "x");
  EXPECT_DEATH(Record().put_texts(Key::tags, many).encode(), "wire:record_limits");
  EXPECT_DEATH(nested(5).encode(), "wire:record_limits");
  EXPECT_EQ(Record::decode(nested(4).encode()).value(), nested(4));
}

TEST(Record, KeysHaveTheirNames) {
  EXPECT_EQ(name_of(Key::re), "re");
  EXPECT_EQ(name_of(Key::conflict_key), "conflict_key");
  EXPECT_EQ(name_of(Key::lock_fence), "lock_fence");
  EXPECT_EQ(name_of(static_cast<Key>(9'999)), "key 9999");
}

}  // namespace
}  // namespace dormouse::wire
