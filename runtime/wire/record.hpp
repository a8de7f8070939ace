// SPDX-License-Identifier: Apache-2.0
// CBOR maps with small integer keys, as values: how every stored record and every message body is written
// and read in C++. A thin face over the C99 codec (cbor.h), which both ends of a link share; deterministic
// encoding: shortest heads, definite lengths, keys rising, each once.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"
#include "runtime/wire/registry.hpp"

namespace dormouse::wire {

class Record;
struct Value;
using Array = std::vector<Value>;

/// Text and Blob differ on the wire (UTF-8 text, byte string) though both are bytes here.
struct Text {
  std::string bytes;
  bool operator==(const Text&) const = default;
};
struct Blob {
  Bytes bytes;
  bool operator==(const Blob&) const = default;
};
struct Null {
  bool operator==(const Null&) const = default;
};

/// A map body. Readers ask by key and say the type they expect: a present key of another type is noted as
/// a bad field (bad_fields()), so that one pass over a body finds all wrong types at once.
/// Fields lie in one row in the order of their keys, so putting them in that order is cheapest.
class Record {
 public:
  Record();
  Record(const Record&);
  Record(Record&&) noexcept;
  Record& operator=(const Record&);
  Record& operator=(Record&&) noexcept;
  ~Record();
  bool operator==(const Record& other) const;

  // -- writing: a later put of the same key wins --
  Record& put_int(Key key, std::int64_t value);
  Record& put_uint(Key key, std::uint64_t value);
  Record& put_bool(Key key, bool value);
  Record& put_text(Key key, std::string value);  // bytes that are not UTF-8 become U+FFFD
  Record& put_bytes(Key key, Bytes value);
  Record& put_null(Key key);
  Record& put_record(Key key, Record value);
  Record& put_records(Key key, std::vector<Record> values);  // array of maps
  Record& put_ints(Key key, const std::vector<std::int64_t>& values);
  Record& put_texts(Key key, const std::vector<std::string>& values);
  Record& put_blobs(Key key, const std::vector<Bytes>& values);

  // -- reading: none if absent (or null: is_null tells) --
  bool has(Key key) const;  // true for null too
  bool is_null(Key key) const;
  std::optional<std::int64_t> get_int(Key key) const;
  std::optional<std::uint64_t> get_uint(Key key) const;
  std::optional<bool> get_bool(Key key) const;
  std::optional<std::string> get_text(Key key) const;
  std::optional<Bytes> get_bytes(Key key) const;
  std::optional<Record> get_record(Key key) const;
  std::optional<std::vector<Record>> get_records(Key key) const;
  std::optional<std::vector<std::int64_t>> get_ints(Key key) const;
  std::optional<std::vector<std::string>> get_texts(Key key) const;
  std::optional<std::vector<Bytes>> get_blobs(Key key) const;
  /// Keys that were asked for with a type they do not have, in order of asking.
  const std::vector<Key>& bad_fields() const;

  /// At most depth 4, 64 pairs in a map, 64 elements in an array: a broken invariant above that. The empty
  /// record is no bytes. Whatever this returns, decode reads back as an equal record.
  Bytes encode() const;
  /// link.bad_body naming what is wrong. Empty bytes are the empty map. Never allocates by a length it read.
  static Result<Record> decode(BytesView bytes);
  /// Checks all of it likewise, but keeps only these keys: for a look at a few fields of many.
  static Result<Record> decode_some(BytesView bytes, std::initializer_list<Key> wanted);

 private:
  friend struct RecordAccess;  // the codec, in record_codec.cpp
  struct Field;
  Value& value_at(Key key);                // made if it is not there yet
  const Value* find(Key key) const;        // nullptr if absent
  const Value* find_value(Key key) const;  // nullptr if absent or null
  template <class T, class Convert>
  std::optional<T> get(Key key, Convert convert) const;

  std::vector<Field> fields_;  // keys rising, each once
  mutable std::vector<Key> bad_;
};

struct Value {
  std::variant<Null, bool, std::int64_t, std::uint64_t, Text, Blob, Array, Record> side;
  bool operator==(const Value&) const = default;
};

struct Record::Field {
  std::uint16_t key = 0;
  Value value;
  bool operator==(const Field&) const = default;
};

/// Well if no key was asked for with a type it does not have, else link.bad_body listing all that were. To be
/// called after every field of a body was read.
Status types_ok(const Record& record);

/// The name of a key, as messages and JSON show it ("conflict_key"); "key 200" for one unknown here.
std::string name_of(Key key);

}  // namespace dormouse::wire
