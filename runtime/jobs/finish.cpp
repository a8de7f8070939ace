// SPDX-License-Identifier: Apache-2.0
// Ends of attempts. What an outcome means for the job is decided first (Verdict), by the transition table and the
// job's own limits; then it is written, with the effects that commit with it.
#include <algorithm>

#include "runtime/jobs/components.hpp"
#include "runtime/jobs/counters.hpp"
#include "runtime/jobs/enqueue_plan.hpp"
#include "runtime/jobs/operations.hpp"
#include "runtime/jobs/records.hpp"
#include "runtime/jobs/retry.hpp"
#include "runtime/jobs/transitions.hpp"
#include "runtime/jobs/validate.hpp"

namespace dormouse::jobs {
namespace {

constexpr std::size_t kErrorBytes = 4'000;
constexpr std::size_t kCodeBytes = 128;
constexpr std::size_t kReasonBytes = 256;
constexpr std::uint32_t kMostContinuations = 10'000;
constexpr std::uint64_t kMostEffects = 1'000;
constexpr Duration kRetryNotStarted{1'000};
constexpr Duration kLongestAgain{315'360'000'000};  // ten years, as for a due

/// What becomes of the job.
struct Verdict {
  Event event = Event::ok;
  Duration delay{};                  // until the next attempt, if there is one
  Because because = Because::none;   // likewise
  bool charged = true;               // the attempt counts against max_attempts
  bool keeps_interruptions = false;  // the count of interruptions in a row goes on
  std::string reason;                // if it ends
  bool commits = false;              // effects are applied
};

Verdict dead(std::string reason) {
  return {.event = Event::permanent, .reason = std::move(reason)};
}

Verdict after_failure(const Job& job, const Outcome& outcome) {
  const Retry retry = job.spec.retry.value_or(Retry{});
  if (job.used >= retry.max_attempts) return {.event = Event::exhausted, .reason = "attempts_exhausted"};
  return {
      .event = Event::retryable, .delay = sleep_after(retry, job.used, outcome.delay), .because = Because::retry};
}

Verdict after_again(Job& job, Outcome& outcome) {
  if (job.spec.delivery == Delivery::at_most_once) {
    outcome.code = "job.again_not_allowed";
    outcome.message = "a job that runs at most once cannot go on later";
    return dead("again_not_allowed");
  }
  if (++job.continuations > kMostContinuations) {
    outcome.code = "job.too_many_continuations";
    outcome.message = "the job went on later " + std::to_string(kMostContinuations) + " times";
    return dead("too_many_continuations");
  }
  return {.event = Event::again,
          .delay = std::clamp(outcome.delay, Duration{}, kLongestAgain),
          .because = Because::again,
          .charged = false,
          .commits = true};
}

Verdict after_ok(const Limits& limits, Outcome& outcome) {
  if (outcome.result.size() <= limits.result_bytes) return {.event = Event::ok, .commits = true};
  outcome.code = "job.result_too_large";
  outcome.message = "the result is above " + std::to_string(limits.result_bytes) + " bytes";
  outcome.result.clear();
  return dead("result_too_large");
}

Verdict after_interruption(const Job& job, Outcome& outcome) {
  const auto last = [&](const std::string& reason, const char* message) {
    outcome.code = "job." + reason;
    outcome.message = message;
    return Verdict{.event = Event::interrupted_last, .keeps_interruptions = true, .reason = reason};
  };
  if (job.spec.delivery == Delivery::at_most_once) {
    return last("interrupted", "the attempt was interrupted and the job runs at most once");
  }
  if (job.interrupted + 1 >= job.spec.interrupted_limit) {
    return last("interrupted_limit", "the device or the runtime went down in every one of its last attempts");
  }
  return {.event = Event::interrupted,
          .delay = interruption_delay(job.interrupted + 1),
          .because = Because::interrupted,
          .charged = false,
          .keeps_interruptions = true};
}

Verdict after_not_started(const Job& job, const Outcome& outcome) {
  if (outcome.code == "link.down" && job.spec.delivery == Delivery::at_most_once) return dead("link_down");
  return {.event = Event::not_started,
          .delay = outcome.delay > Duration{} ? std::min(outcome.delay, kHintCap) : kRetryNotStarted,
          .because = Because::retry,
          .charged = false,
          .keeps_interruptions = true};
}

Verdict judge_outcome(const Work& work, Job& job, Outcome& outcome) {
  if (job.cancel_requested) return {.event = Event::cancelled, .reason = *job.cancel_requested};
  switch (outcome.kind) {
    case Outcome::Kind::ok:
      return after_ok(work.limits, outcome);
    case Outcome::Kind::again:
      return after_again(job, outcome);
    case Outcome::Kind::retryable:
    case Outcome::Kind::timed_out:
      return after_failure(job, outcome);
    case Outcome::Kind::permanent:
      return dead("permanent");
    case Outcome::Kind::cancelled:
      return {.event = Event::cancelled, .reason = clean_text(outcome.message, kReasonBytes)};
    case Outcome::Kind::interrupted:
      return after_interruption(job, outcome);
    case Outcome::Kind::not_started:
      return after_not_started(job, outcome);
  }
  fail_check("jobs:outcome");
}

void note_attempt(const Work& work, Job& job, const Outcome& outcome) {
  AttemptNote note;
  note.attempt = job.attempt;
  note.boot = job.started ? job.started->boot : 0;
  note.start = job.started.value_or(Noted{});
  note.end = Noted{work.now.wall, work.now.trust, work.now.boot};
  note.outcome = outcome.kind;
  note.code = clean_text(outcome.code, kCodeBytes);
  job.attempts.push_back(std::move(note));
  const std::size_t kept = std::max<std::uint64_t>(work.limits.attempts_kept, 1);
  if (job.attempts.size() > kept) job.attempts.erase(job.attempts.begin(), job.attempts.end() - kept);
}

State write_verdict(Work& work, Job& job, const Outcome& outcome, const Verdict& verdict) {
  const Move allowed = move(job.state, verdict.event);
  check(!allowed.refused, "jobs:verdict");
  note_attempt(work, job, outcome);
  if (outcome.kind == Outcome::Kind::interrupted) ++job.interrupted;
  if (!verdict.keeps_interruptions) job.interrupted = 0;
  if (!verdict.charged && job.used > 0) --job.used;
  if (!outcome.code.empty() && verdict.event != Event::cancelled) {
    job.error_code = clean_text(outcome.code, kCodeBytes);
    job.error_message = clean_text(outcome.message, kErrorBytes);
  }
  if (verdict.event == Event::ok) job.result = outcome.result;
  if (has_ended(allowed.next)) {
    end_job(work, job, allowed.next, verdict.reason);
    return job.state;
  }
  erase_claim(work, job);
  job.state = allowed.next;
  job.because = verdict.because;
  job.due = Due::elapsed(work.now.kernel_boot, work.now.instant + verdict.delay);
  save(work, job);
  return job.state;
}

void count_interruption(Work& work) {
  Counters counters = load_counters(work.txn);
  ++counters.counts.interrupted;
  store_counters(work.txn, counters);
}

/// The cancels among the effects, checked before anything is written. Jobs that have ended by themselves are fine.
std::optional<Error> check_cancels(Work& work, const Job& job, const std::vector<std::uint64_t>& ids) {
  for (const std::uint64_t id : ids) {
    if (id == job.id) return Error{.code = "job.own_job", .message = "a job ends itself by its outcome", .id = id};
    const std::optional<Job> other = load(work, id);
    if (!other || other->component != job.component) {
      return Error{.code = "job.not_found", .message = "there is no job " + std::to_string(id), .id = id};
    }
  }
  return std::nullopt;
}

/// Effects that commit with the end of their job.
class EffectsPlan {
 public:
  /// Refuses without having written anything.
  static Result<EffectsPlan> make(Work& work, const Job& job, const Effects& effects, bool job_ends) {
    if (effects.enqueue.size() + effects.cancel.size() > kMostEffects) {
      return Error{.code = "job.too_large",
                   .message = "an attempt has at most " + std::to_string(kMostEffects) + " effects"};
    }
    if (auto error = check_cancels(work, job, effects.cancel)) return std::move(*error);
    EffectsPlan plan;
    plan.cancels_ = effects.cancel;
    if (effects.enqueue.empty()) return plan;
    Result<std::vector<PlannedJob>> jobs =
        plan_enqueue(work, job.component, component_name(work.txn, job.component), effects.enqueue,
                     load_tally(work.txn), job_ends ? &job : nullptr);
    if (!jobs) return jobs.error();
    plan.jobs_ = std::move(jobs).value();
    return plan;
  }

  void carry_out(Work& work, const Job& job) const {
    if (!jobs_.empty()) jobs::carry_out(work, job.component, Trigger::handler, jobs_, load_tally(work.txn));
    for (const std::uint64_t id : cancels_) {
      std::optional<Job> other = load(work, id);
      if (!other || has_ended(other->state)) continue;
      const Result<Cancelled> cancelled = cancel_job(work, *other, "by job " + std::to_string(job.id));
      check(cancelled.ok(), "jobs:effect_cancel");
    }
  }

 private:
  std::vector<PlannedJob> jobs_;
  std::vector<std::uint64_t> cancels_;
};

std::optional<Error> check_token(const std::optional<Job>& job, const Token& token) {
  if (!job) {
    return Error{
        .code = "job.not_found", .message = "there is no job " + std::to_string(token.job), .id = token.job};
  }
  if (job->state == State::running && job->token() == token) return std::nullopt;
  return refusal(move(job->state, Event::stale), job->id, job->state, Event::stale);
}

Finished finish_one(Work& work, const Finish& end) {
  std::optional<Job> job = load(work, end.token.job);
  Finished finished{.token = end.token};
  if (job) {
    finished.state = job->state;
    finished.handler = job->spec.handler;
  }
  finished.refused = check_token(job, end.token);
  if (finished.refused) return finished;

  Outcome outcome = end.outcome;
  Verdict verdict = judge_outcome(work, *job, outcome);
  std::optional<EffectsPlan> effects;
  if (verdict.commits) {
    Result<EffectsPlan> plan = EffectsPlan::make(work, *job, end.effects, verdict.event == Event::ok);
    if (plan) {
      effects = std::move(plan).value();
    } else {
      outcome = Outcome::retryable("job.effects_refused", plan.error().code + ": " + plan.error().message);
      verdict = after_failure(*job, outcome);
    }
  }
  finished.state = write_verdict(work, *job, outcome, verdict);
  if (effects) effects->carry_out(work, *job);
  if (outcome.kind == Outcome::Kind::interrupted) count_interruption(work);
  return finished;
}

}  // namespace

std::vector<Finished> finish(Work& work, const std::vector<Finish>& ends) {
  std::vector<Finished> all;
  for (const Finish& end : ends) all.push_back(finish_one(work, end));
  return all;
}

Result<State> interrupt(Work& work, Job& job) {
  const Move allowed = move(job.state, Event::interrupted);
  if (allowed.refused) return refusal(allowed, job.id, job.state, Event::interrupted);
  Outcome outcome{.kind = Outcome::Kind::interrupted};
  const Verdict verdict = judge_outcome(work, job, outcome);
  const State state = write_verdict(work, job, outcome, verdict);
  count_interruption(work);
  return state;
}

}  // namespace dormouse::jobs
