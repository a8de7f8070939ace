// SPDX-License-Identifier: Apache-2.0
// Reads the fields of one stored record into what they stand for. What is absent keeps the value that was there;
// one field that is wrong is kept, so that a reader asks for all and looks once.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/wire/record.hpp"

namespace dormouse::jobs {

/// The record must outlive it. Fields that were asked of the record itself count as read here.
class RecordReader {
 public:
  explicit RecordReader(const wire::Record& record) : record_(record) {}

  template <class Int>
  void number(wire::Key key, Int& into, std::uint64_t most = std::numeric_limits<Int>::max()) {
    const std::optional<std::uint64_t> value = record_.get_uint(key);
    if (!value) return;
    if (*value > most) return wrong(key);
    into = static_cast<Int>(*value);
  }
  template <class Enum>
  void word(wire::Key key, Enum& into, Enum last) {
    auto value = static_cast<std::uint64_t>(into);
    number(key, value, static_cast<std::uint64_t>(last));
    into = static_cast<Enum>(value);
  }
  void signed_number(wire::Key key, std::int64_t& into) { take(record_.get_int(key), into); }
  void text(wire::Key key, std::string& into) { take(record_.get_text(key), into); }
  void bytes(wire::Key key, Bytes& into) { take(record_.get_bytes(key), into); }
  void flag(wire::Key key, bool& into) { take(record_.get_bool(key), into); }
  void numbers(wire::Key key, std::vector<std::int64_t>& into) { take(record_.get_ints(key), into); }

  bool has(wire::Key key) const { return record_.has(key); }
  void wrong(wire::Key key) {
    if (!wrong_) wrong_ = key;
  }
  std::optional<wire::Key> wrong() const {
    const std::vector<wire::Key>& of_wrong_type = record_.bad_fields();
    return wrong_ || of_wrong_type.empty() ? wrong_ : of_wrong_type.front();
  }

 private:
  template <class T>
  void take(std::optional<T> value, T& into) {
    if (value) into = std::move(*value);
  }

  const wire::Record& record_;
  std::optional<wire::Key> wrong_;
};

}  // namespace dormouse::jobs
