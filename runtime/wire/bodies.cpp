// SPDX-License-Identifier: Apache-2.0
// Session and refusal bodies, field by field.
#include "runtime/wire/bodies.hpp"

#include <algorithm>
#include <limits>

#include "runtime/wire/cbor.h"

namespace dormouse::wire {

namespace {

constexpr std::size_t kListMax = DM_CBOR_MAX_ELEMENTS;
constexpr std::uint64_t kMax16 = std::numeric_limits<std::uint16_t>::max();
constexpr std::uint64_t kMax32 = std::numeric_limits<std::uint32_t>::max();

/// Reads fields one after the other and notes all that is wrong, so that one error tells it at once.
class Fields {
 public:
  explicit Fields(const Record& record) : record_(record) {}

  template <class T>
  T required(Key key, std::optional<T> value) {
    if (!value && (!record_.has(key) || record_.is_null(key))) {
      wrong_.push_back({name_of(key), "required", "The field must be given."});
    }
    return value.value_or(T{});
  }

  std::optional<std::uint64_t> number(Key key, std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) {
    const auto value = record_.get_uint(key);
    if (value && *value > max) {
      wrong_.push_back({name_of(key), "out_of_range", "At most " + std::to_string(max) + " is allowed."});
    }
    return value;
  }

  Status finish() {
    if (Status types = types_ok(record_); !types.ok()) return types;
    if (wrong_.empty()) return done();
    return Error{.code = "invalid_input", .message = "Fields are missing or out of range.", .fields = wrong_};
  }

 private:
  const Record& record_;
  std::vector<FieldError> wrong_;
};

template <class T>
void cut(std::vector<T>& list) {
  if (list.size() > kListMax) list.resize(kListMax);
}

std::string role_text(Role role) {
  switch (role) {
    case Role::none:
      return "none";
    case Role::reader:
      return "reader";
    case Role::operator_:
      return "operator";
  }
  return "none";
}

Role role_from(const std::string& text) {
  if (text == "operator") return Role::operator_;
  return text == "reader" ? Role::reader : Role::none;
}

void put_big_endian(Bytes& to, std::uint64_t value, int size) {
  for (int i = size - 1; i >= 0; --i) to += static_cast<char>(value >> (8 * i));
}

std::uint64_t get_big_endian(BytesView from) {
  std::uint64_t value = 0;
  for (const char byte : from) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

}  // namespace

Bytes token_bytes(const AttemptToken& token) {
  Bytes bytes;
  put_big_endian(bytes, token.epoch, 4);
  put_big_endian(bytes, token.job, 8);
  put_big_endian(bytes, token.attempt, 4);
  return bytes;
}

std::optional<AttemptToken> token_from(BytesView bytes) {
  if (bytes.size() != 16) return std::nullopt;
  return AttemptToken{.epoch = static_cast<std::uint32_t>(get_big_endian(bytes.substr(0, 4))),
                      .job = get_big_endian(bytes.substr(4, 8)),
                      .attempt = static_cast<std::uint32_t>(get_big_endian(bytes.substr(12, 4)))};
}

Record to_record(const Birth& birth) {
  Record record;
  record.put_uint(Key::nonce, birth.nonce)
      .put_text(Key::firmware, birth.firmware)
      .put_uint(Key::version, birth.version)
      .put_uint(Key::frames, birth.frames)
      .put_uint(Key::max_frame, birth.max_frame);
  if (birth.schema) record.put_uint(Key::schema, *birth.schema);
  if (birth.boot_count) record.put_uint(Key::boot_count, *birth.boot_count);
  if (birth.reset_reason != ResetReason::unknown) {
    record.put_uint(Key::reset_reason, static_cast<std::uint64_t>(birth.reset_reason));
  }
  if (birth.uptime_ms) record.put_int(Key::uptime, *birth.uptime_ms);
  if (birth.max_running) record.put_uint(Key::max_running, *birth.max_running);
  if (!birth.running.empty()) {
    std::vector<Bytes> running = birth.running;
    cut(running);
    record.put_blobs(Key::running, running);
  }
  return record;
}

Result<Birth> birth_from(const Record& record) {
  Fields fields(record);
  Birth birth;
  birth.nonce = static_cast<std::uint32_t>(fields.required(Key::nonce, fields.number(Key::nonce, kMax32)));
  birth.firmware = fields.required(Key::firmware, record.get_text(Key::firmware));
  birth.version = fields.required(Key::version, fields.number(Key::version));
  birth.frames = fields.required(Key::frames, fields.number(Key::frames));
  birth.max_frame = fields.required(Key::max_frame, fields.number(Key::max_frame));
  if (const auto schema = fields.number(Key::schema, kMax32)) birth.schema = static_cast<std::uint32_t>(*schema);
  birth.boot_count = fields.number(Key::boot_count);
  const std::uint64_t reason = fields.number(Key::reset_reason).value_or(0);
  if (reason <= static_cast<std::uint64_t>(ResetReason::fault)) {
    birth.reset_reason = static_cast<ResetReason>(reason);
  }
  birth.uptime_ms = record.get_int(Key::uptime);
  birth.max_running = fields.number(Key::max_running);
  birth.running = record.get_blobs(Key::running).value_or(std::vector<Bytes>{});
  if (Status status = fields.finish(); !status.ok()) return std::move(status).error();
  return birth;
}

Record to_record(const Welcome& welcome) {
  std::vector<std::string> capabilities = welcome.capabilities;
  std::vector<Bytes> stop = welcome.stop;
  cut(capabilities);
  cut(stop);
  Record record;
  record.put_uint(Key::nonce, welcome.nonce)
      .put_text(Key::device, welcome.device)
      .put_uint(Key::boot, welcome.boot)
      .put_int(Key::instant, welcome.instant_ms)
      .put_uint(Key::trust, welcome.trust)
      .put_uint(Key::version, welcome.version)
      .put_uint(Key::frames, welcome.frames)
      .put_uint(Key::max_frame, welcome.max_frame)
      .put_text(Key::component, welcome.component)
      .put_text(Key::role, role_text(welcome.role))
      .put_texts(Key::capabilities, capabilities)
      .put_blobs(Key::stop, stop);
  if (welcome.wall_ms) record.put_int(Key::wall, *welcome.wall_ms);
  return record;
}

Result<Welcome> welcome_from(const Record& record) {
  Fields fields(record);
  Welcome welcome;
  welcome.nonce = static_cast<std::uint32_t>(fields.required(Key::nonce, fields.number(Key::nonce, kMax32)));
  welcome.device = record.get_text(Key::device).value_or("");
  welcome.boot = fields.number(Key::boot).value_or(0);
  welcome.instant_ms = record.get_int(Key::instant).value_or(0);
  welcome.trust = static_cast<std::uint8_t>(fields.number(Key::trust, 2).value_or(0));
  welcome.wall_ms = record.get_int(Key::wall);
  welcome.version = fields.required(Key::version, fields.number(Key::version));
  welcome.frames = fields.required(Key::frames, fields.number(Key::frames));
  welcome.max_frame = fields.required(Key::max_frame, fields.number(Key::max_frame));
  welcome.component = record.get_text(Key::component).value_or("");
  welcome.role = role_from(record.get_text(Key::role).value_or(""));
  welcome.capabilities = record.get_texts(Key::capabilities).value_or(std::vector<std::string>{});
  welcome.stop = record.get_blobs(Key::stop).value_or(std::vector<Bytes>{});
  if (Status status = fields.finish(); !status.ok()) return std::move(status).error();
  return welcome;
}

Record to_record(const ErrorBody& body) {
  const Error& error = body.error;
  Record record;
  record.put_uint(Key::re, body.re).put_text(Key::code, error.code).put_text(Key::message, error.message);
  if (!error.hint.empty()) record.put_text(Key::hint, error.hint);
  if (error.retry_after_ms != 0) record.put_int(Key::retry_after, error.retry_after_ms);
  if (error.id != 0) record.put_uint(Key::id, error.id);
  std::vector<Record> list;
  for (const FieldError& field : error.fields) {
    if (list.size() == kListMax) break;
    list.push_back(Record()
                       .put_text(Key::field, field.field)
                       .put_text(Key::code, field.code)
                       .put_text(Key::message, field.message));
  }
  if (!list.empty()) record.put_records(Key::fields, std::move(list));
  return record;
}

Record to_record_within(ErrorBody body, std::size_t max_body) {
  Error& error = body.error;
  cut(error.fields);
  std::size_t size = to_record(body).encode().size();
  while (size > max_body && !error.fields.empty()) {
    error.fields.pop_back();
    size = to_record(body).encode().size();
  }
  if (size > max_body && !error.hint.empty()) {
    error.hint.clear();
    size = to_record(body).encode().size();
  }
  if (size > max_body) {
    const std::size_t keep = error.message.size() - std::min(error.message.size(), size - max_body);
    error.message.resize(dm_utf8_prefix(error.message.data(), keep));
  }
  return to_record(body);
}

Result<ErrorBody> error_from(const Record& record) {
  Fields fields(record);
  ErrorBody body;
  body.re = static_cast<std::uint16_t>(fields.required(Key::re, fields.number(Key::re, kMax16)));
  body.error.code = fields.required(Key::code, record.get_text(Key::code));
  body.error.message = fields.required(Key::message, record.get_text(Key::message));
  body.error.hint = record.get_text(Key::hint).value_or("");
  body.error.retry_after_ms = record.get_int(Key::retry_after).value_or(0);
  body.error.id = fields.number(Key::id).value_or(0);
  for (const Record& field : record.get_records(Key::fields).value_or(std::vector<Record>{})) {
    body.error.fields.push_back({field.get_text(Key::field).value_or(""), field.get_text(Key::code).value_or(""),
                                 field.get_text(Key::message).value_or("")});
  }
  if (Status status = fields.finish(); !status.ok()) return std::move(status).error();
  return body;
}

}  // namespace dormouse::wire
