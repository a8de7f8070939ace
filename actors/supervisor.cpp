// SPDX-License-Identifier: Apache-2.0
#include "actors/supervisor.hpp"

#include <caf/stateful_actor.hpp>

#include "actors/cron.hpp"
#include "actors/dispatcher.hpp"
#include "actors/link.hpp"
#include "actors/scheduler.hpp"
#include "actors/storage.hpp"
#include "actors/timekeeper.hpp"

namespace dormouse::actors {

namespace {

const char* name_of(hal::StopReason reason) {
  switch (reason) {
    case hal::StopReason::sigterm:
      return "sigterm";
    case hal::StopReason::sigint:
      return "sigint";
    case hal::StopReason::power_failing:
      return "power_failing";
  }
  return "stop";
}

struct SupervisorState {
  static inline const char* name = "supervisor";
  SupervisorActor::pointer self = nullptr;
  SupervisorSetup setup;
  std::shared_ptr<DeviceTime> time;
  reconcile::BootStart boot;
  StorageActor storage;
  TimekeeperActor timekeeper;
  DispatcherActor dispatcher;
  SchedulerActor scheduler;
  CronActor cron;
  LinkActor link;
  std::vector<caf::actor> spawned;
  std::map<std::string, std::uint64_t> places;
  std::optional<hal::StopReason> stopping;
  Instant stop_by;  // the process should have ended by then
  bool ready = false;
  bool ended = false;
  unsigned unanswered = 0;  // actors that have not answered the watchdog's round

  // -- start, in this order --
  void start();
  void opened(reconcile::BootStart start);
  void spawn_actors();
  std::map<std::string, DispatcherSetup::Handler> make_runners() const;
  void reconciled();
  void put_schedules();
  void open_links();

  // -- stop, in this order --
  void stop(hal::StopReason reason);
  void drain();
  void drained();
  void close_links();
  void close_store();
  void end(Status status);

  // -- watch --
  template <class Actor>
  void watch(const Actor& actor);
  void actor_gone(const caf::down_msg& down);
  void begin_watchdog_round();
  template <class Actor>
  void ask(const Actor& actor);

  /// A request whose failure means that the other actor is gone: the down message tells, so nothing is done here.
  template <class Actor, class Message, class Then>
  void request(const Actor& actor, Message message, Then then) {
    self->request(actor, caf::infinite, std::move(message)).then(std::move(then), [](caf::error&) {});
  }
  void emit(Event::Kind kind, std::string text) { setup.options.observe(told(kind, time->now(), std::move(text))); }
};

template <class Actor>
void SupervisorState::watch(const Actor& actor) {
  self->monitor(actor);
  self->link_to(actor);  // who kills the supervisor, even while it spawns, kills all
  spawned.push_back(caf::actor_cast<caf::actor>(actor));
}

// -- start --

void SupervisorState::start() {
  const DeviceOptions& options = setup.options;
  time = std::make_shared<DeviceTime>(*setup.parts.clock);
  storage =
      spawn_storage(self->system(), {setup.parts.open_store, setup.parts.take_snapshot, self, time, options.limits,
                                     options.observe, options.probation, options.refuse_volatile, !setup.one_thread,
                                     options.flash, setup.parts.read_flash});
  watch(storage);
  reconcile::BootFacts facts;
  facts.sample = setup.parts.clock->read();
  facts.kernel_boot_id = setup.parts.clock->kernel_boot_id();
  facts.rtc = setup.parts.clock->rtc();
  facts.sync = setup.parts.clock->sync();
  facts.evidence = setup.parts.clock->evidence();
  facts.build_date = options.build_date;
  facts.version = options.version;
  if (setup.parts.heartbeat != nullptr) {
    store::Heartbeat heartbeat(*setup.parts.heartbeat);
    auto last = heartbeat.newest();
    if (!last.ok()) return end(std::move(last).error());
    facts.heartbeat = *last;
    facts.heartbeat_interval = heartbeat.interval();  // that was in force when life ended
    if (heartbeat.corrupt_pages() > 0)
      emit(Event::Kind::alarm, "time.page_corrupt: a page of the heartbeat was torn");
  }
  request(storage, OpenStore{std::move(facts)}, [this](Answer<reconcile::BootStart>& answer) {
    if (answer.result.ok()) return opened(std::move(*answer.result));
    end(std::move(answer.result).error());
  });
}

void SupervisorState::opened(reconcile::BootStart start) {
  if (stopping) return;  // told to stop meanwhile: the store is about to close
  boot = std::move(start);
  time->publish(boot.trust);
  time->begin_boot(boot.boot.number, boot.boot.kernel_boot);
  emit(Event::Kind::boot, dormouse::name_of(boot.boot.cause));
  for (const auto& gap : {boot.gap, boot.step}) {
    if (gap) emit(Event::Kind::gap, dormouse::name_of(gap->cause));
  }
  if (!boot.alarm.empty()) emit(Event::Kind::alarm, boot.alarm);
  spawn_actors();
  request(timekeeper, BeginWork{{scheduler, cron}}, [this](Answer<Done>&) { reconciled(); });
}

std::map<std::string, DispatcherSetup::Handler> SupervisorState::make_runners() const {
  std::map<std::string, DispatcherSetup::Handler> runners;
  for (const auto& [handler, entry] : setup.handlers) {
    if (entry.runner) {
      runners[handler] = {entry.runner, entry.timeout};
    } else if (entry.command) {
      check(setup.parts.processes != nullptr, "supervisor:no_process_launcher");
      runners[handler] = {make_command_runner(*entry.command, *setup.parts.processes), entry.timeout};
    } else {
      runners[handler] = {make_function_runner(entry.function, setup.executor), entry.timeout};
    }
  }
  return runners;
}

void SupervisorState::spawn_actors() {
  const DeviceOptions& options = setup.options;
  caf::actor_system& system = self->system();
  for (const auto& [handler, entry] : setup.handlers) places[handler] = entry.places;
  timekeeper =
      spawn_timekeeper(system, {storage, setup.parts.clock, setup.parts.heartbeat, time, boot,
                                store::HeartbeatPace(options.heartbeat_interval, options.heartbeat_writes_per_day),
                                options.observe});
  dispatcher = spawn_dispatcher(system, {make_runners(), timekeeper, time, options.cancel_grace, options.drain});
  scheduler = spawn_scheduler(system, {storage, timekeeper, dispatcher, time, options.limits, options.observe});
  cron = spawn_cron(system, {storage, timekeeper, scheduler, time, options.limits, options.observe});
  std::map<std::string, std::vector<std::string>> callers;
  for (const auto& [handler, entry] : setup.handlers) callers[handler] = entry.callers;
  link = spawn_link(
      system, {storage, scheduler, cron, time, options.limits, options.name, places, callers, boot.boot.number});
  watch(timekeeper);
  watch(dispatcher);
  watch(scheduler);
  watch(cron);
  watch(link);
  self->send(storage, KeepUp{timekeeper});
  self->send(storage, HandlersChanged{places});
  self->send(scheduler, HandlersChanged{places});
  setup.started(storage, scheduler, cron);
}

void SupervisorState::reconciled() {
  if (stopping) return;
  put_schedules();
}

void SupervisorState::put_schedules() {
  if (setup.options.schedules.empty()) return open_links();
  schedules::Definition next = std::move(setup.options.schedules.front());
  setup.options.schedules.erase(setup.options.schedules.begin());
  const std::string schedule = next.name;
  request(cron, PutSchedule{Identity{setup.options.component, Role::operator_}, std::move(next)},
          [this, schedule](Answer<schedules::Put>& answer) {
            if (stopping) return;
            // A store that cannot be written keeps those it has; they can be listed, and none runs.
            if (answer.result.ok() || answer.result.error().code == "store.read_only") return put_schedules();
            Error error = std::move(answer.result).error();
            error.message = "schedule " + schedule + ": " + error.message;
            end(std::move(error));
          });
}

void SupervisorState::open_links() {
  for (hal::Link* transport : setup.parts.links) {
    if (auto opened = transport->open(link_events(link, *transport)); !opened.ok()) return end(std::move(opened));
  }
  if (setup.parts.watchdog != nullptr && setup.parts.watchdog->timeout()) {
    if (auto started = setup.parts.watchdog->start(); !started.ok()) return end(std::move(started));
    begin_watchdog_round();
  }
  ready = true;
  emit(Event::Kind::ready, "boot " + std::to_string(boot.boot.number));
}

// -- stop --

void SupervisorState::stop(hal::StopReason reason) {
  if (ended) return;
  if (stopping) {  // a second request ends the wait
    if (dispatcher) request(dispatcher, StopWork{true}, [](Answer<Done>&) {});
    return;
  }
  stopping = reason;
  if (!storage) return end(done());
  stop_by = time->now().instant +
            (reason == hal::StopReason::power_failing ? setup.options.hold_up : setup.options.stop_bound);
  emit(Event::Kind::stopping, name_of(reason));
  if (!link) return close_store();
  request(link, StopWork{},
          [this](Answer<Done>&) { request(cron, StopWork{}, [this](Answer<Done>&) { drain(); }); });
}

void SupervisorState::drain() {
  // The scheduler answers once the end of every attempt is recorded, so the dispatcher need not be waited for.
  request(scheduler, StopWork{}, [this](Answer<Done>&) { drained(); });
  request(dispatcher, StopWork{*stopping == hal::StopReason::power_failing}, [](Answer<Done>&) {});
}

void SupervisorState::drained() {
  request(timekeeper, StopWork{}, [this](Answer<Done>&) { close_links(); });
}

void SupervisorState::close_links() {
  request(link, StopWork{.at_once = true}, [this](Answer<Done>&) {
    for (hal::Link* transport : setup.parts.links) transport->shut();
    close_store();
  });
}

void SupervisorState::close_store() {
  request(storage, CloseStore{name_of(*stopping), stop_by}, [this](Answer<Done>& answer) {
    if (setup.parts.watchdog != nullptr) setup.parts.watchdog->disarm();
    end(std::move(answer.result));
  });
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

// -- watch --

void SupervisorState::actor_gone(const caf::down_msg& down) {
  end(Error{"device.actor_failed", "An internal part of the device ended: " + caf::to_string(down.reason) + ".",
            "Restart the device; what was acknowledged is stored."});
}

template <class Actor>
void SupervisorState::ask(const Actor& actor) {
  ++unanswered;
  request(actor, AreYouThere{}, [this](Answer<Done>&) {
    if (--unanswered == 0) setup.parts.watchdog->feed();
  });
}

/// Half the watchdog's timeout passes between two rounds; one that is not answered by all feeds nothing.
void SupervisorState::begin_watchdog_round() {
  if (unanswered == 0) {
    ask(storage);
    ask(timekeeper);
    ask(dispatcher);
    ask(scheduler);
    ask(cron);
    ask(link);
  }
  const Instant next = time->now().instant + *setup.parts.watchdog->timeout() / 2;
  self->send(timekeeper, SetWake{Purpose::watchdog, self, next, {}});
}

SupervisorActor::behavior_type supervisor(SupervisorActor::stateful_pointer<SupervisorState> self,
                                          std::shared_ptr<SupervisorSetup> setup) {
  SupervisorState& state = self->state;
  state.self = self;
  state.setup = std::move(*setup);
  self->set_exit_handler([](caf::exit_msg&) {});  // the down message tells the same
  self->set_down_handler([&state](caf::down_msg& down) { state.actor_gone(down); });
  if (state.setup.parts.power != nullptr) {
    const SupervisorActor me = self;
    state.setup.parts.power->listen([me](hal::PowerEvent event) {
      caf::anon_send(me, StopDevice{event == hal::PowerEvent::sigint    ? hal::StopReason::sigint
                                    : event == hal::PowerEvent::failing ? hal::StopReason::power_failing
                                                                        : hal::StopReason::sigterm});
    });
  }
  return {
      [&state](StartDevice) { state.start(); },
      [&state](const StopDevice& stop) { state.stop(stop.reason); },
      [&state](Wake) { state.begin_watchdog_round(); },
      [&state](const StoreFailed& failed) { state.end(failed.error); },
  };
}

}  // namespace

SupervisorActor spawn_supervisor(caf::actor_system& system, SupervisorSetup setup) {
  return system.spawn(supervisor, std::make_shared<SupervisorSetup>(std::move(setup)));
}

}  // namespace dormouse::actors
