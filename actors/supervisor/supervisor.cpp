// SPDX-License-Identifier: Apache-2.0
#include "actors/supervisor/supervisor.hpp"

#include "actors/link/link.hpp"
#include "actors/scheduling/cron.hpp"
#include "actors/scheduling/scheduler.hpp"
#include "actors/storage/storage.hpp"
#include "actors/supervisor/supervisor_state.hpp"
#include "actors/time/timekeeper.hpp"

namespace dormouse::actors {

void SupervisorState::start() {
  const DeviceOptions& options = setup.options;
  time = std::make_shared<DeviceTime>(*setup.parts.clock);
  power = FailingPower(
      {.hold_up = options.hold_up, .silence = options.power_silence, .handlers = options.cancel_grace});
  make_runners();
  begin_life();
}

void SupervisorState::begin_life() {
  const DeviceOptions& options = setup.options;
  power.resumed();
  storage =
      spawn_storage(self->system(), {setup.parts.open_store, setup.parts.take_snapshot, self, time, options.limits,
                                     options.observe, options.probation, options.refuse_volatile, !setup.one_thread,
                                     options.flash, setup.parts.read_flash});
  watch(storage);
  auto facts = look_around();
  if (!facts) return;
  request(storage, OpenStore{std::move(*facts)}, [this](Answer<reconcile::BootStart>& answer) {
    if (answer.result.ok()) return opened(std::move(*answer.result));
    end(std::move(answer.result).error());
  });
}

/// What is known of the moment and of the end of the life before; none: the start has ended.
std::optional<reconcile::BootFacts> SupervisorState::look_around() {
  const DeviceOptions& options = setup.options;
  reconcile::BootFacts facts;
  facts.sample = setup.parts.clock->read();
  facts.kernel_boot_id = setup.parts.clock->kernel_boot_id();
  facts.rtc = setup.parts.clock->rtc();
  facts.sync = setup.parts.clock->sync();
  facts.evidence = setup.parts.clock->evidence();
  facts.build_date = options.build_date;
  facts.version = options.version;
  facts.commit_interval = options.heartbeat_interval;
  if (setup.parts.heartbeat == nullptr) return facts;
  store::Heartbeat heartbeat(*setup.parts.heartbeat);
  auto last = heartbeat.newest();
  if (!last.ok()) {
    end(std::move(last).error());
    return std::nullopt;
  }
  facts.heartbeat = *last;
  facts.heartbeat_interval = heartbeat.interval();  // that was in force when life ended
  facts.corrupt_pages = heartbeat.corrupt_pages();
  return facts;
}

void SupervisorState::opened(reconcile::BootStart start) {
  if (!starts()) return;  // told to stop meanwhile, or the power fails: the store is about to close
  boot = std::move(start);
  time->publish(boot.trust);
  time->begin_boot(boot.boot.number, boot.boot.kernel_boot);
  emit(Event::Kind::boot, dormouse::name_of(boot.boot.cause));
  for (const auto& gap : {boot.gap, boot.step}) {
    if (gap) emit(Event::Kind::gap, dormouse::name_of(gap->cause));
  }
  for (const Error& odd : boot.alarms) setup.options.observe(alarm(time->now(), odd));
  service_status.changed({boot.trust.trust(), {}, {}}, now());
  service_status.repeat(now());
  spawn_actors();
  request(timekeeper, BeginWork{{scheduler, cron}}, [this](Answer<Done>&) {
    if (starts()) put_schedules();
  });
}

void SupervisorState::make_runners() {
  for (const auto& [handler, entry] : setup.handlers) {
    places[handler] = entry.places;
    if (entry.runner) {
      runners[handler] = {entry.runner, entry.timeout};
    } else if (entry.command) {
      check(setup.parts.processes != nullptr, "supervisor:no_process_launcher");
      runners[handler] = {make_command_runner(*entry.command, *setup.parts.processes), entry.timeout};
    } else {
      runners[handler] = {make_function_runner(entry.function, setup.executor), entry.timeout};
    }
  }
}

void SupervisorState::spawn_actors() {
  const DeviceOptions& options = setup.options;
  caf::actor_system& system = self->system();
  timekeeper = spawn_timekeeper(
      system, {storage, setup.parts.clock, setup.parts.heartbeat, time, boot,
               store::HeartbeatPace(options.heartbeat_interval, options.heartbeat_writes_per_day), options.observe,
               setup.parts.services != nullptr ? UpcomingListener(self) : UpcomingListener{}, options.boot_takes});
  hand_clock_over();
  dispatcher = spawn_dispatcher(system, {runners, timekeeper, time, options.cancel_grace, options.drain});
  scheduler = spawn_scheduler(system, {storage, timekeeper, dispatcher, time, options.limits, options.observe});
  cron = spawn_cron(system, {storage, timekeeper, scheduler, time, options.limits, options.observe});
  watch(timekeeper);
  watch(dispatcher);
  watch(scheduler);
  watch(cron);
  if (!link) spawn_the_link();
  self->send(storage, KeepUp{timekeeper});
  self->send(storage, HandlersChanged{places});
  self->send(scheduler, HandlersChanged{places});
  setup.started(storage, scheduler, cron, timekeeper);
}

void SupervisorState::spawn_the_link() {
  const DeviceOptions& options = setup.options;
  std::map<std::string, std::vector<std::string>> callers;
  for (const auto& [handler, entry] : setup.handlers) callers[handler] = entry.callers;
  link = spawn_link(self->system(), {storage, scheduler, cron, time, options.limits, options.name, places, callers,
                                     boot.boot.number, timekeeper, self});
  watch(link);
}

void SupervisorState::put_schedules() {
  auto& left = setup.options.schedules;
  if (left.empty()) return open_links();
  request(cron, PutSchedule{Identity{setup.options.component, Role::operator_}, left.front()},
          [this, &left](Answer<schedules::Put>& answer) {
            if (!starts()) return;
            // A store that cannot be written keeps those it has; they can be listed, and none runs.
            if (answer.result.ok() || answer.result.error().code == "store.read_only") {
              left.erase(left.begin());
              return put_schedules();
            }
            Error error = std::move(answer.result).error();
            error.message = "schedule " + left.front().name + ": " + error.message;
            end(std::move(error));
          });
}

void SupervisorState::open_links() {
  if (links_open) {
    self->send(link, NextLife{storage, scheduler, cron, boot.boot.number, timekeeper});
  } else {
    for (hal::Link* transport : setup.parts.links) {
      if (auto opened = transport->open(link_events(link, *transport)); !opened.ok()) return end(std::move(opened));
    }
    start_watchdog();
    if (ended) return;
    if (setup.parts.services != nullptr) setup.parts.services->ready();
    links_open = true;
  }
  ready = true;
  if (setup.parts.services != nullptr) say_status();
  emit(Event::Kind::ready, "boot " + std::to_string(boot.boot.number));
}

namespace {

void listen_to_power(hal::Power& power, const SupervisorActor& me) {
  power.listen([me](hal::PowerEvent event) {
    switch (event) {
      case hal::PowerEvent::sigterm:
        return caf::anon_send(me, StopDevice{hal::StopReason::sigterm});
      case hal::PowerEvent::sigint:
        return caf::anon_send(me, StopDevice{hal::StopReason::sigint});
      case hal::PowerEvent::failing:
        return caf::anon_send(me, PowerFailing{});
      case hal::PowerEvent::restored:
        return caf::anon_send(me, PowerRestored{});
    }
  });
}

SupervisorActor::behavior_type supervisor(SupervisorActor::stateful_pointer<SupervisorState> self,
                                          std::shared_ptr<SupervisorSetup> setup) {
  SupervisorState& state = self->state;
  state.self = self;
  state.setup = std::move(*setup);
  self->set_exit_handler([](caf::exit_msg&) {});  // the down message tells the same
  self->set_down_handler([&state](caf::down_msg& down) { state.gone(down); });
  if (state.setup.parts.power != nullptr) listen_to_power(*state.setup.parts.power, self);
  return {
      [&state](StartDevice) { state.start(); },
      [&state](const StopDevice& stop) {
        if (state.time) state.time->count_wake(WakeCause::signal);
        state.stop(stop.reason);
      },
      [&state](Wake wake) { state.woken(wake.purpose); },
      [&state](const LookAtClock&) { state.look_at_clock(); },
      [&state](const StoreFailed& failed) { state.end(failed.error); },
      [&state](const PowerFailing& failing) {
        auto promise = state.self->make_response_promise<Answer<PowerSaved>>();
        state.power_fails(failing, promise);
        return promise;
      },
      [&state](PowerRestored) { state.power_restored(); },
      [&state](const Upcoming& upcoming) {
        state.service_status.changed(upcoming, state.now());
        if (state.ready) state.say_status();
      },
  };
}

}  // namespace

SupervisorActor spawn_supervisor(caf::actor_system& system, SupervisorSetup setup) {
  return system.spawn(supervisor, std::make_shared<SupervisorSetup>(std::move(setup)));
}

}  // namespace dormouse::actors
