// SPDX-License-Identifier: Apache-2.0
// The operations on jobs: what must be checked and changed together. Each works over one open transaction,
// decides by the Now it is given, and either collects its changes and answers a result, or answers an error
// and leaves the transaction to be dropped. No function here reads a clock, sleeps, or remembers anything.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/identity.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/base/result.hpp"
#include "runtime/jobs/job.hpp"
#include "runtime/store/flash_account.hpp"
#include "runtime/store/store.hpp"
#include "runtime/time/spans.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::jobs {

/// What every operation works with. All references outlive the call.
struct Work {
  store::Transaction& txn;
  const Now& now;
  const Spans& spans;
  const Limits& limits;
  const std::set<std::string>& handlers;  // the names that can execute
  std::uint32_t epoch = 0;                // the store epoch of this process
  store::FlashAccount* flash =
      nullptr;  // who writes how much, and whether flash is to be spared; none: not counted
};

/// What was accepted, as understood.
struct Enqueued {
  std::uint64_t id = 0;
  bool created = true;  // false: an earlier job answers for this one (conflict or idempotency key)
  State state = State::scheduled;
  Due due;
  std::optional<WallTime> due_wall;  // if it can be told
  Misfire misfire;
  Delivery delivery = Delivery::at_least_once;
};

/// Checks all of it, then enqueues all or nothing, in order. invalid_input lists every failing field
/// ("items.3.handler" for entry 3 of several); job.conflict{id}, job.idempotency_mismatch{id},
/// job.quota_exceeded, job.too_large, time.delay_too_long, time.bad_instant.
Result<std::vector<Enqueued>> enqueue(Work& work, const Identity& who, Trigger trigger,
                                      const std::vector<JobSpec>& specs);

/// The job of a schedule's slot, already validated by the schedule. No quota, no rate; unique per slot:
/// none if that slot already has a job.
struct SlotJob {
  std::uint16_t component = 0;
  std::uint64_t schedule = 0;
  std::string schedule_name;
  std::int64_t slot_ms = 0;
  JobSpec spec;  // due is ignored
  Due due;
  bool settled = false;
  bool in_line = false;
  std::uint64_t missed_count = 0;
  std::optional<std::int64_t> first_missed_ms;
};
std::optional<std::uint64_t> enqueue_slot(Work& work, const SlotJob& slot);

struct Cancelled {
  std::uint64_t id = 0;
  bool requested = false;  // running: the stop flag is durable, the attempt ends as it ends
  Token token;             // of the running attempt, if requested
};
/// job.not_found (also for another component's), job.finished.
Result<Cancelled> cancel(Work& work, const Identity& who, std::uint64_t id, const std::string& reason);
Result<Cancelled> cancel_by_key(Work& work, const Identity& who, const std::string& conflict_key,
                                const std::string& reason);

/// The record; args only if asked.
Result<Job> get(Work& work, const Identity& who, std::uint64_t id, bool with_args);

struct ListQuery {
  std::vector<State> states;  // empty: all; ready and waiting are told by now
  std::optional<std::string> handler;
  std::optional<std::uint64_t> schedule;
  std::uint64_t after_id = 0;  // cursor: ids above this
  std::uint64_t limit = 100;
};
struct JobPage {
  std::vector<Job> jobs;  // in order of id
  std::optional<std::uint64_t> next_after_id;
};
Result<JobPage> list(Work& work, const Identity& who, const ListQuery& query);

/// A due job that waits for a place: what the scheduler keeps of it in memory.
struct DueJob {
  std::uint64_t id = 0;
  std::uint16_t component = 0;
  std::string handler;
  int priority = 5;
  Due due;
  Duration lateness{};
  bool in_line = false;            // of the catch-up line
  std::optional<Instant> expires;  // the instant at which it becomes missed (skip, windowed, max_age)
  std::string conflict_key{};      // empty: none
};
/// Whose part of the memory for due jobs: a handler's, that of its jobs in the catch-up line apart from the
/// others', so that a long line keeps nothing out that falls due meanwhile.
struct DueShare {
  std::string handler;
  bool in_line = false;
  auto operator<=>(const DueShare&) const = default;
};
struct DueBatch {
  std::vector<DueJob> jobs;
  bool more = false;                    // the limit ended the scan, not the end of what is due
  std::set<DueShare> left;              // those with due jobs that were not taken, since there is enough of them
  std::optional<Instant> next_instant;  // earliest elapsed due not yet reached
  std::optional<WallTime> next_wall;    // earliest wall due not yet reached; while untrusted that of all
  bool held = false;                    // some wait for more trust in the time than there is
};
/// Due jobs that are not running, oldest due first over all lanes, without the ids in `known` and without
/// those in `full` (which have enough in memory already); at most `limit`, and of the catch-up line at most
/// `line_limit`. Reads only.
DueBatch take_due(Work& work, const std::set<std::uint64_t>& known, const std::set<DueShare>& full,
                  std::uint64_t limit, std::uint64_t line_limit = UINT64_MAX);

struct Claimed {
  Job job;  // with args
  std::string component;
};
struct ClaimResult {
  std::vector<Claimed> claimed;
  std::vector<std::uint64_t> dropped;  // no longer claimable: ended (missed at the claim too), gone, not due
};
/// Claims in order: attempt + 1, used + 1, token, misfire settled; one batch. A job found missed ends here.
ClaimResult claim(Work& work, const std::vector<std::uint64_t>& ids);

/// An enqueue that a handler made through its context: commits with ok or again, else is dropped.
struct Effects {
  std::vector<JobSpec> enqueue;
  std::vector<std::uint64_t> cancel;
};
struct Finish {
  Token token;
  Outcome outcome;
  Effects effects;
};
struct Finished {
  Token token;
  State state = State::scheduled;
  std::optional<Error> refused;  // job.stale_attempt, job.finished, job.not_found
  std::string handler;
};
/// Ends attempts by the transition table; effects commit in the same batch.
std::vector<Finished> finish(Work& work, const std::vector<Finish>& ends);

/// Ends as missed what has expired by now; at most `limit`, from the ids given.
std::vector<std::uint64_t> expire(Work& work, const std::vector<std::uint64_t>& ids);

struct Counts {
  std::uint64_t scheduled = 0;  // all active that are not running
  std::uint64_t running = 0;
  std::uint64_t succeeded = 0;  // since the store was made, like those below
  std::uint64_t dead = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t missed = 0;
  std::uint64_t interrupted = 0;
};
Counts counts(Work& work);

/// Component names and numbers: a number is given to a name the first time it is seen.
std::uint16_t component_number(store::Transaction& txn, const std::string& name);
std::string component_name(store::Transaction& txn, std::uint16_t number);

}  // namespace dormouse::jobs
