// SPDX-License-Identifier: Apache-2.0
// The bounded codec: every rule that a body can break, and a writer that never leaves its buffer.
#include "runtime/wire/cbor.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/wire/record.hpp"
#include "tests/runtime/wire/helpers.hpp"

namespace dormouse::wire {
namespace {

using testing::from_hex;
using testing::to_hex;

// -- refused bodies ---------------------------------------------------------------------------------

struct BadBody {
  std::string name;
  std::string body;  // hex
  std::string says;
};

std::string array_of_uints(int count) {
  std::string hex = "a1 18 22 98 " + to_hex(Bytes(1, static_cast<char>(count)));
  for (int i = 0; i < count; ++i) hex += " 00";
  return hex;
}

std::string map_of_pairs(int count) {
  std::string hex = "b8 " + to_hex(Bytes(1, static_cast<char>(count)));
  for (int i = 0; i < count; ++i) hex += (i < 24 ? " " : " 18 ") + to_hex(Bytes(1, static_cast<char>(i))) + " f5";
  return hex;
}

const std::vector<BadBody> kBadBodies = {
    {.name = "L016 depth 5", .body = "a1 00 a1 00 a1 00 a1 00 a0", .says = "depth"},
    {.name = "L016 depth 5 by arrays", .body = "a1 00 81 81 81 80", .says = "depth"},
    {.name = "L016 65 pairs", .body = map_of_pairs(65), .says = "pairs"},
    {.name = "L016 array of 65", .body = array_of_uints(65), .says = "elements"},
    {.name = "L017 2^28 elements claimed", .body = "a1 18 22 9a 10 00 00 00", .says = "elements"},
    {.name = "L018 double key", .body = "a2 01 00 01 00", .says = "keys must rise"},
    {.name = "L018 falling keys", .body = "a2 02 00 01 00", .says = "keys must rise"},
    {.name = "L018 long form of a small integer", .body = "a1 01 18 17", .says = "shortest"},
    {.name = "L018 long form in two bytes", .body = "a1 01 19 00 ff", .says = "shortest"},
    {.name = "L018 long form in four bytes", .body = "a1 01 1a 00 00 ff ff", .says = "shortest"},
    {.name = "L018 long form in eight bytes", .body = "a1 01 1b 00 00 00 00 ff ff ff ff", .says = "shortest"},
    {.name = "L018 long form of a key", .body = "a1 18 01 00", .says = "shortest"},
    {.name = "L018 long form of a length", .body = "a1 01 58 01 00", .says = "shortest"},
    {.name = "L018 reserved head", .body = "a1 01 1c", .says = "shortest"},
    {.name = "L018 half float", .body = "a1 01 f9 3c 00", .says = "float"},
    {.name = "L018 double float", .body = "a1 01 fb 3f f0 00 00 00 00 00 00", .says = "float"},
    {.name = "L018 undefined", .body = "a1 01 f7", .says = "not allowed"},
    {.name = "L018 tag", .body = "a1 01 c1 00", .says = "tag"},
    {.name = "L018 indefinite map", .body = "bf 01 00 ff", .says = "indefinite"},
    {.name = "L018 indefinite array", .body = "a1 01 9f ff", .says = "indefinite"},
    {.name = "L018 indefinite bytes", .body = "a1 01 5f 41 00 ff", .says = "indefinite"},
    {.name = "L018 bad UTF-8", .body = "a1 02 61 ff", .says = "UTF-8"},
    {.name = "L018 overlong UTF-8", .body = "a1 02 62 c0 80", .says = "UTF-8"},
    {.name = "L018 surrogate", .body = "a1 02 63 ed a0 80", .says = "UTF-8"},
    {.name = "L018 above U+10FFFF", .body = "a1 02 64 f4 90 80 80", .says = "UTF-8"},
    {.name = "L018 bytes after the map", .body = "a1 01 00 00", .says = "after the map"},
    {.name = "text key", .body = "a1 61 61 00", .says = "key"},
    {.name = "negative key", .body = "a1 20 00", .says = "key"},
    {.name = "no map", .body = "80", .says = "not a map"},
    {.name = "number below 64 bits", .body = "a1 01 3b 80 00 00 00 00 00 00 00", .says = "-2^63"},
    {.name = "length of 2^64-1", .body = "a1 03 5b ff ff ff ff ff ff ff ff", .says = "ends inside"},
    {.name = "text longer than the body", .body = "a1 02 78 80 61", .says = "ends inside"},
    {.name = "long chain of arrays", .body = "a1 00 81 81 81 81 81 81 81 81 81 81 81 81", .says = "depth"},
};

TEST(Cbor, L016L017L018RefusesABodyOutsideTheRules) {
  for (const BadBody& row : kBadBodies) {
    const auto read = Record::decode(from_hex(row.body));
    ASSERT_FALSE(read.ok()) << row.name;
    EXPECT_EQ(read.error().code, "link.bad_body") << row.name;
    EXPECT_NE(read.error().message.find(row.says), std::string::npos) << row.name << ": " << read.error().message;
  }
}

TEST(Cbor, WhatIsJustWithinTheRulesIsTaken) {
  for (const std::string& body :
       {std::string("a1 00 a1 00 a1 00 a0"), map_of_pairs(64), array_of_uints(64),
        std::string("a1 02 64 f4 8f bf bf"), std::string("a1 01 3b 7f ff ff ff ff ff ff ff")}) {
    EXPECT_TRUE(Record::decode(from_hex(body)).ok()) << body;
  }
}

// -- the C writer -------------------------------------------------------------------------------------

TEST(CborWriter, RefusesWhatDoesNotFitAtEverySize) {
  const auto write = [](std::uint8_t* to, std::size_t capacity, std::size_t* size) {
    DmCborWriter writer;
    dm_cbor_init(&writer, to, capacity);
    dm_cbor_begin_map(&writer);
    for (std::uint64_t key = 0; key < 30; ++key) {
      dm_cbor_key(&writer, key * 10);
      dm_cbor_text(&writer, "blink", 5);
    }
    dm_cbor_end(&writer);
    return dm_cbor_finish(&writer, size);
  };
  std::size_t needed = 0;
  ASSERT_EQ(write(nullptr, 0, &needed), DM_CBOR_OK);
  for (std::size_t capacity = 0; capacity < needed; ++capacity) {
    std::vector<std::uint8_t> buffer(capacity + 1, 0xEE);
    std::size_t size = 0;
    ASSERT_EQ(write(buffer.data(), capacity, &size), DM_CBOR_NO_ROOM) << capacity;
    ASSERT_EQ(buffer[capacity], 0xEE) << "wrote behind the buffer of " << capacity;
  }
  std::vector<std::uint8_t> buffer(needed);
  std::size_t size = 0;
  ASSERT_EQ(write(buffer.data(), needed, &size), DM_CBOR_OK);
  EXPECT_EQ(size, needed);
  EXPECT_EQ(dm_cbor_check(buffer.data(), size), DM_CBOR_OK);
}

TEST(CborWriter, RefusesAValueOutOfPlace) {
  struct Row {
    std::string name;
    DmCborError error;
    void (*write)(DmCborWriter*);
  };
  const std::vector<Row> rows = {
      {"no map", DM_CBOR_MISUSE, [](DmCborWriter* w) { dm_cbor_uint(w, 1); }},
      {"not ended", DM_CBOR_MISUSE, [](DmCborWriter* w) { dm_cbor_begin_map(w); }},
      {"ended twice", DM_CBOR_MISUSE,
       [](DmCborWriter* w) {
         dm_cbor_begin_map(w);
         dm_cbor_end(w);
         dm_cbor_end(w);
       }},
      {"two maps", DM_CBOR_MISUSE,
       [](DmCborWriter* w) {
         dm_cbor_begin_map(w);
         dm_cbor_end(w);
         dm_cbor_begin_map(w);
       }},
      {"value without key", DM_CBOR_MISUSE,
       [](DmCborWriter* w) {
         dm_cbor_begin_map(w);
         dm_cbor_bool(w, true);
       }},
      {"key without value", DM_CBOR_MISUSE,
       [](DmCborWriter* w) {
         dm_cbor_begin_map(w);
         dm_cbor_key(w, 1);
         dm_cbor_end(w);
       }},
      {"falling keys", DM_CBOR_KEY_ORDER,
       [](DmCborWriter* w) {
         dm_cbor_begin_map(w);
         dm_cbor_key(w, 2);
         dm_cbor_null(w);
         dm_cbor_key(w, 1);
       }},
      {"bad text", DM_CBOR_UTF8,
       [](DmCborWriter* w) {
         dm_cbor_begin_map(w);
         dm_cbor_key(w, 2);
         dm_cbor_text(w, "\xFF", 1);
       }},
  };
  for (const Row& row : rows) {
    std::uint8_t buffer[32];
    DmCborWriter writer;
    dm_cbor_init(&writer, buffer, sizeof buffer);
    row.write(&writer);
    std::size_t size = 0;
    EXPECT_EQ(dm_cbor_finish(&writer, &size), row.error) << row.name;
  }
}

}  // namespace
}  // namespace dormouse::wire
