// SPDX-License-Identifier: Apache-2.0
// Bodies of the messages that the link actor answers, in and out. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/views.hpp"
#include "runtime/base/identity.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::actors {

inline constexpr std::uint64_t items_per_reply = 64;  // an array of a body holds no more

// -- refusals --
Error stopping_error();
Error unauthorised_error();
Error unknown_type_error(wire::Message type);
/// link.bad_body naming fields of a wrong type; invalid_input naming `key` if it is missing.
std::optional<Error> refuse_missing(const wire::Record& body, wire::Key key);
std::optional<Error> refuse_bad_fields(const wire::Record& body);
std::optional<Error> refuse_cancel(const wire::Record& body, bool has_id, bool has_key);
std::optional<Error> refuse_unless_reader(const Identity& who);
std::optional<Error> refuse_unless_operator(const Identity& who);
/// link.forbidden naming the capability.
std::optional<Error> refuse_unless_may(const Identity& who, Capability capability);

// -- in --
Result<std::vector<jobs::JobSpec>> specs_from(const wire::Record& body, const Limits& limits);
Result<jobs::ListQuery> query_from(const wire::Record& body, const Limits& limits);
/// Key::schedule as a name or a number ("s17").
Result<std::string> schedule_named(const wire::Record& body);
/// What boots, gaps and report ask: `limit` of them, those below number `cursor`; or one report's lines.
HistoryAsked history_asked(const wire::Record& body);

// -- out --
wire::Record batch_body(const std::vector<jobs::Enqueued>& enqueued);
wire::Record cancelled_body(const jobs::Cancelled& cancelled);
wire::Record jobs_body(const JobViews& views);
wire::Record put_body(const schedules::Put& put);
wire::Record schedules_body(const ScheduleViews& views);
wire::Record handlers_body(const std::map<std::string, std::uint64_t>& places,
                           const std::map<std::string, std::vector<std::string>>& callers);
wire::Record time_body(const Now& now, std::int64_t max_error_ms);
wire::Record status_body(const DeviceStatus& status, const std::string& device);

}  // namespace dormouse::actors
