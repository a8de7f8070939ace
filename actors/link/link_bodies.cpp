// SPDX-License-Identifier: Apache-2.0
#include "actors/link/link_bodies.hpp"

#include <algorithm>

#include "runtime/schedules/schedule_codec.hpp"

namespace dormouse::actors {

using wire::Key;
using wire::Record;

namespace {

Error invalid(Key key, const char* code, const std::string& allowed) {
  const std::string field = wire::name_of(key);
  return Error{"invalid_input", "The field " + field + " " + allowed + ".", {}, {{field, code, allowed}}};
}

/// A body's key or none; one page of at most what an array holds.
Record items_body(std::vector<Record> items, std::optional<std::uint64_t> next) {
  Record body;
  body.put_records(Key::items, std::move(items));
  body.put_bool(Key::more, next.has_value());
  if (next) body.put_uint(Key::cursor, *next);
  return body;
}

}  // namespace

Error stopping_error() {
  return Error{"stopping", "The device is stopping and takes no more requests."};
}

Error unauthorised_error() {
  return Error{"link.unauthorised", "This user may not talk to the device.",
               "Name its uid or gid under [[socket.allow]] in the configuration."};
}

Error unknown_type_error(wire::Message type) {
  return Error{"link.unknown_type",
               "This device does not know message number " + std::to_string(static_cast<int>(type)) + "."};
}

std::optional<Error> refuse_bad_fields(const Record& body) {
  if (body.bad_fields().empty()) return std::nullopt;
  Error error{"link.bad_body", "Fields of a wrong type:"};
  for (const Key key : body.bad_fields()) {
    error.message += " " + wire::name_of(key);
    error.fields.push_back({wire::name_of(key), "bad_format", "has another type"});
  }
  error.message += ".";
  return error;
}

std::optional<Error> refuse_missing(const Record& body, Key key) {
  if (auto bad = refuse_bad_fields(body)) return bad;
  if (!body.has(key)) return invalid(key, "required", "is required");
  return std::nullopt;
}

std::optional<Error> refuse_cancel(const Record& body, bool has_id, bool has_key) {
  if (auto bad = refuse_bad_fields(body)) return bad;
  if (has_id == has_key) return invalid(Key::id, "required", "or conflict_key is required, and only one of them");
  return std::nullopt;
}

std::optional<Error> refuse_unless_reader(const Identity& who) {
  if (who.role != Role::none) return std::nullopt;
  return Error{"link.forbidden", "Component " + who.component + " lacks the role reader."};
}

std::optional<Error> refuse_unless_operator(const Identity& who) {
  if (who.role == Role::operator_) return std::nullopt;
  return Error{"link.forbidden", "Component " + who.component + " lacks the role operator."};
}

std::optional<Error> refuse_unless_may(const Identity& who, Capability capability) {
  if (who.may(capability)) return std::nullopt;
  return Error{"link.forbidden",
               "Component " + who.component + " lacks the capability " + name_of(capability) + "."};
}

Result<std::vector<jobs::JobSpec>> specs_from(const Record& body, const Limits& limits) {
  const auto items = body.get_records(Key::items);
  if (auto bad = refuse_missing(body, Key::items)) return *std::move(bad);
  std::vector<jobs::JobSpec> specs;
  Error all{"invalid_input", "Some jobs of the batch are not valid."};
  for (std::size_t i = 0; i < items->size(); ++i) {
    auto spec = jobs::spec_from((*items)[i], limits);
    if (spec.ok()) {
      specs.push_back(std::move(*spec));
      continue;
    }
    for (auto field : spec.error().fields) {
      field.field = "items." + std::to_string(i) + "." + field.field;
      all.fields.push_back(std::move(field));
    }
  }
  if (!all.fields.empty()) return all;
  if (specs.empty()) return invalid(Key::items, "out_of_range", "holds 1 to 64 jobs");
  return specs;
}

Result<jobs::ListQuery> query_from(const Record& body, const Limits& limits) {
  jobs::ListQuery query;
  if (const auto state = body.get_uint(Key::state)) {
    if (*state > static_cast<std::uint64_t>(jobs::State::replaced)) {
      return invalid(Key::state, "out_of_range", "is a state number, 0 to 8");
    }
    query.states.push_back(static_cast<jobs::State>(*state));
  }
  query.handler = body.get_text(Key::handler);
  query.schedule = body.get_uint(Key::schedule);
  query.after_id = body.get_uint(Key::cursor).value_or(0);
  query.limit = body.get_uint(Key::limit).value_or(std::min(limits.list_page, items_per_reply));
  if (auto bad = refuse_bad_fields(body)) return *std::move(bad);
  if (query.limit < 1 || query.limit > limits.list_page_max) {
    return invalid(Key::limit, "out_of_range", "is 1 to " + std::to_string(limits.list_page_max));
  }
  query.limit = std::min(query.limit, items_per_reply);
  return query;
}

Result<std::string> schedule_named(const Record& body) {
  if (!body.has(Key::schedule)) return invalid(Key::schedule, "required", "is required: a name or a number");
  if (const auto name = body.get_text(Key::schedule)) return *name;
  if (const auto id = body.get_uint(Key::schedule)) return "s" + std::to_string(*id);
  return invalid(Key::schedule, "bad_format", "is a name or a number");
}

HistoryAsked history_asked(const Record& body) {
  const auto number = [&](Key key) {
    return std::min<std::uint64_t>(body.get_uint(key).value_or(UINT32_MAX), UINT32_MAX);
  };
  HistoryAsked asked;
  asked.limit = std::min<std::uint64_t>(body.get_uint(Key::limit).value_or(10), items_per_reply);
  if (body.has(Key::report))
    asked.report = static_cast<std::uint32_t>(number(Key::report));
  else
    asked.below = static_cast<std::uint32_t>(number(Key::cursor));
  return asked;
}

Record batch_body(const std::vector<jobs::Enqueued>& enqueued) {
  std::vector<Record> items;
  for (const auto& job : enqueued) {
    items.emplace_back();
    items.back().put_uint(Key::id, job.id).put_bool(Key::created, job.created);
  }
  Record body;
  body.put_records(Key::items, std::move(items));
  return body;
}

Record cancelled_body(const jobs::Cancelled& cancelled) {
  Record body;
  body.put_uint(Key::id, cancelled.id);
  const auto state = cancelled.requested ? jobs::State::running : jobs::State::cancelled;
  body.put_uint(Key::state, static_cast<std::uint64_t>(state));
  return body;
}

Record jobs_body(const JobViews& views) {
  std::vector<Record> items;
  for (const auto& view : views.jobs) items.push_back(jobs::listing(view.job, view.shown));
  return items_body(std::move(items), views.next_after_id);
}

Record put_body(const schedules::Put& put) {
  Record body = schedules::put_body(put.definition);
  body.put_uint(Key::id, put.id);
  body.put_uint(Key::revision, put.revision);
  body.put_uint(Key::outcome, static_cast<std::uint64_t>(put.outcome));
  if (put.next_slot) body.put_int(Key::slot, *put.next_slot);
  return body;
}

Record schedules_body(const ScheduleViews& views) {
  std::vector<Record> items;
  for (const auto& view : views.schedules) {
    items.push_back(schedules::listing(view.schedule, view.component));
    if (view.late) items.back().put_int(Key::lateness, view.late->count());
  }
  return items_body(std::move(items), views.next_after_id);
}

Record handlers_body(const std::map<std::string, std::uint64_t>& places,
                     const std::map<std::string, std::vector<std::string>>& callers) {
  std::vector<Record> items;
  for (const auto& [handler, count] : places) {
    if (items.size() == items_per_reply) break;
    items.emplace_back();
    items.back().put_text(Key::handler, handler).put_uint(Key::max_running, count);
    const auto allowed = callers.find(handler);
    if (allowed != callers.end() && !allowed->second.empty())
      items.back().put_text(Key::component, allowed->second.front());
  }
  Record body;
  body.put_records(Key::items, std::move(items));
  return body;
}

Record time_body(const Now& now, std::int64_t max_error_ms) {
  Record body;
  body.put_uint(Key::trust, static_cast<std::uint64_t>(now.trust));
  body.put_int(Key::instant, now.instant.ms);
  if (now.trust == Trust::untrusted) return body;  // no wall time is given away while it is not believed
  body.put_int(Key::wall, now.wall.ms);
  body.put_int(Key::max_error, max_error_ms);
  return body;
}

Record status_body(const DeviceStatus& status, const std::string& device) {
  Record body = time_body(status.now, 0);
  body.put_text(Key::device, device);
  body.put_text(Key::version, status.boot.version);
  body.put_uint(Key::boot, status.boot.number);
  body.put_text(Key::cause, name_of(status.boot.cause));
  body.put_uint(Key::scheduled, status.counts.scheduled);
  body.put_uint(Key::running, status.counts.running);
  body.put_uint(Key::succeeded, status.counts.succeeded);
  body.put_uint(Key::dead, status.counts.dead);
  body.put_uint(Key::cancelled, status.counts.cancelled);
  body.put_uint(Key::missed, status.counts.missed);
  body.put_uint(Key::interrupted, status.counts.interrupted);
  body.put_uint(Key::schedules, status.schedules);
  body.put_uint(Key::bytes, status.store.traffic.bytes);
  body.put_uint(Key::syncs, status.store.traffic.syncs);
  body.put_uint(Key::batches, status.store.batches);
  body.put_uint(Key::checkpoint, status.store.checkpoints);
  body.put_uint(Key::generation, status.store.generation);
  if (status.store.half_bytes > 0) body.put_uint(Key::half, status.store.half_used * 100 / status.store.half_bytes);
  if (status.next_due && status.now.trust != Trust::untrusted) body.put_int(Key::due, status.next_due->ms);
  return body;
}

}  // namespace dormouse::actors
