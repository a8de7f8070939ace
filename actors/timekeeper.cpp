// SPDX-License-Identifier: Apache-2.0
#include "actors/timekeeper.hpp"

#include <caf/stateful_actor.hpp>

#include "actors/backoff.hpp"
#include "runtime/reconcile/stamp_record.hpp"
#include "runtime/time/step.hpp"

namespace dormouse::actors {

namespace {

constexpr Duration trust_poll{30'000};  // while untrusted with wall-time work held

struct TimekeeperState {
  static inline const char* name = "timekeeper";
  TimekeeperActor::pointer self = nullptr;
  TimekeeperSetup setup;
  std::map<Purpose, SetWake> wakes;
  std::vector<TimeListener> listeners;
  TrustState trust;
  Sample last;
  std::optional<store::Heartbeat> heartbeat;
  std::optional<Instant> next_heartbeat;
  std::optional<Instant> next_poll;
  std::optional<Instant> armed;
  std::optional<caf::typed_response_promise<Answer<Done>>> beginning;
  std::optional<ReconcileStep> pass;   // the pass under way
  std::optional<ReconcileStep> after;  // what was triggered meanwhile: one more pass
  std::optional<Instant> retry_at;     // the store refused a batch of the pass: it is offered again then
  Backoff backoff;
  bool stopped = false;

  // -- time --
  void look();
  ReconcileStep judge_change(const Sample& now, bool& wanted);
  void set_wake(SetWake wake);
  void fire_due(const Sample& now);
  void arm();
  std::optional<Instant> instant_of(const SetWake& wake) const;
  bool believable() const { return trust.trust() != Trust::untrusted; }
  bool outstanding() const;
  void beat(const Sample& now);
  Duration interval() const { return setup.time->stretched(setup.pace.interval()); }

  // -- reconcile --
  void begin(BeginWork& begin, const caf::typed_response_promise<Answer<Done>>& promise);
  void reconcile(ReconcileStep step);
  void step_pass();
  void pass_refused(const Error& error);
  void pass_ended(const reconcile::Pass& ended);
  void answer_begin();

  void emit(Event::Kind kind, std::string text) { setup.observe(told(kind, setup.time->now(), std::move(text))); }
};

/// Compares the sample with the one before: what happened in between, and whether it calls for a reconcile.
ReconcileStep TimekeeperState::judge_change(const Sample& now, bool& wanted) {
  ReconcileStep step;
  const Change change = compare(last, now);
  const Trust before = trust.trust();
  if (change.long_step()) trust.stepped(now, setup.clock->rtc());
  trust.look(now, setup.clock->sync());
  if (const auto gap = suspend_gap(change, now, before)) step.gaps.push_back(*gap);
  if (const auto gap = step_gap(change, now, before)) step.gaps.push_back(*gap);
  if (change.long_suspend()) {
    step.trigger = reconcile::Trigger::resume;
    wanted = true;
  }
  if (change.long_step() && before != Trust::untrusted && believable()) {
    if (change.stepped < Duration{0}) step.wall_before_step = now.wall - change.stepped;
    if (!wanted) step.trigger = reconcile::Trigger::step;
    wanted = true;
  }
  if (trust.trust() > before) {
    step.trust_gained = before == Trust::untrusted;
    if (!wanted) step.trigger = reconcile::Trigger::trust;
    wanted = true;
  }
  step.stamp = wanted;
  if (trust.trust() != before) emit(Event::Kind::trust, name_of(trust.trust()));
  return step;
}

void TimekeeperState::look() {
  if (stopped) return;
  const Sample now = setup.clock->read();
  bool wanted = false;
  ReconcileStep step = judge_change(now, wanted);
  last = now;
  setup.time->publish(trust);
  if (wanted) reconcile(std::move(step));
  if (retry_at && *retry_at <= now.instant) {
    retry_at.reset();
    step_pass();
  }
  fire_due(now);
  beat(now);
  arm();
}

void TimekeeperState::set_wake(SetWake wake) {
  if (stopped) return;
  const Purpose purpose = wake.purpose;
  if (wake.instant || wake.wall) {
    wakes.insert_or_assign(purpose, std::move(wake));
  } else {
    wakes.erase(purpose);
  }
  const Sample now = setup.clock->read();
  fire_due(now);
  beat(now);
  arm();
}

std::optional<Instant> TimekeeperState::instant_of(const SetWake& wake) const {
  std::optional<Instant> at = wake.instant;
  if (wake.wall && believable()) {
    const Instant wall_at = last.instant + (*wake.wall - last.wall);
    if (!at || wall_at < *at) at = wall_at;
  }
  return at;
}

void TimekeeperState::fire_due(const Sample& now) {
  for (auto it = wakes.begin(); it != wakes.end();) {
    const auto at = instant_of(it->second);
    // During a pass due work waits for its end: the pass decides what is missed, then TimeChanged wakes all.
    const bool held = pass && (it->first == Purpose::scheduler_due || it->first == Purpose::cron_due);
    if (!at || *at > now.instant || held) {
      ++it;
      continue;
    }
    self->send(it->second.who, Wake{it->first});
    it = wakes.erase(it);
  }
}

bool TimekeeperState::outstanding() const {
  return wakes.contains(Purpose::scheduler_due) || wakes.contains(Purpose::cron_due) ||
         wakes.contains(Purpose::attempt_limits);
}

/// The heartbeat bounds the start of the next gap. A durable commit carries a stamp, so it stands for one.
void TimekeeperState::beat(const Sample& now) {
  if (!heartbeat) return;
  if (!outstanding()) {
    next_heartbeat.reset();
    return;
  }
  const auto commit = setup.time->last_commit();
  if (!next_heartbeat) next_heartbeat = now.instant + interval();
  if (commit && *commit + interval() > *next_heartbeat) {
    setup.pace.committed();
    next_heartbeat = *commit + interval();
  }
  if (*next_heartbeat > now.instant) return;
  const auto stamp = reconcile::make_stamp(setup.start.boot, setup.time->now(), now, setup.time->trust());
  if (const auto written = heartbeat->write(stamp, interval()); !written.ok()) {
    if (setup.pace.failed()) emit(Event::Kind::alarm, "time.heartbeat_failed: " + written.error().message);
  } else {
    trust.note_stamp(now);
    self->send(setup.storage, HeartbeatWritten{});
    // The next one may be far; after a commit it comes sooner.
    const TimekeeperActor me = self;
    setup.time->tell_next_commit([me] { caf::anon_send(me, LookAtClock{hal::ClockEvent::look_again}); });
    setup.pace.beat(believable() && setup.clock->rtc().valid);
  }
  next_heartbeat = now.instant + interval();
}

void TimekeeperState::arm() {
  std::optional<Instant> next;
  const auto sooner = [&next](std::optional<Instant> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  bool wall_work_held = false;
  for (const auto& [purpose, wake] : wakes) {
    const bool held = pass && (purpose == Purpose::scheduler_due || purpose == Purpose::cron_due);
    if (!held) sooner(instant_of(wake));
    if (wake.wall && !believable()) wall_work_held = true;
  }
  sooner(retry_at);
  sooner(next_heartbeat);
  sooner(trust.confirm_at());
  if (!wall_work_held) next_poll.reset();
  if (wall_work_held && (!next_poll || *next_poll <= last.instant)) next_poll = last.instant + trust_poll;
  sooner(next_poll);
  if (next == armed) return;
  armed = next;
  setup.clock->arm(next);
}

void TimekeeperState::begin(BeginWork& begin, const caf::typed_response_promise<Answer<Done>>& promise) {
  listeners = std::move(begin.listeners);
  beginning = promise;
  ReconcileStep step;
  step.trigger = reconcile::Trigger::boot;
  step.wall_before_step = setup.start.wall_before_step;
  step.trust_gained = setup.start.boot.wall_believable;  // over whatever the boots before could not prove
  reconcile(std::move(step));
  look();
}

void TimekeeperState::reconcile(ReconcileStep step) {
  if (pass) {
    if (!after) {
      after = std::move(step);
    } else {  // one more pass for all that was triggered meanwhile
      after->gaps.insert(after->gaps.end(), step.gaps.begin(), step.gaps.end());
      after->trust_gained = after->trust_gained || step.trust_gained;
      after->stamp = after->stamp || step.stamp;
      if (step.wall_before_step) after->wall_before_step = step.wall_before_step;
    }
    return;
  }
  pass = std::move(step);
  step_pass();
}

void TimekeeperState::step_pass() {
  self->request(setup.storage, caf::infinite, *pass).then([this](Answer<reconcile::Pass>& answer) {
    if (stopped) return;  // the next boot goes on with it
    if (!answer.result.ok()) return pass_refused(answer.result.error());
    backoff.reset();
    // Facts belong to the first batch only; the cursor in the store carries the pass on.
    pass->gaps.clear();
    pass->trust_gained = false;
    pass->wall_before_step.reset();
    pass->stamp = false;
    if (answer.result->more) return step_pass();
    pass_ended(*answer.result);
  });
}

/// Nothing is judged before the pass is through, so no job starts until the store takes it. The device comes up
/// all the same: people must be able to ask it what is wrong.
void TimekeeperState::pass_refused(const Error& error) {
  if (error.code != "store.read_only") setup.observe(alarm(setup.time->now(), error));  // that storage has told
  retry_at = backoff.next(setup.time->now());
  answer_begin();
  arm();
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
  pass.reset();
  if (after) return reconcile(*std::exchange(after, std::nullopt));
  for (const auto& listener : listeners) self->send(listener, TimeChanged{});
  answer_begin();
  look();
}

TimekeeperActor::behavior_type timekeeper(TimekeeperActor::stateful_pointer<TimekeeperState> self,
                                          TimekeeperSetup setup) {
  TimekeeperState& state = self->state;
  state.self = self;
  state.setup = std::move(setup);
  state.trust = state.setup.start.trust;
  state.last = state.setup.clock->read();
  if (state.setup.heartbeat != nullptr) state.heartbeat.emplace(*state.setup.heartbeat);
  state.setup.time->publish(state.trust);
  const TimekeeperActor me = self;
  state.setup.clock->listen([me](hal::ClockEvent event) { caf::anon_send(me, LookAtClock{event}); });
  return {
      [&state](BeginWork& begin) {
        auto promise = state.self->make_response_promise<Answer<Done>>();
        state.begin(begin, promise);
        return promise;
      },
      [&state](const StopWork&) {
        state.stopped = true;
        state.setup.time->tell_next_commit({});
        state.setup.clock->listen({});
        state.setup.clock->arm(std::nullopt);
        return Answer<Done>{Done{}};
      },
      [](const AreYouThere&) { return Answer<Done>{Done{}}; },
      [&state](SetWake& wake) { state.set_wake(std::move(wake)); },
      [&state](const LookAtClock& look) {
        if (look.event == hal::ClockEvent::timer_due) state.armed.reset();
        state.look();
      },
  };
}

}  // namespace

TimekeeperActor spawn_timekeeper(caf::actor_system& system, TimekeeperSetup setup) {
  return system.spawn(timekeeper, std::move(setup));
}

}  // namespace dormouse::actors
