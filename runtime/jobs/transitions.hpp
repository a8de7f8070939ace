// SPDX-License-Identifier: Apache-2.0
// The one table of what may happen to a job. Operations look up the row of their event and do what it says;
// what has no row is refused and leaves the record untouched.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/jobs/job.hpp"

namespace dormouse::jobs {

enum class Event : std::uint8_t {
  due,               // its time has come, conditions hold
  not_due,           // its time has moved away again (step back, trust lost)
  condition_lost,    // ready, but something is missing now
  claim,             // an attempt begins
  not_started,       // the handler did not take the attempt
  ok,                // outcomes of the attempt ...
  again,             //
  retryable,         // with attempts left
  exhausted,         // the same without
  permanent,         //
  cancelled,         //
  interrupted,       // the process or the power went away in the attempt
  interrupted_last,  // the same, and it may not start once more
  stale,             // anything with a token that is not the running attempt's
  cancel,            // somebody asks for the end
  expired,           // too late by its misfire policy
};
constexpr Event kLastEvent = Event::expired;
const char* name_of(Event event);

/// What an event does in a state: a next state (the same one: no effect), or a refusal's code.
struct Move {
  State next = State::scheduled;
  const char* refused = nullptr;  // job.illegal_transition, job.stale_attempt, job.finished; null: allowed
  bool operator==(const Move& other) const;
};
Move move(State from, Event event);

/// The refusal of a move as an error that names job, event and state.
Error refusal(const Move& move, std::uint64_t id, State from, Event event);

const char* name_of(State state);
const char* name_of(Because because);

}  // namespace dormouse::jobs
