// SPDX-License-Identifier: Apache-2.0
// A device on a desk: the production actors on one thread over the simulated parts, in the verbs of a story.
//
//   SimulatedDevice device;
//   device.handler("backup", {.takes = 2min});
//   device.boot();
//   const auto id = device.submit("backup", after(1h));
//   device.advance(30min);
//   device.power_cut(2h);
//   device.boot();
//   device.advance(1min);
//   EXPECT_EQ(device.runs("backup").size(), 1);
//
// Time moves only in advance() and in what takes time (off, stop); true time never jumps. One seed makes the run.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "actors/device.hpp"
#include "hal/sim/clock.hpp"
#include "hal/sim/memory_link.hpp"
#include "hal/sim/memory_medium.hpp"
#include "hal/sim/sim_loop.hpp"
#include "hal/sim/sim_power.hpp"
#include "hal/sim/sim_services.hpp"
#include "hal/sim/sim_watchdog.hpp"
#include "runtime/store/memory_tree.hpp"
#include "tools/sim/stream.hpp"

namespace dormouse::sim {

/// How a scripted handler behaves.
struct Script {
  Duration takes{};
  /// Instead of takes, if it differs from attempt to attempt. Asked before `kills` and `ends` of the same attempt.
  std::function<Duration(std::uint64_t start)> lasts{};
  /// How the n-th attempt of this handler ends (from 1). Empty: ok.
  std::function<jobs::Outcome(std::uint64_t start, const jobs::Claimed&)> ends{};
  bool heeds_stop = true;  // asked to stop it ends at once, cancelled
  bool killable = false;   // a kill ends it at once, as a process; else it goes on to its end
  bool hangs = false;      // never returns by itself
  /// The n-th attempt ends the process instead (as a crash) when it would end; then boot() again.
  std::function<bool(std::uint64_t start)> kills{};
  std::uint64_t places = 1;
  std::vector<std::string> callers{"*"};  // components that may enqueue for it over a link
  std::vector<jobs::JobSpec> enqueues{};  // through the context of each attempt
};

/// One attempt, as the handler saw it.
struct Run {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::string handler;
  std::string schedule;
  std::int64_t slot_ms = 0;
  std::uint64_t missed_count = 0;
  std::optional<std::int64_t> first_missed_ms;
  Duration started{};             // true time
  std::optional<Duration> ended;  // true time; none: it runs, or its process ended
  std::uint32_t boot = 0;
};

struct SimulatedSetup {
  WallTime start{1'800'000'000'000};  // 2027-01-15T08:00:00Z
  hal_sim::RtcKind rtc = hal_sim::RtcKind::good;
  bool synced = true;
  WallTime wall_without_rtc{};  // what the kernel starts with where no RTC tells: 1970, or a restored time
  hal::AlarmSet wake = hal::AlarmSet::armed;      // what the clock answers when an alarm is set ...
  hal::AlarmSet power_on = hal::AlarmSet::armed;  // ... that ends a suspend, or powers the device on
  bool may_set_clock = true;
  Duration boot_takes{20'000};  // what an alarm that powers the device on is set earlier by
  Limits limits{};
  std::uint64_t seed = 1;
  WallTime build_date{1'780'272'000'000};  // 2026-06-01; an RTC is believed for a year beyond
  Duration heartbeat_interval{60'000};
  Duration drain{5'000};
  Duration hold_up{200};
  bool service_manager = false;           // somebody wants to know how it is
  std::optional<Duration> watchdog{};     // its timeout; none: there is no watchdog
  std::uint64_t flash_bytes_per_day = 0;  // write budget; 0: none
  store::FlashReading flash_registers{};
  bool journal = true;  // false: every group commits the tree, so that a commit that fails refuses it
};

class SimulatedDevice {
 public:
  explicit SimulatedDevice(const SimulatedSetup& setup = {});
  ~SimulatedDevice();

  // -- before boot --
  void handler(const std::string& name, Script script = {});
  void function(const std::string& name, actors::Function function);
  /// Put at every boot, as a configuration's schedules are.
  void configure(schedules::Definition definition) { configured_.push_back(std::move(definition)); }

  // -- life --
  /// Starts the process; runs until it is quiet. Answers how the start ended if it did not come up.
  Status boot();
  bool running() const { return device_ != nullptr; }
  void power_cut(Duration off = Duration{1'000});        // what was not synced is lost
  void crash(Duration off = Duration{0});                // the process is killed on the spot
  void restart(Duration off = Duration{0});              // clean stop; then boot() again
  void reboot(Duration off = Duration{20'000});          // clean stop, new kernel boot
  void panic(Duration off = Duration{20'000});           // as power_cut, and the kernel leaves a record
  void watchdog_reset(Duration off = Duration{20'000});  // as power_cut, and the watchdog tells
  /// A copy of the whole machine goes on elsewhere: the kernel boot id repeats, its instants begin anew. The
  /// process ends as in a crash.
  void clone(Instant smaller = Instant{0});
  /// The power goes inside the next write that makes a group durable; of what was written since the one before, the
  /// medium keeps all or nothing, or each 512 bytes as the seed says. power_cut() then ends the process.
  enum class Kept { nothing, all, some };
  void cut_power_in_next_commit(Kept kept);
  bool has_power() const { return disk_.has_power(); }
  /// Every write that makes a group durable takes so long, in which the rest of the device goes on; until power is
  /// restored. A watchdog that fires meanwhile takes the power at once.
  void slow_commits(Duration each);
  /// A clean stop; true time passes while attempts drain. Answers how it ended.
  Status stop(hal::StopReason reason = hal::StopReason::sigterm);
  /// The supply tells that it fails, or that it is back; what the device does of it, it does before this returns.
  void supply(hal::PowerEvent event);
  /// The order to stop, without waiting: stop() then sees it through.
  void begin_stop(hal::StopReason reason = hal::StopReason::sigterm);

  // -- work --
  Result<jobs::Enqueued> enqueue(jobs::JobSpec spec);
  std::uint64_t submit(const std::string& handler, jobs::DueSpec due = jobs::DueNow{},
                       jobs::Misfire misfire = jobs::Misfire::catch_up());
  Result<jobs::Cancelled> cancel(std::uint64_t id, const std::string& reason = "");
  Result<schedules::Put> put(schedules::Definition definition);
  Status remove_schedule(const std::string& name);
  Status flush(bool checkpoint = false);  // as Device::flush()

  // -- time --
  /// Stops early when an attempt ends the process (Script::kills), or when the power goes inside a commit. Answers
  /// what is left of `by`.
  Duration advance(Duration by);
  /// From now on the kernel's clocks run fast (or slow) by `ppm`, for so long or until the next kernel boot.
  /// Attempts last their true time.
  void slew(std::int64_t ppm, Duration for_true);
  /// The whole device sleeps: attempts stand still with it. An armed wake ends it early, if it works.
  void suspend(Duration by, bool wake_works = true);
  hal_sim::SimClock& clock() { return *clock_; }
  Duration now() const { return clock_->true_now(); }
  WallTime wall() const { return clock_->true_wall(); }

  // -- what happened --
  const std::deque<Run>& runs() const { return runs_; }
  std::vector<Run> runs(const std::string& handler_or_schedule) const;
  std::optional<actors::JobView> job(std::uint64_t id);
  jobs::State state(std::uint64_t id);  // a job that is there
  std::vector<actors::JobView> jobs();
  std::optional<schedules::Schedule> schedule(const std::string& name);
  std::vector<actors::ScheduleViews::View> schedules();
  actors::BootsView boots();
  std::vector<wire::Record> flash();  // runtime/store/flash_report.hpp
  actors::DeviceStatus status();
  actors::TimeView time();
  Result<actors::TimeSet> set_time(TimeClaim claim);
  std::string explain(const std::string& job_or_schedule);
  const std::deque<actors::Event>& events() const { return events_; }
  /// Also told of each event as it comes.
  void observe(actors::Observer observer) { observer_ = std::move(observer); }
  /// Called whenever everything is done that is to be done at a moment. May ask, but must not move time.
  void at_rest(std::function<void()> told) { at_rest_ = std::move(told); }
  /// At how many moments something woke the processor: a timer, a clock that was set, the end of an attempt.
  std::uint64_t wakeups() const { return wakeups_; }
  /// What the device last told of its trust.
  Trust trust() const { return trust_; }

  // -- parts, for faults --
  store::MemoryDisk& disk() { return disk_; }
  hal_sim::MemoryFile& journal() { return journal_; }
  /// Bytes and syncs that the store has cost so far, of tree and journal.
  store::Tree::Traffic store_traffic() const;
  hal_sim::MemoryFile& heartbeat() { return heartbeat_; }
  hal_sim::MemoryLink& link() { return *link_; }
  hal_sim::SimWatchdog& watchdog() { return watchdog_; }
  /// What the service manager was told, over all boots.
  hal_sim::SimServices& services() { return services_; }
  /// Runs everything until nothing is left to do at this moment.
  void settle();

 private:
  class ScriptedRunner;
  /// Something that happens at a moment of true time: the end of an attempt.
  struct Moment {
    jobs::Token token;
    std::function<void()> happen;
  };
  Result<store::OpenedStore> open_store();
  void end_process();
  void take_power();
  void lose_power(const std::function<void()>& power_of_clock);
  bool happen_due();  // whether an attempt ended

  SimulatedSetup setup_;
  store::MemoryDisk disk_;
  hal_sim::MemoryFile journal_;
  hal_sim::MemoryFile heartbeat_;
  std::unique_ptr<hal_sim::SimClock> clock_;
  hal_sim::SimLoop loop_;
  hal_sim::SimPower power_{loop_};
  hal_sim::SimServices services_;
  hal_sim::SimWatchdog watchdog_;
  std::unique_ptr<store::StorageMedium> heartbeat_medium_;
  std::unique_ptr<hal_sim::MemoryLink> link_;
  std::map<std::string, Script> scripts_;
  std::map<std::string, actors::Function> functions_;
  std::map<std::string, std::uint64_t> starts_;  // per handler, over all boots
  std::vector<schedules::Definition> configured_;
  std::multimap<Duration, Moment> moments_;
  bool crash_now_ = false;
  bool stop_begun_ = false;
  std::uint32_t boot_number_ = 0;
  std::deque<Run> runs_;
  std::deque<actors::Event> events_;
  actors::Observer observer_;
  std::function<void()> at_rest_;
  Trust trust_ = Trust::untrusted;
  std::int64_t slew_ppm_ = 0;
  Duration slewed_until_{};
  std::uint64_t wakeups_ = 0;
  std::uint64_t told_ = 0;  // by the clock, at the last look
  Duration woken_at_{-1};
  void count_wakeup(bool happened);
  std::mt19937_64 torn_;  // which unsynced units of the files a power cut keeps
  std::optional<Status> ended_;
  std::unique_ptr<actors::Device> device_;
};

inline jobs::DueSpec after(Duration delay) {
  return jobs::DueAfter{delay};
}
inline jobs::DueSpec at(WallTime wall) {
  return jobs::DueAt{wall};
}

}  // namespace dormouse::sim
