// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/operations.hpp"

#include <algorithm>

namespace dormouse::actors {

Result<EnqueueJobs::Value> execute(Work& work, const EnqueueJobs& op) {
  return jobs::enqueue(work, op.who, op.trigger, op.specs);
}

Result<CancelJob::Value> execute(Work& work, const CancelJob& op) {
  return op.conflict_key.empty() ? jobs::cancel(work, op.who, op.id, op.reason)
                                 : jobs::cancel_by_key(work, op.who, op.conflict_key, op.reason);
}

namespace {

JobView view_of(Work& work, jobs::Job job, bool with_args, bool with_attempts) {
  jobs::Shown shown;
  shown.component = jobs::component_name(work.txn, job.component);
  shown.told = {job.state, job.because};  // what it is by now: get() and list() have told it
  shown.late = work.spans.lateness(job.due, work.now);
  if (job.due.lane == Due::Lane::wall) {
    shown.due = WallTime{job.due.ms};
  } else if (work.now.trust != Trust::untrusted && shown.late) {
    shown.due = work.now.wall - *shown.late;
  }
  shown.with_args = with_args;
  shown.with_attempts = with_attempts;
  return {std::move(job), std::move(shown)};
}

}  // namespace

Result<GetJob::Value> execute(Work& work, const GetJob& op) {
  auto job = jobs::get(work, op.who, op.id, op.with_args);
  if (!job.ok()) return std::move(job).error();
  return view_of(work, std::move(*job), op.with_args, true);
}

Result<ListJobs::Value> execute(Work& work, const ListJobs& op) {
  auto page = jobs::list(work, op.who, op.query);
  if (!page.ok()) return std::move(page).error();
  JobViews views;
  views.next_after_id = page->next_after_id;
  for (auto& job : page->jobs) views.jobs.push_back(view_of(work, std::move(job), false, false));
  return views;
}

Result<TakeDue::Value> execute(Work& work, const TakeDue& op) {
  return jobs::take_due(work, op.known, op.full, op.limit, op.line_limit);
}

Result<ClaimJobs::Value> execute(Work& work, const ClaimJobs& op) {
  return jobs::claim(work, op.ids);
}

Result<FinishAttempts::Value> execute(Work& work, const FinishAttempts& op) {
  return jobs::finish(work, op.ends);
}

Result<ExpireJobs::Value> execute(Work& work, const ExpireJobs& op) {
  return jobs::expire(work, op.ids);
}

Result<PutSchedule::Value> execute(Work& work, const PutSchedule& op) {
  return schedules::put(work, op.who, op.definition);
}

Result<DeleteSchedule::Value> execute(Work& work, const DeleteSchedule& op) {
  return schedules::remove(work, op.who, op.name_or_id);
}

Result<ListSchedules::Value> execute(Work& work, const ListSchedules& op) {
  auto page = schedules::list(work, op.who, op.after_id, op.limit);
  ScheduleViews views;
  views.next_after_id = page.next_after_id;
  for (auto& schedule : page.schedules) {
    auto component = jobs::component_name(work.txn, schedule.component);
    auto late = schedule.next_due ? work.spans.lateness(*schedule.next_due, work.now) : std::nullopt;
    views.schedules.push_back({std::move(schedule), std::move(component), late});
  }
  return views;
}

Result<DecideSchedules::Value> execute(Work& work, const DecideSchedules& op) {
  return schedules::decide_due(work, op.limit);
}

Result<GetBoots::Value> execute(Work& work, const GetBoots& op) {
  const HistoryAsked& asked = op.asked;
  if (asked.report) {
    auto found = reconcile::reports(work, 1, *asked.report < UINT32_MAX ? *asked.report + 1 : UINT32_MAX);
    if (!found.empty() && found.front().number != *asked.report) found.clear();
    return BootsView{{}, {}, std::move(found), {}};
  }
  return BootsView{reconcile::boots(work, asked.limit, asked.below),
                   reconcile::gaps(work, asked.limit, asked.below),
                   reconcile::reports(work, asked.limit, asked.below), reconcile::lifetime(work)};
}

Result<Explain::Value> execute(Work& work, const Explain& op) {
  return reconcile::explain(work, op.who, op.job_or_schedule);
}

DeviceStatus device_status(Work& work) {
  DeviceStatus status;
  status.now = work.now;
  status.counts = jobs::counts(work);
  status.schedules = schedules::list(work, Identity{}, 0, work.limits.schedules_device).schedules.size();
  status.handlers.assign(work.handlers.begin(), work.handlers.end());
  const auto sooner = [&](std::optional<WallTime> wall, std::optional<Instant> instant) {
    if (instant) {
      const WallTime as_wall = work.now.wall + (*instant - work.now.instant);
      if (!wall || as_wall < *wall) wall = as_wall;
    }
    if (wall && (!status.next_due || *wall < *status.next_due)) status.next_due = wall;
  };
  const auto due = jobs::take_due(work, {}, {}, 1);
  sooner(due.next_wall, due.next_instant);
  const auto slots = schedules::decide_due(work, 0);  // decides none, tells the next
  sooner(slots.next_wall, slots.next_instant);
  return status;
}

bool on_probation(const Boot& boot, Instant now, Duration probation) {
  switch (boot.cause) {
    case BootCause::crash_restart:
    case BootCause::power_loss:
    case BootCause::kernel_panic:
    case BootCause::watchdog_reset:
    case BootCause::unclear:
      return now < boot.started + probation;
    case BootCause::first_boot:
    case BootCause::clean_restart:
    case BootCause::clean_reboot:
      return false;
  }
  return true;
}

store::Durability durability_of(const jobs::ClaimResult& claims, bool on_probation) {
  const bool settles = std::any_of(claims.claimed.begin(), claims.claimed.end(), [](const jobs::Claimed& claimed) {
    const jobs::JobSpec& spec = claimed.job.spec;
    return spec.delivery == jobs::Delivery::at_most_once ||
           spec.misfire.policy == jobs::Misfire::Policy::run_once_if_missed;
  });
  return settles || on_probation ? store::Durability::durable : store::Durability::lazy;
}

}  // namespace dormouse::actors
