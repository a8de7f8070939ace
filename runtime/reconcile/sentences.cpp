// SPDX-License-Identifier: Apache-2.0
#include "runtime/reconcile/sentences.hpp"

#include <algorithm>
#include <utility>

#include "runtime/jobs/misfire.hpp"
#include "runtime/schedules/validate.hpp"
#include "runtime/time/duration_text.hpp"
#include "runtime/time/rfc3339.hpp"
#include "runtime/time/trust.hpp"

namespace dormouse::reconcile {
namespace {

std::string counted(std::uint64_t count, const char* thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

/// "job 7 (backup): 2h late, policy skip: "
std::string judged(const jobs::Job& job, Duration lateness) {
  return named(job) + ": " + format_duration(lateness) + " late, policy " + jobs::name_of(job.spec.misfire.policy) +
         ": ";
}

/// Which bound the lateness has passed.
struct Bound {
  const char* reason;
  std::string words;
};
Bound bound_of(const jobs::JobSpec& spec, Duration lateness) {
  const auto& misfire = spec.misfire;
  if (misfire.policy == jobs::Misfire::Policy::windowed)
    return {"window", "its window of " + format_duration(misfire.window)};
  if (misfire.max_age && lateness > *misfire.max_age)
    return {"max_age", "its greatest age of " + format_duration(*misfire.max_age)};
  return {"grace", "its grace of " + format_duration(spec.grace)};
}

Line line_of(const jobs::Job& job, Decided decided, std::string reason, std::string text) {
  Line line{.job = job.id, .text = std::move(text), .decided = decided};
  line.policy = job.spec.misfire.policy;
  line.reason = std::move(reason);
  return line;
}

}  // namespace

std::string needs_words(Trust needs, Trust trust) {
  return std::string("held, because it needs time to be ") + name_of(needs) + " and it is " + name_of(trust);
}

std::string needs_words(const jobs::Job& job, Trust trust) {
  const Trust by_due = job.due.lane == Due::Lane::wall ? Trust::rtc : Trust::untrusted;
  return needs_words(std::max(job.spec.needs_time, by_due), trust);
}

std::string named(const jobs::Job& job) {
  return "job " + std::to_string(job.id) + " (" + job.schedule_name.value_or(job.spec.handler) + ")";
}

std::string named_schedule(std::uint64_t id, const std::string& name) {
  return "schedule s" + std::to_string(id) + " (" + name + ")";
}

Line interrupted_line(const jobs::Job& job, jobs::State after) {
  const std::string head =
      named(job) + ": attempt " + std::to_string(job.attempt) + " was interrupted by the gap: ";
  const auto line = [&](const char* reason, const std::string& words) {
    return line_of(job, Decided::interrupted, reason, head + words);
  };
  if (after == jobs::State::cancelled) return line("cancel", "cancelled, as was asked before");
  if (after != jobs::State::dead) return line("again", "scheduled again");
  if (job.spec.delivery == jobs::Delivery::at_most_once)
    return line("at_most_once", "dead, because it may start only once");
  return line("interrupted_limit",
              "dead, because it was interrupted " + counted(job.interrupted, "time") + " in a row");
}

Line late_line(const jobs::Job& job, Duration lateness) {
  Line line = line_of(job, Decided::runs_late, jobs::name_of(job.spec.misfire.policy),
                      judged(job, lateness) + "runs late, in the catch-up line");
  line.lateness = lateness;
  return line;
}

Line missed_line(const jobs::Job& job, Duration lateness) {
  const Bound bound = bound_of(job.spec, lateness);
  Line line = line_of(job, Decided::missed, bound.reason,
                      judged(job, lateness) + "missed, because that is more than " + bound.words);
  line.lateness = lateness;
  return line;
}

Line held_line(const jobs::Job& job, Trust trust) {
  return line_of(job, Decided::held, "time", named(job) + ": " + needs_words(job, trust));
}

Line held_schedule_line(const schedules::Schedule& schedule, Trust trust) {
  Line line{.schedule = schedule.id, .decided = Decided::held};
  line.text = named_schedule(schedule.id, schedule.definition.name) + ": " +
              needs_words(schedules::needs_of(schedule.definition), trust);
  line.policy = schedule.definition.misfire.policy;
  line.reason = "time";
  return line;
}

Line schedule_line(const schedules::Decision& decision) {
  std::string text = named_schedule(decision.schedule, decision.name) + ": " + counted(decision.missed, "slot") +
                     " missed, policy " + jobs::name_of(decision.policy) + ": ";
  if (decision.policy == jobs::Misfire::Policy::run_once_if_missed && decision.ran > 0)
    text += "one run for all";
  else
    text += decision.ran == 0 ? "none run" : counted(decision.ran, "job") + " made";
  if (decision.dropped > 0) text += ", " + std::to_string(decision.dropped) + " dropped";
  Line line{.schedule = decision.schedule, .text = std::move(text), .decided = Decided::slots};
  line.lateness = decision.lateness;
  line.policy = decision.policy;
  line.reason = jobs::name_of(decision.policy);
  line.missed = decision.missed;
  line.ran = decision.ran;
  line.dropped = decision.dropped;
  line.first_missed = decision.first_missed;
  line.newest_missed = decision.newest_missed;
  return line;
}

Error negative_outage(WallTime kernel_start, WallTime last_reading) {
  return {"time.negative_outage", "The kernel started at " + format_utc(kernel_start) +
                                      ", before the last reading of " + format_utc(last_reading) +
                                      ": the outage counts as none, and nothing becomes due earlier."};
}

Line set_back_line(WallTime from, WallTime to, std::uint64_t schedules) {
  const Duration by = std::chrono::round<std::chrono::seconds>(from - to);
  Line line{.text = "the wall clock was set back by " + format_duration(by) + " to " + format_utc(to) + ": " +
                    counted(schedules, "schedule") + " planned anew, and nothing that has run runs again"};
  line.reason = "set_back";
  return line;
}

Line future_mark_line(const schedules::FutureMark& mark) {
  Line line{.schedule = mark.schedule,
            .text = named_schedule(mark.schedule, mark.name) + ": its last slot " +
                    format_utc(WallTime{mark.slot}) +
                    " lies ahead of the clock: it goes on from now, and what has run does not run again"};
  line.reason = "future_mark";
  return line;
}

const char* name_of(Decided decided) {
  switch (decided) {
    case Decided::note:
      return "note";
    case Decided::interrupted:
      return "interrupted";
    case Decided::runs_late:
      return "runs_late";
    case Decided::missed:
      return "missed";
    case Decided::held:
      return "held";
    case Decided::slots:
      return "slots";
  }
  fail_check("report:decided");
}

const char* name_of(Trigger trigger) {
  switch (trigger) {
    case Trigger::boot:
      return "boot";
    case Trigger::resume:
      return "resume";
    case Trigger::step:
      return "step";
    case Trigger::trust:
      return "trust";
  }
  return "boot";
}

std::string recovery_words(const store::Recovery& recovery, const std::vector<std::string>& notes) {
  constexpr std::size_t longest = 300;  // it stands in every boot's record
  std::vector<std::string> parts;
  if (recovery.replayed > 0) {
    std::string text = "replayed " + std::to_string(recovery.replayed);
    parts.push_back(text + (recovery.replayed == 1 ? " batch" : " batches"));
  }
  if (recovery.torn) parts.push_back("torn tail at " + std::to_string(recovery.torn->offset));
  if (recovery.checkpoint_lost) parts.emplace_back("a checkpoint was lost and made good from the journal");
  parts.insert(parts.end(), notes.begin(), notes.end());
  std::string words;
  for (const auto& part : parts) words += (words.empty() ? "" : "; ") + part;
  if (words.size() > longest) words.resize(longest);
  return words;
}

}  // namespace dormouse::reconcile
