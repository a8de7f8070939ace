// SPDX-License-Identifier: Apache-2.0
// Every message between actors, with its sender and receiver, and every actor's interface. Messages are plain
// structs that never leave the process. An *operation* is what storage executes over one open transaction by
// calling runtime/; its `Value` is what it answers, after the commit that covers it.
//
//   link --commands--> scheduler / cron --operations--> storage
//   hal::Clock --> timekeeper --Wake, TimeChanged--> scheduler, cron, dispatcher, supervisor
//   scheduler --StartAttempt--> dispatcher --AttemptEnded--> scheduler --FinishAttempts--> storage
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/snapshot.hpp"
#include "actors/views.hpp"
#include "hal/clock.hpp"
#include "hal/link.hpp"
#include "hal/power.hpp"
#include "runtime/jobs/operations.hpp"
#include "runtime/reconcile/reconcile.hpp"
#include "runtime/schedules/operations.hpp"

namespace dormouse::actors {

/// The answer to an operation or a command.
template <class T>
struct Answer {
  Result<T> result;
};

// -- operations: executed by storage --

struct OpenStore {  // supervisor -> storage: the first operation; opens the tree and begins the boot
  using Value = reconcile::BootStart;
  reconcile::BootFacts facts;
};

struct EnqueueJobs {  // link, supervisor, device -> scheduler -> storage
  using Value = std::vector<jobs::Enqueued>;
  Identity who;
  jobs::Trigger trigger = jobs::Trigger::call;
  std::vector<jobs::JobSpec> specs;
};
struct CancelJob {  // link, device -> scheduler -> storage
  using Value = jobs::Cancelled;
  Identity who;
  std::uint64_t id = 0;      // or:
  std::string conflict_key;  // the holder of this key
  std::string reason;
};
struct GetJob {  // link, device -> storage
  using Value = JobView;
  Identity who;
  std::uint64_t id = 0;
  bool with_args = false;
};
struct ListJobs {  // link, device -> storage
  using Value = JobViews;
  Identity who;
  jobs::ListQuery query;
};
struct TakeDue {  // scheduler -> storage
  using Value = jobs::DueBatch;
  std::set<std::uint64_t> known;
  std::set<std::string> full;
  std::uint64_t limit = 0;
};
struct ClaimJobs {  // scheduler -> storage
  using Value = jobs::ClaimResult;
  std::vector<std::uint64_t> ids;
};
struct FinishAttempts {  // scheduler -> storage
  using Value = std::vector<jobs::Finished>;
  std::vector<jobs::Finish> ends;
};
struct ExpireJobs {  // scheduler -> storage
  using Value = std::vector<std::uint64_t>;
  std::vector<std::uint64_t> ids;
};
struct PutSchedule {  // link, supervisor, device -> cron -> storage
  using Value = schedules::Put;
  Identity who;
  schedules::Definition definition;
};
struct DeleteSchedule {  // link, device -> cron -> storage
  using Value = Done;
  Identity who;
  std::string name_or_id;
};
struct ListSchedules {  // link, device -> storage
  using Value = ScheduleViews;
  Identity who;
  std::uint64_t after_id = 0;
  std::uint64_t limit = 100;
};
struct DecideSchedules {  // cron -> storage
  using Value = schedules::Decided;
  std::uint64_t limit = 0;
};
struct ReconcileStep {  // timekeeper -> storage: one batch of a pass
  using Value = reconcile::Pass;
  reconcile::Trigger trigger = reconcile::Trigger::boot;
  std::vector<Gap> gaps;                     // to be recorded first, in this order
  bool trust_gained = false;                 // spans are re-based, schedules planned anew
  std::optional<WallTime> wall_before_step;  // after a backward step
  bool stamp = false;                        // the marks of trust may have moved: a whole stamp goes with it
};
struct GetStatus {  // link, device -> storage
  using Value = DeviceStatus;
};
struct GetFlash {                           // link, device -> storage
  using Value = std::vector<wire::Record>;  // as runtime/store/flash_report.hpp says
};
struct GetBoots {  // link, device -> storage
  using Value = BootsView;
  std::uint64_t limit = 10;
};
struct Explain {  // link, device -> storage
  using Value = std::string;
  Identity who;
  std::string job_or_schedule;
};
struct CloseStore {  // supervisor -> storage: the last operation; syncs, and marks the stop clean if told why
  using Value = Done;
  std::string clean_reason;  // empty: not clean
  std::optional<Instant>
      until;  // a checkpoint follows if it can be expected to end by then; none: it may take long
};
struct TakeSnapshot {         // link, device -> storage; answered when the copy is whole. Work goes on meanwhile
  using Value = std::string;  // its name
};

struct Flush {};        // storage -> itself: end of a group
struct SnapshotTaken {  // storage's copying thread -> storage
  Result<TakenSnapshot> snapshot;
};
struct StoreFailed {  // storage -> supervisor: it answers nobody any more; what is durable, the next open tells
  Error error;
};

// -- time --

enum class Purpose : std::uint8_t {
  scheduler_due,
  scheduler_pace,
  cron_due,
  attempt_limits,
  heartbeat,
  trust_look,
  watchdog,
  drain,
  retry_storage,
  store_upkeep
};
struct TimeChanged {};  // timekeeper -> scheduler, cron: after every reconcile, judge all anew
struct Wake {           // timekeeper -> whoever set it
  Purpose purpose;
};
}  // namespace dormouse::actors
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dormouse::actors::Wake)  // before the first interface that names them
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dormouse::actors::TimeChanged)
namespace dormouse::actors {
using Wakeable = caf::typed_actor<caf::reacts_to<Wake>>;
using TimeListener = caf::typed_actor<caf::reacts_to<TimeChanged>>;
struct BeginWork {  // supervisor -> timekeeper: reconcile the boot, then let time run
  using Value = Done;
  std::vector<TimeListener> listeners;
};
/// any -> timekeeper. Replaces the former wake of that purpose; neither instant nor wall: none any more. A wall
/// wake comes only while time is believable, whatever the clock does until then.
struct SetWake {
  Purpose purpose;
  Wakeable who;
  std::optional<Instant> instant;
  std::optional<WallTime> wall;
};
struct LookAtClock {  // event loop -> timekeeper
  hal::ClockEvent event;
};
}  // namespace dormouse::actors
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dormouse::actors::SetWake)
namespace dormouse::actors {
using WakeSetter = caf::typed_actor<caf::reacts_to<SetWake>>;
struct KeepUp {  // supervisor -> storage: who wakes it for the store's upkeep
  WakeSetter timekeeper;
};

// -- attempts --

struct JobsChanged {};  // cron -> scheduler: new jobs may be due
struct StartAttempt {   // scheduler -> dispatcher
  jobs::Claimed claimed;
};
enum class StopCause : std::uint8_t { cancel, timeout, stopping };
struct StopAttempt {  // scheduler -> dispatcher
  std::uint64_t job = 0;
  StopCause cause = StopCause::cancel;
};
struct AttemptReturned {  // runner (any thread) -> dispatcher: the handler's code has returned
  jobs::Token token;
  jobs::Outcome outcome;
  jobs::Effects effects;
};
struct AttemptEnded {  // dispatcher -> scheduler
  jobs::Finish finish;
  bool code_returned = true;  // false: timed out or cancelled while the code still runs; the place stays taken
};
struct PlaceFree {  // dispatcher -> scheduler: code that outlived its attempt has returned
  jobs::Token token;
};
struct HeartbeatWritten {};                     // timekeeper -> storage, which counts what flash bears
struct HandlersChanged {                        // dispatcher -> scheduler, storage
  std::map<std::string, std::uint64_t> places;  // handler -> attempts at once
};

// -- link --

struct PeerOpened {  // link transport -> link
  hal::Link* link;
  hal::ClientId client;
  std::optional<Identity> who;
};
struct PeerSent {  // link transport -> link
  hal::ClientId client;
  Bytes bytes;
};
struct PeerClosed {  // link transport -> link
  hal::ClientId client;
};

// -- life --

struct StartDevice {};  // device -> supervisor
struct StopDevice {     // power, device -> supervisor
  hal::StopReason reason;
};
struct StopWork {  // supervisor -> link, cron, scheduler, dispatcher, timekeeper: nothing new; answers once idle
  using Value = Done;
  bool at_once = false;  // dispatcher: without waiting for what runs; link: no refusals any more, bye
};
struct AreYouThere {  // supervisor -> every actor: asked before the watchdog is fed
  using Value = Done;
};

}  // namespace dormouse::actors

// Our messages stay inside the process, so CAF need not know how to serialise them.
template <class T>
struct caf::allowed_unsafe_message_type<dormouse::actors::Answer<T>> : std::true_type {};
#define DORMOUSE_MESSAGE(name) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dormouse::actors::name)
DORMOUSE_MESSAGE(OpenStore)
DORMOUSE_MESSAGE(EnqueueJobs)
DORMOUSE_MESSAGE(CancelJob)
DORMOUSE_MESSAGE(GetJob)
DORMOUSE_MESSAGE(ListJobs)
DORMOUSE_MESSAGE(TakeDue)
DORMOUSE_MESSAGE(ClaimJobs)
DORMOUSE_MESSAGE(FinishAttempts)
DORMOUSE_MESSAGE(ExpireJobs)
DORMOUSE_MESSAGE(PutSchedule)
DORMOUSE_MESSAGE(DeleteSchedule)
DORMOUSE_MESSAGE(ListSchedules)
DORMOUSE_MESSAGE(DecideSchedules)
DORMOUSE_MESSAGE(ReconcileStep)
DORMOUSE_MESSAGE(GetStatus)
DORMOUSE_MESSAGE(GetFlash)
DORMOUSE_MESSAGE(GetBoots)
DORMOUSE_MESSAGE(Explain)
DORMOUSE_MESSAGE(CloseStore)
DORMOUSE_MESSAGE(TakeSnapshot)
DORMOUSE_MESSAGE(SnapshotTaken)
DORMOUSE_MESSAGE(KeepUp)
DORMOUSE_MESSAGE(Flush)
DORMOUSE_MESSAGE(LookAtClock)
DORMOUSE_MESSAGE(BeginWork)
DORMOUSE_MESSAGE(JobsChanged)
DORMOUSE_MESSAGE(StartAttempt)
DORMOUSE_MESSAGE(StopAttempt)
DORMOUSE_MESSAGE(AttemptReturned)
DORMOUSE_MESSAGE(AttemptEnded)
DORMOUSE_MESSAGE(PlaceFree)
DORMOUSE_MESSAGE(HandlersChanged)
DORMOUSE_MESSAGE(HeartbeatWritten)
DORMOUSE_MESSAGE(PeerOpened)
DORMOUSE_MESSAGE(PeerSent)
DORMOUSE_MESSAGE(PeerClosed)
DORMOUSE_MESSAGE(StartDevice)
DORMOUSE_MESSAGE(StopDevice)
DORMOUSE_MESSAGE(StopWork)
DORMOUSE_MESSAGE(AreYouThere)
DORMOUSE_MESSAGE(StoreFailed)
#undef DORMOUSE_MESSAGE

namespace dormouse::actors {

// -- interfaces --

template <class Op>
using Does = typename caf::replies_to<Op>::template with<Answer<typename Op::Value>>;

using StorageActor =
    caf::typed_actor<Does<OpenStore>, Does<EnqueueJobs>, Does<CancelJob>, Does<GetJob>, Does<ListJobs>,
                     Does<TakeDue>, Does<ClaimJobs>, Does<FinishAttempts>, Does<ExpireJobs>, Does<PutSchedule>,
                     Does<DeleteSchedule>, Does<ListSchedules>, Does<DecideSchedules>, Does<ReconcileStep>,
                     Does<GetStatus>, Does<GetFlash>, Does<GetBoots>, Does<Explain>, Does<TakeSnapshot>,
                     Does<CloseStore>, Does<AreYouThere>, caf::reacts_to<HandlersChanged>,
                     caf::reacts_to<HeartbeatWritten>, caf::reacts_to<KeepUp>, caf::reacts_to<Wake>,
                     caf::reacts_to<Flush>, caf::reacts_to<SnapshotTaken>>;
using StoreOwner = caf::typed_actor<caf::reacts_to<StoreFailed>>;

using TimekeeperActor = caf::typed_actor<Does<BeginWork>, Does<StopWork>, Does<AreYouThere>,
                                         caf::reacts_to<SetWake>, caf::reacts_to<LookAtClock>>;

using SchedulerActor =
    caf::typed_actor<Does<EnqueueJobs>, Does<CancelJob>, Does<StopWork>, Does<AreYouThere>,
                     caf::reacts_to<JobsChanged>, caf::reacts_to<AttemptEnded>, caf::reacts_to<PlaceFree>,
                     caf::reacts_to<HandlersChanged>, caf::reacts_to<TimeChanged>, caf::reacts_to<Wake>>;

using CronActor = caf::typed_actor<Does<PutSchedule>, Does<DeleteSchedule>, Does<StopWork>, Does<AreYouThere>,
                                   caf::reacts_to<TimeChanged>, caf::reacts_to<Wake>>;

using DispatcherActor =
    caf::typed_actor<caf::reacts_to<StartAttempt>, caf::reacts_to<StopAttempt>, caf::reacts_to<AttemptReturned>,
                     Does<StopWork>, Does<AreYouThere>, caf::reacts_to<Wake>>;

using LinkActor = caf::typed_actor<caf::reacts_to<PeerOpened>, caf::reacts_to<PeerSent>, caf::reacts_to<PeerClosed>,
                                   Does<StopWork>, Does<AreYouThere>>;

using SupervisorActor = caf::typed_actor<caf::reacts_to<StartDevice>, caf::reacts_to<StopDevice>,
                                         caf::reacts_to<Wake>, caf::reacts_to<StoreFailed>>;

}  // namespace dormouse::actors
