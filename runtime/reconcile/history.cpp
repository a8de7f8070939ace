// SPDX-License-Identifier: Apache-2.0
// Reading back what was recorded: boots, gaps, reports, and what is known of one job or schedule.
#include <algorithm>
#include <charconv>

#include "runtime/jobs/misfire.hpp"
#include "runtime/jobs/records.hpp"
#include "runtime/reconcile/numbers.hpp"
#include "runtime/reconcile/report_record.hpp"
#include "runtime/reconcile/sentences.hpp"
#include "runtime/schedules/course.hpp"
#include "runtime/schedules/validate.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/time/duration_text.hpp"
#include "runtime/time/rfc3339.hpp"

namespace dormouse::reconcile {

using wire::Key;
namespace keys = store::keys;

namespace {

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

const char* words_for(jobs::State state) {
  using jobs::State;
  switch (state) {
    case State::scheduled:
      return "is scheduled";
    case State::ready:
      return "is ready to start";
    case State::running:
      return "is running";
    case State::waiting:
      return "is waiting";
    case State::succeeded:
      return "succeeded";
    case State::dead:
      return "is dead";
    case State::cancelled:
      return "was cancelled";
    case State::missed:
      return "was missed";
    case State::replaced:
      return "was replaced";
  }
  return "";
}

const char* words_for(jobs::Because because) {
  using jobs::Because;
  switch (because) {
    case Because::none:
    case Because::time:  // needs_words()
      return "";
    case Because::not_due:
      return "it is not due yet";
    case Because::retry:
      return "it waits before its next attempt";
    case Because::interrupted:
      return "its attempt was interrupted";
    case Because::again:
      return "its handler asked to be called again";
    case Because::handler_absent:
      return "its handler is not there";
    case Because::old_attempt:
      return "an old attempt has not ended";
    case Because::overlap:
      return "another job of its kind runs";
    case Because::place:
      return "all places are taken";
    case Because::network:
      return "it needs the network";
    case Because::link:
      return "its link is down";
  }
  return "";
}

/// " due 2026-06-01T12:00:00Z, 5min ago" as far as it can be told.
std::string due_words(Work& work, const jobs::Job& job) {
  std::string text;
  if (job.due.lane == Due::Lane::wall) text = "due " + format_utc(WallTime{job.due.ms});
  const auto lateness = work.spans.lateness(job.due, work.now);
  if (!lateness) return text;
  const bool passed = *lateness >= Duration{0};
  const std::string distance = passed ? format_duration(*lateness) + " ago" : "in " + format_duration(-*lateness);
  return text.empty() ? "due " + distance : text + ", " + distance;
}

std::string explain_job(Work& work, const jobs::Job& job) {
  const auto told = jobs::tell(work, job);
  std::string text = named(job) + " " + words_for(told.state);
  if (told.because == jobs::Because::time)
    text += ": it is " + needs_words(job, work.now.trust);
  else if (*words_for(told.because))
    text += std::string(": ") + words_for(told.because);
  if (!jobs::has_ended(job.state)) {
    const auto due = due_words(work, job);
    if (!due.empty()) text += "; " + due;
  }
  text += "; policy " + std::string(jobs::name_of(job.spec.misfire.policy));
  if (job.attempt > 0) text += "; attempts started: " + std::to_string(job.attempt);
  if (!job.error_code.empty()) text += "; last error " + job.error_code + ": " + job.error_message;
  return text;
}

std::string explain_schedule(const Work& work, const schedules::Schedule& schedule) {
  std::string text = named_schedule(schedule.id, schedule.definition.name);
  if (!schedule.definition.enabled)
    text += " is disabled";
  else if (!schedule.next_due)
    text += " has no next slot";
  else if (schedule.next_due->lane == Due::Lane::wall)
    text += " has its next slot at " + format_utc(WallTime{schedule.next_due->ms});
  else
    text += " has a next slot in elapsed time";
  if (schedule.definition.enabled && schedules::is_held(work, schedule))
    text += "; " + needs_words(schedules::needs_of(schedule.definition), work.now.trust);
  text += "; policy " + std::string(jobs::name_of(schedule.definition.misfire.policy));
  text += "; runs " + std::to_string(schedule.runs) + ", missed " + std::to_string(schedule.missed) +
          ", caught up " + std::to_string(schedule.caught_up) + ", dropped " + std::to_string(schedule.dropped) +
          ", skipped for overlap " + std::to_string(schedule.overlap_skipped);
  return text;
}

/// The lines of the reports about one thing, newest report first.
template <class Matches>
std::string lines_about(Work& work, Matches&& matches) {
  std::string text;
  for (const auto& report : reports(work, work.limits.reports_ring))
    for (const auto& line : report.lines)
      if (matches(line))
        text += "\nreport " + std::to_string(report.number) + " (boot " + std::to_string(report.boot) + ", " +
                name_of(report.trigger) + "): " + line.text;
  return text;
}

}  // namespace

std::vector<Boot> boots(Work& work, std::uint64_t limit, std::uint32_t below) {
  std::vector<Boot> out;
  for (const auto& entry : work.txn.scan(keys::boot(0), keys::boot(below), limit, store::Direction::backward))
    if (auto boot = decode_boot(entry.value); boot.ok()) out.push_back(std::move(*boot));
  return out;
}

std::vector<Gap> gaps(Work& work, std::uint64_t limit, std::uint32_t below) {
  std::vector<Gap> out;
  for (const auto& entry : work.txn.scan(keys::gap(0), keys::gap(below), limit, store::Direction::backward))
    if (auto gap = decode_gap(entry.value); gap.ok()) out.push_back(*gap);
  return out;
}

std::vector<Report> reports(Work& work, std::uint64_t limit, std::uint32_t below) {
  std::vector<Report> out;
  // Numbers have no holes: the first one that is not there lies below the ring.
  auto number = std::min(last_number(work.txn, Key::report), std::max(below, 1U) - 1);
  for (; number > 0 && out.size() < limit; --number) {
    auto report = read_report(work.txn, number);
    if (!report) break;
    out.push_back(std::move(*report));
  }
  return out;
}

Lifetime lifetime(Work& work) {
  return {.boots = last_number(work.txn, Key::boot),
          .gaps = last_number(work.txn, Key::gap),
          .short_gaps = last_number(work.txn, Key::dropped),
          .reports = last_number(work.txn, Key::report)};
}

Result<std::string> explain(Work& work, const Identity& who, const std::string& job_or_schedule) {
  if (const auto id = number_in(job_or_schedule)) {
    const auto job = jobs::get(work, who, *id, false);
    if (!job.ok()) return job.error();
    return explain_job(work, *job) + lines_about(work, [&](const Line& line) { return line.job == *id; });
  }
  const auto schedule = schedules::get(work, who, job_or_schedule);
  if (!schedule.ok()) return schedule.error();
  return explain_schedule(work, *schedule) +
         lines_about(work, [&](const Line& line) { return line.schedule == schedule->id; });
}

}  // namespace dormouse::reconcile
