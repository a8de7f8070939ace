// SPDX-License-Identifier: Apache-2.0
// What a job is: one durable unit of work. Times are milliseconds; limits are inclusive and stand in
// base/limits.hpp. The stored form is in job_codec.hpp, the rules of change in transitions.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::jobs {

/// `ready` and `waiting` are what a scheduled job is once due; a record stores scheduled, running or an end.
enum class State : std::uint8_t {
  scheduled = 0,
  ready = 1,
  running = 2,
  waiting = 3,
  succeeded = 4,
  dead = 5,
  cancelled = 6,
  missed = 7,
  replaced = 8
};
constexpr bool has_ended(State s) {
  return s >= State::succeeded;
}

/// Why a job is where it is.
enum class Because : std::uint8_t {
  none,
  not_due,
  time,
  retry,
  interrupted,
  again,
  handler_absent,
  old_attempt,
  overlap,
  place,
  network,
  link
};

/// What happens to what was missed (lateness > grace).
struct Misfire {
  enum class Policy : std::uint8_t { catch_up = 0, skip = 1, run_once_if_missed = 2, windowed = 3 };
  Policy policy = Policy::catch_up;
  Duration window{};                // windowed only; inclusive; replaces the grace
  std::uint32_t max_runs = 100;     // schedules only
  std::optional<Duration> max_age;  // catch_up only
  bool operator==(const Misfire&) const = default;

  static Misfire catch_up() { return {}; }
  static Misfire skip() { return {Policy::skip, {}, 100, {}}; }
  static Misfire run_once_if_missed() { return {Policy::run_once_if_missed, {}, 100, {}}; }
  static Misfire windowed(Duration window) { return {Policy::windowed, window, 100, {}}; }
};

enum class Delivery : std::uint8_t { at_least_once = 0, at_most_once = 1 };
enum class ConflictPolicy : std::uint8_t { dedupe = 0, fail = 1 };
enum class HandlerCheck : std::uint8_t { strict = 0, later = 1 };
enum class Trigger : std::uint8_t { call, handler, link, schedule, manual, startup };

/// How failed attempts are repeated; presets by name in retry.hpp.
struct Retry {
  std::string preset = "standard";  // empty: custom
  std::uint32_t max_attempts = 5;
  Duration initial{2'000};
  Duration max{60'000};
  std::uint32_t factor_percent = 200;
  bool operator==(const Retry&) const = default;
};

/// When a job is to run, as asked for.
struct DueNow {
  bool operator==(const DueNow&) const = default;
};
struct DueAfter {
  Duration delay{};
  bool operator==(const DueAfter&) const = default;
};  // elapsed time
struct DueAt {
  WallTime at;
  bool operator==(const DueAt&) const = default;
};
using DueSpec = std::variant<DueNow, DueAfter, DueAt>;

/// What a sender asks for.
struct JobSpec {
  std::string handler;
  Bytes args;
  DueSpec due = DueNow{};
  Misfire misfire;
  Duration grace{60'000};
  Delivery delivery = Delivery::at_least_once;
  std::optional<Retry> retry;  // none: standard, or none at all if at most once
  std::uint32_t interrupted_limit = 3;
  std::optional<std::string> conflict_key;
  ConflictPolicy conflict_policy = ConflictPolicy::dedupe;
  std::optional<std::string> idempotency_key;
  Duration idempotency_ttl{86'400'000};
  int priority = 5;  // 0..9, higher first
  Trust needs_time = Trust::untrusted;
  bool wake_system = false;  // its due wakes the device from suspend, or from off after a clean stop
  Duration timeout{300'000};
  HandlerCheck handler_check = HandlerCheck::strict;
  bool operator==(const JobSpec&) const = default;
};

/// Names one attempt for ever. Tokens of an older store epoch are refused (job.stale_attempt).
struct Token {
  std::uint32_t epoch = 0;
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  auto operator<=>(const Token&) const = default;
};

/// How an attempt ended, as its handler says or as the runtime found.
struct Outcome {
  enum class Kind : std::uint8_t {
    ok,
    again,
    retryable,
    permanent,
    cancelled,
    timed_out,
    interrupted,
    not_started
  };
  Kind kind = Kind::ok;
  Bytes result;         // ok
  Duration delay{};     // again: how long; retryable: the remote hint; not_started: retry after
  std::string code;     // error code of retryable and permanent
  std::string message;  // error text, or the reason of cancelled

  static Outcome ok(Bytes result = {}) { return {Kind::ok, std::move(result), {}, {}, {}}; }
  static Outcome again(Duration delay) { return {Kind::again, {}, delay, {}, {}}; }
  static Outcome retryable(std::string code, std::string message, Duration hint = {}) {
    return {Kind::retryable, {}, hint, std::move(code), std::move(message)};
  }
  static Outcome permanent(std::string code, std::string message) {
    return {Kind::permanent, {}, {}, std::move(code), std::move(message)};
  }
  static Outcome cancelled(std::string reason) { return {Kind::cancelled, {}, {}, {}, std::move(reason)}; }
  static Outcome timed_out() {
    return {Kind::timed_out, {}, {}, "job.timed_out", "the attempt took longer than its timeout"};
  }
  bool operator==(const Outcome&) const = default;
};

/// A wall time as noted at the moment: with what it was worth then, and its boot.
struct Noted {
  WallTime wall;
  Trust trust = Trust::untrusted;
  std::uint32_t boot = 0;
  bool operator==(const Noted&) const = default;
};

/// One finished attempt in a job's own list.
struct AttemptNote {
  std::uint32_t attempt = 0;
  std::uint32_t boot = 0;
  Noted start;
  Noted end;
  Outcome::Kind outcome = Outcome::Kind::ok;
  std::string code;
  bool operator==(const AttemptNote&) const = default;
};

struct Job {
  std::uint64_t id = 0;
  std::uint16_t component = 0;  // number; the name stands in the component record
  JobSpec spec;                 // as accepted; args are loaded only when asked for
  Trigger trigger = Trigger::call;
  std::optional<std::uint64_t> schedule;  // the job of a slot: its schedule ...
  std::int64_t slot_ms = 0;               // ... and slot (wall ms, or n * period for `every`)
  std::optional<std::string> schedule_name;
  Due due;
  State state = State::scheduled;
  Because because = Because::not_due;
  std::uint32_t revision = 1;
  std::uint32_t attempt = 0;      // serial of the newest attempt, never reset
  std::uint32_t used = 0;         // attempts charged against max_attempts
  std::uint32_t interrupted = 0;  // in a row
  std::uint32_t epoch = 0;        // store epoch of the running attempt; with id and attempt: its token
  bool settled = false;           // misfire has been judged
  bool in_line = false;           // runs late: in the catch-up line
  std::uint64_t missed_count = 0;
  std::optional<std::int64_t> first_missed_ms;
  std::optional<std::string> cancel_requested;
  Bytes result;
  std::string error_code;
  std::string error_message;
  std::string reason;               // why it ended: attempts_exhausted, interrupted_limit, a person's words
  std::uint32_t continuations = 0;  // outcomes `again` so far
  std::uint64_t after_job = 0;      // does not start before the code of this job has returned
  std::optional<Due> forget;        // idempotency key: when it is forgotten, once the record is gone
  Bytes args_hash;                  // idempotency key: SHA-256 of the args, which may be dropped
  std::uint64_t args_apart = 0;     // bytes of args that lie in a part of their own
  std::uint64_t result_apart = 0;   // likewise of the result
  std::vector<AttemptNote> attempts;
  Noted created;
  std::optional<Noted> started;
  std::optional<Noted> ended;
  bool operator==(const Job&) const = default;

  Token token() const { return {epoch, id, attempt}; }
};

}  // namespace dormouse::jobs
