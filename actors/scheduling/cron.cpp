// SPDX-License-Identifier: Apache-2.0
#include "actors/scheduling/cron.hpp"

#include <caf/stateful_actor.hpp>

#include "actors/time/backoff.hpp"

namespace dormouse::actors {

namespace {

constexpr std::uint64_t schedules_per_decision = 16;

struct CronState {
  static inline const char* name = "cron";
  CronActor::pointer self = nullptr;
  CronSetup setup;
  bool working = false;
  bool stopping = false;
  bool deciding = false;
  bool decide_again = false;
  Backoff backoff;

  void decide();
  void decided(const schedules::Decided& decided);
  template <class Command>
  auto forward(Command& command) -> caf::typed_response_promise<Answer<typename Command::Value>>;
};

void CronState::decide() {
  if (!working || stopping) return;
  if (deciding) {
    decide_again = true;
    return;
  }
  deciding = true;
  decide_again = false;
  self->request(setup.storage, caf::infinite, DecideSchedules{schedules_per_decision})
      .then([this](Answer<schedules::Decided>& answer) {
        deciding = false;
        if (answer.result.ok()) {
          backoff.reset();
          decided(*answer.result);
        } else {  // nothing advanced: the same slots are decided again
          self->send(setup.timekeeper, SetWake{Purpose::cron_due, self, backoff.next(setup.time->now()), {}});
        }
      });
}

void CronState::decided(const schedules::Decided& decided) {
  bool made_jobs = false;
  for (const auto& decision : decided.decisions) {
    made_jobs = made_jobs || decision.ran > 0;
    Event event = told(Event::Kind::slots, setup.time->now(),
                       "ran " + std::to_string(decision.ran) + ", missed " + std::to_string(decision.missed) +
                           ", dropped " + std::to_string(decision.dropped));
    event.schedule = decision.name;
    event.slot_ms = decision.newest_missed.value_or(0);
    setup.observe(event);
  }
  if (made_jobs) self->send(setup.scheduler, JobsChanged{});
  self->send(setup.timekeeper, SetWake{.purpose = Purpose::cron_due,
                                       .who = self,
                                       .instant = decided.next_instant,
                                       .wall = decided.next_wall,
                                       .for_trust = decided.held});
  if (decided.more || decide_again) decide();
}

/// A command that changes schedules: done by storage; afterwards the next slot is looked up anew.
template <class Command>
auto CronState::forward(Command& command) -> caf::typed_response_promise<Answer<typename Command::Value>> {
  using Value = typename Command::Value;
  auto promise = self->make_response_promise<Answer<Value>>();
  if (stopping) {
    promise.deliver(Answer<Value>{Error{"stopping", "The device is stopping and takes no more changes."}});
    return promise;
  }
  self->request(setup.storage, caf::infinite, std::move(command))
      .then([this, promise](Answer<Value>& answer) mutable {
        if (answer.result.ok()) decide();
        promise.deliver(std::move(answer));
      });
  return promise;
}

CronActor::behavior_type cron(CronActor::stateful_pointer<CronState> self, CronSetup setup) {
  CronState& state = self->state;
  state.self = self;
  state.setup = std::move(setup);
  return {
      [&state](PutSchedule& command) { return state.forward(command); },
      [&state](DeleteSchedule& command) { return state.forward(command); },
      [&state](const StopWork&) {
        state.stopping = true;
        return Answer<Done>{Done{}};
      },
      [](const AreYouThere&) { return Answer<Done>{Done{}}; },
      [&state](TimeChanged) {
        state.working = true;
        state.decide();
      },
      [&state](Wake) { state.decide(); },
  };
}

}  // namespace

CronActor spawn_cron(caf::actor_system& system, CronSetup setup) {
  return system.spawn(cron, std::move(setup));
}

}  // namespace dormouse::actors
