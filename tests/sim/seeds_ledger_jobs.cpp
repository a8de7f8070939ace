// SPDX-License-Identifier: Apache-2.0
// The ledger's account of jobs and of the attempts that it saw.
#include <algorithm>

#include "runtime/time/duration_text.hpp"
#include "tests/sim/seeds_ledger.hpp"

namespace dormouse::sim::seeds {

namespace {

using Policy = jobs::Misfire::Policy;

constexpr Duration rounding{1'100};
constexpr Duration edge{3'000};         // steps are gathered for a second, and small ones go unseen
constexpr Duration long_enough{1'500};  // to start, once it can
constexpr Duration still_busy{1'800'000};

std::string named(std::uint64_t id, const std::string& schedule, std::int64_t slot) {
  return "job " + std::to_string(id) +
         (schedule.empty() ? "" : " of " + schedule + ", slot " + std::to_string(slot));
}

/// How late a first attempt may start by its policy; none: at any time.
std::optional<Duration> starts_within(const jobs::JobSpec& spec) {
  if (spec.misfire.policy == Policy::skip) return spec.grace;
  if (spec.misfire.policy == Policy::windowed) return spec.misfire.window;
  if (spec.misfire.policy == Policy::catch_up && spec.misfire.max_age)
    return std::max(spec.grace, *spec.misfire.max_age);
  return std::nullopt;
}

}  // namespace

void Ledger::enqueue(const jobs::JobSpec& spec) {
  enqueueing_ = true;  // it may start before its id is known
  const auto enqueued = device_.enqueue(spec);
  enqueueing_ = false;
  if (!enqueued.ok()) return fail("a job was refused: " + enqueued.error().message);
  Work work{.spec = spec, .kernel_boot = elapsed_.kernel_boot()};
  if (const auto* at = std::get_if<jobs::DueAt>(&spec.due)) work.due_wall = at->at.ms;
  if (const auto* after = std::get_if<jobs::DueAfter>(&spec.due)) work.due_elapsed = elapsed_.now() + after->delay;
  if (std::holds_alternative<jobs::DueNow>(spec.due)) work.due_elapsed = elapsed_.now();
  jobs_.emplace(enqueued->id, work);
  waiting_.insert(enqueued->id);
  rest();
}

// -- attempts --

void Ledger::look_at_runs() {
  std::vector<std::size_t> runs = std::exchange(unexplained_, {});
  for (; seen_ < device_.runs().size(); ++seen_) runs.push_back(seen_);
  for (const std::size_t index : runs) {
    if (failed()) return;
    const Run& run = device_.runs()[index];
    Work* work = work_of(run);
    if (work == nullptr) {
      const bool asked = device_.running() && device_.has_power() && !stopping_;
      if (asked) return fail(named(run.job, run.schedule, run.slot_ms) + " runs, but nothing was decided about it");
      unexplained_.push_back(index);
      continue;
    }
    const auto ended = ended_.find(run.job);
    if (ended != ended_.end() && index >= ended->second)
      return fail(named(run.job, run.schedule, run.slot_ms) + " had ended and was started again");
    check_start(*work, run);
    waiting_.erase(run.job);
    work->last_run = index;
    ++work->starts;
  }
}

/// None: a job of a slot that the ledger knows no decision of.
Ledger::Work* Ledger::work_of(const Run& run) {
  const auto known = jobs_.find(run.job);
  if (known != jobs_.end()) return &known->second;
  const auto planned = schedules_.find(run.schedule);
  if (planned == schedules_.end()) return nullptr;
  const auto made = planned->second.made.find(run.slot_ms);
  if (made == planned->second.made.end()) return nullptr;
  if (made->second.job != 0) {
    fail(named(run.job, run.schedule, run.slot_ms) + " is a second one beside job " +
         std::to_string(made->second.job));
    return nullptr;
  }
  made->second.job = run.job;
  Work work{.schedule = run.schedule, .kernel_boot = elapsed_.kernel_boot()};
  work.spec.misfire = planned->second.definition.misfire;
  if (work.spec.misfire.policy == Policy::run_once_if_missed) work.spec.delivery = jobs::Delivery::at_most_once;
  if (planned->second.rule.grid->elapsed())
    work.due_elapsed = planned->second.anchor + Duration{run.slot_ms};
  else
    work.due_wall = run.slot_ms;
  return &jobs_.emplace(run.job, work).first->second;
}

void Ledger::check_start(Work& work, const Run& run) {
  const std::string job = named(run.job, run.schedule, run.slot_ms);
  if (work.starts > 0) {
    const Run& before = device_.runs()[work.last_run];
    if (!before.ended && before.boot == run.boot) return fail(job + " runs twice at once");
    if (work.spec.delivery == jobs::Delivery::at_most_once) return fail(job + " may run once and runs again");
  }
  if (run.attempt != 1) return;  // a further attempt comes after its own delay
  if (work.due_wall) {
    if (!trusted()) return fail(job + " runs by a wall clock that is not trusted");
    if (sample().wall.ms < *work.due_wall) return fail(job + " runs before its due");
  }
  if (work.due_elapsed && elapsed_.now() + elapsed_.ahead() + rounding < *work.due_elapsed)
    return fail(job + " runs " + format_duration(*work.due_elapsed - elapsed_.now()) +
                " before its delay has passed");
  const auto within = starts_within(work.spec);
  const auto late = lateness(work);
  const bool judged = work.schedule.empty() && work.starts == 0 && !work.settled;
  if (judged && within && late && *late > *within + edge)
    fail(job + " starts " + format_duration(*late) + " late, which its policy does not allow");
}

/// By what the device can know for sure; none: it cannot, or it is another kernel boot's.
std::optional<Duration> Ledger::lateness(const Work& work) const {
  if (work.due_wall) {
    if (!trusted()) return std::nullopt;
    return Duration{sample().wall.ms - *work.due_wall};
  }
  if (!work.due_elapsed || work.kernel_boot != elapsed_.kernel_boot()) return std::nullopt;
  return elapsed_.now() - *work.due_elapsed;
}

/// A pass that finds a job late inside its window decides that it runs, which is kept even if the power goes then.
void Ledger::settle() {
  for (const std::uint64_t id : waiting_) {
    Work& work = jobs_.at(id);
    const auto within = starts_within(work.spec);
    const auto late = lateness(work);
    work.settled = work.settled || (late && within && *late > work.spec.grace && *late <= *within);
  }
}

/// A job that can start in time, with places free, does.
void Ledger::watch_in_time() {
  for (const std::uint64_t id : waiting_) {
    Work& work = jobs_.at(id);
    if (work.must_run || work.too_late || ended_.contains(id)) continue;
    const auto within = starts_within(work.spec);
    const auto late = lateness(work);
    work.too_late = late && within && *late > *within;  // it may have ended missed, of which a pass tells only sums
    const bool in_time = late && *late >= Duration{0} && (!within || *late <= *within - edge);
    if (!in_time) {
      work.in_time_since.reset();
      continue;
    }
    if (!work.in_time_since) work.in_time_since = device_.now();
    work.must_run = device_.now() - *work.in_time_since >= long_enough;
  }
}

/// A claim that was not synced may be forgotten, and its job is judged anew.
void Ledger::power_goes() {
  for (auto& [id, work] : jobs_)
    if (work.starts > 0 && !ended_.contains(id)) work.claim_lost = true;
}

// -- the end --

bool Ledger::all_done() {
  const auto all = device_.jobs();
  return std::none_of(all.begin(), all.end(), [](const actors::JobView& view) {
    return !jobs::has_ended(view.job.state) && view.shown.late && *view.shown.late > still_busy;
  });
}

void Ledger::finish() {
  rest();
  if (!failed() && device_.trust() != Trust::synced) fail("time is not trusted though a source is there");
  if (!failed()) look_at_schedules();
  if (failed()) return;
  const auto all = device_.jobs();
  std::map<std::uint64_t, const actors::JobView*> by_id;
  for (const auto& view : all) by_id[view.job.id] = &view;
  for (const auto& [id, work] : jobs_) {
    const auto view = by_id.find(id);
    finish_job(id, work, view == by_id.end() ? nullptr : view->second);
  }
  for (const auto& [name, planned] : schedules_) finish_schedule(planned, all);
}

void Ledger::finish_job(std::uint64_t id, const Work& work, const actors::JobView* view) {
  const std::string name = named(id, work.schedule, 0);
  if (view == nullptr) return fail(name + " is lost");
  const jobs::State state = view->job.state;
  if (!jobs::has_ended(state)) {
    const auto& late = view->shown.late;
    if (late && *late > still_busy) fail(name + " is due and not done");
    return;
  }
  if (!work.schedule.empty()) return;  // finish_schedule
  if (state == jobs::State::missed && work.starts > 0 && !work.claim_lost) fail(name + " ran and ended missed");
  if (work.starts > 0) return;
  const bool claimed_in_vain = state == jobs::State::dead && work.spec.delivery == jobs::Delivery::at_most_once;
  if (claimed_in_vain) return;  // the power went between its claim and its start: not a second time
  if (state != jobs::State::missed) fail(name + " ended and never ran");
  if (!starts_within(work.spec)) fail(name + " ended missed, though its policy lets it run at any time");
  if (work.must_run) fail(name + " could start in time and ended missed");
}

}  // namespace dormouse::sim::seeds
