// SPDX-License-Identifier: Apache-2.0
// Records as values: putting and asking by key. Their encoding is record_codec.cpp.
#include "runtime/wire/record.hpp"

#include <algorithm>
#include <limits>

#include "runtime/wire/cbor.h"

namespace dormouse::wire {

namespace {

constexpr std::uint64_t kIntMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

/// Numbers have one form each: unsigned unless negative. So equal numbers compare equal.
Value number(std::int64_t value) {
  if (value < 0) return Value{value};
  return Value{static_cast<std::uint64_t>(value)};
}

/// Text of other people (the output of a command, a path) may be anything, and must not make a record that
/// nobody can read: what is not UTF-8 becomes U+FFFD.
std::string as_utf8(std::string text) {
  if (dm_utf8_valid(text.data(), text.size())) return text;
  std::string clean;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t good = dm_utf8_prefix(text.data() + at, text.size() - at);
    clean.append(text, at, good);
    at += good;
    if (at == text.size()) break;
    clean += "\xEF\xBF\xBD";
    ++at;
  }
  return clean;
}

std::optional<std::int64_t> as_int(const Value& value) {
  if (const auto* negative = std::get_if<std::int64_t>(&value.side)) return *negative;
  const auto* positive = std::get_if<std::uint64_t>(&value.side);
  if (positive == nullptr || *positive > kIntMax) return std::nullopt;
  return static_cast<std::int64_t>(*positive);
}

std::optional<std::string> as_text(const Value& value) {
  if (const auto* text = std::get_if<Text>(&value.side)) return text->bytes;
  return std::nullopt;
}

std::optional<Bytes> as_bytes(const Value& value) {
  if (const auto* blob = std::get_if<Blob>(&value.side)) return blob->bytes;
  return std::nullopt;
}

template <class T>
std::optional<T> as_side(const Value& value) {
  if (const auto* side = std::get_if<T>(&value.side)) return *side;
  return std::nullopt;
}

/// Every element by `convert`, or none at all.
template <class T, class Convert>
std::optional<std::vector<T>> as_list(const Value& value, Convert convert) {
  const auto* array = std::get_if<Array>(&value.side);
  if (array == nullptr) return std::nullopt;
  std::vector<T> list;
  list.reserve(array->size());
  for (const Value& element : *array) {
    auto converted = convert(element);
    if (!converted) return std::nullopt;
    list.push_back(*std::move(converted));
  }
  return list;
}

std::uint16_t number_of(Key key) {
  return static_cast<std::uint16_t>(key);
}

constexpr std::size_t few_fields = 8;  // room for these is made at once

}  // namespace

Record::Record() = default;
Record::Record(const Record&) = default;
Record::Record(Record&&) noexcept = default;
Record& Record::operator=(const Record&) = default;
Record& Record::operator=(Record&&) noexcept = default;
Record::~Record() = default;

bool Record::operator==(const Record& other) const {
  return fields_ == other.fields_;
}

Value& Record::value_at(Key key) {
  const std::uint16_t number = number_of(key);
  if (fields_.capacity() == 0) fields_.reserve(few_fields);
  if (fields_.empty() || fields_.back().key < number) return fields_.emplace_back(Field{number, Value{}}).value;
  const auto at = std::lower_bound(fields_.begin(), fields_.end(), number,
                                   [](const Field& field, std::uint16_t asked) { return field.key < asked; });
  if (at->key == number) return at->value;
  return fields_.insert(at, Field{number, Value{}})->value;
}

const Value* Record::find(Key key) const {
  const std::uint16_t number = number_of(key);
  const auto at = std::lower_bound(fields_.begin(), fields_.end(), number,
                                   [](const Field& field, std::uint16_t asked) { return field.key < asked; });
  return at == fields_.end() || at->key != number ? nullptr : &at->value;
}

const Value* Record::find_value(Key key) const {
  const Value* value = find(key);
  return value == nullptr || std::holds_alternative<Null>(value->side) ? nullptr : value;
}

template <class T, class Convert>
std::optional<T> Record::get(Key key, Convert convert) const {
  const Value* value = find_value(key);
  if (value == nullptr) return std::nullopt;
  std::optional<T> converted = convert(*value);
  if (!converted && std::find(bad_.begin(), bad_.end(), key) == bad_.end()) bad_.push_back(key);
  return converted;
}

Record& Record::put_int(Key key, std::int64_t value) {
  value_at(key) = number(value);
  return *this;
}

Record& Record::put_uint(Key key, std::uint64_t value) {
  value_at(key) = Value{value};
  return *this;
}

Record& Record::put_bool(Key key, bool value) {
  value_at(key) = Value{value};
  return *this;
}

Record& Record::put_text(Key key, std::string value) {
  value_at(key) = Value{Text{as_utf8(std::move(value))}};
  return *this;
}

Record& Record::put_bytes(Key key, Bytes value) {
  value_at(key) = Value{Blob{std::move(value)}};
  return *this;
}

Record& Record::put_null(Key key) {
  value_at(key) = Value{Null{}};
  return *this;
}

Record& Record::put_record(Key key, Record value) {
  value_at(key) = Value{std::move(value)};
  return *this;
}

Record& Record::put_records(Key key, std::vector<Record> values) {
  Array array;
  array.reserve(values.size());
  for (Record& value : values) array.push_back(Value{std::move(value)});
  value_at(key) = Value{std::move(array)};
  return *this;
}

Record& Record::put_ints(Key key, const std::vector<std::int64_t>& values) {
  Array array;
  array.reserve(values.size());
  for (const std::int64_t value : values) array.push_back(number(value));
  value_at(key) = Value{std::move(array)};
  return *this;
}

Record& Record::put_texts(Key key, const std::vector<std::string>& values) {
  Array array;
  array.reserve(values.size());
  for (const std::string& value : values) array.push_back(Value{Text{as_utf8(value)}});
  value_at(key) = Value{std::move(array)};
  return *this;
}

Record& Record::put_blobs(Key key, const std::vector<Bytes>& values) {
  Array array;
  array.reserve(values.size());
  for (const Bytes& value : values) array.push_back(Value{Blob{value}});
  value_at(key) = Value{std::move(array)};
  return *this;
}

bool Record::has(Key key) const {
  return find(key) != nullptr;
}

bool Record::is_null(Key key) const {
  return has(key) && find_value(key) == nullptr;
}

std::optional<std::int64_t> Record::get_int(Key key) const {
  return get<std::int64_t>(key, as_int);
}

std::optional<std::uint64_t> Record::get_uint(Key key) const {
  return get<std::uint64_t>(key, as_side<std::uint64_t>);
}

std::optional<bool> Record::get_bool(Key key) const {
  return get<bool>(key, as_side<bool>);
}

std::optional<std::string> Record::get_text(Key key) const {
  return get<std::string>(key, as_text);
}

std::optional<Bytes> Record::get_bytes(Key key) const {
  return get<Bytes>(key, as_bytes);
}

std::optional<Record> Record::get_record(Key key) const {
  return get<Record>(key, as_side<Record>);
}

std::optional<std::vector<Record>> Record::get_records(Key key) const {
  using List = std::vector<Record>;
  return get<List>(key, [](const Value& value) { return as_list<Record>(value, as_side<Record>); });
}

std::optional<std::vector<std::int64_t>> Record::get_ints(Key key) const {
  using List = std::vector<std::int64_t>;
  return get<List>(key, [](const Value& value) { return as_list<std::int64_t>(value, as_int); });
}

std::optional<std::vector<std::string>> Record::get_texts(Key key) const {
  using List = std::vector<std::string>;
  return get<List>(key, [](const Value& value) { return as_list<std::string>(value, as_text); });
}

std::optional<std::vector<Bytes>> Record::get_blobs(Key key) const {
  using List = std::vector<Bytes>;
  return get<List>(key, [](const Value& value) { return as_list<Bytes>(value, as_bytes); });
}

const std::vector<Key>& Record::bad_fields() const {
  return bad_;
}

Status types_ok(const Record& record) {
  if (record.bad_fields().empty()) return done();
  Error error{.code = "link.bad_body", .message = "Fields have a value of a wrong type."};
  for (const Key key : record.bad_fields()) {
    error.fields.push_back({name_of(key), "bad_format", "The value has a wrong type."});
  }
  return error;
}

}  // namespace dormouse::wire
