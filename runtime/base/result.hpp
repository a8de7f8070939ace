// SPDX-License-Identifier: Apache-2.0
// Operating errors are values. A function that can fail for a reason outside the program returns
// Result<T>; nothing throws across a module boundary. Broken invariants abort instead: check.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/base/check.hpp"

namespace dormouse {

/// One failing field of a refused input. `code` is one of required, out_of_range, too_large,
/// bad_format, unknown_handler, not_allowed, immutable, unknown_field, or a word of its own area.
struct FieldError {
  std::string field;
  std::string code;
  std::string message;  // one sentence: what is allowed
  bool operator==(const FieldError&) const = default;
};

/// A refusal or a failure. `code` is stable and part of the contract (`area.word`, such as
/// "job.not_found"; "invalid_input" has no area); `message` is one clear sentence for a person.
struct Error {
  std::string code;
  std::string message;
  std::string hint = {};                // what to do about it, if that is known
  std::vector<FieldError> fields = {};  // all failing fields at once, for invalid_input
  std::uint64_t id = 0;                 // the job that stands in the way (conflict, mismatch), or 0
  std::int64_t retry_after_ms = 0;      // when to try again, or 0
  bool operator==(const Error&) const = default;
};

/// What a function answers that has nothing to say but "done".
struct Done {
  bool operator==(const Done&) const = default;
};

/// Either a value or an Error. Reading the side that is not there is a broken invariant.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : side_(std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : side_(std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return side_.index() == 0; }
  explicit operator bool() const { return ok(); }

  const T& value() const& {
    check(ok(), "result:value");
    return std::get<0>(side_);
  }
  T& value() & {
    check(ok(), "result:value");
    return std::get<0>(side_);
  }
  T&& value() && {
    check(ok(), "result:value");
    return std::get<0>(std::move(side_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const Error& error() const& {
    check(!ok(), "result:error");
    return std::get<1>(side_);
  }
  Error&& error() && {
    check(!ok(), "result:error");
    return std::get<1>(std::move(side_));
  }

 private:
  std::variant<T, Error> side_;
};

using Status = Result<Done>;
inline Status done() {
  return Done{};
}

}  // namespace dormouse
