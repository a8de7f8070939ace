// SPDX-License-Identifier: Apache-2.0
#include "actors/scheduling/scheduler.hpp"

#include <caf/stateful_actor.hpp>

#include "actors/scheduling/scheduler_state.hpp"

namespace dormouse::actors {

void SchedulerState::look() {
  if (!working || stopping) return;
  if (taking) {
    take_again = true;
    return;
  }
  if (!queue->room()) {
    more_due = true;
    start_ready();
    return;
  }
  taking = true;
  take_again = false;
  self->request(setup.storage, caf::infinite,
                TakeDue{queue->known(), queue->full(), queue->free_room(), queue->free_line_room()})
      .then([this](Answer<jobs::DueBatch>& answer) {
        taking = false;
        if (answer.result.ok()) {
          taken(*answer.result);
        } else {
          retry_later();
        }
      });
}

void SchedulerState::taken(const jobs::DueBatch& batch) {
  const Instant now = setup.time->now().instant;
  for (const auto& job : batch.jobs) queue->add(job, now);
  more_due = batch.more;
  left = batch.left;
  next_instant = batch.next_instant;
  next_wall = batch.next_wall;
  held = batch.held;
  start_ready();
  if (take_again) look();
}

void SchedulerState::start_ready() {
  if (!working || stopping) return;
  const Instant now = setup.time->now().instant;
  expire_due(now);
  auto ids = queue->pick(now);
  if (!ids.empty()) {
    self->request(setup.storage, caf::infinite, ClaimJobs{ids})
        .then([this, ids](Answer<jobs::ClaimResult>& answer) { claimed(ids, answer); });
  }
  set_wakes();
}

void SchedulerState::expire_due(Instant now) {
  auto expired = queue->expired(now);
  if (expired.empty()) return;
  for (const auto id : expired) queue->remove(id);
  self->request(setup.storage, caf::infinite, ExpireJobs{std::move(expired)})
      .then([this](Answer<ExpireJobs::Value>& answer) {
        if (!answer.result.ok()) return retry_later();
        const Now now_ended = setup.time->now();
        for (const auto id : *answer.result)
          emit(now_ended, Event::Kind::missed, id, {}, jobs::State::missed, "expired while waiting");
        if (more_due) look();
      });
}

void SchedulerState::claimed(const std::vector<std::uint64_t>& asked, Answer<jobs::ClaimResult>& answer) {
  if (!answer.result.ok()) {
    for (const auto id : asked) queue->free(id);
    retry_later();
    return answer_stop_if_idle();
  }
  backoff.reset();
  const Now now = setup.time->now();
  for (const auto id : answer.result->dropped) queue->free(id);
  for (auto& claimed : answer.result->claimed) {
    const jobs::Job& job = claimed.job;
    setup.observe({.kind = Event::Kind::started,
                   .now = now,
                   .job = job.id,
                   .handler = job.spec.handler,
                   .attempt = job.attempt,
                   .state = job.state,
                   .schedule = job.schedule_name.value_or(""),
                   .slot_ms = job.slot_ms});
    self->send(setup.dispatcher, StartAttempt{std::move(claimed)});
  }
  if (!answer.result->dropped.empty()) start_ready();
  if (more_due) look();
  answer_stop_if_idle();
}

void SchedulerState::set_wakes() {
  const Instant now = setup.time->now().instant;
  // With a full window nothing could be taken then: the next look comes with the next place.
  if (!queue->room()) more_due = true;
  std::optional<Instant> due = queue->room() ? next_instant : std::nullopt;
  const std::optional<WallTime> due_wall = queue->room() ? next_wall : std::nullopt;
  if (const auto expiry = queue->next_expiry(); expiry && (!due || *expiry < *due)) due = expiry;
  if (std::tuple wake(due, due_wall, held); wake != told_wake) {
    told_wake = wake;
    self->send(
        setup.timekeeper,
        SetWake{
            .purpose = Purpose::scheduler_due, .who = self, .instant = due, .wall = due_wall, .for_trust = held});
  }
  if (const auto paced = queue->paced_until(now)) {
    self->send(setup.timekeeper, SetWake{Purpose::scheduler_pace, self, paced, {}});
  }
}

void SchedulerState::woken(Purpose purpose) {
  if (purpose == Purpose::retry_storage) retrying = false;
  if (purpose == Purpose::retry_storage) offer_again();
  if (purpose == Purpose::scheduler_due) told_wake.reset();
  if (purpose == Purpose::scheduler_pace) return start_ready();
  look();
}

/// One wake for all that one refusal hits.
void SchedulerState::retry_later() {
  if (std::exchange(retrying, true)) return;
  self->send(setup.timekeeper, SetWake{Purpose::retry_storage, self, backoff.next(setup.time->now()), {}});
}

namespace {

SchedulerActor::behavior_type scheduler(SchedulerActor::stateful_pointer<SchedulerState> self,
                                        SchedulerSetup setup) {
  SchedulerState& state = self->state;
  state.self = self;
  state.setup = std::move(setup);
  state.queue = std::make_unique<jobs::ReadyQueue>(state.setup.limits);
  return {
      [&state](EnqueueJobs& command) { return state.enqueue(command); },
      [&state](CancelJob& command) { return state.cancel(command); },
      [&state](const StopWork&) { return state.stop(); },
      [](const AreYouThere&) { return Answer<Done>{Done{}}; },
      [&state](Forward) { state.forward(); },
      [&state](JobsChanged) { state.look(); },
      [&state](const JobsEnqueued& made) { state.accepted(made); },
      [&state](AttemptEnded& end) { state.ended(end); },
      [&state](const PlaceFree& free) { state.place_free(free.token); },
      [&state](const HandlersChanged& changed) {
        state.queue->set_places(changed.places);
        state.look();
      },
      [&state](TimeChanged) {
        state.working = true;
        state.queue->clear_window();
        state.look();
      },
      [&state](Wake wake) { state.woken(wake.purpose); },
  };
}

}  // namespace

SchedulerActor spawn_scheduler(caf::actor_system& system, SchedulerSetup setup) {
  return system.spawn(scheduler, std::move(setup));
}

}  // namespace dormouse::actors
