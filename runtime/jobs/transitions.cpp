// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/transitions.hpp"

#include <string_view>

namespace dormouse::jobs {
namespace {

constexpr char kIllegal[] = "job.illegal_transition";
constexpr char kStale[] = "job.stale_attempt";
constexpr char kFinished[] = "job.finished";

/// One cell: a next state, "stays", or a code.
struct Cell {
  enum class Kind : std::uint8_t { goes, stays, refused } kind;
  State next = State::scheduled;
  const char* code = nullptr;
};
constexpr Cell to(State next) {
  return {Cell::Kind::goes, next};
}
constexpr Cell no(const char* code) {
  return {Cell::Kind::refused, State::scheduled, code};
}
constexpr Cell same{Cell::Kind::stays};
constexpr Cell illegal = no(kIllegal);

struct Row {
  Event event;
  const char* name;
  Cell scheduled, waiting, ready, running, ended;
};

using enum State;

// clang-format off
constexpr Row kRows[] = {
    // event                     name                scheduled      waiting        ready          running        ended
    {Event::due,              "due",              to(ready),     same,          same,          same,          same},
    {Event::not_due,          "not_due",          same,          to(scheduled), to(scheduled), same,          same},
    {Event::condition_lost,   "condition_lost",   same,          same,          to(waiting),   same,          same},
    {Event::claim,            "claim",            illegal,       illegal,       to(running),   illegal,       illegal},
    {Event::not_started,      "not_started",      illegal,       illegal,       illegal,       to(scheduled), illegal},
    {Event::ok,               "ok",               illegal,       illegal,       illegal,       to(succeeded), illegal},
    {Event::again,            "again",            illegal,       illegal,       illegal,       to(scheduled), illegal},
    {Event::retryable,        "retryable",        illegal,       illegal,       illegal,       to(scheduled), illegal},
    {Event::exhausted,        "exhausted",        illegal,       illegal,       illegal,       to(dead),      illegal},
    {Event::permanent,        "permanent",        illegal,       illegal,       illegal,       to(dead),      illegal},
    {Event::cancelled,        "cancelled",        illegal,       illegal,       illegal,       to(cancelled), illegal},
    {Event::interrupted,      "interrupted",      illegal,       illegal,       illegal,       to(scheduled), illegal},
    {Event::interrupted_last, "interrupted_last", illegal,       illegal,       illegal,       to(dead),      illegal},
    {Event::stale,            "stale",            no(kStale),    no(kStale),    no(kStale),    no(kStale),    no(kFinished)},
    {Event::cancel,           "cancel",           to(cancelled), to(cancelled), to(cancelled), same,          no(kFinished)},
    {Event::expired,          "expired",          illegal,       to(missed),    to(missed),    illegal,       illegal},
};
// clang-format on

const Row& row_of(Event event) {
  for (const Row& row : kRows) {
    if (row.event == event) return row;
  }
  fail_check("jobs:event");
}

const Cell& cell_of(const Row& row, State from) {
  switch (from) {
    case scheduled:
      return row.scheduled;
    case waiting:
      return row.waiting;
    case ready:
      return row.ready;
    case running:
      return row.running;
    default:
      return row.ended;
  }
}

}  // namespace

const char* name_of(Event event) {
  return row_of(event).name;
}

bool Move::operator==(const Move& other) const {
  if (!refused || !other.refused) return refused == other.refused && next == other.next;
  return std::string_view(refused) == other.refused;
}

Move move(State from, Event event) {
  const Cell& cell = cell_of(row_of(event), from);
  switch (cell.kind) {
    case Cell::Kind::goes:
      return {cell.next};
    case Cell::Kind::stays:
      return {from};
    case Cell::Kind::refused:
      return {from, cell.code};
  }
  fail_check("jobs:cell");
}

Error refusal(const Move& move, std::uint64_t id, State from, Event event) {
  const std::string job = "job " + std::to_string(id);
  const std::string_view code = move.refused ? move.refused : "";
  if (code == kFinished) return {.code = kFinished, .message = job + " has ended: " + name_of(from), .id = id};
  if (code == kStale) {
    return {.code = kStale, .message = job + " is not in the attempt that the token names", .id = id};
  }
  return {.code = kIllegal,
          .message = job + " is " + name_of(from) + ", so '" + name_of(event) + "' means nothing",
          .id = id};
}

const char* name_of(State state) {
  constexpr const char* kNames[] = {"scheduled", "ready",     "running", "waiting", "succeeded",
                                    "dead",      "cancelled", "missed",  "replaced"};
  return kNames[static_cast<std::size_t>(state)];
}

const char* name_of(Because because) {
  constexpr const char* kNames[] = {"none",           "not_due",     "time",    "retry", "interrupted", "again",
                                    "handler_absent", "old_attempt", "overlap", "place", "network",     "link"};
  return kNames[static_cast<std::size_t>(because)];
}

}  // namespace dormouse::jobs
