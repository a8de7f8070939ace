// SPDX-License-Identifier: Apache-2.0
#include "tools/sim/simulated_device.hpp"

#include <algorithm>

#include "runtime/store/heartbeat.hpp"
#include "tools/sim/scripted_runner.hpp"

namespace dormouse::sim {

namespace {

store::JournalFacts journal_facts(const Limits& limits) {
  return {.half_bytes = limits.journal_half_bytes, .store_id = "5137b40c5137b40c5137b40c5137b40c"};
}

/// A trust event is told as it changes, ahead of what all others go by.
Trust trust_told(const actors::Event& event) {
  if (event.kind != actors::Event::Kind::trust) return event.now.trust;
  for (const Trust trust : {Trust::rtc, Trust::synced})
    if (event.text.starts_with(name_of(trust))) return trust;
  return Trust::untrusted;
}

}  // namespace

SimulatedDevice::SimulatedDevice(const SimulatedSetup& setup)
    : setup_(setup),
      journal_(journal_facts(setup.limits).file_bytes()),
      heartbeat_(store::Heartbeat::kFileBytes),
      watchdog_({.timeout = setup_.watchdog, .now = [this] { return clock_->read().instant; }}),
      torn_(stream(setup_.seed, "torn")) {
  hal_sim::SimClockSetup clock;
  clock.start = setup_.start;
  clock.rtc = setup_.rtc;
  clock.synced = setup_.synced;
  clock.seed = setup_.seed;
  clock.wall_without_rtc = setup_.wall_without_rtc;
  clock.wake = setup_.wake;
  clock.power_on = setup_.power_on;
  clock.may_set = setup_.may_set_clock;
  clock_ = std::make_unique<hal_sim::SimClock>(clock);
  clock_->settle_with([this] { settle(); });
}

SimulatedDevice::~SimulatedDevice() {
  end_process();
}

void SimulatedDevice::handler(const std::string& name, Script script) {
  scripts_.insert_or_assign(name, std::move(script));
}

void SimulatedDevice::function(const std::string& name, actors::Function function) {
  functions_.insert_or_assign(name, std::move(function));
}

// -- life --

Status SimulatedDevice::boot() {
  check(!device_, "sim:boot_while_running");
  ended_.reset();
  ++boot_number_;
  heartbeat_medium_ = hal_sim::open_memory_medium(heartbeat_);
  link_ = std::make_unique<hal_sim::MemoryLink>(loop_);
  actors::DeviceParts parts;
  parts.open_store = [this] { return open_store(); };
  parts.clock = clock_.get();
  parts.heartbeat = heartbeat_medium_.get();
  parts.links = {link_.get()};
  parts.power = &power_;
  parts.watchdog = &watchdog_;
  if (setup_.service_manager) parts.services = &services_;
  parts.read_flash = [this] { return setup_.flash_registers; };
  actors::DeviceOptions options;
  options.name = "sim";
  options.version = "sim";
  options.build_date = setup_.build_date;
  options.limits = setup_.limits;
  options.schedules = configured_;
  options.heartbeat_interval = setup_.heartbeat_interval;
  options.drain = setup_.drain;
  options.hold_up = setup_.hold_up;
  options.boot_takes = setup_.boot_takes;
  options.flash.bytes_per_day = setup_.flash_bytes_per_day;
  options.one_thread = true;
  options.observe = [this](const actors::Event& event) {
    events_.push_back(event);
    trust_ = trust_told(event);
    if (observer_) observer_(event);
  };
  actors::Handlers handlers;
  for (const auto& [name, script] : scripts_) {
    handlers.add_runner(name, std::make_shared<ScriptedRunner>(*this, name, script), script.places);
    handlers.limit(name, std::nullopt, script.callers);
  }
  for (const auto& [name, function] : functions_) handlers.add(name, function);
  device_ = std::make_unique<actors::Device>(parts, std::move(handlers), std::move(options));
  device_->start([this](Status status) { ended_ = std::move(status); });
  advance(Duration{0});
  if (!ended_) return done();
  end_process();
  return *ended_;
}

Result<store::OpenedStore> SimulatedDevice::open_store() {
  store::StoreParts parts{.tree = store::open_memory_tree(disk_), .facts = journal_facts(setup_.limits)};
  if (setup_.journal) parts.journal = hal_sim::open_memory_medium(journal_);
  const std::string id = parts.facts.store_id;
  auto store = store::Store::open(std::move(parts), setup_.limits);
  if (!store.ok()) return std::move(store).error();
  return store::opened(std::move(*store), id);
}

void SimulatedDevice::end_process() {
  device_.reset();
  power_.listen({});
  link_.reset();
  moments_.clear();
  crash_now_ = false;
  stop_begun_ = false;
}

void SimulatedDevice::take_power() {
  const auto torn = [this](std::uint64_t) { return (torn_() & 1) != 0; };
  disk_.cut_power();
  journal_.cut_power(torn);
  heartbeat_.cut_power(torn);
}

void SimulatedDevice::lose_power(const std::function<void()>& power_of_clock) {
  take_power();
  end_process();
  watchdog_.disarm();
  slewed_until_ = Duration{0};
  power_of_clock();
  disk_.restore();
  journal_.restore();
  heartbeat_.restore();
}

void SimulatedDevice::power_cut(Duration off) {
  lose_power([&] { clock_->power_cut(off); });
}

void SimulatedDevice::panic(Duration off) {
  lose_power([&] { clock_->panic(off); });
}

void SimulatedDevice::watchdog_reset(Duration off) {
  lose_power([&] { clock_->watchdog_reset(off); });
}

void SimulatedDevice::clone(Instant smaller) {
  end_process();
  clock_->clone(smaller);
}

void SimulatedDevice::cut_power_in_next_commit(Kept kept) {
  check(setup_.journal, "sim:no_journal");
  journal_.before_next_sync([this, kept] {
    journal_.cut_power(
        [this, kept](std::uint64_t) { return kept == Kept::all || (kept == Kept::some && (torn_() & 1) != 0); });
    disk_.cut_power();
    heartbeat_.cut_power();
  });
}

void SimulatedDevice::slow_commits(Duration each) {
  journal_.slow_syncs([this, each] {
    const Duration end = now() + each;
    settle();  // all but storage, which waits here
    while (now() < end) {
      const auto fires = watchdog_.fires_at();
      const Duration step = fires ? std::min(end - now(), *fires - clock_->read().instant) : end - now();
      clock_->advance(step);
      if (watchdog_.fires_at() && *watchdog_.fires_at() <= clock_->read().instant) return take_power();
    }
  });
}

void SimulatedDevice::crash(Duration off) {
  end_process();
  clock_->restart(off);
}

void SimulatedDevice::restart(Duration off) {
  (void)stop();
  clock_->restart(off);
}

void SimulatedDevice::reboot(Duration off) {
  (void)stop();
  lose_power([&] { clock_->reboot(off); });
}

void SimulatedDevice::supply(hal::PowerEvent event) {
  power_.tell(event);
  advance(Duration{0});
}

void SimulatedDevice::begin_stop(hal::StopReason reason) {
  check(device_ != nullptr, "sim:stop_while_off");
  device_->stop(reason);
  stop_begun_ = true;
  settle();
}

Status SimulatedDevice::stop(hal::StopReason reason) {
  if (!stop_begun_) begin_stop(reason);
  constexpr Duration step{100};
  for (int tries = 0; !ended_ && device_ && has_power() && tries < 1'000; ++tries) advance(step);
  if (!has_power()) return Error{"sim.no_power", "The power went while it was stopping."};
  if (!device_) return Error{"sim.killed", "An attempt ended the process while it was stopping."};
  check(ended_.has_value(), "sim:stop_does_not_end");
  end_process();
  return *ended_;
}

// -- time --

void SimulatedDevice::settle() {
  do {
    if (device_) device_->settle();
  } while (loop_.run_one());
}

bool SimulatedDevice::happen_due() {
  bool happened = false;
  while (!moments_.empty() && moments_.begin()->first <= now()) {
    const auto happen = std::move(moments_.begin()->second.happen);
    moments_.erase(moments_.begin());
    happen();
    happened = true;
    if (crash_now_) {
      end_process();
      clock_->restart(Duration{0});
      break;
    }
    settle();
  }
  return happened;
}

void SimulatedDevice::count_wakeup(bool happened) {
  const std::uint64_t told = clock_->told();
  if ((!happened && told == told_) || woken_at_ == now()) return;
  told_ = told;
  woken_at_ = now();
  ++wakeups_;
}

void SimulatedDevice::slew(std::int64_t ppm, Duration for_true) {
  slew_ppm_ = ppm;
  slewed_until_ = now() + for_true;
}

Duration SimulatedDevice::advance(Duration by) {
  const Duration end = now() + by;
  const bool alive = running();
  settle();
  unsigned standing = 0;  // steps in which time stood still: a device that never comes to rest is a bug
  while (true) {
    const bool slewed = now() < slewed_until_;
    const std::int64_t ppm = slewed ? slew_ppm_ : 0;
    Duration step = end - now();
    if (slewed) step = std::min(step, slewed_until_ - now());
    if (!moments_.empty()) step = std::min(step, moments_.begin()->first - now());
    const auto armed = clock_->to_armed(ppm);
    if (armed) step = std::min(step, *armed);
    const auto fires = watchdog_.fires_at();
    if (fires) step = std::min(step, *fires - clock_->read().instant);
    const bool something_due =
        (armed && *armed <= step) || (!moments_.empty() && moments_.begin()->first <= now() + step);
    clock_->slew(ppm, std::max(step, Duration{0}));
    count_wakeup(happen_due());
    settle();
    if (watchdog_.pass()) watchdog_reset();
    if (at_rest_ && running()) at_rest_();
    if ((alive && !running()) || !has_power()) return end - now();
    standing = step > Duration{0} ? 0 : standing + 1;
    check(standing < 1'000'000, "sim:never_at_rest");
    if (now() >= end && !something_due) return Duration{0};
  }
}

void SimulatedDevice::suspend(Duration by, bool wake_works) {
  const Duration slept = clock_->sleeps(by, wake_works);
  std::multimap<Duration, Moment> later;
  for (auto& [at, moment] : moments_) later.emplace(at + slept, std::move(moment));
  moments_ = std::move(later);
  clock_->suspend(slept, wake_works);
  advance(Duration{0});
}

}  // namespace dormouse::sim
