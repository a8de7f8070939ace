// SPDX-License-Identifier: Apache-2.0
// The public face for C++ users: build a Device from the parts of a board, handlers and options, start it, stop it.
//
//   Handlers handlers;
//   handlers.add("blink", [](Context& job) { ...; return jobs::Outcome::ok(); });
//   Device device(parts, std::move(handlers), options);
//   device.start();
//
// On Linux tools/device/linux_device.hpp builds the parts and runs the event loop.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "actors/events.hpp"
#include "actors/handlers.hpp"
#include "actors/snapshot.hpp"
#include "actors/views.hpp"
#include "hal/clock.hpp"
#include "hal/link.hpp"
#include "hal/network.hpp"
#include "hal/notify.hpp"
#include "hal/power.hpp"
#include "hal/watchdog.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/jobs/operations.hpp"
#include "runtime/schedules/operations.hpp"
#include "runtime/store/flash_account.hpp"
#include "runtime/store/medium.hpp"
#include "runtime/store/opened.hpp"

namespace dormouse::actors {

/// The board's parts. None is owned; all outlive the device.
struct DeviceParts {
  std::function<Result<store::OpenedStore>()> open_store;  // on the storage thread; again after failing power
  SnapshotTaker take_snapshot = {};                        // none: no snapshots
  hal::Clock* clock = nullptr;
  store::StorageMedium* heartbeat = nullptr;  // none: no heartbeat file
  std::vector<hal::Link*> links;
  hal::ProcessLauncher* processes = nullptr;  // needed if a handler is a command
  hal::Power* power = nullptr;                // none: only stop() stops
  hal::Watchdog* watchdog = nullptr;
  hal::ServiceManager* services = nullptr;               // none: nobody wants to know how it is
  std::function<store::FlashReading()> read_flash = {};  // on the storage thread; none: the medium says nothing
};

struct DeviceOptions {
  std::string name = "dormouse";
  std::string version = "0";
  WallTime build_date;  // a wall clock before it is not believed
  Limits limits;
  std::string component = "device";              // owner of `schedules`
  std::vector<schedules::Definition> schedules;  // put at every start; unchanged ones write nothing
  Observer observe = [](const Event&) {};
  Duration heartbeat_interval{60'000};
  std::int64_t heartbeat_writes_per_day = 1'440;
  Duration drain{5'000};        // what running attempts get at a stop
  Duration stop_bound{10'000};  // from the order to stop to the end of the process
  Duration hold_up{200};        // from power.failing until the supply is gone
  Duration power_silence{
      30'000};                   // power that fails and stays: after that long without a word it was a false alarm
  Duration boot_takes{20'000};   // from power on to the start of the process
  Duration probation{600'000};   // after an unclean start claims are durable before the handler starts
  Duration cancel_grace{5'000};  // from a stop request to the kill
  store::FlashFacts flash;       // what the board states of it, write budget included
  bool refuse_volatile = false;  // the data directory does not survive a power cut and nobody said that is fine
  bool one_thread = false;       // simulation: everything runs inside settle()
};

class Device {
 public:
  Device(DeviceParts parts, Handlers handlers, DeviceOptions options);
  /// Without a stop before, everything ends where it is, as in a power cut.
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  /// `ended` is called exactly once, from an actor's thread: ok after a stop, else why it could not start or go on.
  void start(std::function<void(Status)> ended);
  void stop(hal::StopReason reason);
  /// The supply is about to go, in `hold_up` or as the board states: everything is saved, then nothing is started
  /// or accepted. Work begins anew, as a boot of its own, when the power is restored, or when nobody has said a
  /// word for DeviceOptions::power_silence. Answers whether all was saved in time.
  std::future<Result<PowerSaved>> power_failing(std::optional<Duration> hold_up = {});
  void power_restored();

  // From any thread but an actor's. Each answers after the commit. stopping, store.closed, device.unanswered and
  // the operation's own.
  std::future<Result<jobs::Enqueued>> enqueue(jobs::JobSpec spec, Identity who = {});
  std::future<Result<jobs::Cancelled>> cancel(std::uint64_t id, std::string reason, Identity who = {});
  std::future<Result<JobView>> job(std::uint64_t id);
  std::future<Result<JobViews>> list(jobs::ListQuery query);
  std::future<Result<schedules::Put>> put(schedules::Definition definition, Identity who = {});
  std::future<Status> remove_schedule(std::string name_or_id, Identity who = {});
  std::future<Result<ScheduleViews>> list_schedules();
  std::future<Result<BootsView>> boots();
  std::future<Result<std::vector<wire::Record>>> flash();  // as runtime/store/flash_report.hpp says
  std::future<Result<std::string>> explain(std::string job_or_schedule);
  std::future<Result<std::string>> snapshot();  // its name
  /// Answered when every change that was answered before is durable, lazy ones too. With `checkpoint` the store's
  /// tree is committed and a stamp of this moment with it: for who is about to suspend the machine, so that power
  /// that goes meanwhile leaves a gap which begins now. store.read_only, store.no_space, store.io.
  std::future<Status> flush(bool checkpoint = false);
  std::future<Result<DeviceStatus>> status();
  std::future<Result<TimeView>> time();  // trust, its marks, wake-ups by cause
  /// Somebody says what time it is. time.disciplined, time.out_of_range, time.behind_floor, time.not_permitted.
  std::future<Result<TimeSet>> set_time(TimeClaim claim);

  /// Simulation only (one_thread): runs everything until nothing is left to do.
  void settle();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dormouse::actors
