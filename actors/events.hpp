// SPDX-License-Identifier: Apache-2.0
// What a device tells about itself, after the commit and never stored: for logs, for the simulation's timeline,
// for tests. An observer is called from any actor's thread, must be thread-safe and must not block.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "runtime/base/result.hpp"
#include "runtime/jobs/job.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::actors {

struct Event {
  enum class Kind : std::uint8_t {
    boot,       // a boot began: text is its cause
    gap,        // text describes it
    trust,      // trust changed
    enqueued,   // a job was accepted
    started,    // an attempt was claimed and handed to its handler
    ended,      // the job reached `state`, or is scheduled again
    missed,     // a job ended without a run
    reconcile,  // a pass ended: text sums it up
    slots,      // a schedule was decided: text sums it up
    ready,      // links are open, work is accepted
    stopping,
    power,  // "failing", "saved", "restored"
    alarm,  // something a person should look at: text begins with a stable code
  };
  Kind kind;
  Now now;
  std::uint64_t job = 0;
  std::string handler = {};
  std::uint32_t attempt = 0;
  jobs::State state = jobs::State::scheduled;
  std::string schedule = {};
  std::int64_t slot_ms = 0;
  std::string text = {};
};
/// "boot", "started" ...: as logs and timelines show it.
inline const char* name_of(Event::Kind kind) {
  using Kind = Event::Kind;
  switch (kind) {
    case Kind::boot:
      return "boot";
    case Kind::gap:
      return "gap";
    case Kind::trust:
      return "trust";
    case Kind::enqueued:
      return "enqueued";
    case Kind::started:
      return "started";
    case Kind::ended:
      return "ended";
    case Kind::missed:
      return "missed";
    case Kind::reconcile:
      return "reconcile";
    case Kind::slots:
      return "slots";
    case Kind::ready:
      return "ready";
    case Kind::stopping:
      return "stopping";
    case Kind::power:
      return "power";
    case Kind::alarm:
      return "alarm";
  }
  return "event";
}
/// An event that is only a sentence.
inline Event told(Event::Kind kind, const Now& now, std::string text) {
  Event event{kind, now};
  event.text = std::move(text);
  return event;
}
inline Event alarm(const Now& now, const Error& error) {
  return told(Event::Kind::alarm, now, error.code + ": " + error.message);
}
using Observer = std::function<void(const Event&)>;

}  // namespace dormouse::actors
