// SPDX-License-Identifier: Apache-2.0
#include "runtime/schedules/validate.hpp"

#include <algorithm>
#include <utility>

#include "runtime/jobs/retry.hpp"
#include "runtime/jobs/validate.hpp"
#include "runtime/wire/cbor.h"

namespace dormouse::schedules {
namespace {

constexpr std::size_t name_bytes = 128;
constexpr std::uint32_t max_runs = 1'000;

/// Gathers failing fields and the hints of those whose message does not say what is allowed.
struct Findings {
  std::vector<FieldError> fields;
  std::string hint;

  void add(std::string field, std::string code, std::string message) {
    fields.push_back({std::move(field), std::move(code), std::move(message)});
  }
  void add_hint(const std::string& more) {
    if (!more.empty()) hint += (hint.empty() ? "" : "; ") + more;
  }
};

/// What slots of a kind need without being asked: without a believable clock nobody knows that they have come.
Trust need_of(Kind kind) {
  return kind == Kind::every ? Trust::untrusted : Trust::rtc;
}

bool is_control(unsigned char c) {
  return c < 0x20 || c == 0x7F;
}

void check_name(Findings& found, const std::string& name) {
  if (name.empty()) return found.add("name", "required", "name must be given: 1 to 128 bytes");
  if (name.size() > name_bytes) return found.add("name", "name_too_long", "Name too long");
  if (std::any_of(name.begin(), name.end(), [](char c) { return is_control(static_cast<unsigned char>(c)); }))
    return found.add("name", "name_invalid", "Name has control characters");
  if (!dm_utf8_valid(name.data(), name.size())) found.add("name", "name_invalid", "Name must be UTF-8 text");
}

/// The rules of a job hold for what each slot becomes; two of its refusals have a schedule's own words.
void check_job_fields(Findings& found, const Definition& definition, const Limits& limits,
                      const std::set<std::string>* handlers) {
  for (FieldError& field : jobs::check_spec(spec_of(definition), limits, handlers)) {
    const std::string allowed = field.field + " " + field.message;
    if (field.code == "unknown_handler") field.message = "Endpoint not found or not schedulable";
    if (field.field == "args" && field.code == "too_large") {
      field.code = "args_too_large";
      field.message = "Payload too large";
    }
    found.add_hint(allowed);
    found.fields.push_back(std::move(field));
  }
  if (definition.misfire.max_runs < 1 || definition.misfire.max_runs > max_runs)
    found.add("max_runs", "out_of_range", "max_runs must be 1 to 1000");
}

}  // namespace

Trust needs_of(const Definition& definition) {
  return std::max(definition.needs_time, need_of(definition.timing.kind));
}

jobs::JobSpec spec_of(const Definition& definition) {
  jobs::JobSpec spec;
  spec.handler = definition.handler;
  spec.args = definition.args;
  spec.misfire = definition.misfire;
  spec.grace = definition.grace;
  if (definition.misfire.policy == jobs::Misfire::Policy::run_once_if_missed)
    spec.delivery = jobs::Delivery::at_most_once;
  spec.retry = definition.retry;
  spec.priority = definition.priority;
  spec.wake_system = definition.wake_system;
  spec.timeout = definition.timeout;
  spec.needs_time = needs_of(definition);
  return spec;
}

Definition understood(Definition definition) {
  const auto first = definition.name.find_first_not_of(" \t");
  const auto last = definition.name.find_last_not_of(" \t");
  definition.name = first == std::string::npos ? "" : definition.name.substr(first, last - first + 1);
  if (definition.retry && !definition.retry->preset.empty()) {
    if (auto preset = jobs::retry_preset(definition.retry->preset)) definition.retry = preset;
  }
  if (definition.needs_time <= need_of(definition.timing.kind)) definition.needs_time = Trust::untrusted;
  return definition;
}

Result<Plan> check_definition(const Definition& definition, const Limits& limits,
                              const std::set<std::string>* handlers) {
  Findings found;
  check_name(found, definition.name);
  auto plan = schedules::plan(definition.timing);
  if (!plan) {
    for (const FieldError& field : plan.error().fields) found.fields.push_back(field);
    found.add_hint(plan.error().hint);
  }
  check_job_fields(found, definition, limits, handlers);
  if (found.fields.empty()) return plan;
  Error error = jobs::invalid_input(std::move(found.fields));
  error.hint = std::move(found.hint);
  return error;
}

}  // namespace dormouse::schedules
