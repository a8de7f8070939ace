// SPDX-License-Identifier: Apache-2.0
#include "tools/sim/play.hpp"

#include <cmath>

#include "tools/sim/strike.hpp"
#include "tools/sim/tally.hpp"

namespace dormouse::sim {

namespace {

constexpr double day_ms = 86'400'000;
constexpr Duration for_ever{365LL * 10 * 86'400'000};

class Player {
 public:
  Player(const Scenario& scenario, std::uint64_t seed, const std::function<void(const Moment&)>& tell)
      : scenario_(scenario),
        seed_(seed),
        tell_(tell),
        device_(setup_of(scenario, seed)),
        tally_(scenario, device_) {}

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

  const Scenario& scenario_;
  std::uint64_t seed_;
  const std::function<void(const Moment&)>& tell_;
  SimulatedDevice device_;
  std::multimap<Duration, Item> items_;
  std::map<std::string, std::mt19937_64> handler_streams_;
  std::vector<std::mt19937_64> fault_streams_;
  std::vector<std::uint64_t> struck_;  // per fault after_boot
  Tally tally_;
  std::optional<Error> refused_;
  std::vector<Checked> checked_;  // before the end
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
  tally_.booted();
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
    tally_.acked(enqueued->id, job.spec.handler);
  }
}

void Player::strike(const FaultPlan& fault, std::size_t index) {
  tell_({device_.now(), {}, fault.name});
  sim::strike(device_, fault, draw(fault.off, fault_streams_[index]), scenario_.boot_takes);
  revive();
}

void Player::note(const actors::Event& event) {
  tally_.note(event);
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
      checked_.push_back(tally_.check(*item.expectation));
    else
      item.act();
  }
  go_to(scenario_.length);
  if (refused_) return *refused_;
  return tally_.sum_up(std::move(checked_));
}

}  // namespace

Result<Summary> play(const Scenario& scenario, std::uint64_t seed, const std::function<void(const Moment&)>& tell) {
  return Player(scenario, seed, tell).play();
}

}  // namespace dormouse::sim
