// SPDX-License-Identifier: Apache-2.0
// What the supervisor holds and does. Inside of supervisor*.cpp: the start (supervisor.cpp), the stop and failing
// power (supervisor_stop.cpp), the watchdog, the service manager and the supervisor's own wakes
// (supervisor_watch.cpp).
//
// A *life* is what lies between a start mark and a clean mark: the storage, timekeeper, dispatcher, scheduler and
// cron of one boot. Power that fails ends a life without ending the process; what follows is begun as every other
// life is, with fresh actors, a new epoch and a boot record, so that going on is no code of its own. The link
// outlives lives: it must hear that the power is back.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <caf/stateful_actor.hpp>

#include "actors/dispatcher/dispatcher.hpp"
#include "actors/supervisor/failing_power.hpp"
#include "actors/supervisor/supervisor.hpp"
#include "actors/supervisor/watchdog_rounds.hpp"
#include "actors/time/wake_list.hpp"

namespace dormouse::actors {

struct SupervisorState {
  static inline const char* name = "supervisor";
  using Saved = caf::typed_response_promise<Answer<PowerSaved>>;

  SupervisorActor::pointer self = nullptr;
  SupervisorSetup setup;
  std::shared_ptr<DeviceTime> time;
  std::map<std::string, DispatcherSetup::Handler> runners;  // of the process: an attempt may outlive its life
  std::map<std::string, std::uint64_t> places;

  // -- the life --
  reconcile::BootStart boot;
  StorageActor storage;
  TimekeeperActor timekeeper;
  DispatcherActor dispatcher;
  SchedulerActor scheduler;
  CronActor cron;
  LinkActor link;
  std::vector<caf::actor> spawned;  // of this life, and the link
  caf::actor_addr ending_storage;   // of the life before: nothing opens the store before it is gone

  std::optional<hal::StopReason> stopping;
  bool fails_while_stopping = false;
  Instant stop_by;          // the process should have ended, or all be saved, by then
  bool links_open = false;  // from the first life on
  bool ready = false;       // this life takes work
  bool ended = false;
  FailingPower power;
  std::vector<Saved> unanswered;  // who waits to hear that all is saved

  std::optional<WatchdogRounds> rounds;
  ServiceStatus service_status;
  WakeList own_wakes;        // while no timekeeper lives
  bool holds_clock = false;  // likewise

  // -- start, in this order --
  void start();
  void begin_life();
  std::optional<reconcile::BootFacts> look_around();
  void opened(reconcile::BootStart start);
  void make_runners();
  void spawn_actors();
  void spawn_the_link();
  void put_schedules();
  void open_links();
  /// Whether the start is to go on: nobody has stopped it meanwhile, nor does the power fail.
  bool starts() const { return !stopping && !ended && power.working(); }

  // -- stop, in this order --
  void stop(hal::StopReason reason);
  void drain();
  void drained();
  void close_links();
  void close_store();
  void end(Status status);

  // -- failing power, in this order --
  void power_fails(const PowerFailing& failing, const Saved& promise);
  void power_fails_while_stopping(const PowerFailing& failing);
  void save();
  void close_attempts();
  void save_store();
  void saved(const Status& closed);
  void tell_saved(const std::string& why_not);
  void power_restored();
  void look_at_power();
  void resume();
  void end_life();

  // -- watch --
  template <class Actor>
  void watch(const Actor& actor);
  void gone(const caf::down_msg& down);
  void start_watchdog();
  void begin_watchdog_round();
  template <class Actor>
  void ask(const Actor& actor);
  void say_status();

  // -- own wakes --
  /// By the timekeeper; while none lives, by the supervisor itself, which then holds the clock.
  void set_wake(Purpose purpose, std::optional<Instant> at);
  void woken(Purpose purpose);
  void hold_clock();
  void hand_clock_over();
  void look_at_clock();
  void arm_clock();

  /// A request whose failure means that the other actor is gone: the down message tells, so nothing is done here.
  template <class Actor, class Message, class Then>
  void request(const Actor& actor, Message message, Then then) {
    self->request(actor, caf::infinite, std::move(message)).then(std::move(then), [](caf::error&) {});
  }
  Instant now() const { return time->now().instant; }
  void emit(Event::Kind kind, std::string text) { setup.options.observe(told(kind, time->now(), std::move(text))); }
};

template <class Actor>
void SupervisorState::watch(const Actor& actor) {
  self->monitor(actor);
  self->link_to(actor);  // who kills the supervisor, even while it spawns, kills all
  spawned.push_back(caf::actor_cast<caf::actor>(actor));
}

}  // namespace dormouse::actors
