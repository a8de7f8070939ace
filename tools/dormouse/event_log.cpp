// SPDX-License-Identifier: Apache-2.0
#include "tools/dormouse/event_log.hpp"

#include <memory>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "runtime/jobs/transitions.hpp"
#include "runtime/time/rfc3339.hpp"

namespace dormouse::cli {

using actors::Event;
using Kind = actors::Event::Kind;

namespace {

std::string job_name(const Event& event) {
  return "job " + std::to_string(event.job) + (event.handler.empty() ? "" : " " + event.handler);
}

std::string ended_sentence(const Event& event) {
  if (event.state == jobs::State::scheduled) return job_name(event) + " is to run again";
  return job_name(event) + " " + jobs::name_of(event.state);
}

spdlog::level::level_enum level_of(const Event& event) {
  if (event.kind == Kind::alarm) return spdlog::level::warn;
  if (event.kind == Kind::ended && event.state == jobs::State::dead) return spdlog::level::warn;
  return spdlog::level::info;
}

}  // namespace

std::string sentence(const Event& event) {
  const std::string tail = event.text.empty() ? "" : ": " + event.text;
  switch (event.kind) {
    case Kind::boot:
      return "boot " + std::to_string(event.now.boot) + tail;
    case Kind::enqueued:
      return job_name(event) + " enqueued" + tail;
    case Kind::started:
      return job_name(event) + " started (attempt " + std::to_string(event.attempt) + ")" + tail;
    case Kind::ended:
      return ended_sentence(event) + tail;
    case Kind::missed:
      return job_name(event) + " missed" + tail;
    case Kind::slots:
      return "schedule " + event.schedule + tail;
    case Kind::trust:
      return "time is " + event.text;
    case Kind::alarm:
      return event.text;
    case Kind::gap:
    case Kind::reconcile:
    case Kind::ready:
    case Kind::stopping:
    case Kind::power:
      return name_of(event.kind) + tail;
  }
  return event.text;
}

std::string json_line(const Event& event) {
  nlohmann::json line = {
      {"event", name_of(event.kind)}, {"boot", event.now.boot}, {"instant", event.now.instant.ms}};
  if (event.now.trust != Trust::untrusted) line["wall"] = format_utc(event.now.wall);
  if (event.job != 0) line["id"] = event.job;
  if (!event.handler.empty()) line["handler"] = event.handler;
  if (event.attempt != 0) line["attempt"] = event.attempt;
  if (event.job != 0) line["state"] = jobs::name_of(event.state);
  if (!event.schedule.empty()) line["schedule"] = event.schedule;
  if (!event.text.empty()) line["text"] = event.text;
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

actors::Observer event_log(bool json) {
  if (json) {
    const auto out = std::make_shared<spdlog::logger>("events", std::make_shared<spdlog::sinks::stdout_sink_mt>());
    out->set_pattern("%v");
    out->flush_on(spdlog::level::info);
    return [out](const Event& event) { out->info(json_line(event)); };
  }
  const auto log = std::make_shared<spdlog::logger>("dormouse", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  return [log](const Event& event) { log->log(level_of(event), sentence(event)); };
}

}  // namespace dormouse::cli
