// SPDX-License-Identifier: Apache-2.0
#include "actors/device.hpp"

#include <mutex>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include "actors/dispatcher/worker_pool.hpp"
#include "actors/messages.hpp"
#include "actors/storage/enqueue_desk.hpp"
#include "actors/supervisor/supervisor.hpp"
#include "actors/teller.hpp"

namespace dormouse::actors {

namespace {

/// `sharing` blocks when there is nothing to do (the default policy polls); `testing` runs all on one thread.
caf::actor_system_config system_config(bool one_thread) {
  caf::actor_system_config config;
  config.set("scheduler.policy", one_thread ? caf::atom("testing") : caf::atom("sharing"));
  config.set("scheduler.max-threads", std::size_t{1});
  return config;
}

}  // namespace

struct Device::Impl {
  caf::actor_system_config config;
  caf::actor_system system;
  std::unique_ptr<WorkerPool> workers;
  DeviceParts parts;
  Handlers handlers;
  DeviceOptions options;
  SupervisorActor supervisor;
  std::mutex mutex;  // guards the three below: set by the supervisor, read by callers
  StorageActor storage;
  SchedulerActor scheduler;
  CronActor cron;
  TimekeeperActor timekeeper;
  std::shared_ptr<EnqueueDesk> desk = std::make_shared<EnqueueDesk>();  // storage may fetch from it to its end

  Impl(DeviceParts the_parts, Handlers the_handlers, DeviceOptions the_options)
      : config(system_config(the_options.one_thread)),
        system(config),
        parts(std::move(the_parts)),
        handlers(std::move(the_handlers)),
        options(std::move(the_options)) {
    if (!options.one_thread) workers = std::make_unique<WorkerPool>(options.limits.running_device);
  }

  Executor executor() {
    if (options.one_thread) return [](const std::function<void()>& job) { job(); };
    return [this](std::function<void()> job) { workers->run(std::move(job)); };
  }

  /// Sends an operation and answers a future: a short-lived actor waits for the reply.
  template <class Actor, class Op>
  auto ask(const Actor& actor, Op op) {
    using Value = typename Op::Value;
    auto teller = std::make_shared<Teller<Value>>();
    auto future = teller->future();
    if (!actor) {
      teller->tell(not_started());
      return future;
    }
    // The actor is an argument of spawn, not a capture: without any CAF binds a reference to nothing.
    const auto asker = [teller, op = std::move(op)](caf::event_based_actor* self, const Actor& asked) {
      self->request(asked, caf::infinite, op)
          .then([teller](Answer<Value>& answer) { teller->tell(std::move(answer.result)); },
                [teller](caf::error&) { teller->tell(not_started()); });
    };
    system.spawn(asker, actor);
    return future;
  }
  template <class Actor>
  Actor current(const Actor& actor) {
    const std::lock_guard lock(mutex);
    return actor;
  }

  void settle() { dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler()).run(); }

  /// Ends all actors where they are.
  void kill_all() {
    if (supervisor) caf::anon_send_exit(supervisor, caf::exit_reason::kill);
    supervisor = nullptr;
    storage = nullptr;
    scheduler = nullptr;
    cron = nullptr;
    timekeeper = nullptr;
    if (options.one_thread) {
      settle();
    } else {
      system.await_all_actors_done();  // they use what is destroyed next
    }
  }
};

Device::Device(DeviceParts parts, Handlers handlers, DeviceOptions options)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(handlers), std::move(options))) {}

Device::~Device() {
  impl_->kill_all();
  impl_->parts.clock->listen({});
  if (impl_->parts.power != nullptr) impl_->parts.power->listen({});
}

void Device::start(std::function<void(Status)> ended) {
  Impl& impl = *impl_;
  SupervisorSetup setup;
  setup.parts = impl.parts;
  setup.options = impl.options;
  setup.handlers = impl.handlers.all();
  setup.executor = impl.executor();
  setup.one_thread = impl.options.one_thread;
  setup.started = [&impl](StorageActor storage, SchedulerActor scheduler, CronActor cron,
                          TimekeeperActor timekeeper) {
    const std::lock_guard lock(impl.mutex);
    impl.storage = std::move(storage);
    impl.scheduler = std::move(scheduler);
    impl.cron = std::move(cron);
    impl.timekeeper = std::move(timekeeper);
  };
  setup.ended = std::move(ended);
  impl.supervisor = spawn_supervisor(impl.system, std::move(setup));
  caf::anon_send(impl.supervisor, StartDevice{});
}

void Device::stop(hal::StopReason reason) {
  caf::anon_send(impl_->supervisor, StopDevice{reason});
}

std::future<Result<PowerSaved>> Device::power_failing(std::optional<Duration> hold_up) {
  return impl_->ask(impl_->supervisor, PowerFailing{hold_up});
}

void Device::power_restored() {
  caf::anon_send(impl_->supervisor, PowerRestored{});
}

std::future<Result<jobs::Enqueued>> Device::enqueue(jobs::JobSpec spec, Identity who) {
  auto left = EnqueueDesk::leave(impl_->desk, {std::move(who), jobs::Trigger::call, {std::move(spec)}});
  if (left.call) {
    FetchEnqueues fetch{std::move(left.call), impl_->current(impl_->scheduler)};
    if (const auto storage = impl_->current(impl_->storage)) caf::anon_send(storage, std::move(fetch));
  }
  return std::move(left.future);
}

std::future<Result<jobs::Cancelled>> Device::cancel(std::uint64_t id, std::string reason, Identity who) {
  return impl_->ask(impl_->current(impl_->scheduler), CancelJob{std::move(who), id, {}, std::move(reason)});
}

std::future<Result<JobView>> Device::job(std::uint64_t id) {
  return impl_->ask(impl_->current(impl_->storage), GetJob{Identity{}, id, true});
}

std::future<Result<JobViews>> Device::list(jobs::ListQuery query) {
  return impl_->ask(impl_->current(impl_->storage), ListJobs{Identity{}, std::move(query)});
}

std::future<Result<schedules::Put>> Device::put(schedules::Definition definition, Identity who) {
  return impl_->ask(impl_->current(impl_->cron), PutSchedule{std::move(who), std::move(definition)});
}

std::future<Status> Device::remove_schedule(std::string name_or_id, Identity who) {
  return impl_->ask(impl_->current(impl_->cron), DeleteSchedule{std::move(who), std::move(name_or_id)});
}

std::future<Result<ScheduleViews>> Device::list_schedules() {
  return impl_->ask(impl_->current(impl_->storage), ListSchedules{});
}

std::future<Result<std::vector<wire::Record>>> Device::flash() {
  return impl_->ask(impl_->current(impl_->storage), GetFlash{});
}

std::future<Result<BootsView>> Device::boots() {
  return impl_->ask(impl_->current(impl_->storage), GetBoots{});
}

std::future<Result<std::string>> Device::explain(std::string job_or_schedule) {
  return impl_->ask(impl_->current(impl_->storage), Explain{Identity{}, std::move(job_or_schedule)});
}

std::future<Result<std::string>> Device::snapshot() {
  return impl_->ask(impl_->current(impl_->storage), TakeSnapshot{});
}

std::future<Status> Device::flush(bool checkpoint) {
  return impl_->ask(impl_->current(impl_->storage), FlushStore{checkpoint});
}

std::future<Result<DeviceStatus>> Device::status() {
  return impl_->ask(impl_->current(impl_->storage), GetStatus{});
}

std::future<Result<TimeView>> Device::time() {
  return impl_->ask(impl_->current(impl_->timekeeper), GetTime{});
}

std::future<Result<TimeSet>> Device::set_time(TimeClaim claim) {
  return impl_->ask(impl_->current(impl_->timekeeper), SetTime{std::move(claim)});
}

void Device::settle() {
  impl_->settle();
}

}  // namespace dormouse::actors
