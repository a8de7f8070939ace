// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/spec_codec.hpp"

#include <limits>
#include <utility>

#include "runtime/jobs/job_codec.hpp"
#include "runtime/jobs/retry.hpp"
#include "runtime/jobs/validate.hpp"

namespace dormouse::jobs {
namespace {

using wire::Key;
using wire::Record;

/// Goes through one body and notes every field that fails.
class SpecReader {
 public:
  explicit SpecReader(const Record& body) : body_(body) {}

  void text(Key key, std::string& into) {
    if (auto value = body_.get_text(key)) into = std::move(*value);
  }
  void text(Key key, std::optional<std::string>& into) {
    if (auto value = body_.get_text(key)) into = std::move(*value);
  }
  void time(Key key, Duration& into) {
    if (const auto value = body_.get_int(key)) into = Duration{*value};
  }
  template <class Int>
  void number(Key key, Int& into) {
    const std::optional<std::int64_t> value = body_.get_int(key);
    if (!value) return;
    if (std::in_range<Int>(*value)) {
      into = static_cast<Int>(*value);
    } else {
      bad(key, "out_of_range", "is far out of range");
    }
  }
  template <class Enum>
  void word(Key key, Enum& into, Enum last, const char* allowed) {
    const std::optional<std::int64_t> value = body_.get_int(key);
    if (!value) return;
    if (*value < 0 || *value > static_cast<std::int64_t>(last)) return bad(key, "out_of_range", allowed);
    into = static_cast<Enum>(*value);
  }
  void retry(std::optional<Retry>& into) {
    if (!body_.has(Key::retry) || body_.is_null(Key::retry)) return;
    const Record probe = body_;  // asking for a type that is not there would count as a wrong type
    if (const auto name = probe.get_text(Key::retry)) {
      into = retry_preset(*name);
      if (!into) into = Retry{.preset = *name};  // check_spec names the known ones
      return;
    }
    const std::optional<Record> numbers = body_.get_record(Key::retry);
    if (!numbers) return;
    Retry custom{.preset = ""};
    SpecReader inner(*numbers);
    inner.number(Key::max_attempts, custom.max_attempts);
    inner.time(Key::initial, custom.initial);
    inner.time(Key::max, custom.max);
    inner.number(Key::factor_percent, custom.factor_percent);
    for (const Key key : numbers->bad_fields()) wrong_types_.push_back("retry." + wire::name_of(key));
    if (!inner.fields_.empty()) bad(Key::retry, "out_of_range", "has a number far out of range");
    into = custom;
  }
  void bad(Key key, const char* code, const std::string& message) {
    fields_.push_back({wire::name_of(key), code, message});
  }
  const Record& body() const { return body_; }
  std::vector<FieldError>& fields() { return fields_; }

  std::optional<Error> wrong_types() const {
    std::vector<std::string> names = wrong_types_;
    for (const Key key : body_.bad_fields()) names.push_back(wire::name_of(key));
    if (names.empty()) return std::nullopt;
    Error error{.code = "link.bad_body", .message = "of a wrong type:"};
    for (const std::string& name : names) {
      error.message += " " + name;
      error.fields.push_back({name, "bad_format", "has a wrong type"});
    }
    return error;
  }

 private:
  const Record& body_;
  std::vector<FieldError> fields_;
  std::vector<std::string> wrong_types_;
};

void read_due(SpecReader& reader, DueSpec& due, Strictness strictness) {
  const std::optional<std::int64_t> at = reader.body().get_int(Key::at);
  const std::optional<std::int64_t> after = reader.body().get_int(Key::after);
  if (at) {
    due = DueAt{WallTime{*at}};
  } else if (after) {
    due = DueAfter{Duration{*after}};
  }
  if (!at || !after || strictness == Strictness::stored) return;
  reader.bad(Key::at, "not_allowed", "is not allowed together with after");
  reader.bad(Key::after, "not_allowed", "is not allowed together with at");
}

void read_misfire(SpecReader& reader, Misfire& misfire, Strictness strictness) {
  reader.word(Key::misfire, misfire.policy, Misfire::Policy::windowed,
              "must be 0 catch_up, 1 skip, 2 run_once_if_missed or 3 windowed");
  const bool window_given = reader.body().get_int(Key::window).has_value();
  reader.time(Key::window, misfire.window);
  if (const auto age = reader.body().get_int(Key::max_age)) misfire.max_age = Duration{*age};
  if (strictness == Strictness::stored) {
    reader.number(Key::max_runs, misfire.max_runs);
    return;
  }
  const bool windowed = misfire.policy == Misfire::Policy::windowed;
  if (windowed && !window_given) reader.bad(Key::window, "required", "must be given with misfire windowed");
  // A window of 0 looks like none to check_spec, so it is refused here.
  if (!windowed && window_given && misfire.window == Duration{}) {
    reader.bad(Key::window, "not_allowed", "is for misfire windowed only");
  }
  if (reader.body().has(Key::max_runs)) reader.bad(Key::max_runs, "not_allowed", "is for schedules only");
}

void read_options(SpecReader& reader, JobSpec& spec) {
  reader.time(Key::grace, spec.grace);
  reader.word(Key::delivery, spec.delivery, Delivery::at_most_once, "must be 0 at_least_once or 1 at_most_once");
  reader.retry(spec.retry);
  reader.number(Key::interrupted_limit, spec.interrupted_limit);
  reader.text(Key::conflict_key, spec.conflict_key);
  reader.word(Key::conflict_policy, spec.conflict_policy, ConflictPolicy::fail, "must be 0 dedupe or 1 fail");
  reader.text(Key::idempotency_key, spec.idempotency_key);
  reader.time(Key::idempotency_ttl, spec.idempotency_ttl);
  reader.number(Key::priority, spec.priority);
  reader.word(Key::needs_time, spec.needs_time, Trust::synced, "must be 0 any, 1 rtc or 2 synced");
  spec.wake_system = reader.body().get_bool(Key::wake_system).value_or(spec.wake_system);
  reader.time(Key::timeout, spec.timeout);
  reader.word(Key::handler_check, spec.handler_check, HandlerCheck::later, "must be 0 strict or 1 later");
}

template <class T>
void put_unless_default(Record& body, Key key, const T& value, const T& normal) {
  if (value == normal) return;
  if constexpr (std::is_same_v<T, Duration>) {
    body.put_int(key, value.count());
  } else {
    body.put_int(key, static_cast<std::int64_t>(value));
  }
}

}  // namespace

SpecRead read_spec(const Record& body, Strictness strictness) {
  SpecReader reader(body);
  SpecRead read;
  reader.text(Key::handler, read.spec.handler);
  if (strictness == Strictness::message) {
    if (auto args = body.get_bytes(Key::args)) read.spec.args = std::move(*args);
  }
  read_due(reader, read.spec.due, strictness);
  read_misfire(reader, read.spec.misfire, strictness);
  read_options(reader, read.spec);
  read.wrong_types = reader.wrong_types();
  read.fields = std::move(reader.fields());
  return read;
}

Result<JobSpec> spec_from(const Record& body, const Limits& limits) {
  SpecRead read = read_spec(body, Strictness::message);
  if (read.wrong_types) return std::move(*read.wrong_types);
  // One answer names everything: what the bounds refuse joins what the reading refused.
  for (FieldError& field : check_spec(read.spec, limits, nullptr)) read.fields.push_back(std::move(field));
  if (!read.fields.empty()) return invalid_input(std::move(read.fields));
  return std::move(read.spec);
}

void put_misfire(Record& body, const Misfire& misfire) {
  body.put_uint(Key::misfire, static_cast<std::uint64_t>(misfire.policy));
  if (misfire.policy == Misfire::Policy::windowed) body.put_int(Key::window, misfire.window.count());
  if (misfire.max_age) body.put_int(Key::max_age, misfire.max_age->count());
}

void put_asked_due(Record& body, const DueSpec& due) {
  if (const auto* at = std::get_if<DueAt>(&due)) body.put_int(Key::at, at->at.ms);
  if (const auto* after = std::get_if<DueAfter>(&due)) body.put_int(Key::after, after->delay.count());
}

void put_retry(Record& body, const Retry& retry) {
  if (!retry.preset.empty()) {
    body.put_text(Key::retry, retry.preset);
    return;
  }
  Record numbers;
  numbers.put_uint(Key::max_attempts, retry.max_attempts);
  numbers.put_int(Key::initial, retry.initial.count());
  numbers.put_int(Key::max, retry.max.count());
  numbers.put_uint(Key::factor_percent, retry.factor_percent);
  body.put_record(Key::retry, std::move(numbers));
}

void put_spec(Record& body, const JobSpec& spec) {
  put_spec_but_retry(body, spec);
  if (spec.retry) put_retry(body, *spec.retry);
}

void put_spec_but_retry(Record& body, const JobSpec& spec) {
  static const JobSpec normal;
  body.put_text(Key::handler, spec.handler);
  if (spec.misfire != normal.misfire) put_misfire(body, spec.misfire);
  put_unless_default(body, Key::grace, spec.grace, normal.grace);
  put_unless_default(body, Key::delivery, spec.delivery, normal.delivery);
  put_unless_default(body, Key::interrupted_limit, spec.interrupted_limit, normal.interrupted_limit);
  if (spec.conflict_key) body.put_text(Key::conflict_key, *spec.conflict_key);
  put_unless_default(body, Key::conflict_policy, spec.conflict_policy, normal.conflict_policy);
  if (spec.idempotency_key) body.put_text(Key::idempotency_key, *spec.idempotency_key);
  put_unless_default(body, Key::idempotency_ttl, spec.idempotency_ttl, normal.idempotency_ttl);
  put_unless_default(body, Key::priority, spec.priority, normal.priority);
  put_unless_default(body, Key::needs_time, spec.needs_time, normal.needs_time);
  if (spec.wake_system) body.put_bool(Key::wake_system, true);
  put_unless_default(body, Key::timeout, spec.timeout, normal.timeout);
  put_unless_default(body, Key::handler_check, spec.handler_check, normal.handler_check);
}

Record enqueue_body(const JobSpec& spec) {
  Record body;
  put_spec(body, spec);
  put_asked_due(body, spec.due);
  if (!spec.args.empty()) body.put_bytes(Key::args, spec.args);
  return body;
}

}  // namespace dormouse::jobs
