// SPDX-License-Identifier: Apache-2.0
#include "actors/dispatcher/dispatcher.hpp"

#include <caf/stateful_actor.hpp>

namespace dormouse::actors {

namespace {

struct DispatcherState {
  static inline const char* name = "dispatcher";

  struct Active {
    jobs::Token token;
    std::shared_ptr<Runner> runner;
    Duration hard_limit{};             // monotonic
    std::optional<Duration> kill_at;   // monotonic; once it was asked to stop
    std::optional<StopCause> stopped;  // why it was asked to
    bool reported = false;             // its end was told while the code still runs
    bool untold = false;               // the device stops, and it does not know
  };

  DispatcherActor::pointer self = nullptr;
  DispatcherSetup setup;
  SchedulerActor scheduler;
  std::map<std::uint64_t, Active> active;  // by job
  bool draining = false;                   // the device stops: nothing starts any more
  std::optional<Duration> drain_until;     // monotonic
  std::optional<Duration> told_wake;       // monotonic; what the timekeeper was last told
  std::vector<caf::typed_response_promise<Answer<Done>>> stopped;

  void start(StartAttempt& start);
  void stop(Active& attempt, StopCause cause);
  void returned(AttemptReturned& returned);
  void report(Active& attempt, jobs::Outcome outcome, jobs::Effects effects, bool code_returned);
  void check_limits();
  void check_limit(Active& attempt, Duration now);
  void set_wake();
  void drain(bool at_once);
  void end_drain(Duration now);
  void close_all();
  void answer_stop_if_idle();
};

void DispatcherState::start(StartAttempt& start) {
  const jobs::Claimed& claimed = start.claimed;
  const jobs::Token token = claimed.job.token();
  const auto handler = setup.handlers.find(claimed.job.spec.handler);
  if (draining || handler == setup.handlers.end()) {
    jobs::Outcome refused;
    refused.kind = jobs::Outcome::Kind::not_started;
    refused.code = draining ? "stopping" : "job.unknown_handler";
    refused.delay = draining ? Duration{0} : Duration{1'000};
    self->send(scheduler, AttemptEnded{{token, std::move(refused), {}}, true});
    return;
  }
  const Duration now = setup.time->sample().monotonic;
  const Duration limit =
      std::min(claimed.job.spec.timeout, handler->second.timeout.value_or(claimed.job.spec.timeout));
  active[token.job] = Active{token, handler->second.runner, now + limit, {}, {}, false};
  const DispatcherActor me = self;
  handler->second.runner->start(claimed, [me, token](jobs::Outcome outcome, jobs::Effects effects) {
    caf::anon_send(me, AttemptReturned{token, std::move(outcome), std::move(effects)});
  });
  set_wake();
}

void DispatcherState::stop(Active& attempt, StopCause cause) {
  if (attempt.stopped) return;
  attempt.stopped = cause;
  if (cause == StopCause::stopping) {  // the drain bound takes the place of the grace
    attempt.untold = !attempt.runner->drain(attempt.token);
    return;
  }
  attempt.kill_at = setup.time->sample().monotonic + setup.cancel_grace;
  attempt.runner->stop(attempt.token);
}

void DispatcherState::report(Active& attempt, jobs::Outcome outcome, jobs::Effects effects, bool code_returned) {
  attempt.reported = true;
  self->send(scheduler, AttemptEnded{{attempt.token, std::move(outcome), std::move(effects)}, code_returned});
}

void DispatcherState::returned(AttemptReturned& end) {
  setup.time->count_wake(WakeCause::handler_end);
  const auto found = active.find(end.token.job);
  if (found == active.end() || found->second.token != end.token) return;
  Active& attempt = found->second;
  if (attempt.reported) {  // its late outcome counts for nothing
    self->send(scheduler, PlaceFree{attempt.token});
  } else {
    report(attempt, std::move(end.outcome), std::move(end.effects), true);
  }
  active.erase(found);
  set_wake();
  answer_stop_if_idle();
}

void DispatcherState::check_limit(Active& attempt, Duration now) {
  if (attempt.kill_at && now >= *attempt.kill_at) {
    attempt.kill_at.reset();
    attempt.runner->kill(attempt.token);
    // Code that cannot be killed must not keep the job: a cancelled job ends here, its place stays taken.
    if (!attempt.reported) report(attempt, jobs::Outcome::cancelled("stopped after the grace"), {}, false);
  }
  if (!attempt.reported && !attempt.stopped && now >= attempt.hard_limit) {
    report(attempt, jobs::Outcome::timed_out(), {}, false);
    stop(attempt, StopCause::timeout);
  }
}

void DispatcherState::check_limits() {
  told_wake.reset();  // a wake comes once
  const Duration now = setup.time->sample().monotonic;
  for (auto& [job, attempt] : active) check_limit(attempt, now);
  if (drain_until && now >= *drain_until) end_drain(now);
  set_wake();
}

void DispatcherState::set_wake() {
  std::optional<Duration> next = active.empty() ? std::nullopt : drain_until;
  const auto sooner = [&next](Duration at) { next = next ? std::min(*next, at) : at; };
  for (const auto& [job, attempt] : active) {
    if (attempt.kill_at) sooner(*attempt.kill_at);
    if (!attempt.reported && !attempt.stopped) sooner(attempt.hard_limit);
  }
  if (next == told_wake) return;
  told_wake = next;
  std::optional<Instant> at;
  if (next) {
    const Sample now = setup.time->sample();
    at = now.instant + std::max(Duration{0}, *next - now.monotonic);
  }
  self->send(setup.timekeeper, SetWake{Purpose::attempt_limits, self, at, {}});
}

void DispatcherState::drain(bool at_once) {
  draining = true;
  for (auto& [job, attempt] : active) stop(attempt, StopCause::stopping);
  drain_until = setup.time->sample().monotonic + (at_once ? Duration{0} : setup.drain);
  if (at_once) close_all();
  set_wake();
  answer_stop_if_idle();
}

/// Those that could not be told before are asked now, and get a last while.
void DispatcherState::end_drain(Duration now) {
  bool asked = false;
  for (auto& [job, attempt] : active) {
    if (!std::exchange(attempt.untold, false)) continue;
    attempt.runner->stop(attempt.token);
    asked = true;
  }
  if (!asked) return close_all();
  drain_until = now + setup.last_words;
}

/// What did not end in time is closed as interrupted; the next boot goes on with it by its own limit.
void DispatcherState::close_all() {
  for (auto& [job, attempt] : active) {
    attempt.runner->kill(attempt.token);
    if (attempt.reported) continue;
    jobs::Outcome interrupted;
    interrupted.kind = jobs::Outcome::Kind::interrupted;
    interrupted.code = "job.interrupted";
    interrupted.message = "the device stopped while the attempt ran";
    report(attempt, std::move(interrupted), {}, false);
  }
  drain_until.reset();
  for (auto& promise : stopped) promise.deliver(Answer<Done>{Done{}});
  stopped.clear();
}

void DispatcherState::answer_stop_if_idle() {
  if (!active.empty()) return;
  for (auto& promise : stopped) promise.deliver(Answer<Done>{Done{}});
  stopped.clear();
}

DispatcherActor::behavior_type dispatcher(DispatcherActor::stateful_pointer<DispatcherState> self,
                                          DispatcherSetup setup) {
  DispatcherState& state = self->state;
  state.self = self;
  state.setup = std::move(setup);
  return {
      [&state](StartAttempt& start) {
        state.scheduler = caf::actor_cast<SchedulerActor>(state.self->current_sender());
        state.start(start);
      },
      [&state](const StopAttempt& stop) {
        const auto found = state.active.find(stop.job);
        if (found == state.active.end()) return;
        state.stop(found->second, stop.cause);
        state.set_wake();
      },
      [&state](AttemptReturned& returned) { state.returned(returned); },
      [&state](const StopWork& stop) {
        auto promise = state.self->make_response_promise<Answer<Done>>();
        state.stopped.push_back(promise);
        state.drain(stop.at_once);
        return promise;
      },
      [](const AreYouThere&) { return Answer<Done>{Done{}}; },
      [&state](Wake) { state.check_limits(); },
  };
}

}  // namespace

DispatcherActor spawn_dispatcher(caf::actor_system& system, DispatcherSetup setup) {
  return system.spawn(dispatcher, std::move(setup));
}

}  // namespace dormouse::actors
