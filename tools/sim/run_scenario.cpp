// SPDX-License-Identifier: Apache-2.0
#include "tools/sim/run_scenario.hpp"

#include <cstdio>
#include <fstream>
#include <random>

#include <nlohmann/json.hpp>

#include "runtime/jobs/transitions.hpp"
#include "runtime/time/duration_text.hpp"
#include "runtime/time/rfc3339.hpp"
#include "tools/sim/play.hpp"

namespace dormouse::sim {

namespace {

using Kind = actors::Event::Kind;

constexpr std::size_t lines_shown = 120;  // of single jobs; beyond that the counts and --out tell the rest

std::string stamp(Duration t) {
  return "+" + format_duration(t);
}

/// The timeline for people: boots, gaps, faults and what was decided always; single jobs while there are few.
class Timeline {
 public:
  void add(const Moment& moment) {
    const actors::Event& event = moment.event;
    std::string line = stamp(moment.t) + "  ";
    if (!moment.fault.empty()) return always(line + "fault " + moment.fault);
    switch (event.kind) {
      case Kind::boot:
        return always(line + "boot " + std::to_string(event.now.boot) + ": " + event.text);
      case Kind::gap:
      case Kind::trust:
      case Kind::alarm:
      case Kind::reconcile:
        return always(line + name_of(event.kind) + ": " + event.text);
      case Kind::ended:
      case Kind::missed:
        return single(line + job_line(event));
      default:
        return;
    }
  }
  void finish() const {
    if (hidden_ > 0) std::printf("(%zu more ends of jobs; --out writes all)\n", hidden_);
  }

 private:
  static std::string job_line(const actors::Event& event) {
    return "job " + std::to_string(event.job) + (event.handler.empty() ? "" : " " + event.handler) + " " +
           jobs::name_of(event.state);
  }
  void always(const std::string& line) { std::printf("%s\n", line.c_str()); }
  void single(const std::string& line) {
    if (++singles_ <= lines_shown) return always(line);
    ++hidden_;
  }
  std::size_t singles_ = 0;
  std::size_t hidden_ = 0;
};

nlohmann::json json_of(const Moment& moment) {
  const actors::Event& event = moment.event;
  nlohmann::json line{{"t", moment.t.count()}};
  if (!moment.fault.empty()) {
    line["kind"] = "fault";
    line["fault"] = moment.fault;
    return line;
  }
  line["kind"] = name_of(event.kind);
  line["boot"] = event.now.boot;
  line["trust"] = name_of(event.now.trust);
  line["device"] = event.now.trust == Trust::untrusted ? nlohmann::json() : nlohmann::json(event.now.wall.ms);
  if (event.job != 0) line["job"] = event.job;
  if (!event.handler.empty()) line["handler"] = event.handler;
  if (event.attempt != 0) line["attempt"] = event.attempt;
  if (event.kind == Kind::ended || event.kind == Kind::missed) line["state"] = jobs::name_of(event.state);
  if (!event.schedule.empty()) {
    line["schedule"] = event.schedule;
    line["slot"] = event.slot_ms;
  }
  if (!event.text.empty()) line["text"] = event.text;
  return line;
}

void print(const Summary& summary, Duration length) {
  const double days = static_cast<double>(length.count()) / 86'400'000.0;
  std::printf("\n%llu boots, %llu alarms, %llu acknowledged jobs lost; about %.0f bytes and %.0f syncs a day\n",
              static_cast<unsigned long long>(summary.boots), static_cast<unsigned long long>(summary.alarms),
              static_cast<unsigned long long>(summary.lost), static_cast<double>(summary.bytes) / days,
              static_cast<double>(summary.syncs) / days);
  for (const auto& schedule : summary.schedules) {
    std::printf("schedule %s: %llu runs, %llu missed, %llu caught up, %llu dropped\n", schedule.name.c_str(),
                static_cast<unsigned long long>(schedule.runs), static_cast<unsigned long long>(schedule.missed),
                static_cast<unsigned long long>(schedule.caught_up),
                static_cast<unsigned long long>(schedule.dropped));
  }
  for (const auto& job : summary.jobs) {
    std::printf("jobs of %s: %llu enqueued, %llu attempts, %llu succeeded, %llu dead, %llu missed, %llu waiting\n",
                job.handler.c_str(), static_cast<unsigned long long>(job.enqueued),
                static_cast<unsigned long long>(job.runs), static_cast<unsigned long long>(job.succeeded),
                static_cast<unsigned long long>(job.dead), static_cast<unsigned long long>(job.missed),
                static_cast<unsigned long long>(job.waiting));
  }
  for (const auto& checked : summary.expectations) {
    std::printf("%s %s%s%s\n", checked.ok ? "ok    " : "NOT OK", checked.sentence.c_str(),
                checked.ok ? "" : "; found", checked.ok ? "" : checked.found.c_str());
  }
}

int refuse(const Error& error, int code) {
  std::fprintf(stderr, "error %s: %s\n", error.code.c_str(), error.message.c_str());
  return code;
}

}  // namespace

int run_scenario(const std::filesystem::path& path, std::optional<std::uint64_t> seed,
                 const std::string& out_file) {
  const auto scenario = load_scenario(path);
  if (!scenario.ok()) return refuse(scenario.error(), 2);
  std::ofstream out;
  if (!out_file.empty()) {
    out.open(out_file);
    if (!out) return refuse({"sim.cannot_write", "The file " + out_file + " cannot be written."}, 1);
  }
  const std::uint64_t drawn = seed.value_or(std::random_device{}());
  std::printf("seed %llu, scenario \"%s\", %s from %s\n", static_cast<unsigned long long>(drawn),
              scenario->name.c_str(), format_duration(scenario->length).c_str(),
              format_utc(scenario->device.start).c_str());
  if (out) out << nlohmann::json{{"kind", "run"}, {"seed", drawn}, {"scenario", scenario->name}} << '\n';
  Timeline timeline;
  const auto summary = play(*scenario, drawn, [&](const Moment& moment) {
    timeline.add(moment);
    if (out.is_open()) out << json_of(moment) << '\n';
  });
  if (!summary.ok()) return refuse(summary.error(), 1);
  timeline.finish();
  print(*summary, scenario->length);
  if (out.is_open())
    out << nlohmann::json{{"kind", "summary"}, {"ok", summary->ok()}, {"boots", summary->boots}} << '\n';
  if (!summary->ok()) {
    std::printf("repeat with: dormouse sim run %s --seed %llu\n", path.c_str(),
                static_cast<unsigned long long>(drawn));
  }
  return summary->ok() ? 0 : 1;
}

}  // namespace dormouse::sim
