// SPDX-License-Identifier: Apache-2.0
// What a story asks of its device and orders it to do: each question is answered before the call returns.
#include <chrono>

#include "tools/sim/simulated_device.hpp"

namespace dormouse::sim {

namespace {

/// Everything is done within settle(), so an answer is there.
template <class T>
T answer_of(std::future<T> future) {
  check(future.wait_for(std::chrono::seconds(0)) == std::future_status::ready, "sim:unanswered");
  return future.get();
}

}  // namespace

// -- work --

Result<jobs::Enqueued> SimulatedDevice::enqueue(jobs::JobSpec spec) {
  auto answer = device_->enqueue(std::move(spec));
  settle();
  auto enqueued = answer_of(std::move(answer));
  advance(Duration{0});
  return enqueued;
}

std::uint64_t SimulatedDevice::submit(const std::string& handler, jobs::DueSpec due, jobs::Misfire misfire) {
  jobs::JobSpec spec;
  spec.handler = handler;
  spec.due = due;
  spec.misfire = misfire;
  if (misfire.policy == jobs::Misfire::Policy::run_once_if_missed) spec.delivery = jobs::Delivery::at_most_once;
  auto enqueued = enqueue(std::move(spec));
  check(enqueued.ok(), "sim:submit_refused");
  return enqueued->id;
}

Result<jobs::Cancelled> SimulatedDevice::cancel(std::uint64_t id, const std::string& reason) {
  auto answer = device_->cancel(id, reason);
  settle();
  return answer_of(std::move(answer));
}

Result<schedules::Put> SimulatedDevice::put(schedules::Definition definition) {
  auto answer = device_->put(std::move(definition));
  settle();
  return answer_of(std::move(answer));
}

Status SimulatedDevice::remove_schedule(const std::string& name) {
  auto answer = device_->remove_schedule(name);
  settle();
  return answer_of(std::move(answer));
}

Status SimulatedDevice::flush(bool checkpoint) {
  auto answer = device_->flush(checkpoint);
  settle();
  return answer_of(std::move(answer));
}

// -- what happened --

std::vector<Run> SimulatedDevice::runs(const std::string& handler_or_schedule) const {
  std::vector<Run> found;
  for (const Run& run : runs_) {
    if (run.handler == handler_or_schedule || run.schedule == handler_or_schedule) found.push_back(run);
  }
  return found;
}

std::optional<actors::JobView> SimulatedDevice::job(std::uint64_t id) {
  auto answer = device_->job(id);
  settle();
  auto view = answer_of(std::move(answer));
  return view.ok() ? std::optional(std::move(*view)) : std::nullopt;
}

jobs::State SimulatedDevice::state(std::uint64_t id) {
  const auto view = job(id);
  check(view.has_value(), "sim:no_such_job");
  return view->shown.told.state;
}

std::vector<actors::JobView> SimulatedDevice::jobs() {
  std::vector<actors::JobView> all;
  jobs::ListQuery query;
  while (true) {
    auto answer = device_->list(query);
    settle();
    auto page = answer_of(std::move(answer));
    check(page.ok(), "sim:list_refused");
    std::move(page->jobs.begin(), page->jobs.end(), std::back_inserter(all));
    if (!page->next_after_id) return all;
    query.after_id = *page->next_after_id;
  }
}

std::vector<actors::ScheduleViews::View> SimulatedDevice::schedules() {
  auto answer = device_->list_schedules();
  settle();
  auto page = answer_of(std::move(answer));
  check(page.ok(), "sim:list_refused");
  return std::move(page->schedules);
}

std::optional<schedules::Schedule> SimulatedDevice::schedule(const std::string& name) {
  for (auto& view : schedules()) {
    if (view.schedule.definition.name == name) return std::move(view.schedule);
  }
  return std::nullopt;
}

actors::BootsView SimulatedDevice::boots() {
  auto answer = device_->boots();
  settle();
  auto view = answer_of(std::move(answer));
  check(view.ok(), "sim:boots_refused");
  return std::move(*view);
}

std::vector<wire::Record> SimulatedDevice::flash() {
  auto answer = device_->flash();
  settle();
  auto items = answer_of(std::move(answer));
  check(items.ok(), "sim:flash_refused");
  return std::move(*items);
}

actors::TimeView SimulatedDevice::time() {
  auto answer = device_->time();
  settle();
  auto view = answer_of(std::move(answer));
  check(view.ok(), "sim:time_refused");
  return std::move(*view);
}

Result<actors::TimeSet> SimulatedDevice::set_time(TimeClaim claim) {
  auto answer = device_->set_time(std::move(claim));
  settle();
  return answer_of(std::move(answer));
}

actors::DeviceStatus SimulatedDevice::status() {
  auto answer = device_->status();
  settle();
  auto status = answer_of(std::move(answer));
  check(status.ok(), "sim:status_refused");
  return std::move(*status);
}

store::Tree::Traffic SimulatedDevice::store_traffic() const {
  auto traffic = disk_.traffic();
  traffic.bytes += journal_.bytes_written();
  traffic.syncs += journal_.syncs();
  return traffic;
}

std::string SimulatedDevice::explain(const std::string& job_or_schedule) {
  auto answer = device_->explain(job_or_schedule);
  settle();
  auto text = answer_of(std::move(answer));
  return text.ok() ? *text : text.error().code;
}

}  // namespace dormouse::sim
