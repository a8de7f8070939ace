// SPDX-License-Identifier: Apache-2.0
#include "tools/sim/simulated_device.hpp"

#include <algorithm>
#include <chrono>

#include "runtime/store/heartbeat.hpp"

namespace dormouse::sim {

namespace {

store::JournalFacts journal_facts(const Limits& limits) {
  return {.half_bytes = limits.journal_half_bytes, .store_id = "5137b40c5137b40c5137b40c5137b40c"};
}

/// Everything is done within settle(), so an answer is there.
template <class T>
T answer_of(std::future<T> future) {
  check(future.wait_for(std::chrono::seconds(0)) == std::future_status::ready, "sim:unanswered");
  return future.get();
}

}  // namespace

/// The scripted twin of a handler: its attempts end at moments of true time.
class SimulatedDevice::ScriptedRunner : public actors::Runner {
 public:
  ScriptedRunner(SimulatedDevice& device, std::string name, const Script& script)
      : device_(device), name_(std::move(name)), script_(script) {}

  void start(const jobs::Claimed& claimed, actors::Returned returned) override {
    const std::uint64_t start = ++device_.starts_[name_];
    const jobs::Job& job = claimed.job;
    Run run{job.id,
            job.attempt,
            name_,
            job.schedule_name.value_or(""),
            job.slot_ms,
            job.missed_count,
            job.first_missed_ms,
            device_.now(),
            {},
            device_.boot_number_};
    device_.runs_.push_back(run);
    const std::size_t index = device_.runs_.size() - 1;
    const Duration lasts = script_.lasts ? script_.lasts(start) : script_.takes;
    const bool kills = script_.kills && script_.kills(start);
    jobs::Outcome outcome = script_.ends ? script_.ends(start, claimed) : jobs::Outcome::ok();
    jobs::Effects effects;
    effects.enqueue = script_.enqueues;
    active_[job.token()] = {index, returned};
    if (script_.hangs) return;
    device_.moments_.emplace(device_.now() + lasts,
                             Moment{job.token(), [this, token = job.token(), kills, outcome, effects] {
                                      if (kills) {
                                        device_.crash_now_ = true;
                                      } else {
                                        end(token, outcome, effects);
                                      }
                                    }});
  }

  void stop(const jobs::Token& token) override {
    if (script_.heeds_stop) end_early(token, jobs::Outcome::cancelled("asked to stop"));
  }

  void kill(const jobs::Token& token) override {
    if (script_.killable) end_early(token, jobs::Outcome::retryable("exec.signal", "ended by signal 9"));
  }

 private:
  struct Active {
    std::size_t run = 0;
    actors::Returned returned;
  };

  void end(const jobs::Token& token, const jobs::Outcome& outcome, const jobs::Effects& effects) {
    const auto found = active_.find(token);
    if (found == active_.end()) return;
    device_.runs_[found->second.run].ended = device_.now();
    const auto returned = std::move(found->second.returned);
    active_.erase(found);
    returned(outcome, effects);
  }

  void end_early(const jobs::Token& token, const jobs::Outcome& outcome) {
    std::erase_if(device_.moments_, [&](const auto& moment) { return moment.second.token == token; });
    end(token, outcome, {});
  }

  SimulatedDevice& device_;
  std::string name_;
  const Script& script_;
  std::map<jobs::Token, Active> active_;
};

SimulatedDevice::SimulatedDevice(const SimulatedSetup& setup)
    : setup_(setup),
      journal_(journal_facts(setup.limits).file_bytes()),
      heartbeat_(store::Heartbeat::kFileBytes),
      torn_(stream(setup_.seed, "torn")) {
  hal_sim::SimClockSetup clock;
  clock.start = setup_.start;
  clock.rtc = setup_.rtc;
  clock.synced = setup_.synced;
  clock.seed = setup_.seed;
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
  options.flash.bytes_per_day = setup_.flash_bytes_per_day;
  options.one_thread = true;
  options.observe = [this](const actors::Event& event) {
    events_.push_back(event);
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
  link_.reset();
  moments_.clear();
  crash_now_ = false;
  stop_begun_ = false;
}

void SimulatedDevice::power_cut(Duration off) {
  const auto torn = [this](std::uint64_t) { return (torn_() & 1) != 0; };
  disk_.cut_power();
  journal_.cut_power(torn);
  heartbeat_.cut_power(torn);
  end_process();
  clock_->power_cut(off);
  disk_.restore();
  journal_.restore();
  heartbeat_.restore();
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
  clock_->reboot(off);
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
  for (int tries = 0; !ended_ && device_ && tries < 1'000; ++tries) advance(step);
  if (!device_) return Error{"sim.killed", "An attempt ended the process while it was stopping."};
  check(ended_.has_value(), "sim:stop_does_not_end");
  end_process();
  return *ended_;
}

// -- work --

Result<jobs::Enqueued> SimulatedDevice::enqueue(jobs::JobSpec spec) {
  auto answer = device_->enqueue(std::move(spec));
  settle();
  auto enqueued = answer_of(std::move(answer));
  advance(Duration{0});
  return enqueued;
}

std::uint64_t SimulatedDevice::submit(const std::string& handler, jobs::DueSpec due, jobs::Misfire misfire) {
  jobs::JobSpec spec;
  spec.handler = handler;
  spec.due = due;
  spec.misfire = misfire;
  if (misfire.policy == jobs::Misfire::Policy::run_once_if_missed) spec.delivery = jobs::Delivery::at_most_once;
  auto enqueued = enqueue(std::move(spec));
  check(enqueued.ok(), "sim:submit_refused");
  return enqueued->id;
}

Result<jobs::Cancelled> SimulatedDevice::cancel(std::uint64_t id, const std::string& reason) {
  auto answer = device_->cancel(id, reason);
  settle();
  return answer_of(std::move(answer));
}

Result<schedules::Put> SimulatedDevice::put(schedules::Definition definition) {
  auto answer = device_->put(std::move(definition));
  settle();
  return answer_of(std::move(answer));
}

Status SimulatedDevice::remove_schedule(const std::string& name) {
  auto answer = device_->remove_schedule(name);
  settle();
  return answer_of(std::move(answer));
}

// -- time --

void SimulatedDevice::settle() {
  do {
    if (device_) device_->settle();
  } while (loop_.run_one());
}

void SimulatedDevice::happen_due() {
  while (!moments_.empty() && moments_.begin()->first <= now()) {
    const auto happen = std::move(moments_.begin()->second.happen);
    moments_.erase(moments_.begin());
    happen();
    if (crash_now_) {
      end_process();
      clock_->restart(Duration{0});
      return;
    }
    settle();
  }
}

Duration SimulatedDevice::advance(Duration by) {
  const Duration end = now() + by;
  const bool alive = running();
  settle();
  unsigned standing = 0;  // steps in which time stood still: a device that never comes to rest is a bug
  while (true) {
    Duration step = end - now();
    if (!moments_.empty()) step = std::min(step, moments_.begin()->first - now());
    const auto armed = clock_->to_armed();
    if (armed) step = std::min(step, *armed);
    const bool something_due =
        (armed && *armed <= step) || (!moments_.empty() && moments_.begin()->first <= now() + step);
    clock_->advance(std::max(step, Duration{0}));
    happen_due();
    settle();
    if (alive && !running()) return end - now();
    standing = step > Duration{0} ? 0 : standing + 1;
    check(standing < 1'000'000, "sim:never_at_rest");
    if (now() >= end && !something_due) return Duration{0};
  }
}

void SimulatedDevice::suspend(Duration by) {
  std::multimap<Duration, Moment> later;
  for (auto& [at, moment] : moments_) later.emplace(at + by, std::move(moment));
  moments_ = std::move(later);
  clock_->suspend(by);
  advance(Duration{0});
}

// -- what happened --

std::vector<Run> SimulatedDevice::runs(const std::string& handler_or_schedule) const {
  std::vector<Run> found;
  for (const Run& run : runs_) {
    if (run.handler == handler_or_schedule || run.schedule == handler_or_schedule) found.push_back(run);
  }
  return found;
}

std::optional<actors::JobView> SimulatedDevice::job(std::uint64_t id) {
  auto answer = device_->job(id);
  settle();
  auto view = answer_of(std::move(answer));
  return view.ok() ? std::optional(std::move(*view)) : std::nullopt;
}

jobs::State SimulatedDevice::state(std::uint64_t id) {
  const auto view = job(id);
  check(view.has_value(), "sim:no_such_job");
  return view->shown.told.state;
}

std::vector<actors::JobView> SimulatedDevice::jobs() {
  std::vector<actors::JobView> all;
  jobs::ListQuery query;
  while (true) {
    auto answer = device_->list(query);
    settle();
    auto page = answer_of(std::move(answer));
    check(page.ok(), "sim:list_refused");
    std::move(page->jobs.begin(), page->jobs.end(), std::back_inserter(all));
    if (!page->next_after_id) return all;
    query.after_id = *page->next_after_id;
  }
}

std::optional<schedules::Schedule> SimulatedDevice::schedule(const std::string& name) {
  auto answer = device_->list_schedules();
  settle();
  auto page = answer_of(std::move(answer));
  check(page.ok(), "sim:list_refused");
  for (auto& view : page->schedules) {
    if (view.schedule.definition.name == name) return std::move(view.schedule);
  }
  return std::nullopt;
}

actors::BootsView SimulatedDevice::boots() {
  auto answer = device_->boots();
  settle();
  auto view = answer_of(std::move(answer));
  check(view.ok(), "sim:boots_refused");
  return std::move(*view);
}

std::vector<wire::Record> SimulatedDevice::flash() {
  auto answer = device_->flash();
  settle();
  auto items = answer_of(std::move(answer));
  check(items.ok(), "sim:flash_refused");
  return std::move(*items);
}

actors::DeviceStatus SimulatedDevice::status() {
  auto answer = device_->status();
  settle();
  auto status = answer_of(std::move(answer));
  check(status.ok(), "sim:status_refused");
  return std::move(*status);
}

store::Tree::Traffic SimulatedDevice::store_traffic() const {
  auto traffic = disk_.traffic();
  traffic.bytes += journal_.bytes_written();
  traffic.syncs += journal_.syncs();
  return traffic;
}

std::string SimulatedDevice::explain(const std::string& job_or_schedule) {
  auto answer = device_->explain(job_or_schedule);
  settle();
  auto text = answer_of(std::move(answer));
  return text.ok() ? *text : text.error().code;
}

}  // namespace dormouse::sim
