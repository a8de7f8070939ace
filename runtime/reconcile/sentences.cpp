// SPDX-License-Identifier: Apache-2.0
#include "runtime/reconcile/sentences.hpp"

#include "runtime/jobs/misfire.hpp"
#include "runtime/time/duration_text.hpp"
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
std::string bound_of(const jobs::JobSpec& spec, Duration lateness) {
  const auto& misfire = spec.misfire;
  if (misfire.policy == jobs::Misfire::Policy::windowed) return "its window of " + format_duration(misfire.window);
  if (misfire.max_age && lateness > *misfire.max_age)
    return "its greatest age of " + format_duration(*misfire.max_age);
  return "its grace of " + format_duration(spec.grace);
}

std::string why_it_ended(const jobs::Job& job) {
  if (job.spec.delivery == jobs::Delivery::at_most_once) return "dead, because it may start only once";
  return "dead, because it was interrupted " + counted(job.interrupted, "time") + " in a row";
}

}  // namespace

std::string named(const jobs::Job& job) {
  return "job " + std::to_string(job.id) + " (" + job.schedule_name.value_or(job.spec.handler) + ")";
}

std::string named_schedule(std::uint64_t id, const std::string& name) {
  return "schedule s" + std::to_string(id) + " (" + name + ")";
}

Line interrupted_line(const jobs::Job& job, jobs::State after) {
  std::string text = named(job) + ": attempt " + std::to_string(job.attempt) + " was interrupted by the gap: ";
  if (after == jobs::State::cancelled)
    text += "cancelled, as was asked before";
  else if (after == jobs::State::dead)
    text += why_it_ended(job);
  else
    text += "scheduled again";
  return {job.id, 0, text};
}

Line late_line(const jobs::Job& job, Duration lateness) {
  return {job.id, 0, judged(job, lateness) + "runs late, in the catch-up line"};
}

Line missed_line(const jobs::Job& job, Duration lateness) {
  return {job.id, 0, judged(job, lateness) + "missed, because that is more than " + bound_of(job.spec, lateness)};
}

Line held_line(const jobs::Job& job, Trust trust) {
  const Trust needs =
      std::max(job.spec.needs_time, job.due.lane == Due::Lane::wall ? Trust::rtc : Trust::untrusted);
  return {job.id, 0,
          named(job) + ": held, because it needs time to be " + name_of(needs) + " and it is " + name_of(trust)};
}

Line schedule_line(const schedules::Decision& decision) {
  std::string text = named_schedule(decision.schedule, decision.name) + ": " + counted(decision.missed, "slot") +
                     " missed, policy " + jobs::name_of(decision.policy) + ": ";
  if (decision.policy == jobs::Misfire::Policy::run_once_if_missed && decision.ran > 0)
    text += "one run for all";
  else
    text += decision.ran == 0 ? "none run" : counted(decision.ran, "job") + " made";
  if (decision.dropped > 0) text += ", " + std::to_string(decision.dropped) + " dropped";
  return {0, decision.schedule, text};
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
