// SPDX-License-Identifier: Apache-2.0
#include "actors/scheduler.hpp"

#include <algorithm>

#include <caf/stateful_actor.hpp>

#include "actors/backoff.hpp"
#include "runtime/jobs/ready_queue.hpp"

namespace dormouse::actors {

namespace {

struct SchedulerState {
  static inline const char* name = "scheduler";
  SchedulerActor::pointer self = nullptr;
  SchedulerSetup setup;
  std::unique_ptr<jobs::ReadyQueue> queue;
  bool working = false;                 // the boot's reconcile is over
  bool stopping = false;                // no more claims
  bool taking = false;                  // a TakeDue is under way ...
  bool take_again = false;              // ... and something changed meanwhile
  bool more_due = false;                // storage has more due jobs than the window took
  std::set<std::string> left;           // handlers that had enough in the window, and more due in storage
  std::optional<Instant> next_instant;  // earliest elapsed due that storage told of
  std::optional<WallTime> next_wall;
  std::pair<std::optional<Instant>, std::optional<WallTime>> told_wake;  // what the timekeeper was last told
  std::vector<jobs::Finish> unsaved;  // ends that the store refused: offered again
  std::set<jobs::Token> outlived;     // attempts that ended while their code still runs
  Backoff backoff;
  bool retrying = false;  // a wake for what the store refused is set
  std::optional<caf::typed_response_promise<Answer<Done>>> stopped;

  // -- taking and starting --
  void look();
  void taken(const jobs::DueBatch& batch);
  void start_ready();
  void claimed(const std::vector<std::uint64_t>& asked, Answer<jobs::ClaimResult>& answer);
  void expire_due(Instant now);
  void set_wakes();
  void woken(Purpose purpose);
  void retry_later();

  // -- ending --
  void ended(AttemptEnded& end);
  void save(std::vector<jobs::Finish> ends);
  bool brings_due(const jobs::Finish& end, const jobs::Finished& finished) const;
  void saved(const std::vector<jobs::Finish>& ends, const std::vector<jobs::Finished>& finished);
  void free_place(std::uint64_t id);
  void answer_stop_if_idle();

  // -- commands --
  caf::typed_response_promise<Answer<EnqueueJobs::Value>> enqueue(EnqueueJobs& command);
  caf::typed_response_promise<Answer<jobs::Cancelled>> cancel(CancelJob& command);
  void accepted(const std::vector<jobs::JobSpec>& specs, const std::vector<jobs::Enqueued>& enqueued);

  void emit(Event::Kind kind, std::uint64_t job, const std::string& handler, jobs::State state, std::string text) {
    setup.observe({.kind = kind,
                   .now = setup.time->now(),
                   .job = job,
                   .handler = handler,
                   .state = state,
                   .text = std::move(text)});
  }
};

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
  self->request(setup.storage, caf::infinite, TakeDue{queue->known(), queue->full(), queue->free_room()})
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
        for (const auto id : *answer.result)
          emit(Event::Kind::missed, id, {}, jobs::State::missed, "expired while waiting");
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
  for (const auto id : answer.result->dropped) queue->free(id);
  for (auto& claimed : answer.result->claimed) {
    const jobs::Job& job = claimed.job;
    setup.observe({.kind = Event::Kind::started,
                   .now = setup.time->now(),
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
  if (std::pair wake(due, due_wall); wake != told_wake) {
    told_wake = wake;
    self->send(setup.timekeeper, SetWake{Purpose::scheduler_due, self, due, due_wall});
  }
  if (const auto paced = queue->paced_until(now)) {
    self->send(setup.timekeeper, SetWake{Purpose::scheduler_pace, self, paced, {}});
  }
}

void SchedulerState::woken(Purpose purpose) {
  if (purpose == Purpose::retry_storage) retrying = false;
  if (purpose == Purpose::retry_storage && !unsaved.empty()) save(std::exchange(unsaved, {}));
  if (purpose == Purpose::scheduler_due) told_wake = {};  // a wake comes once
  if (purpose == Purpose::scheduler_pace) return start_ready();
  look();
}

/// One wake for all that one refusal hits.
void SchedulerState::retry_later() {
  if (std::exchange(retrying, true)) return;
  self->send(setup.timekeeper, SetWake{Purpose::retry_storage, self, backoff.next(setup.time->now()), {}});
}

void SchedulerState::ended(AttemptEnded& end) {
  if (!end.code_returned) outlived.insert(end.finish.token);
  save({std::move(end.finish)});
}

void SchedulerState::save(std::vector<jobs::Finish> ends) {
  FinishAttempts operation{ends};
  self->request(setup.storage, caf::infinite, std::move(operation))
      .then([this, ends = std::move(ends)](Answer<FinishAttempts::Value>& answer) mutable {
        if (answer.result.ok()) {
          backoff.reset();
          return saved(ends, *answer.result);
        }
        if (stopping) {  // a store that refuses must not hold up the stop: the next boot finds them interrupted
          for (const auto& end : ends) queue->free(end.token.job);
          return answer_stop_if_idle();
        }
        // The outcome stays here and is offered again; the handler is not run again in this boot.
        std::move(ends.begin(), ends.end(), std::back_inserter(unsaved));
        retry_later();
      });
}

/// Its own next attempt, what it enqueued, what waited for its key.
bool SchedulerState::brings_due(const jobs::Finish& end, const jobs::Finished& finished) const {
  return finished.refused || !jobs::has_ended(finished.state) || !end.effects.enqueue.empty() ||
         !end.effects.cancel.empty() || queue->holds_key(finished.token.job);
}

void SchedulerState::saved(const std::vector<jobs::Finish>& ends, const std::vector<jobs::Finished>& finished) {
  bool due = more_due;
  for (std::size_t i = 0; i < finished.size(); ++i) due = due || brings_due(ends[i], finished[i]);
  for (const auto& end : finished) {
    setup.observe({.kind = Event::Kind::ended,
                   .now = setup.time->now(),
                   .job = end.token.job,
                   .handler = end.handler,
                   .attempt = end.token.attempt,
                   .state = end.state,
                   .text = end.refused ? end.refused->code : ""});
    if (!outlived.contains(end.token)) queue->free(end.token.job);
  }
  if (due || queue->runs_low(left)) {
    look();
  } else {
    start_ready();  // what is due and not in the window has nothing to do with these ends
  }
  answer_stop_if_idle();
}

void SchedulerState::free_place(std::uint64_t id) {
  queue->free(id);
  look();
  answer_stop_if_idle();
}

void SchedulerState::answer_stop_if_idle() {
  if (!stopped || !unsaved.empty() || queue->running() > outlived.size()) return;
  stopped->deliver(Answer<Done>{Done{}});
  stopped.reset();
}

caf::typed_response_promise<Answer<EnqueueJobs::Value>> SchedulerState::enqueue(EnqueueJobs& command) {
  auto promise = self->make_response_promise<Answer<EnqueueJobs::Value>>();
  if (stopping) {
    promise.deliver(
        Answer<EnqueueJobs::Value>{Error{"stopping", "The device is stopping and takes no more jobs."}});
    return promise;
  }
  auto specs = command.specs;
  self->request(setup.storage, caf::infinite, std::move(command))
      .then([this, promise, specs = std::move(specs)](Answer<EnqueueJobs::Value>& answer) mutable {
        if (answer.result.ok()) accepted(specs, *answer.result);
        promise.deliver(std::move(answer));
      });
  return promise;
}

void SchedulerState::accepted(const std::vector<jobs::JobSpec>& specs,
                              const std::vector<jobs::Enqueued>& enqueued) {
  const Now now = setup.time->now();
  bool due = false;
  for (std::size_t i = 0; i < enqueued.size(); ++i) {
    const jobs::Enqueued& job = enqueued[i];
    if (!job.created) continue;
    emit(Event::Kind::enqueued, job.id, specs[i].handler, job.state, {});
    if (job.due.lane == Due::Lane::elapsed) {
      const Instant at{job.due.ms};  // a new job's due is an instant of the present kernel boot
      if (at <= now.instant)
        due = true;
      else if (!next_instant || at < *next_instant)
        next_instant = at;
    } else {
      const WallTime at{job.due.ms};
      if (at <= now.wall)
        due = true;
      else if (!next_wall || at < *next_wall)
        next_wall = at;
    }
  }
  if (due) {
    look();
  } else {
    set_wakes();
  }
}

caf::typed_response_promise<Answer<jobs::Cancelled>> SchedulerState::cancel(CancelJob& command) {
  auto promise = self->make_response_promise<Answer<jobs::Cancelled>>();
  self->request(setup.storage, caf::infinite, std::move(command))
      .then([this, promise](Answer<jobs::Cancelled>& answer) mutable {
        if (answer.result.ok()) {
          const jobs::Cancelled& cancelled = *answer.result;
          if (cancelled.requested) {
            self->send(setup.dispatcher, StopAttempt{cancelled.id, StopCause::cancel});
          } else {
            queue->remove(cancelled.id);
            if (more_due) look();
            emit(Event::Kind::ended, cancelled.id, {}, jobs::State::cancelled, {});
          }
        }
        promise.deliver(std::move(answer));
      });
  return promise;
}

SchedulerActor::behavior_type scheduler(SchedulerActor::stateful_pointer<SchedulerState> self,
                                        SchedulerSetup setup) {
  SchedulerState& state = self->state;
  state.self = self;
  state.setup = std::move(setup);
  state.queue = std::make_unique<jobs::ReadyQueue>(state.setup.limits);
  return {
      [&state](EnqueueJobs& command) { return state.enqueue(command); },
      [&state](CancelJob& command) { return state.cancel(command); },
      [&state](const StopWork&) {
        state.stopping = true;
        state.stopped = state.self->make_response_promise<Answer<Done>>();
        auto promise = *state.stopped;
        if (!state.unsaved.empty()) state.save(std::exchange(state.unsaved, {}));  // the last offer
        state.answer_stop_if_idle();
        return promise;
      },
      [](const AreYouThere&) { return Answer<Done>{Done{}}; },
      [&state](JobsChanged) { state.look(); },
      [&state](AttemptEnded& end) { state.ended(end); },
      [&state](const PlaceFree& free) {
        state.outlived.erase(free.token);
        state.free_place(free.token.job);
      },
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
