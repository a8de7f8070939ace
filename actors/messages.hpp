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

#include "actors/service_status.hpp"
#include "actors/snapshot.hpp"
#include "actors/views.hpp"
#include "hal/clock.hpp"
#include "hal/link.hpp"
#include "hal/power.hpp"
#include "runtime/jobs/operations.hpp"
#include "runtime/reconcile/reconcile.hpp"
#include "runtime/schedules/operations.hpp"
#include "runtime/time/wake_counts.hpp"

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

struct EnqueueJobs {  // link, supervisor -> scheduler -> storage; device -> storage
  using Value = std::vector<jobs::Enqueued>;
  Identity who;
  jobs::Trigger trigger = jobs::Trigger::call;
  std::vector<jobs::JobSpec> specs;
};
/// Commands of several senders, in order: one that is refused costs the others nothing.
struct EnqueueGroup {                                     // scheduler -> storage
  using Value = std::vector<Result<EnqueueJobs::Value>>;  // one each
  std::vector<EnqueueJobs> commands;
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
  std::set<jobs::DueShare> full;
  std::uint64_t limit = 0;
  std::uint64_t line_limit = 0;
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
  std::vector<TrustGain> gains;              // to be noted in the boot's record
  Duration max_error{};                      // of the wall, where there are gains
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
  HistoryAsked asked;
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
      until;                  // a checkpoint follows if it can be expected to end by then; none: it may take long
  bool in_time_only = false;  // past `until` the stop is not marked clean: power.hold_up_missed
};
struct FlushStore {  // link, device -> storage. Answered when all that was answered before is durable
  using Value = Done;
  bool checkpoint = false;  // and committed, with a stamp of this moment
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
  store_upkeep,
  system_wake,  // storage's: no timer, but the alarm that wakes the whole device
  power,
  service_status
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
  std::optional<WakeCause> cause = std::nullopt;  // none: as the purpose says
  bool for_trust = false;                         // something waits for more trust, whatever the time
};
struct LookAtClock {  // event loop -> timekeeper; -> supervisor while none lives
  hal::ClockEvent event;
};
struct CommitCame {};  // storage's thread -> timekeeper: the next heartbeat may be nearer now
struct GetTime {       // link, device -> timekeeper
  using Value = TimeView;
};
struct SetTime {  // link, device -> timekeeper: somebody says what time it is
  using Value = TimeSet;
  TimeClaim claim;
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
struct JobsEnqueued {   // storage -> scheduler: what it fetched from a desk and made, after the commit
  struct One {
    std::string handler;
    jobs::Enqueued job;
  };
  std::vector<One> jobs;
};
struct NoMoreJobs {};  // scheduler -> storage: enqueues are refused as stopping from now on
}  // namespace dormouse::actors
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dormouse::actors::JobsEnqueued)
namespace dormouse::actors {
using EnqueueListener = caf::typed_actor<caf::reacts_to<JobsEnqueued>>;
class EnqueueCall;
struct FetchEnqueues {  // device -> storage: enqueues wait at its desk
  std::shared_ptr<EnqueueCall> call;
  EnqueueListener scheduler;
};
struct Forward {};     // whoever gathers -> itself: what stood in the mailbox is gathered
struct StartAttempt {  // scheduler -> dispatcher
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
  Duration longest_commit{86'400'000};  // storage is not well while one has been open for longer
};
struct PowerFailing {  // power, link, device -> supervisor: answered once all is saved, or when the time is over
  using Value = PowerSaved;
  std::optional<Duration> hold_up;  // until the supply is gone; none: as the board states
  bool repeats = false;  // by who repeats it until it is answered: then it may be refused with power.too_soon
};
struct PowerRestored {};  // power, link, device -> supervisor

}  // namespace dormouse::actors

// Our messages stay inside the process, so CAF need not know how to serialise them.
template <class T>
struct caf::allowed_unsafe_message_type<dormouse::actors::Answer<T>> : std::true_type {};
#define DORMOUSE_MESSAGE(name) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dormouse::actors::name)
DORMOUSE_MESSAGE(OpenStore)
DORMOUSE_MESSAGE(EnqueueJobs)
DORMOUSE_MESSAGE(EnqueueGroup)
DORMOUSE_MESSAGE(FetchEnqueues)
DORMOUSE_MESSAGE(NoMoreJobs)
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
DORMOUSE_MESSAGE(FlushStore)
DORMOUSE_MESSAGE(TakeSnapshot)
DORMOUSE_MESSAGE(SnapshotTaken)
DORMOUSE_MESSAGE(KeepUp)
DORMOUSE_MESSAGE(Flush)
DORMOUSE_MESSAGE(LookAtClock)
DORMOUSE_MESSAGE(CommitCame)
DORMOUSE_MESSAGE(GetTime)
DORMOUSE_MESSAGE(SetTime)
DORMOUSE_MESSAGE(BeginWork)
DORMOUSE_MESSAGE(JobsChanged)
DORMOUSE_MESSAGE(Forward)
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
DORMOUSE_MESSAGE(PowerFailing)
DORMOUSE_MESSAGE(PowerRestored)
DORMOUSE_MESSAGE(Upcoming)
#undef DORMOUSE_MESSAGE

namespace dormouse::actors {

// -- interfaces --

template <class Op>
using Does = typename caf::replies_to<Op>::template with<Answer<typename Op::Value>>;

using StorageActor =
    caf::typed_actor<Does<OpenStore>, Does<EnqueueJobs>, Does<EnqueueGroup>, Does<CancelJob>, Does<GetJob>,
                     Does<ListJobs>, Does<TakeDue>, Does<ClaimJobs>, Does<FinishAttempts>, Does<ExpireJobs>,
                     Does<PutSchedule>, Does<DeleteSchedule>, Does<ListSchedules>, Does<DecideSchedules>,
                     Does<ReconcileStep>, Does<GetStatus>, Does<GetFlash>, Does<GetBoots>, Does<Explain>,
                     Does<FlushStore>, Does<TakeSnapshot>, Does<CloseStore>, Does<AreYouThere>,
                     caf::reacts_to<HandlersChanged>, caf::reacts_to<HeartbeatWritten>, caf::reacts_to<KeepUp>,
                     caf::reacts_to<Wake>, caf::reacts_to<Flush>, caf::reacts_to<SnapshotTaken>,
                     caf::reacts_to<FetchEnqueues>, caf::reacts_to<NoMoreJobs>>;
using StoreOwner = caf::typed_actor<caf::reacts_to<StoreFailed>>;

using TimekeeperActor =
    caf::typed_actor<Does<BeginWork>, Does<StopWork>, Does<AreYouThere>, Does<GetTime>, Does<SetTime>,
                     caf::reacts_to<SetWake>, caf::reacts_to<LookAtClock>, caf::reacts_to<CommitCame>>;

using SchedulerActor =
    caf::typed_actor<Does<EnqueueJobs>, Does<CancelJob>, Does<StopWork>, Does<AreYouThere>,
                     caf::reacts_to<JobsEnqueued>, caf::reacts_to<Forward>, caf::reacts_to<JobsChanged>,
                     caf::reacts_to<AttemptEnded>, caf::reacts_to<PlaceFree>, caf::reacts_to<HandlersChanged>,
                     caf::reacts_to<TimeChanged>, caf::reacts_to<Wake>>;

using CronActor = caf::typed_actor<Does<PutSchedule>, Does<DeleteSchedule>, Does<StopWork>, Does<AreYouThere>,
                                   caf::reacts_to<TimeChanged>, caf::reacts_to<Wake>>;

using DispatcherActor =
    caf::typed_actor<caf::reacts_to<StartAttempt>, caf::reacts_to<StopAttempt>, caf::reacts_to<AttemptReturned>,
                     Does<StopWork>, Does<AreYouThere>, caf::reacts_to<Wake>>;

struct NextLife {  // supervisor -> link: after failing power the device has begun anew, with these
  StorageActor storage;
  SchedulerActor scheduler;
  CronActor cron;
  std::uint32_t boot = 0;
  TimekeeperActor timekeeper;
};
}  // namespace dormouse::actors
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dormouse::actors::NextLife)
namespace dormouse::actors {

using LinkActor = caf::typed_actor<caf::reacts_to<PeerOpened>, caf::reacts_to<PeerSent>, caf::reacts_to<PeerClosed>,
                                   caf::reacts_to<NextLife>, Does<StopWork>, Does<AreYouThere>>;
/// Whom a link tells of the supply.
using PowerKeeper = caf::typed_actor<Does<PowerFailing>, caf::reacts_to<PowerRestored>>;
/// Who is told what is due next, when that changes.
using UpcomingListener = caf::typed_actor<caf::reacts_to<Upcoming>>;

using SupervisorActor =
    caf::typed_actor<caf::reacts_to<StartDevice>, caf::reacts_to<StopDevice>, caf::reacts_to<Wake>,
                     caf::reacts_to<LookAtClock>, caf::reacts_to<StoreFailed>, Does<PowerFailing>,
                     caf::reacts_to<PowerRestored>, caf::reacts_to<Upcoming>>;

}  // namespace dormouse::actors
