// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/validate.hpp"

#include <algorithm>
#include <cstdint>

#include "runtime/jobs/retry.hpp"
#include "runtime/wire/cbor.h"

namespace dormouse::jobs {
namespace {

constexpr std::int64_t kYear = 31'536'000'000;
constexpr std::int64_t kTenYears = 315'360'000'000;
constexpr std::int64_t kEndOf2199 = 7'258'118'399'999;
constexpr std::int64_t kDay = 86'400'000;
constexpr std::size_t kNameBytes = 64;
constexpr std::size_t kKeyBytes = 256;

/// Notes failing fields of one spec.
class Findings {
 public:
  Findings(std::vector<FieldError>& fields, const std::string& prefix) : fields_(fields), prefix_(prefix) {}
  void add(const std::string& field, const std::string& code, std::string message) {
    fields_.push_back({prefix_ + field, code, std::move(message)});
  }
  void range(const std::string& field, std::int64_t value, std::int64_t least, std::int64_t most) {
    if (value >= least && value <= most) return;
    add(field, "out_of_range", "must be " + std::to_string(least) + ".." + std::to_string(most));
  }

 private:
  std::vector<FieldError>& fields_;
  const std::string& prefix_;
};

bool is_name(std::string_view name, std::string_view marks) {
  if (name.empty() || name.size() > kNameBytes) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || marks.find(c) != std::string_view::npos;
  });
}

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

void check_handler(Findings& found, const JobSpec& spec, const std::set<std::string>* handlers) {
  if (spec.handler.empty())
    return found.add("handler", "required", "must be given: 1..64 bytes of a-z 0-9 . _ / -");
  if (!is_handler_name(spec.handler)) {
    return found.add("handler", "bad_format", "must be 1..64 bytes of a-z 0-9 . _ / -");
  }
  if (spec.handler_check == HandlerCheck::later || !handlers || handlers->contains(spec.handler)) return;
  found.add("handler", "unknown_handler",
            "must be one of: " + joined(*handlers) + "; or set handler_check to later");
}

void check_due(Findings& found, const DueSpec& due) {
  if (const auto* after = std::get_if<DueAfter>(&due)) {
    const std::int64_t ms = after->delay.count();
    if (ms < 0) found.range("due", ms, 0, kTenYears);
    if (ms > kTenYears)
      found.add("due", "time.delay_too_long", "must be at most " + std::to_string(kTenYears) + " ms");
  } else if (const auto* at = std::get_if<DueAt>(&due)) {
    if (at->at.ms >= 0 && at->at.ms <= kEndOf2199) return;
    found.add("due", "time.bad_instant", "must be 0.." + std::to_string(kEndOf2199) + " (1970 to 2199)");
  }
}

void check_misfire(Findings& found, const JobSpec& spec) {
  const Misfire& misfire = spec.misfire;
  if (misfire.policy == Misfire::Policy::windowed) {
    found.range("window", misfire.window.count(), 0, kYear);
  } else if (misfire.window != Duration{}) {
    found.add("window", "not_allowed", "is for misfire windowed only");
  }
  if (misfire.max_age && misfire.policy != Misfire::Policy::catch_up) {
    found.add("max_age", "not_allowed", "is for misfire catch_up only");
  } else if (misfire.max_age) {
    found.range("max_age", misfire.max_age->count(), 0, kYear);
  }
  found.range("grace", spec.grace.count(), 0, kYear);
}

void check_retry(Findings& found, const JobSpec& spec) {
  found.range("interrupted_limit", spec.interrupted_limit, 1, 100);
  if (!spec.retry) return;
  const Retry& retry = *spec.retry;
  if (!retry.preset.empty() && !retry_preset(retry.preset)) {
    std::set<std::string> names;
    for (std::string& name : retry_preset_names()) names.insert(std::move(name));
    return found.add("retry", "bad_format", "must be one of: " + joined(names) + "; or numbers of your own");
  }
  const bool once =
      spec.delivery == Delivery::at_most_once || spec.misfire.policy == Misfire::Policy::run_once_if_missed;
  if (once && retry.preset != "none") {
    return found.add("retry", "not_allowed", "must be none for a job that runs at most once");
  }
  if (retry.preset.empty() && !retry_in_range(retry)) {
    found.add("retry", "out_of_range",
              "must have max_attempts 1..100, max 100..86400000 ms, initial 100..max, factor_percent 100..1000");
  }
}

void check_key(Findings& found, const char* field, const std::optional<std::string>& key) {
  if (!key) return;
  if (key->empty()) return found.add(field, "out_of_range", "must be 1..256 bytes");
  if (key->size() > kKeyBytes) return found.add(field, "too_large", "must be 1..256 bytes");
  if (!dm_utf8_valid(key->data(), key->size())) found.add(field, "bad_format", "must be UTF-8 text");
}

}  // namespace

bool is_handler_name(std::string_view name) {
  return is_name(name, "._/-");
}

bool is_component_name(std::string_view name) {
  return is_name(name, "._-");
}

std::vector<FieldError> check_spec(const JobSpec& spec, const Limits& limits, const std::set<std::string>* handlers,
                                   const std::string& prefix) {
  std::vector<FieldError> fields;
  Findings found(fields, prefix);
  check_handler(found, spec, handlers);
  if (spec.args.size() > limits.args_bytes) {
    found.add("args", "too_large", "must be at most " + std::to_string(limits.args_bytes) + " bytes");
  }
  check_due(found, spec.due);
  check_misfire(found, spec);
  check_retry(found, spec);
  check_key(found, "conflict_key", spec.conflict_key);
  check_key(found, "idempotency_key", spec.idempotency_key);
  found.range("idempotency_ttl", spec.idempotency_ttl.count(), 1'000, 2'592'000'000);
  found.range("priority", spec.priority, 0, 9);
  found.range("timeout", spec.timeout.count(), 100, kDay);
  return fields;
}

Error invalid_input(std::vector<FieldError> fields) {
  check(!fields.empty(), "jobs:fields");
  if (fields.size() == 1 && fields[0].code.starts_with("time.")) {
    Error error{.code = fields[0].code, .message = fields[0].field + " " + fields[0].message};
    error.fields = std::move(fields);
    return error;
  }
  std::string message;
  for (const FieldError& field : fields) {
    message += (message.empty() ? "" : "; ") + field.field + " " + field.message;
  }
  return {.code = "invalid_input", .message = std::move(message), .fields = std::move(fields)};
}

JobSpec understood(JobSpec spec) {
  if (spec.misfire.policy == Misfire::Policy::run_once_if_missed) spec.delivery = Delivery::at_most_once;
  if (!spec.retry) {
    spec.retry = usual_retry(spec.delivery);
  } else if (const std::optional<Retry> preset = retry_preset(spec.retry->preset)) {
    spec.retry = preset;
  }
  return spec;
}

std::string clean_text(std::string_view text, std::size_t limit) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t good = dm_utf8_prefix(text.data(), text.size());
    clean.append(text.substr(0, good));
    text.remove_prefix(good);
    if (text.empty() || clean.size() > limit) break;
    clean.push_back('?');
    text.remove_prefix(1);
  }
  if (clean.size() > limit) clean.resize(dm_utf8_prefix(clean.data(), limit));
  return clean;
}

}  // namespace dormouse::jobs
