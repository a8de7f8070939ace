// SPDX-License-Identifier: Apache-2.0
// Records over the C99 codec. What a record takes at most is reckoned first, so that the buffer is allocated once
// and the values are walked and checked once.
#include <algorithm>
#include <limits>

#include "runtime/wire/cbor.h"
#include "runtime/wire/record.hpp"

namespace dormouse::wire {

/// The one way around the typed puts and gets.
struct RecordAccess {
  using Field = Record::Field;
  using Fields = std::vector<Field>;
  static const Fields& fields(const Record& record) { return record.fields_; }
  static Fields& fields(Record& record) { return record.fields_; }
};

namespace {

constexpr std::size_t longest_head = 9;
constexpr std::size_t longest_key = 3;

std::size_t most_bytes(const Record& record);

/// A bound on what the value takes; too deep nesting is for the writer to refuse.
std::size_t most_bytes(const Value& value) {
  if (const auto* text = std::get_if<Text>(&value.side)) return longest_head + text->bytes.size();
  if (const auto* blob = std::get_if<Blob>(&value.side)) return longest_head + blob->bytes.size();
  if (const auto* record = std::get_if<Record>(&value.side)) return most_bytes(*record);
  std::size_t most = longest_head;
  if (const auto* array = std::get_if<Array>(&value.side))
    for (const Value& element : *array) most += most_bytes(element);
  return most;
}

std::size_t most_bytes(const Record& record) {
  std::size_t most = longest_head;
  for (const auto& [key, value] : RecordAccess::fields(record)) most += longest_key + most_bytes(value);
  return most;
}

class Writer {
 public:
  explicit Writer(Bytes& out) { dm_cbor_init(&writer_, reinterpret_cast<std::uint8_t*>(out.data()), out.size()); }

  void map(const Record& record) {
    dm_cbor_begin_map(&writer_);
    // The codec refuses what is too deep, so this ends even then.
    if (writer_.error != DM_CBOR_OK) return;
    for (const auto& [key, value] : RecordAccess::fields(record)) {
      dm_cbor_key(&writer_, key);
      write(value);
    }
    dm_cbor_end(&writer_);
  }

  std::size_t finish() const {
    std::size_t size = 0;
    check(dm_cbor_finish(&writer_, &size) == DM_CBOR_OK, "wire:record_limits");
    return size;
  }

 private:
  void write(const Value& value);

  DmCborWriter writer_;
};

void Writer::write(const Value& value) {
  struct Visitor {
    Writer& self;
    DmCborWriter* to;
    void operator()(const Null&) const { dm_cbor_null(to); }
    void operator()(bool side) const { dm_cbor_bool(to, side); }
    void operator()(std::int64_t side) const { dm_cbor_int(to, side); }
    void operator()(std::uint64_t side) const { dm_cbor_uint(to, side); }
    void operator()(const Text& side) const { dm_cbor_text(to, side.bytes.data(), side.bytes.size()); }
    void operator()(const Blob& side) const { dm_cbor_bytes(to, side.bytes.data(), side.bytes.size()); }
    void operator()(const Array& side) const {
      dm_cbor_begin_array(to);
      if (to->error != DM_CBOR_OK) return;
      for (const Value& element : side) self.write(element);
      dm_cbor_end(to);
    }
    void operator()(const Record& side) const { self.map(side); }
  };
  std::visit(Visitor{*this, &writer_}, value.side);
}

Bytes string_of(const DmCborValue& value) {
  return Bytes(reinterpret_cast<const char*>(value.data), value.size);
}

void read_map(DmCborReader& reader, Record& record);

/// Recursion is bounded by the four levels that the body was checked for.
Value read_value(const DmCborValue& value) {
  switch (value.kind) {
    case DM_CBOR_UINT:
      return Value{value.number};
    case DM_CBOR_NEGATIVE:
      return Value{value.negative};
    case DM_CBOR_BYTES:
      return Value{Blob{string_of(value)}};
    case DM_CBOR_TEXT:
      return Value{Text{string_of(value)}};
    case DM_CBOR_BOOL:
      return Value{value.number != 0};
    case DM_CBOR_NULL:
      return Value{Null{}};
    case DM_CBOR_ARRAY:
    case DM_CBOR_MAP:
      break;
  }
  DmCborReader inner;
  check(dm_cbor_enter(&inner, &value), "wire:enter");
  if (value.kind == DM_CBOR_MAP) {
    Record record;
    read_map(inner, record);
    return Value{std::move(record)};
  }
  Array array;
  array.reserve(inner.left);
  DmCborValue element;
  while (dm_cbor_next_element(&inner, &element)) array.push_back(read_value(element));
  return Value{std::move(array)};
}

/// The body was checked: it has the entries that it says, and their keys rise.
void read_map(DmCborReader& reader, Record& record) {
  auto& fields = RecordAccess::fields(record);
  fields.reserve(reader.left);
  std::uint64_t key = 0;
  DmCborValue value;
  while (dm_cbor_next(&reader, &key, &value)) {
    // A key that no registry of ours can hold is an unknown key: ignored.
    if (key > std::numeric_limits<std::uint16_t>::max()) continue;
    fields.push_back({static_cast<std::uint16_t>(key), read_value(value)});
  }
}

}  // namespace

Bytes Record::encode() const {
  if (fields_.empty()) return {};
  Bytes bytes(most_bytes(*this), '\0');
  Writer writer(bytes);
  writer.map(*this);
  bytes.resize(writer.finish());
  return bytes;
}

namespace {

Result<DmCborReader> open_body(BytesView bytes) {
  DmCborReader reader;
  const auto* body = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const DmCborError error = dm_cbor_open(&reader, body, bytes.size());
  if (error == DM_CBOR_OK) return reader;
  return Error{.code = "link.bad_body", .message = std::string(dm_cbor_error_text(error)) + "."};
}

}  // namespace

Result<Record> Record::decode(BytesView bytes) {
  Result<DmCborReader> reader = open_body(bytes);
  if (!reader) return std::move(reader).error();
  Record record;
  read_map(*reader, record);
  return record;
}

Result<Record> Record::decode_some(BytesView bytes, std::initializer_list<Key> wanted) {
  Result<DmCborReader> reader = open_body(bytes);
  if (!reader) return std::move(reader).error();
  Record record;
  std::uint64_t key = 0;
  DmCborValue value;
  while (dm_cbor_next(&*reader, &key, &value)) {
    const auto is_it = [key](Key one) { return static_cast<std::uint16_t>(one) == key; };
    if (std::any_of(wanted.begin(), wanted.end(), is_it))
      record.fields_.push_back({static_cast<std::uint16_t>(key), read_value(value)});
  }
  return record;
}

}  // namespace dormouse::wire
