// SPDX-License-Identifier: Apache-2.0
// Records over the C99 codec. Writing walks the values twice, first to measure and then to write, so that
// the buffer is allocated once and in its right size.
#include <limits>

#include "runtime/wire/cbor.h"
#include "runtime/wire/record.hpp"

namespace dormouse::wire {

using Values = std::map<std::uint16_t, Value>;

/// The one way around the typed puts and gets.
struct RecordAccess {
  static const Values& values(const Record& record) { return record.values_; }
  static Values& values(Record& record) { return record.values_; }
};

namespace {

class Writer {
 public:
  explicit Writer(Bytes* out) {
    dm_cbor_init(&writer_, out == nullptr ? nullptr : reinterpret_cast<std::uint8_t*>(out->data()),
                 out == nullptr ? 0 : out->size());
  }

  void map(const Values& values) {
    dm_cbor_begin_map(&writer_);
    // The codec refuses what is too deep, so this ends even then.
    if (writer_.error != DM_CBOR_OK) return;
    for (const auto& [key, value] : values) {
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
    void operator()(const Record& side) const { self.map(RecordAccess::values(side)); }
  };
  std::visit(Visitor{*this, &writer_}, value.side);
}

Bytes string_of(const DmCborValue& value) {
  return Bytes(reinterpret_cast<const char*>(value.data), value.size);
}

void read_map(DmCborReader& reader, Values& values);

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
    read_map(inner, RecordAccess::values(record));
    return Value{std::move(record)};
  }
  Array array;
  DmCborValue element;
  while (dm_cbor_next_element(&inner, &element)) array.push_back(read_value(element));
  return Value{std::move(array)};
}

void read_map(DmCborReader& reader, Values& values) {
  std::uint64_t key = 0;
  DmCborValue value;
  while (dm_cbor_next(&reader, &key, &value)) {
    // A key that no registry of ours can hold is an unknown key: ignored.
    if (key > std::numeric_limits<std::uint16_t>::max()) continue;
    values.emplace_hint(values.end(), static_cast<std::uint16_t>(key), read_value(value));
  }
}

}  // namespace

Bytes Record::encode() const {
  if (values_.empty()) return {};
  Writer measure(nullptr);
  measure.map(values_);
  Bytes bytes(measure.finish(), '\0');
  Writer writer(&bytes);
  writer.map(values_);
  check(writer.finish() == bytes.size(), "wire:record_size");
  return bytes;
}

Result<Record> Record::decode(BytesView bytes) {
  DmCborReader reader;
  const auto* body = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const DmCborError error = dm_cbor_open(&reader, body, bytes.size());
  if (error != DM_CBOR_OK) {
    return Error{.code = "link.bad_body", .message = std::string(dm_cbor_error_text(error)) + "."};
  }
  Record record;
  read_map(reader, record.values_);
  return record;
}

}  // namespace dormouse::wire
