// SPDX-License-Identifier: Apache-2.0
// What others tell the scheduler: commands, ends of attempts, the stop.
#include <algorithm>
#include <iterator>

#include <caf/stateful_actor.hpp>

#include "actors/scheduling/scheduler_state.hpp"
#include "actors/storage/batches.hpp"

namespace dormouse::actors {

namespace {

// One is worked on and one waits behind it, so that storage is never idle between two.
constexpr unsigned enqueues_sent_at_once = 2;
// Ends free places either way, so they wait for the ones before: the fewer batches the fewer bytes.
constexpr unsigned ends_sent_at_once = 1;

}  // namespace

// -- gathering --

void SchedulerState::forward_later() {
  if (enqueuers.empty() && ends.empty()) return;
  if (!std::exchange(forward_asked, true)) self->send(self, Forward{});  // behind all that is in the mailbox
}

void SchedulerState::forward() {
  forward_asked = false;
  if (enqueues_sent < enqueues_sent_at_once) send_enqueues();
  if (ends_sent < ends_sent_at_once) send_ends();
}

void SchedulerState::forward_all() {
  send_enqueues();
  send_ends();
}

// -- ending --

void SchedulerState::ended(AttemptEnded& end) {
  ending.insert(end.finish.token);
  if (!end.code_returned) outlived.insert(end.finish.token);
  ends.push_back(std::move(end.finish));
  forward_later();
}

void SchedulerState::send_ends() {
  auto gathered = std::exchange(ends, {});
  const std::uint64_t most = shared_batch_bytes(setup.limits);
  for (std::size_t from = 0; from < gathered.size();) {
    const std::size_t to = end_of_batch(gathered, from, most);
    const auto begin = gathered.begin();
    save({std::move_iterator(begin + static_cast<std::ptrdiff_t>(from)),
          std::move_iterator(begin + static_cast<std::ptrdiff_t>(to))});
    from = to;
  }
}

void SchedulerState::save(std::vector<jobs::Finish> batch) {
  ++ends_sent;
  FinishAttempts operation{batch};
  self->request(setup.storage, caf::infinite, std::move(operation))
      .then([this, batch = std::move(batch)](Answer<FinishAttempts::Value>& answer) mutable {
        --ends_sent;
        if (answer.result.ok()) {
          backoff.reset();
          saved(batch, *answer.result);
        } else {
          refused(batch);
        }
        forward_later();
      });
}

void SchedulerState::refused(std::vector<jobs::Finish>& batch) {
  if (stopping) {  // a store that refuses must not hold up the stop: the next boot finds them interrupted
    for (const auto& end : batch) {
      ending.erase(end.token);
      queue->free(end.token.job);
    }
    return answer_stop_if_idle();
  }
  // The outcome stays here and is offered again; the handler is not run again in this boot.
  std::move(batch.begin(), batch.end(), std::back_inserter(unsaved));
  retry_later();
}

/// Each by itself: one that the store cannot take must not keep the others out.
void SchedulerState::offer_again() {
  for (auto& end : std::exchange(unsaved, {})) save({std::move(end)});
}

/// Its own next attempt, what it enqueued, what waited for its key.
bool SchedulerState::brings_due(const jobs::Finish& end, const jobs::Finished& finished) const {
  return finished.refused || !jobs::has_ended(finished.state) || !end.effects.enqueue.empty() ||
         !end.effects.cancel.empty() || queue->holds_key(finished.token.job);
}

void SchedulerState::saved(const std::vector<jobs::Finish>& batch, const std::vector<jobs::Finished>& finished) {
  bool due = more_due;
  for (std::size_t i = 0; i < finished.size(); ++i) due = due || brings_due(batch[i], finished[i]);
  const Now now = setup.time->now();
  for (const auto& end : finished) {
    setup.observe({.kind = Event::Kind::ended,
                   .now = now,
                   .job = end.token.job,
                   .handler = end.handler,
                   .attempt = end.token.attempt,
                   .state = end.state,
                   .text = end.refused ? end.refused->code : ""});
    ending.erase(end.token);
    if (!outlived.contains(end.token)) queue->free(end.token.job);
  }
  if (due || queue->runs_low(left)) {
    look();
  } else {
    start_ready();  // what is due and not in the window has nothing to do with these ends
  }
  answer_stop_if_idle();
}

/// Before the end is recorded the place is kept: what is due again may be known of sooner than the record.
void SchedulerState::place_free(const jobs::Token& token) {
  outlived.erase(token);
  if (ending.contains(token)) return;
  queue->free(token.job);
  look();
  answer_stop_if_idle();
}

caf::typed_response_promise<Answer<Done>> SchedulerState::stop() {
  stopping = true;
  auto promise = self->make_response_promise<Answer<Done>>();
  stopped = promise;
  forward_all();
  self->send(setup.storage, NoMoreJobs{});
  offer_again();  // for the last time
  answer_stop_if_idle();
  return promise;
}

void SchedulerState::answer_stop_if_idle() {
  if (!stopped || !ending.empty() || queue->running() > outlived.size()) return;
  stopped->deliver(Answer<Done>{Done{}});
  stopped.reset();
}

// -- commands --

/// Storage refuses what comes after the stop.
SchedulerState::EnqueuePromise SchedulerState::enqueue(EnqueueJobs& command) {
  auto promise = self->make_response_promise<Answer<EnqueueJobs::Value>>();
  enqueues.commands.push_back(std::move(command));
  enqueuers.push_back(promise);
  forward_later();
  return promise;
}

void SchedulerState::send_enqueues() {
  if (enqueuers.empty()) return;
  ++enqueues_sent;
  auto handlers = handlers_of(enqueues.commands);
  self->request(setup.storage, caf::infinite, std::exchange(enqueues, {}))
      .then([this, handlers = std::move(handlers),
             senders = std::exchange(enqueuers, {})](Answer<EnqueueGroup::Value>& answer) mutable {
        --enqueues_sent;
        if (answer.result.ok()) accepted(created(handlers, *answer.result));
        for (std::size_t i = 0; i < senders.size(); ++i) {
          auto result = answer.result.ok() ? std::move(answer.result->at(i)) : answer.result.error();
          senders[i].deliver(Answer<EnqueueJobs::Value>{std::move(result)});
        }
        forward_later();
      });
}

void SchedulerState::accepted(const JobsEnqueued& made) {
  const Now now = setup.time->now();
  bool due = false;
  for (const auto& [handler, job] : made.jobs) {
    emit(now, Event::Kind::enqueued, job.id, handler, job.state, {});
    due = note_due(job, now) || due;
  }
  if (due) {
    look();
  } else {
    set_wakes();
  }
}

/// True if it is due by now; else it may be what comes next.
bool SchedulerState::note_due(const jobs::Enqueued& job, const Now& now) {
  if (job.due.lane == Due::Lane::elapsed) {
    const Instant at{job.due.ms};  // a new job's due is an instant of the present kernel boot
    if (at <= now.instant) return true;
    if (!next_instant || at < *next_instant) next_instant = at;
  } else {
    const WallTime at{job.due.ms};
    if (at <= now.wall) return true;
    if (!next_wall || at < *next_wall) next_wall = at;
  }
  return false;
}

caf::typed_response_promise<Answer<jobs::Cancelled>> SchedulerState::cancel(CancelJob& command) {
  auto promise = self->make_response_promise<Answer<jobs::Cancelled>>();
  forward_all();  // the sender's own enqueue may be among it
  self->request(setup.storage, caf::infinite, std::move(command))
      .then([this, promise](Answer<jobs::Cancelled>& answer) mutable {
        if (answer.result.ok()) {
          const jobs::Cancelled& cancelled = *answer.result;
          if (cancelled.requested) {
            self->send(setup.dispatcher, StopAttempt{cancelled.id, StopCause::cancel});
          } else {
            queue->remove(cancelled.id);
            if (more_due) look();
            emit(setup.time->now(), Event::Kind::ended, cancelled.id, {}, jobs::State::cancelled, {});
          }
        }
        promise.deliver(std::move(answer));
      });
  return promise;
}

}  // namespace dormouse::actors
