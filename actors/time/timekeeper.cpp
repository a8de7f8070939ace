// SPDX-License-Identifier: Apache-2.0
#include "actors/time/timekeeper.hpp"

#include <caf/stateful_actor.hpp>

#include "actors/time/clock_watch.hpp"
#include "actors/time/heartbeats.hpp"
#include "actors/time/passes.hpp"
#include "actors/time/system_wake.hpp"
#include "actors/time/wake_list.hpp"

namespace dormouse::actors {

namespace {

constexpr Duration trust_poll{30'000};  // while untrusted with wall-time work held

struct TimekeeperState {
  static inline const char* name = "timekeeper";
  TimekeeperActor::pointer self = nullptr;
  TimekeeperSetup setup;
  WakeList wakes;
  std::vector<TimeListener> listeners;
  std::optional<ClockWatch> watch;
  Passes passes;
  std::optional<Heartbeats> heartbeats;
  std::optional<SystemWake> system_wake;
  std::optional<Instant> next_poll;
  std::optional<Instant> armed;
  std::optional<caf::typed_response_promise<Answer<Done>>> beginning;
  Upcoming told_upcoming;
  bool stopped = false;

  // -- time --
  void event(hal::ClockEvent event);
  void look(const std::optional<Believed>& told = std::nullopt);
  void set_wake(SetWake wake);
  void go_on(const Sample& now);
  void arm(Instant now);
  void stop();
  void count_timer(Instant now);
  DueWork due_work() const { return passes.under_way() ? DueWork::held : DueWork::comes; }

  // -- asked --
  TimeView view();
  Result<TimeSet> set_time(const TimeClaim& claim);

  // -- reconcile --
  void begin(BeginWork& begin, const caf::typed_response_promise<Answer<Done>>& promise);
  void reconcile(ReconcileStep step);
  void offer_batch();
  void batch_refused(const Error& error);
  void pass_ended(const reconcile::Pass& ended);
  void answer_begin();

  void emit(Event::Kind kind, std::string text) { setup.observe(told(kind, setup.time->now(), std::move(text))); }
};

void TimekeeperState::event(hal::ClockEvent event) {
  if (stopped) return;
  switch (event) {
    case hal::ClockEvent::timer_due:
      armed.reset();
      count_timer(setup.clock->read().instant);
      break;
    case hal::ClockEvent::look_again:
      setup.time->count_wake(WakeCause::look_again);
      break;
    case hal::ClockEvent::sync_hint:
      setup.time->count_wake(WakeCause::sync_hint);
      break;
  }
  look();
}

/// Why the timer fired. A heartbeat's wake-up is a look at the clock, so it stands for the poll that would follow.
void TimekeeperState::count_timer(Instant now) {
  const auto come = [now](std::optional<Instant> at) { return at && *at <= now; };
  auto causes = wakes.causes(watch->as_judged(now), due_work());
  if (come(heartbeats->next())) {
    causes.push_back(WakeCause::heartbeat);
    if (next_poll) next_poll = now;
  }
  if (come(next_poll)) causes.push_back(WakeCause::trust_poll);
  if (come(watch->confirm_at())) causes.push_back(WakeCause::confirmation);
  if (come(passes.retry_at()) || come(watch->steps_at())) causes.push_back(WakeCause::due);
  if (causes.empty()) causes.push_back(WakeCause::look_again);  // what it was armed for is no more
  for (const WakeCause cause : causes) setup.time->count_wake(cause);
}

void TimekeeperState::look(const std::optional<Believed>& told) {
  Seen seen = watch->look(*setup.clock, told);
  setup.time->publish(watch->trust());
  for (const Error& error : seen.alarms) setup.observe(alarm(setup.time->now(), error));
  if (seen.trust_changed) emit(Event::Kind::trust, name_of(watch->trust().trust()));
  // A gap that begins after a loss begins without a wall time. What was gained is stamped with the pass.
  if (seen.trust_lost) heartbeats->stamp(seen.now, watch->trust());
  if (seen.step) reconcile(std::move(*seen.step));
  if (passes.retry(seen.now.instant)) offer_batch();
  go_on(seen.now);
}

void TimekeeperState::set_wake(SetWake wake) {
  if (stopped) return;
  wakes.set(std::move(wake));
  go_on(setup.clock->read());
}

/// What has become due by now, and when to come back.
void TimekeeperState::go_on(const Sample& now) {
  const auto due = wakes.take(watch->as_judged(now.instant), due_work());
  for (const auto& wake : due) self->send(wake.who, Wake{wake.purpose});
  heartbeats->keep(now, watch->trust(), wakes.outstanding());
  arm(now.instant);
  system_wake->arm(wakes.system_wake(watch->as_judged(now.instant)));
  if (!due.empty()) return;  // who was woken tells what comes next
  const Upcoming upcoming = wakes.upcoming(watch->trust().trust());
  if (setup.upcoming && upcoming != told_upcoming) self->send(setup.upcoming, told_upcoming = upcoming);
}

void TimekeeperState::arm(Instant now) {
  std::optional<Instant> next;
  const auto sooner = [&next](std::optional<Instant> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  sooner(wakes.next(watch->as_judged(now), due_work()));
  sooner(passes.retry_at());
  sooner(watch->steps_at());
  sooner(watch->confirm_at());
  sooner(heartbeats->next());
  const bool polls = !watch->believable() && wakes.has_wall_work();
  if (!polls) next_poll.reset();
  if (polls && (!next_poll || *next_poll <= now)) next_poll = now + trust_poll;
  sooner(next_poll);
  if (next == armed) return;
  armed = next;
  setup.clock->arm(next);
}

void TimekeeperState::stop() {
  stopped = true;
  setup.time->tell_next_commit({});
  setup.clock->listen({});
  setup.clock->arm(std::nullopt);
  const Sample now = setup.clock->read();
  const auto due = wakes.system_wake(watch->as_judged(now.instant));
  std::optional<WallTime> wall;
  if (due && watch->believable()) wall = now.wall + (*due - now.instant);
  system_wake->arm_power_on(wall);
}

// -- asked --

TimeView TimekeeperState::view() {
  if (!stopped) look();
  return {.sample = setup.clock->read(),
          .trust = watch->trust(),
          .sync = setup.clock->sync(),
          .rtc = setup.clock->rtc(),
          .wakes = setup.time->wake_counts(),
          .counts = setup.clock->counts(),
          .short_suspends = watch->short_suspends(),
          .short_steps = watch->short_steps(),
          .next_heartbeat = heartbeats->next()};
}

Result<TimeSet> TimekeeperState::set_time(const TimeClaim& claim) {
  if (stopped) return Error{"stopping", "The device is stopping and takes no more changes."};
  look();
  const auto verdict = watch->trust().weigh(claim, setup.clock->read(), setup.clock->sync());
  if (!verdict.ok()) return verdict.error();
  if (verdict->set_clock) {
    if (auto set = setup.clock->set_wall(claim.wall); !set.ok()) return std::move(set).error();
  }
  if (verdict->believed) look(Believed{claim, *verdict});
  return TimeSet{setup.clock->read().wall, watch->trust().trust()};
}

// -- reconcile --

void TimekeeperState::begin(BeginWork& begin, const caf::typed_response_promise<Answer<Done>>& promise) {
  listeners = std::move(begin.listeners);
  beginning = promise;
  ReconcileStep step;
  step.trigger = reconcile::Trigger::boot;
  step.wall_before_step = setup.start.wall_before_step;
  step.trust_gained = setup.start.boot.wall_believable;  // over whatever the boots before could not prove
  if (watch->trust().mode() == TrustMode::conflict) {
    setup.observe(alarm(setup.time->now(), {"time.conflict", "The clock was set to what cannot be."}));
  }
  reconcile(std::move(step));
  look();
}

void TimekeeperState::reconcile(ReconcileStep step) {
  if (passes.add(std::move(step))) offer_batch();
}

void TimekeeperState::offer_batch() {
  self->request(setup.storage, caf::infinite, passes.batch()).then([this](Answer<reconcile::Pass>& answer) {
    if (stopped) return;  // the next boot goes on with it
    if (!answer.result.ok()) return batch_refused(answer.result.error());
    for (const Error& error : answer.result->alarms) setup.observe(alarm(setup.time->now(), error));
    if (passes.taken(answer.result->more)) return offer_batch();
    pass_ended(*answer.result);
  });
}

/// Nothing is judged before the pass is through, so no job starts until the store takes it. The device comes up
/// all the same: people must be able to ask it what is wrong.
void TimekeeperState::batch_refused(const Error& error) {
  if (error.code != "store.read_only") setup.observe(alarm(setup.time->now(), error));  // that storage has told
  passes.refused(setup.time->now());
  answer_begin();
  arm(setup.time->now().instant);
}

void TimekeeperState::answer_begin() {
  if (!beginning) return;
  beginning->deliver(Answer<Done>{Done{}});
  beginning.reset();
}

void TimekeeperState::pass_ended(const reconcile::Pass& ended) {
  if (ended.report) {
    emit(Event::Kind::reconcile, "run late " + std::to_string(ended.report->run_late) + ", missed " +
                                     std::to_string(ended.report->missed) + ", slots missed " +
                                     std::to_string(ended.report->schedule_slots_missed) + ", held " +
                                     std::to_string(ended.report->held));
  }
  if (passes.next()) return offer_batch();
  for (const auto& listener : listeners) self->send(listener, TimeChanged{});
  answer_begin();
  look();
}

TimekeeperActor::behavior_type timekeeper(TimekeeperActor::stateful_pointer<TimekeeperState> self,
                                          TimekeeperSetup setup) {
  TimekeeperState& state = self->state;
  state.self = self;
  state.setup = std::move(setup);
  state.watch.emplace(state.setup.start.trust, state.setup.clock->read());
  const TimekeeperActor me = self;
  Heartbeats::Setup beats;
  beats.medium = state.setup.heartbeat;
  beats.clock = state.setup.clock;
  beats.time = state.setup.time;
  beats.boot = state.setup.start.boot;
  beats.pace = state.setup.pace;
  beats.observe = state.setup.observe;
  beats.written = [&state] { state.self->send(state.setup.storage, HeartbeatWritten{}); };
  beats.look_sooner = [me] { caf::anon_send(me, CommitCame{}); };
  state.heartbeats.emplace(std::move(beats));
  state.system_wake.emplace(*state.setup.clock, state.setup.time, state.setup.observe, state.setup.boot_takes);
  state.setup.time->publish(state.watch->trust());
  state.setup.clock->listen([me](hal::ClockEvent event) { caf::anon_send(me, LookAtClock{event}); });
  return {
      [&state](BeginWork& begin) {
        auto promise = state.self->make_response_promise<Answer<Done>>();
        state.begin(begin, promise);
        return promise;
      },
      [&state](const StopWork&) {
        state.stop();
        return Answer<Done>{Done{}};
      },
      [](const AreYouThere&) { return Answer<Done>{Done{}}; },
      [&state](GetTime) { return Answer<TimeView>{state.view()}; },
      [&state](const SetTime& set) { return Answer<TimeSet>{state.set_time(set.claim)}; },
      [&state](SetWake& wake) { state.set_wake(std::move(wake)); },
      [&state](const LookAtClock& look) { state.event(look.event); },
      [&state](CommitCame) {
        if (!state.stopped) state.go_on(state.setup.clock->read());
      },
  };
}

}  // namespace

TimekeeperActor spawn_timekeeper(caf::actor_system& system, TimekeeperSetup setup) {
  return system.spawn(timekeeper, std::move(setup));
}

}  // namespace dormouse::actors
