// SPDX-License-Identifier: Apache-2.0
// The bodies of messages that open and end a session, and of refusals: structs to records and back. Those of
// jobs and schedules stand with jobs and schedules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/base/identity.hpp"
#include "runtime/base/result.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::wire {

/// What `token` names on a link: 16 bytes that the other end takes as they are and gives back.
struct AttemptToken {
  std::uint32_t epoch = 0;  // of the store
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  bool operator==(const AttemptToken&) const = default;
};
Bytes token_bytes(const AttemptToken& token);
/// None if these are not 16 bytes.
std::optional<AttemptToken> token_from(BytesView bytes);

/// Why the other end started; numbers are on the wire.
enum class ResetReason : std::uint8_t { unknown, power_on, pin, watchdog, software, brown_out, fault };

/// The other end opens a session.
struct Birth {
  std::uint32_t nonce = 0;  // the same again: the same birth
  std::string firmware;     // name and version, for people
  std::uint64_t version = 1;
  std::uint64_t frames = 1;  // window it can take
  std::uint64_t max_frame = 512;
  std::optional<std::uint32_t> schema;
  std::optional<std::uint64_t> boot_count;
  ResetReason reset_reason = ResetReason::unknown;  // a number unknown here is unknown
  std::optional<std::int64_t> uptime_ms;
  std::optional<std::uint64_t> max_running;
  std::vector<Bytes> running;  // tokens of attempts that go on
  bool operator==(const Birth&) const = default;
};

/// The device's answer: the session is open.
struct Welcome {
  std::uint32_t nonce = 0;  // of the birth it answers
  std::string device;
  std::uint64_t boot = 0;
  std::int64_t instant_ms = 0;
  std::uint8_t trust = 0;               // 0 untrusted, 1 rtc, 2 synced
  std::optional<std::int64_t> wall_ms;  // only while believable
  std::uint64_t version = 1;
  std::uint64_t frames = 1;
  std::uint64_t max_frame = 512;
  std::string component;
  Role role = Role::none;
  std::vector<std::string> capabilities;
  std::vector<Bytes> stop;  // tokens no longer valid
  bool operator==(const Welcome&) const = default;
};

/// A refusal: the answer `error` to the frame with seq `re`.
struct ErrorBody {
  std::uint16_t re = 0;
  Error error;
  bool operator==(const ErrorBody&) const = default;
};

/// What is more than the 64 elements of a list is left out.
Record to_record(const Birth& birth);
Record to_record(const Welcome& welcome);
Record to_record(const ErrorBody& body);
/// As to_record, but never more than `max_body` bytes encoded: gives up the fields from the last, then the
/// hint, then the end of the message. `max_body` of 64 and more always fits.
Record to_record_within(ErrorBody body, std::size_t max_body);

/// link.bad_body naming fields of a wrong type, invalid_input naming those missing or out of range.
Result<Birth> birth_from(const Record& record);
Result<Welcome> welcome_from(const Record& record);
Result<ErrorBody> error_from(const Record& record);

}  // namespace dormouse::wire
