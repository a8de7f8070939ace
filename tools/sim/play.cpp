// SPDX-License-Identifier: Apache-2.0
#include "tools/sim/play.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/time/duration_text.hpp"
#include "runtime/time/rfc3339.hpp"

namespace dormouse::sim {

namespace {

constexpr double day_ms = 86'400'000;
constexpr Duration for_ever{365LL * 10 * 86'400'000};

class Player {
 public:
  Player(const Scenario& scenario, std::uint64_t seed, const std::function<void(const Moment&)>& tell)
      : scenario_(scenario), seed_(seed), tell_(tell), device_(setup_of(scenario, seed)) {}

  Result<Summary> play();

 private:
  struct Item {
    std::function<void()> act;
    const Expectation* expectation = nullptr;
  };
  static SimulatedSetup setup_of(const Scenario& scenario, std::uint64_t seed) {
    SimulatedSetup setup = scenario.device;
    setup.seed = seed;
    return setup;
  }
  Duration draw(const Range& range, std::mt19937_64& from) const {
    const auto span = static_cast<double>((range.high - range.low).count());
    return range.low + Duration{static_cast<std::int64_t>(share(from) * span)};
  }

  // -- before --
  void add_handlers();
  void plan_jobs();
  void plan_faults();
  void plan_rate(std::size_t index, const FaultPlan& fault);

  // -- play --
  void boot();
  void revive();
  void go_to(Duration t);
  void enqueue(const JobPlan& job);
  void strike(const FaultPlan& fault, std::size_t index);
  void note(const actors::Event& event);

  // -- after --
  Checked check(const Expectation& expectation);
  Checked check_boot(const Expectation& expectation);
  Checked check_bounds(const Expectation& expectation, const std::string& of,
                       const std::map<std::string, std::uint64_t>& found) const;
  std::map<std::string, std::uint64_t> found_for(const Expectation& expectation);
  std::optional<jobs::State> state_of(std::uint64_t id);
  std::uint64_t count_lost();
  Summary sum_up();

  const Scenario& scenario_;
  std::uint64_t seed_;
  const std::function<void(const Moment&)>& tell_;
  SimulatedDevice device_;
  std::multimap<Duration, Item> items_;
  std::map<std::string, std::mt19937_64> handler_streams_;
  std::vector<std::mt19937_64> fault_streams_;
  std::vector<std::uint64_t> struck_;           // per fault after_boot
  std::map<std::uint64_t, std::string> acked_;  // one-shot jobs, by id: their handler
  std::map<std::uint64_t, jobs::State> ended_;
  std::uint64_t boots_ = 0;
  std::uint64_t alarms_ = 0;
  std::optional<Error> refused_;
  Summary summary_;
};

void Player::add_handlers() {
  for (const HandlerPlan& plan : scenario_.handlers) {
    std::mt19937_64& random =
        handler_streams_.emplace(plan.name, stream(seed_, "handler " + plan.name)).first->second;
    // What befalls an attempt is drawn once, at its start: how long it takes, and how it ends.
    auto fate = std::make_shared<double>(1.0);
    Script script;
    script.places = plan.at_once;
    script.killable = true;
    script.lasts = [this, &plan, &random, fate](std::uint64_t) {
      *fate = share(random);
      const Duration takes = draw(plan.takes, random);
      const double hangs_below = plan.fails + plan.permanent + plan.kills + plan.hangs;
      return *fate >= plan.fails + plan.permanent + plan.kills && *fate < hangs_below ? for_ever : takes;
    };
    script.kills = [&plan, fate](std::uint64_t) {
      return *fate >= plan.fails + plan.permanent && *fate < plan.fails + plan.permanent + plan.kills;
    };
    script.ends = [&plan, fate](std::uint64_t, const jobs::Claimed&) {
      if (*fate < plan.fails) return jobs::Outcome::retryable("sim.failed", "this attempt was drawn to fail");
      if (*fate < plan.fails + plan.permanent)
        return jobs::Outcome::permanent("sim.failed", "drawn to fail for good");
      return jobs::Outcome::ok();
    };
    device_.handler(plan.name, std::move(script));
  }
}

void Player::plan_jobs() {
  for (const JobPlan& job : scenario_.jobs) {
    Duration t = job.first;
    for (std::uint64_t n = 0; n < job.times && t <= scenario_.length; ++n) {
      items_.emplace(t, Item{[this, &job] { enqueue(job); }});
      t += job.every.value_or(Duration{1});
    }
  }
}

void Player::plan_rate(std::size_t index, const FaultPlan& fault) {
  // Times between events of a rate are exponential.
  std::mt19937_64& random = fault_streams_[index];
  double t = 0;
  for (std::uint64_t n = 0; fault.times == 0 || n < fault.times; ++n) {
    t += -std::log(1.0 - share(random)) * day_ms / *fault.per_day;
    if (t > static_cast<double>(scenario_.length.count())) return;
    items_.emplace(Duration{static_cast<std::int64_t>(t)}, Item{[this, &fault, index] { strike(fault, index); }});
  }
}

void Player::plan_faults() {
  struck_.resize(scenario_.faults.size());
  for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
    const FaultPlan& fault = scenario_.faults[i];
    fault_streams_.push_back(stream(seed_, "fault " + std::to_string(i) + " " + fault.name));
    if (fault.per_day) plan_rate(i, fault);
    if (!fault.at && !fault.every) continue;
    const Duration step = fault.every.value_or(Duration{1});
    Duration t = fault.at.value_or(step);
    for (std::uint64_t n = 0; (fault.times == 0 || n < fault.times) && t <= scenario_.length; ++n, t += step) {
      items_.emplace(t, Item{[this, &fault, i] { strike(fault, i); }});
    }
  }
}

void Player::boot() {
  ++boots_;
  if (auto booted = device_.boot(); !booted.ok() && !refused_) refused_ = std::move(booted).error();
  for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
    const FaultPlan& fault = scenario_.faults[i];
    if (!fault.after_boot || (fault.times != 0 && struck_[i] >= fault.times)) continue;
    ++struck_[i];
    items_.emplace(device_.now() + draw(*fault.after_boot, fault_streams_[i]),
                   Item{[this, &fault, i] { strike(fault, i); }});
  }
}

/// A process that an attempt has ended is started again at once.
void Player::revive() {
  while (!device_.running() && !refused_) boot();
}

void Player::go_to(Duration t) {
  revive();
  while (device_.now() < t && !refused_) {
    (void)device_.advance(t - device_.now());
    revive();
  }
}

void Player::enqueue(const JobPlan& job) {
  const auto enqueued = device_.enqueue(job.spec);
  if (!enqueued.ok()) {
    if (!refused_) refused_ = enqueued.error();
  } else if (enqueued->created) {
    acked_[enqueued->id] = job.spec.handler;
  }
}

void Player::strike(const FaultPlan& fault, std::size_t index) {
  using Kind = FaultPlan::Kind;
  std::mt19937_64& random = fault_streams_[index];
  tell_({device_.now(), {}, fault.name});
  const Duration off = draw(fault.off, random);
  switch (fault.kind) {
    case Kind::power_cut:
      device_.power_cut(off + scenario_.boot_takes);
      return boot();
    case Kind::reboot:
      device_.reboot(off + scenario_.boot_takes);
      return boot();
    case Kind::restart:
      if (fault.clean)
        device_.restart(off);
      else
        device_.crash(off);
      return boot();
    case Kind::step:
      device_.clock().step(fault.by);
      break;
    case Kind::suspend:
      device_.suspend(off);
      break;
    case Kind::sync_arrives:
      device_.clock().sync_arrives(fault.by_slew ? hal_sim::SyncBy::slew : hal_sim::SyncBy::step, true);
      break;
    case Kind::sync_lost:
      device_.clock().sync_lost();
      break;
  }
  (void)device_.advance(Duration{0});
}

void Player::note(const actors::Event& event) {
  using Kind = actors::Event::Kind;
  if (event.kind == Kind::alarm) ++alarms_;
  if (event.kind == Kind::ended && jobs::has_ended(event.state)) ended_[event.job] = event.state;
  if (event.kind == Kind::missed) ended_[event.job] = jobs::State::missed;
  tell_({device_.now(), event, {}});
}

Result<Summary> Player::play() {
  add_handlers();
  for (const auto& schedule : scenario_.schedules) device_.configure(schedule);
  device_.observe([this](const actors::Event& event) { note(event); });
  plan_jobs();
  plan_faults();
  for (const auto& expectation : scenario_.expect) {
    if (expectation.at) items_.emplace(*expectation.at, Item{{}, &expectation});
  }
  boot();
  while (!refused_ && !items_.empty() && items_.begin()->first <= scenario_.length) {
    const auto [t, item] = *items_.begin();
    items_.erase(items_.begin());
    go_to(t);
    if (refused_) break;
    if (item.expectation != nullptr)
      summary_.expectations.push_back(check(*item.expectation));
    else
      item.act();
  }
  go_to(scenario_.length);
  if (refused_) return *refused_;
  return sum_up();
}

// -- after --

std::map<std::string, std::uint64_t> Player::found_for(const Expectation& expectation) {
  std::map<std::string, std::uint64_t> found;
  if (expectation.of == Expectation::Of::device) {
    return {{"boots", boots_}, {"alarms", alarms_}, {"lost", count_lost()}};
  }
  if (expectation.of == Expectation::Of::schedule) {
    std::set<std::uint64_t> ran;
    for (const Run& run : device_.runs(expectation.name)) {
      if (run.schedule != expectation.name) continue;
      ran.insert(run.job);
      found["missed_count"] = run.missed_count;
    }
    found["runs"] = ran.size();
    const auto schedule = device_.schedule(expectation.name);
    found["missed"] = schedule ? schedule->missed : 0;
    found["dropped"] = schedule ? schedule->dropped : 0;
    return found;
  }
  for (const auto& [id, handler] : acked_) {
    if (handler != expectation.name) continue;
    const auto state = state_of(id);
    if (state == jobs::State::succeeded) ++found["succeeded"];
    if (state == jobs::State::dead) ++found["dead"];
    if (state == jobs::State::missed) ++found["missed"];
  }
  for (const Run& run : device_.runs(expectation.name)) {
    if (acked_.contains(run.job)) ++found["runs"];
  }
  return found;
}

Checked Player::check_bounds(const Expectation& expectation, const std::string& of,
                             const std::map<std::string, std::uint64_t>& found) const {
  Checked checked{of, true, {}};
  for (const Bound& bound : expectation.bounds) {
    const auto value = found.find(bound.what);
    const std::uint64_t is = value == found.end() ? 0 : value->second;
    const std::string low = std::to_string(bound.low);
    checked.sentence +=
        " " + bound.what + " " + (bound.low == bound.high ? low : low + ".." + std::to_string(bound.high));
    checked.found += " " + bound.what + " " + std::to_string(is);
    checked.ok = checked.ok && is >= bound.low && is <= bound.high;
  }
  return checked;
}

Checked Player::check_boot(const Expectation& expectation) {
  Checked checked{"boot " + std::to_string(expectation.boot), false, {}};
  if (expectation.cause) checked.sentence += " cause " + *expectation.cause;
  if (expectation.gap) checked.sentence += " gap " + *expectation.gap;
  if (expectation.certainty) checked.sentence += " " + *expectation.certainty;
  const auto view = device_.boots();
  bool cause_right = !expectation.cause;
  for (const Boot& boot : view.boots) {
    if (boot.number != expectation.boot) continue;
    checked.found += std::string(" cause ") + name_of(boot.cause);
    cause_right = cause_right || *expectation.cause == name_of(boot.cause);
  }
  bool gap_right = !expectation.gap && !expectation.certainty;
  for (const Gap& gap : view.gaps) {
    if (gap.boot != expectation.boot) continue;
    checked.found += std::string(" gap ") + name_of(gap.cause) + " " + name_of(gap.certainty);
    gap_right = gap_right || ((!expectation.gap || *expectation.gap == name_of(gap.cause)) &&
                              (!expectation.certainty || *expectation.certainty == name_of(gap.certainty)));
  }
  checked.ok = cause_right && gap_right;
  return checked;
}

Checked Player::check(const Expectation& expectation) {
  if (expectation.of == Expectation::Of::boot) return check_boot(expectation);
  std::string of = "device";
  if (expectation.of == Expectation::Of::schedule) of = "schedule " + expectation.name;
  if (expectation.of == Expectation::Of::job) of = "job " + expectation.name;
  if (expectation.at) of = "at +" + format_duration(*expectation.at) + " " + of;
  Checked checked = check_bounds(expectation, of, found_for(expectation));
  if (!expectation.slots) return checked;
  std::vector<std::string> slots;
  for (const Run& run : device_.runs(expectation.name)) {
    if (run.schedule == expectation.name && run.attempt == 1) slots.push_back(format_utc(WallTime{run.slot_ms}));
  }
  checked.sentence += " slots";
  checked.found += " slots";
  for (const auto& slot : *expectation.slots) checked.sentence += " " + slot;
  for (const auto& slot : slots) checked.found += " " + slot;
  checked.ok = checked.ok && slots == *expectation.slots;
  return checked;
}

/// What became of an acknowledged job: what was told, else (a reconcile tells only sums) what the device knows.
std::optional<jobs::State> Player::state_of(std::uint64_t id) {
  const auto told = ended_.find(id);
  if (told != ended_.end()) return told->second;
  const auto job = device_.job(id);
  return job ? std::optional(job->shown.told.state) : std::nullopt;
}

/// An acknowledged job that neither ended nor is there any more.
std::uint64_t Player::count_lost() {
  std::uint64_t lost = 0;
  for (const auto& [id, handler] : acked_) {
    if (!state_of(id)) ++lost;
  }
  return lost;
}

Summary Player::sum_up() {
  for (const auto& expectation : scenario_.expect) {
    if (!expectation.at) summary_.expectations.push_back(check(expectation));
  }
  summary_.boots = boots_;
  summary_.alarms = alarms_;
  summary_.lost = count_lost();
  summary_.bytes = device_.store_traffic().bytes + device_.heartbeat().bytes_written();
  summary_.syncs = device_.store_traffic().syncs + device_.heartbeat().syncs();
  for (const auto& definition : scenario_.schedules) {
    if (const auto schedule = device_.schedule(definition.name)) {
      summary_.schedules.push_back(
          {definition.name, schedule->runs, schedule->missed, schedule->dropped, schedule->caught_up});
    }
  }
  std::map<std::string, JobSum> by_handler;
  for (const auto& [id, handler] : acked_) {
    JobSum& sum = by_handler[handler];
    sum.handler = handler;
    ++sum.enqueued;
    const auto state = state_of(id);
    if (state == jobs::State::succeeded)
      ++sum.succeeded;
    else if (state == jobs::State::dead)
      ++sum.dead;
    else if (state == jobs::State::missed)
      ++sum.missed;
    else if (state)
      ++sum.waiting;
  }
  for (const Run& run : device_.runs()) {
    if (acked_.contains(run.job)) ++by_handler[run.handler].runs;
  }
  for (auto& [handler, sum] : by_handler) summary_.jobs.push_back(std::move(sum));
  return std::move(summary_);
}

}  // namespace

Result<Summary> play(const Scenario& scenario, std::uint64_t seed, const std::function<void(const Moment&)>& tell) {
  return Player(scenario, seed, tell).play();
}

}  // namespace dormouse::sim
