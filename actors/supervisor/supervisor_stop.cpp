// SPDX-License-Identifier: Apache-2.0
// The two ways in which a life ends by order: a stop, after which the process ends, and a supply that says it is
// failing, after which everything waits. Both close the store with the clean mark as its last batch; the checkpoint
// behind the mark only spares the next start the replay, and is left out where the time is short.
#include "actors/supervisor/supervisor_state.hpp"

namespace dormouse::actors {

namespace {

const char* name_of(hal::StopReason reason) {
  switch (reason) {
    case hal::StopReason::sigterm:
      return "sigterm";
    case hal::StopReason::sigint:
      return "sigint";
  }
  return "stop";
}

constexpr const char* power_failing = "power_failing";

}  // namespace

// -- stop --

void SupervisorState::stop(hal::StopReason reason) {
  if (ended) return;
  if (stopping) {  // a second order ends the wait
    if (dispatcher) request(dispatcher, StopWork{true}, [](Answer<Done>&) {});
    return;
  }
  stopping = reason;
  if (setup.parts.services != nullptr) setup.parts.services->stopping();
  if (!time) return end(done());
  stop_by = now() + setup.options.stop_bound;
  emit(Event::Kind::stopping, name_of(reason));
  if (power.saving()) return;  // once that has ended
  if (!scheduler || !power.working()) return close_links();
  request(link, StopWork{},
          [this](Answer<Done>&) { request(cron, StopWork{}, [this](Answer<Done>&) { drain(); }); });
}

void SupervisorState::drain() {
  // The scheduler answers once the end of every attempt is recorded, so the dispatcher need not be waited for.
  request(scheduler, StopWork{}, [this](Answer<Done>&) { drained(); });
  request(dispatcher, StopWork{fails_while_stopping}, [](Answer<Done>&) {});
}

void SupervisorState::drained() {
  request(timekeeper, StopWork{}, [this](Answer<Done>&) { close_links(); });
}

void SupervisorState::close_links() {
  if (!link) return close_store();
  request(link, StopWork{.at_once = true}, [this](Answer<Done>&) {
    for (hal::Link* transport : setup.parts.links) transport->shut();
    close_store();
  });
}

void SupervisorState::close_store() {
  const auto ended_well = [this](Status status) {
    if (setup.parts.watchdog != nullptr) setup.parts.watchdog->disarm();
    end(std::move(status));
  };
  if (!storage) return ended_well(done());
  CloseStore close{name_of(*stopping), stop_by};
  if (fails_while_stopping) close = {power_failing, stop_by, true};
  request(storage, close, [ended_well](Answer<Done>& answer) { ended_well(std::move(answer.result)); });
}

void SupervisorState::end(Status status) {
  if (std::exchange(ended, true)) return;
  for (const auto& actor : spawned) {
    self->demonitor(actor);
    self->send_exit(actor, caf::exit_reason::user_shutdown);
  }
  spawned.clear();
  setup.ended(std::move(status));
  self->quit();
}

// -- failing power --

void SupervisorState::power_fails(const PowerFailing& failing, const Saved& promise) {
  if (ended || !time) return;
  if (stopping && !power.saving()) return power_fails_while_stopping(failing);
  switch (power.failing(now(), failing.hold_up, failing.repeats)) {
    case FailingPower::Act::save:
      unanswered.push_back(promise);
      return save();
    case FailingPower::Act::wait:
      unanswered.push_back(promise);
      return;
    case FailingPower::Act::answer:
      Saved(promise).deliver(Answer<PowerSaved>{PowerSaved{power.clean().value_or(false)}});
      return set_wake(Purpose::power, power.due());
    case FailingPower::Act::pass_over:
      Saved(promise).deliver(
          Answer<PowerSaved>{Error{"power.too_soon", "All was saved less than a second ago.", "Say it again."}});
  }
}

/// The stop itself is what saves; it has no time left to wait for anything. Nobody is answered: links close first.
void SupervisorState::power_fails_while_stopping(const PowerFailing& failing) {
  stop_by = std::min(stop_by, now() + failing.hold_up.value_or(setup.options.hold_up));
  fails_while_stopping = true;
  if (dispatcher) request(dispatcher, StopWork{true}, [](Answer<Done>&) {});
}

/// Every step only waits for an actor to have heard: what is to become durable does so with the close, at once.
void SupervisorState::save() {
  ready = false;
  emit(Event::Kind::power, "failing");
  set_wake(Purpose::power, power.due());
  if (!scheduler) return save_store();
  request(link, StopWork{}, [this](Answer<Done>&) {
    request(cron, StopWork{}, [](Answer<Done>&) {});
    request(scheduler, StopWork{}, [](Answer<Done>&) {});
    request(dispatcher, StopWork{true}, [this](Answer<Done>&) { close_attempts(); });
  });
}

/// The dispatcher has told the scheduler how each attempt ended. When the scheduler has heard that, it has told
/// storage; what came too late for that is found interrupted by the next life.
void SupervisorState::close_attempts() {
  request(scheduler, AreYouThere{},
          [this](Answer<Done>&) { request(timekeeper, StopWork{}, [this](Answer<Done>&) { save_store(); }); });
}

void SupervisorState::save_store() {
  hold_clock();
  set_wake(Purpose::power, power.due());
  if (rounds) set_wake(Purpose::watchdog, rounds->next());
  request(storage, CloseStore{power_failing, power.bound(), true},
          [this](Answer<Done>& answer) { saved(answer.result); });
}

void SupervisorState::saved(const Status& closed) {
  const bool was_known = power.clean().has_value();  // the bound has passed before
  const bool is_back = power.closed(now(), closed.ok());
  if (!was_known) tell_saved(closed.ok() ? "" : closed.error().message);
  if (stopping) return close_links();
  set_wake(Purpose::power, power.due());
  if (is_back) resume();
}

void SupervisorState::tell_saved(const std::string& why_not) {
  if (*power.clean()) {
    emit(Event::Kind::power, "saved");
  } else {
    emit(Event::Kind::alarm,
         "power.hold_up_missed: the store was not closed in time, so the stop is not marked clean" +
             (why_not.empty() ? "" : ": " + why_not));
  }
  if (setup.parts.services != nullptr)
    setup.parts.services->status(std::string("power is failing, ") +
                                 (*power.clean() ? "all is saved" : "not saved"));
  for (auto& promise : std::exchange(unanswered, {}))
    promise.deliver(Answer<PowerSaved>{PowerSaved{*power.clean()}});
}

void SupervisorState::power_restored() {
  if (ended || stopping || !time || !power.restored(now())) return;
  emit(Event::Kind::power, "restored");
  resume();
}

void SupervisorState::look_at_power() {
  switch (power.look(now())) {
    case FailingPower::Alarm::none:
      break;
    case FailingPower::Alarm::hold_up_missed:
      tell_saved("");
      break;
    case FailingPower::Alarm::false_alarm:
      emit(Event::Kind::alarm, "power.false_alarm: the supply said that it was failing, and did not");
      return resume();
    case FailingPower::Alarm::handler_stuck:
      return end(
          Error{"device.handler_stuck",
                "The power is back, but a handler that was told to end still runs, so nothing can begin anew.",
                "Restart the device; what was acknowledged is stored."});
  }
  set_wake(Purpose::power, power.due());
}

/// An attempt whose code still runs must not be started a second time beside itself: only its process could end it.
void SupervisorState::resume() {
  set_wake(Purpose::power, power.due());
  if (!dispatcher) return end_life();
  request(dispatcher, StopWork{}, [this](Answer<Done>&) {
    if (power.resuming() && dispatcher && !stopping) end_life();
  });
}

void SupervisorState::end_life() {
  if (!storage) {
    if (!ending_storage) begin_life();
    return;
  }
  if (rounds) rounds->forget();
  set_wake(Purpose::power, std::nullopt);
  std::vector<caf::actor> kept;
  for (auto& actor : spawned) {
    if (link && actor.address() == link.address()) {
      kept.push_back(std::move(actor));
      continue;
    }
    if (actor.address() != storage.address()) self->demonitor(actor);
    self->send_exit(actor, caf::exit_reason::user_shutdown);
  }
  spawned = std::move(kept);
  ending_storage = storage.address();
  storage = nullptr;
  timekeeper = nullptr;
  dispatcher = nullptr;
  scheduler = nullptr;
  cron = nullptr;
}

}  // namespace dormouse::actors
