// SPDX-License-Identifier: Apache-2.0
#include "runtime/schedules/schedule_codec.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "runtime/jobs/job_codec.hpp"
#include "runtime/jobs/spec_codec.hpp"
#include "runtime/jobs/validate.hpp"
#include "runtime/schedules/validate.hpp"

namespace dormouse::schedules {
namespace {

using wire::Key;
using wire::Record;

struct TimingKey {
  Key key;
  Kind kind;
};
constexpr TimingKey timing_keys[] = {
    {Key::cron, Kind::cron}, {Key::daily, Kind::daily}, {Key::weekly, Kind::weekly}, {Key::every, Kind::every}};

Record due_record(const Due& due) {
  Record record;
  record.put_uint(Key::lane, due.lane == Due::Lane::wall ? 1 : 0);
  record.put_uint(Key::kernel_boot, due.kernel_boot);
  record.put_int(Key::at, due.ms);
  return record;
}

std::optional<Due> due_from(const Record& record) {
  const auto lane = record.get_uint(Key::lane);
  const auto kernel_boot = record.get_uint(Key::kernel_boot);
  const auto at = record.get_int(Key::at);
  if (!lane || *lane > 1 || !kernel_boot || *kernel_boot > std::numeric_limits<std::uint32_t>::max() || !at)
    return std::nullopt;
  if (*lane == 1) return Due::at(WallTime{*at});
  return Due::elapsed(static_cast<std::uint32_t>(*kernel_boot), Instant{*at});
}

// -- the definition: the same keys in messages, records and lists ----------------------------------------------

void put_timing(Record& body, const Timing& timing) {
  for (const auto& [key, kind] : timing_keys) {
    if (kind != timing.kind) continue;
    if (kind == Kind::every) {
      body.put_int(key, timing.period.count());
    } else {
      body.put_text(key, timing.text);
    }
  }
  body.put_text(Key::zone, timing.zone);
  body.put_uint(Key::dst, static_cast<std::uint64_t>(timing.dst));
}

/// What stands under the keys of job.enqueue, then the policy in full: its defaults are a schedule's own.
void put_definition(Record& body, const Definition& definition, bool with_args) {
  put_timing(body, definition.timing);
  jobs::JobSpec spec = spec_of(definition);
  spec.delivery = jobs::Delivery::at_least_once;  // follows from the policy
  spec.needs_time = definition.needs_time;        // what the kind needs anyway follows from it
  jobs::put_spec(body, spec);
  jobs::put_misfire(body, definition.misfire);
  body.put_uint(Key::max_runs, definition.misfire.max_runs);
  body.put_int(Key::grace, definition.grace.count());
  body.put_bool(Key::enabled, definition.enabled);
  if (with_args && !definition.args.empty()) body.put_bytes(Key::args, definition.args);
}

/// A period may be ms or text; asking for the type that is not there would count as a wrong type, hence a copy.
Result<Duration> period_from(Record body) {
  if (const auto text = body.get_text(Key::every)) return parse_period(*text);
  const auto ms = body.get_int(Key::every);
  return Duration{ms.value_or(0)};
}

void read_timing(const Record& body, Timing& timing, std::vector<FieldError>& bad) {
  std::vector<Key> given;
  for (const auto& [key, kind] : timing_keys) {
    if (!body.has(key) || body.is_null(key)) continue;
    given.push_back(key);
    timing.kind = kind;
    if (kind != Kind::every) {
      timing.text = body.get_text(key).value_or("");
    } else if (auto period = period_from(body); period.ok()) {
      timing.period = *period;
    } else {
      for (const auto& field : period.error().fields) bad.push_back(field);
    }
  }
  if (given.empty()) bad.push_back({"cron", "required", "one of cron, daily, weekly and every must be given"});
  for (std::size_t i = 0; given.size() > 1 && i < given.size(); ++i)
    bad.push_back({wire::name_of(given[i]), "not_allowed", "only one of cron, daily, weekly and every is allowed"});
  if (auto zone = body.get_text(Key::zone)) timing.zone = std::move(*zone);
  if (const auto dst = body.get_int(Key::dst)) {
    if (*dst < 0 || *dst > 2) {
      bad.push_back({"dst", "out_of_range", "dst must be 0 once, 1 skip or 2 absolute"});
    } else {
      timing.dst = static_cast<Dst>(*dst);
    }
  }
}

void read_misfire(const Record& body, jobs::Misfire& misfire, std::vector<FieldError>& bad) {
  misfire = jobs::Misfire::skip();
  const auto policy = body.get_int(Key::misfire);
  if (policy && (*policy < 0 || *policy > 3)) {
    bad.push_back(
        {"misfire", "misfire_unknown", "misfire must be 0 catch_up, 1 skip, 2 run_once_if_missed or 3 windowed"});
  } else if (policy) {
    misfire.policy = static_cast<jobs::Misfire::Policy>(*policy);
  }
  const auto window = body.get_int(Key::window);
  if (window) misfire.window = Duration{*window};
  const bool windowed = misfire.policy == jobs::Misfire::Policy::windowed;
  if (windowed && !window) bad.push_back({"window", "required", "must be given with misfire windowed"});
  if (const auto runs = body.get_int(Key::max_runs))
    misfire.max_runs = *runs < 0 || *runs > 1'000 ? 0 : static_cast<std::uint32_t>(*runs);
  if (const auto age = body.get_int(Key::max_age)) misfire.max_age = Duration{*age};
}

struct DefinitionRead {
  Definition definition;
  std::vector<FieldError> bad;       // words and combinations that fail
  std::optional<Error> wrong_types;  // link.bad_body
};

DefinitionRead read_definition(const Record& body, Key name) {
  DefinitionRead read;
  Definition& definition = read.definition;
  definition.name = body.get_text(name).value_or("");
  read_timing(body, definition.timing, read.bad);
  read_misfire(body, definition.misfire, read.bad);
  definition.args = body.get_bytes(Key::args).value_or("");
  definition.enabled = body.get_bool(Key::enabled).value_or(true);
  if (body.get_int(Key::overlap).value_or(0) != 0)
    read.bad.push_back({"overlap", "not_allowed", "overlap must be 0 skip"});

  // A stored reading takes handler, grace, retry, priority, needs_time, wake_system and timeout, and leaves the
  // policy to us.
  jobs::SpecRead spec = jobs::read_spec(body, jobs::Strictness::stored);
  definition.handler = std::move(spec.spec.handler);
  definition.grace = spec.spec.grace;
  definition.timeout = spec.spec.timeout;
  definition.retry = spec.spec.retry;
  definition.priority = spec.spec.priority;
  definition.needs_time = spec.spec.needs_time;
  definition.wake_system = spec.spec.wake_system;
  for (FieldError& field : spec.fields)
    if (field.field != "misfire" && field.field != "max_runs") read.bad.push_back(std::move(field));
  read.wrong_types = std::move(spec.wrong_types);  // of everything asked for so far
  return read;
}

// -- the stored record ----------------------------------------------------------------------------------------

Record encode_noted(const jobs::Noted& noted) {
  Record record;
  record.put_int(Key::wall, noted.wall.ms);
  record.put_uint(Key::trust, static_cast<std::uint64_t>(noted.trust));
  record.put_uint(Key::boot, noted.boot);
  return record;
}

bool read_noted(const Record& body, jobs::Noted& noted) {
  const auto record = body.get_record(Key::created);
  if (!record) return false;
  const auto wall = record->get_int(Key::wall);
  const auto trust = record->get_uint(Key::trust);
  const auto boot = record->get_uint(Key::boot);
  if (!wall || !trust || *trust > 2 || !boot) return false;
  noted = {WallTime{*wall}, static_cast<Trust>(*trust), static_cast<std::uint32_t>(*boot)};
  return true;
}

bool read_due(const Record& body, Key key, std::optional<Due>& due) {
  if (!body.has(key)) return true;
  const auto record = body.get_record(key);
  if (record) due = due_from(*record);
  return due.has_value();
}

bool read_lists(const Record& body, Schedule& schedule) {
  const auto handed = body.get_ints(Key::handed).value_or(std::vector<std::int64_t>{});
  if (handed.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < handed.size(); i += 2) schedule.handed.push_back({handed[i], handed[i + 1]});
  for (const std::int64_t id : body.get_ints(Key::live_jobs).value_or(std::vector<std::int64_t>{}))
    schedule.live_jobs.push_back(static_cast<std::uint64_t>(id));
  return true;
}

void put_counters(Record& body, const Schedule& schedule) {
  body.put_uint(Key::runs, schedule.runs);
  body.put_uint(Key::missed, schedule.missed);
  body.put_uint(Key::caught_up, schedule.caught_up);
  body.put_uint(Key::dropped, schedule.dropped);
  body.put_uint(Key::overlap_skipped, schedule.overlap_skipped);
  if (schedule.last_slot) body.put_int(Key::last_slot, *schedule.last_slot);
}

void read_counters(const Record& body, Schedule& schedule) {
  schedule.runs = body.get_uint(Key::runs).value_or(0);
  schedule.missed = body.get_uint(Key::missed).value_or(0);
  schedule.caught_up = body.get_uint(Key::caught_up).value_or(0);
  schedule.dropped = body.get_uint(Key::dropped).value_or(0);
  schedule.overlap_skipped = body.get_uint(Key::overlap_skipped).value_or(0);
  schedule.last_slot = body.get_int(Key::last_slot);
}

Error corrupt() {
  return Error{"store.corrupt_record", "A schedule record has fields that are missing or out of range."};
}

}  // namespace

Bytes encode(const Schedule& schedule) {
  Record body;
  put_definition(body, schedule.definition, true);
  body.put_text(Key::name, schedule.definition.name);
  body.put_uint(Key::id, schedule.id);
  body.put_uint(Key::component, schedule.component);
  body.put_uint(Key::revision, schedule.revision);
  body.put_int(Key::decided_until, schedule.decided_until);
  if (schedule.next_slot) body.put_int(Key::next_slot, *schedule.next_slot);
  if (schedule.next_due) body.put_record(Key::due, due_record(*schedule.next_due));
  if (schedule.anchor) body.put_record(Key::anchor, due_record(*schedule.anchor));
  if (schedule.created_while_untrusted) body.put_record(Key::since, due_record(*schedule.created_while_untrusted));
  std::vector<std::int64_t> handed;
  for (const auto& range : schedule.handed) handed.insert(handed.end(), {range.first, range.last});
  if (!handed.empty()) body.put_ints(Key::handed, handed);
  if (!schedule.live_jobs.empty())
    body.put_ints(Key::live_jobs, {schedule.live_jobs.begin(), schedule.live_jobs.end()});
  put_counters(body, schedule);
  body.put_record(Key::created, encode_noted(schedule.created));
  return body.encode();
}

Result<Schedule> decode_schedule(BytesView bytes) {
  auto body = Record::decode(bytes);
  if (!body) return corrupt();
  DefinitionRead read = read_definition(*body, Key::name);
  Schedule schedule;
  schedule.definition = std::move(read.definition);
  const auto id = body->get_uint(Key::id);
  const auto component = body->get_uint(Key::component);
  const auto revision = body->get_uint(Key::revision);
  const auto decided_until = body->get_int(Key::decided_until);
  if (!read.bad.empty() || read.wrong_types || !id || !component || *component > 0xFFFF || !revision ||
      !decided_until)
    return corrupt();
  schedule.id = *id;
  schedule.component = static_cast<std::uint16_t>(*component);
  schedule.revision = static_cast<std::uint32_t>(*revision);
  schedule.decided_until = *decided_until;
  schedule.next_slot = body->get_int(Key::next_slot);
  read_counters(*body, schedule);
  const bool whole = read_due(*body, Key::due, schedule.next_due) &&
                     read_due(*body, Key::anchor, schedule.anchor) &&
                     read_due(*body, Key::since, schedule.created_while_untrusted) && read_lists(*body, schedule) &&
                     read_noted(*body, schedule.created);
  if (!whole || !body->bad_fields().empty()) return corrupt();
  return schedule;
}

Result<Definition> definition_from(const Record& body, const Limits& limits) {
  DefinitionRead read = read_definition(body, Key::schedule);
  if (read.wrong_types) return std::move(*read.wrong_types);
  Definition definition = understood(std::move(read.definition));
  // One answer names everything: what the bounds refuse joins what the reading refused, each field once.
  std::string hint;
  if (auto checked = check_definition(definition, limits, nullptr); !checked) {
    hint = checked.error().hint;
    for (const FieldError& field : checked.error().fields) {
      const auto same = [&](const FieldError& other) { return field.field.starts_with(other.field); };
      if (std::none_of(read.bad.begin(), read.bad.end(), same)) read.bad.push_back(field);
    }
  }
  if (read.bad.empty()) return definition;
  Error error = jobs::invalid_input(std::move(read.bad));
  error.hint = std::move(hint);
  return error;
}

Record put_body(const Definition& definition) {
  Record body;
  body.put_text(Key::schedule, definition.name);
  put_definition(body, definition, true);
  return body;
}

Record listing(const Schedule& schedule, const std::string& component, bool with_args) {
  Record body;
  body.put_uint(Key::id, schedule.id);
  body.put_text(Key::schedule, schedule.definition.name);
  if (!component.empty()) body.put_text(Key::component, component);
  body.put_uint(Key::revision, schedule.revision);
  put_definition(body, schedule.definition, with_args);
  if (schedule.next_slot) body.put_int(Key::slot, *schedule.next_slot);
  if (schedule.next_due) {
    body.put_uint(Key::lane, schedule.next_due->lane == Due::Lane::wall ? 1 : 0);
    body.put_int(Key::due, schedule.next_due->ms);
  }
  put_counters(body, schedule);
  return body;
}

}  // namespace dormouse::schedules
