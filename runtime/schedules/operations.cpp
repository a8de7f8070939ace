// SPDX-License-Identifier: Apache-2.0
// Putting, removing and showing schedules. What decides their slots is in advance.cpp.
#include "runtime/schedules/operations.hpp"

#include <algorithm>
#include <utility>

#include "runtime/jobs/components.hpp"
#include "runtime/jobs/records.hpp"
#include "runtime/schedules/course.hpp"
#include "runtime/schedules/schedule_store.hpp"
#include "runtime/schedules/validate.hpp"

namespace dormouse::schedules {
namespace {

Error not_found(const std::string& name_or_id) {
  return Error{"schedule.not_found", "Schedule not found", "there is no schedule '" + name_or_id + "' of yours"};
}

Error quota_exceeded(const char* of, std::uint64_t limit) {
  return Error{"schedule.quota_exceeded", "Too many schedules (max " + std::to_string(limit) + " per " + of + ")",
               "delete one that is no longer needed; disabled ones count"};
}

/// The operator is bound by the device's quota alone.
Status check_quota(Work& work, const Identity& who, std::uint16_t component) {
  if (who.role != Role::operator_ && count(work, component) >= work.limits.schedules_component)
    return quota_exceeded("component", work.limits.schedules_component);
  if (count(work) >= work.limits.schedules_device) return quota_exceeded("device", work.limits.schedules_device);
  return done();
}

/// Equal in all but the timing, whose text may differ while it means the same.
bool equal_besides_timing(Definition a, const Definition& b) {
  a.timing = b.timing;
  return a == b;
}

Put answer(const Schedule& schedule, PutOutcome outcome) {
  return Put{schedule.id, schedule.revision, outcome, schedule.next_slot, schedule.definition};
}

Result<Put> create(Work& work, const Identity& who, std::uint16_t component, Definition definition,
                   const Plan& plan) {
  if (auto within = check_quota(work, who, component); !within) return std::move(within).error();
  Schedule schedule;
  schedule.id = take_id(work);
  schedule.component = component;
  schedule.definition = std::move(definition);
  schedule.created = {work.now.wall, work.now.trust, work.now.boot};
  set_out(work, schedule, plan);
  save(work, schedule, std::nullopt);
  return answer(schedule, PutOutcome::created);
}

Put update(Work& work, Schedule schedule, Definition definition, const Plan& plan) {
  // A stored timing that can no longer be read (its zone is gone) counts as another one.
  const auto old_plan = schedules::plan(schedule.definition.timing);
  const bool keeps_timing = old_plan.ok() && same_timing(*old_plan, plan);
  if (keeps_timing && equal_besides_timing(schedule.definition, definition))
    return answer(schedule, PutOutcome::unchanged);

  const std::optional<Due> old_due = schedule.next_due;
  const bool was_enabled = schedule.definition.enabled;
  schedule.definition = std::move(definition);
  schedule.revision += 1;
  if (!keeps_timing) {
    set_out(work, schedule, plan);
  } else if (!schedule.definition.enabled) {
    set_next(schedule, std::nullopt);
  } else if (!was_enabled) {
    go_on(work, schedule, plan);
  }
  save(work, schedule, old_due);
  return answer(schedule, PutOutcome::updated);
}

/// Jobs of the schedule that have not started end; a running attempt ends as it ends.
Status cancel_jobs(Work& work, std::uint64_t schedule) {
  jobs::ListQuery query{.states = {jobs::State::scheduled, jobs::State::ready, jobs::State::waiting},
                        .schedule = schedule,
                        .limit = work.limits.list_page_max};
  while (true) {
    auto page = jobs::list(work, Identity{}, query);
    if (!page) return std::move(page).error();
    for (const auto& listed : page->jobs) {
      auto job = jobs::load(work, listed.id);
      if (!job || job->state != jobs::State::scheduled) continue;
      if (auto cancelled = jobs::cancel_job(work, *job, "schedule_deleted"); !cancelled)
        return std::move(cancelled).error();
    }
    if (!page->next_after_id) return done();
    query.after_id = *page->next_after_id;
  }
}

}  // namespace

Result<Put> put(Work& work, const Identity& who, const Definition& asked) {
  if (auto refused = jobs::may_change(who)) return std::move(*refused);
  Definition definition = understood(asked);
  auto plan = check_definition(definition, work.limits, &work.handlers);
  if (!plan) return std::move(plan).error();
  definition.timing = plan->timing;

  work.txn.keep_reserve();
  const std::uint16_t component = jobs::component_number(work.txn, who.component);
  if (auto schedule = find_named(work, component, definition.name))
    return update(work, std::move(*schedule), std::move(definition), *plan);
  return create(work, who, component, std::move(definition), *plan);
}

Status remove(Work& work, const Identity& who, const std::string& name_or_id) {
  if (auto refused = jobs::may_change(who)) return std::move(*refused);
  const auto schedule = find(work, who, name_or_id);
  if (!schedule) return not_found(name_or_id);
  if (auto cancelled = cancel_jobs(work, schedule->id); !cancelled) return cancelled;
  erase(work, *schedule);
  return done();
}

Result<Schedule> get(Work& work, const Identity& who, const std::string& name_or_id) {
  auto schedule = find(work, who, name_or_id);
  if (!schedule) return not_found(name_or_id);
  return std::move(*schedule);
}

SchedulePage list(Work& work, const Identity& who, std::uint64_t after_id, std::uint64_t limit) {
  std::vector<Schedule> all;
  if (who.role != Role::none) {
    all = load_all(work);
  } else if (const auto own = jobs::find_component(work.txn, who.component)) {
    all = load_all(work, *own);
  }
  std::sort(all.begin(), all.end(), [](const Schedule& a, const Schedule& b) { return a.id < b.id; });
  SchedulePage page;
  for (auto& schedule : all) {
    if (schedule.id <= after_id) continue;
    if (page.schedules.size() == limit) {
      page.next_after_id = limit == 0 ? after_id : page.schedules.back().id;
      break;
    }
    page.schedules.push_back(std::move(schedule));
  }
  return page;
}

}  // namespace dormouse::schedules
