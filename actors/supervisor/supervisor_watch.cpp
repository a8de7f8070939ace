// SPDX-License-Identifier: Apache-2.0
// Watching: actors that end by themselves, the watchdog's rounds, what the service manager is told, and the clock
// while no timekeeper holds it.
#include "actors/supervisor/supervisor_state.hpp"

namespace dormouse::actors {

void SupervisorState::gone(const caf::down_msg& down) {
  if (ending_storage && down.source == ending_storage) {
    ending_storage = nullptr;
    if (power.resuming() && !stopping && !ended) begin_life();
    return;
  }
  end(Error{"device.actor_failed", "An internal part of the device ended: " + caf::to_string(down.reason) + ".",
            "Restart the device; what was acknowledged is stored."});
}

// -- the watchdog --

void SupervisorState::start_watchdog() {
  if (setup.parts.watchdog == nullptr || rounds) return;
  if (!setup.parts.watchdog->timeout()) return;
  if (auto started = setup.parts.watchdog->start(); !started.ok()) return end(std::move(started));
  rounds.emplace(*setup.parts.watchdog->timeout());
  begin_watchdog_round();
}

template <class Actor>
void SupervisorState::ask(const Actor& actor) {
  if (!actor) return;
  rounds->asked();
  request(actor, AreYouThere{rounds->longest_commit()}, [this, round = rounds->number()](Answer<Done>& answer) {
    if (rounds->answered(round, answer.result.ok(), now())) setup.parts.watchdog->feed();
  });
}

void SupervisorState::begin_watchdog_round() {
  if (rounds->begin(now())) {
    ask(storage);
    ask(timekeeper);
    ask(dispatcher);
    ask(scheduler);
    ask(cron);
    ask(link);
  }
  set_wake(Purpose::watchdog, rounds->next());
}

// -- the service manager --

void SupervisorState::say_status() {
  if (const auto line = service_status.take(time->now())) setup.parts.services->status(*line);
  set_wake(Purpose::service_status, service_status.due());
}

// -- own wakes --

void SupervisorState::set_wake(Purpose purpose, std::optional<Instant> at) {
  SetWake wake{purpose, self, at, {}, {}};
  if (!holds_clock) {
    if (timekeeper) self->send(timekeeper, std::move(wake));
    return;
  }
  own_wakes.set(std::move(wake));
  arm_clock();
}

void SupervisorState::woken(Purpose purpose) {
  if (ended) return;
  if (purpose == Purpose::watchdog && rounds) begin_watchdog_round();
  if (purpose == Purpose::service_status) say_status();
  if (purpose == Purpose::power) look_at_power();
}

void SupervisorState::hold_clock() {
  if (std::exchange(holds_clock, true)) return;
  const SupervisorActor me = self;
  setup.parts.clock->listen([me](hal::ClockEvent event) { caf::anon_send(me, LookAtClock{event}); });
}

/// A timekeeper has been spawned and listens by now.
void SupervisorState::hand_clock_over() {
  if (!std::exchange(holds_clock, false)) return;
  own_wakes = {};
  setup.parts.clock->arm(std::nullopt);
  if (rounds) set_wake(Purpose::watchdog, rounds->next());
}

void SupervisorState::look_at_clock() {
  if (!holds_clock || ended) return;
  for (const SetWake& wake : own_wakes.take(time->now(), DueWork::comes)) {
    if (holds_clock) woken(wake.purpose);
  }
  arm_clock();
}

void SupervisorState::arm_clock() {
  if (holds_clock) setup.parts.clock->arm(own_wakes.next(time->now(), DueWork::comes));
}

}  // namespace dormouse::actors
