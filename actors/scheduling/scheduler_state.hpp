// SPDX-License-Identifier: Apache-2.0
// What the scheduler holds and does beside routing: taking and starting in scheduler.cpp, commands and ends in
// scheduler_commands.cpp. Inside of scheduler*.cpp.
//
// Enqueues and ends are gathered, so that many cost few batches and syncs: what stands in the mailbox goes to
// storage together, and what arrives while storage is busy with the ones before goes together after them. A lone
// one waits for nothing.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "actors/scheduling/scheduler.hpp"
#include "actors/time/backoff.hpp"
#include "runtime/jobs/ready_queue.hpp"

namespace dormouse::actors {

struct SchedulerState {
  static inline const char* name = "scheduler";
  using EnqueuePromise = caf::typed_response_promise<Answer<EnqueueJobs::Value>>;
  SchedulerActor::pointer self = nullptr;
  SchedulerSetup setup;
  std::unique_ptr<jobs::ReadyQueue> queue;
  bool working = false;                 // the boot's reconcile is over
  bool stopping = false;                // no more claims
  bool taking = false;                  // a TakeDue is under way ...
  bool take_again = false;              // ... and something changed meanwhile
  bool more_due = false;                // storage has more due jobs than the window took
  std::set<jobs::DueShare> left;        // what had enough in the window, and more due in storage
  std::optional<Instant> next_instant;  // earliest elapsed due that storage told of
  std::optional<WallTime> next_wall;
  bool held = false;  // jobs wait for more trust
  /// What the timekeeper was last told; none: a wake comes once, so what comes next is to be told.
  std::optional<std::tuple<std::optional<Instant>, std::optional<WallTime>, bool>> told_wake;
  bool forward_asked = false;             // a Forward is under way
  EnqueueGroup enqueues;                  // gathered, not yet with storage ...
  std::vector<EnqueuePromise> enqueuers;  // ... and who sent each
  unsigned enqueues_sent = 0;             // groups that storage has not answered
  std::vector<jobs::Finish> ends;         // gathered, not yet with storage
  unsigned ends_sent = 0;                 // batches that storage has not answered
  std::vector<jobs::Finish> unsaved;      // ends that the store refused: offered again
  std::set<jobs::Token> ending;           // attempts of all these ends: told, and not yet known to be recorded
  std::set<jobs::Token> outlived;         // attempts that ended while their code still runs
  Backoff backoff;
  bool retrying = false;  // a wake for what the store refused is set
  std::optional<caf::typed_response_promise<Answer<Done>>> stopped;

  // -- taking and starting --
  void look();
  void taken(const jobs::DueBatch& batch);
  void start_ready();
  void claimed(const std::vector<std::uint64_t>& asked, Answer<jobs::ClaimResult>& answer);
  void expire_due(Instant now);
  void set_wakes();
  void woken(Purpose purpose);
  void retry_later();

  // -- gathering --
  void forward_later();
  void forward();
  /// Whatever follows must find it done.
  void forward_all();

  // -- ending --
  void ended(AttemptEnded& end);
  void send_ends();
  void save(std::vector<jobs::Finish> batch);
  void offer_again();
  void refused(std::vector<jobs::Finish>& batch);
  bool brings_due(const jobs::Finish& end, const jobs::Finished& finished) const;
  void saved(const std::vector<jobs::Finish>& batch, const std::vector<jobs::Finished>& finished);
  void place_free(const jobs::Token& token);
  caf::typed_response_promise<Answer<Done>> stop();
  void answer_stop_if_idle();

  // -- commands --
  EnqueuePromise enqueue(EnqueueJobs& command);
  void send_enqueues();
  caf::typed_response_promise<Answer<jobs::Cancelled>> cancel(CancelJob& command);
  void accepted(const JobsEnqueued& made);
  bool note_due(const jobs::Enqueued& job, const Now& now);

  void emit(const Now& now, Event::Kind kind, std::uint64_t job, const std::string& handler, jobs::State state,
            std::string text) const {
    setup.observe(
        {.kind = kind, .now = now, .job = job, .handler = handler, .state = state, .text = std::move(text)});
  }
};

}  // namespace dormouse::actors
