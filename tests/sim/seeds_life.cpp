// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/seeds_life.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "runtime/jobs/transitions.hpp"
#include "runtime/time/duration_text.hpp"
#include "runtime/time/rfc3339.hpp"

namespace dormouse::sim::seeds {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t lines_kept = 30;

/// The device in the hands of its seed.
class Life {
 public:
  explicit Life(const Plan& plan)
      : plan_(plan),
        device_(plan.device),
        ledger_(device_, plan.honest),
        handler_dice_(plan.seed, "handlers"),
        life_dice_(plan.seed, "life") {}

  Outcome live();

 private:
  void add_handlers();
  void boot();
  void go_to(Duration t);
  void revive();
  bool goes_on() const { return !ledger_.failed() && !refused_; }
  void obey(const Order& order);
  void strike(const Event& event);
  void end_cleanly(const std::function<void()>& then);
  WallTime wall_of(const Event& event) const;
  void calm_down();
  void remember(const actors::Event& event);

  const Plan& plan_;
  SimulatedDevice device_;
  Ledger ledger_;
  Dice handler_dice_;
  Dice life_dice_;
  std::multimap<Duration, Event> syncs_;  // sources that are found after a boot
  std::uint64_t boots_ = 0;
  std::optional<std::string> refused_;
  std::deque<std::string> last_;
};

void Life::add_handlers() {
  const auto script = [this](Duration least, Duration most) {
    auto fate = std::make_shared<double>(0);
    Script made;
    made.places = 64;
    made.lasts = [this, fate, least, most](std::uint64_t) {
      *fate = static_cast<double>(handler_dice_.below(1'000'000)) / 1e6;
      return handler_dice_.between(least, most);
    };
    made.kills = [this, fate](std::uint64_t) { return *fate < plan_.kills; };
    made.ends = [fate](std::uint64_t, const jobs::Claimed&) {
      return *fate > 0.97 ? jobs::Outcome::retryable("seed.failed", "drawn to fail") : jobs::Outcome::ok();
    };
    return made;
  };
  device_.handler("quick", script(Duration{0}, Duration{3s}));
  device_.handler("slow", script(Duration{5s}, Duration{90s}));
}

void Life::boot() {
  ++boots_;
  ledger_.booting();
  const auto booted = device_.boot();
  if (!booted.ok()) {
    if (device_.has_power()) refused_ = "boot refused: " + booted.error().message;
    return;
  }
  if (!life_dice_.chance(plan_.late_sync)) return;
  Event sync{.at = device_.now() + life_dice_.between_powers(Duration{10s}, Duration{8h}),
             .blow = Blow::sync_arrives};
  sync.wrong = Duration{0};
  sync.slews = life_dice_.chance(0.3);
  sync.marker = life_dice_.chance(0.5);
  syncs_.emplace(sync.at, sync);
}

/// Starts again what has died: an attempt ended the process, or the power went inside a commit.
void Life::revive() {
  while (goes_on() && (!device_.running() || !device_.has_power())) {
    ledger_.rest();
    if (!device_.has_power()) ledger_.power_goes();
    const Duration off = life_dice_.between_powers(Duration{100ms}, Duration{4h});
    if (!device_.has_power())
      device_.power_cut(off);
    else
      device_.crash(life_dice_.chance(0.5) ? Duration{0} : off);
    boot();
  }
}

void Life::go_to(Duration t) {
  revive();
  while (goes_on() && device_.now() < t) {
    const bool sync_first = !syncs_.empty() && syncs_.begin()->first <= t;
    const Duration next = sync_first ? std::max(syncs_.begin()->first, device_.now()) : t;
    (void)device_.advance(next - device_.now());
    revive();
    if (!sync_first || device_.now() < next || !goes_on()) continue;
    const Event sync = syncs_.begin()->second;
    syncs_.erase(syncs_.begin());
    strike(sync);
    revive();
  }
}

void Life::obey(const Order& order) {
  // An order that goes down with the power was taken or was not; the stories of the journal tell of that.
  device_.journal().before_next_sync({});
  if (order.removes) return ledger_.remove(order.schedule.name);
  if (order.timing) return ledger_.put(order.schedule, *order.timing);
  ledger_.enqueue(order.job);
}

WallTime Life::wall_of(const Event& event) const {
  return event.wrong ? device_.wall() + *event.wrong : WallTime{5'000};
}

void Life::end_cleanly(const std::function<void()>& then) {
  ledger_.stopping();
  (void)device_.stop();
  if (!device_.has_power()) return;  // it goes while stopping: whoever revives cuts
  ledger_.rest();
  then();
}

void Life::strike(const Event& event) {
  hal_sim::SimClock& clock = device_.clock();
  const bool of_power =
      event.blow == Blow::power_cut || event.blow == Blow::panic || event.blow == Blow::watchdog_reset;
  if (of_power) ledger_.power_goes();
  switch (event.blow) {
    case Blow::power_cut:
      device_.power_cut(event.lasts);
      break;
    case Blow::cut_in_commit:
      device_.cut_power_in_next_commit(event.kept);
      break;
    case Blow::crash:
      device_.crash(event.lasts);
      break;
    case Blow::clean_restart:
      end_cleanly([&] { device_.crash(event.lasts); });
      break;
    case Blow::reboot:
      end_cleanly([&] { device_.power_cut(event.lasts); });
      break;
    case Blow::panic:
      device_.panic(event.lasts);
      break;
    case Blow::watchdog_reset:
      device_.watchdog_reset(event.lasts);
      break;
    case Blow::clone:
      if (clock.read().instant > Instant{0}) device_.clone(Instant{clock.read().instant.ms / 2 % 600'000});
      break;
    case Blow::suspend:
      device_.suspend(event.lasts);
      break;
    case Blow::step:
      clock.step(wall_of(event) - clock.read().wall);
      break;
    case Blow::slew:
      device_.slew(event.ppm, event.lasts);
      break;
    case Blow::leap_second:
      clock.leap_second();
      break;
    case Blow::rtc_reset:
      clock.rtc_reset(wall_of(event));
      break;
    case Blow::rtc_dead:
      clock.rtc_dead();
      break;
    case Blow::rtc_ppm:
      clock.rtc_ppm(event.ppm);
      break;
    case Blow::sync_arrives:
      clock.sync_arrives(event.slews ? hal_sim::SyncBy::slew : hal_sim::SyncBy::step, event.marker, wall_of(event));
      break;
    case Blow::sync_lost:
      clock.sync_lost();
      break;
  }
  if (!device_.running() && device_.has_power()) return boot();
  if (device_.running() && device_.has_power()) (void)device_.advance(Duration{0});
}

/// A source is there and stays; whatever is due is done.
void Life::calm_down() {
  device_.slew(0, Duration{0});
  device_.journal().before_next_sync({});
  syncs_.clear();
  revive();
  if (!goes_on()) return;
  device_.clock().sync_arrives(hal_sim::SyncBy::step, true);
  (void)device_.advance(Duration{0});
  for (int halves = 0; halves < 48 && goes_on(); ++halves) {
    go_to(device_.now() + 30min);
    if (goes_on() && ledger_.all_done() && halves > 0) break;
  }
}

/// The last of what the device told, for whoever looks for the reason.
void Life::remember(const actors::Event& event) {
  std::string line = "+" + format_duration(device_.now()) + " " + actors::name_of(event.kind) + " " +
                     dormouse::name_of(device_.trust()) + " " + format_utc(device_.clock().read().wall);
  if (event.job != 0) line += ", job " + std::to_string(event.job) + " " + jobs::name_of(event.state);
  if (!event.schedule.empty()) line += ", " + event.schedule;
  if (event.slot_ms != 0) line += ", slot " + std::to_string(event.slot_ms);
  if (!event.text.empty()) line += ": " + event.text;
  if (std::getenv("DORMOUSE_TRACE") != nullptr) std::fprintf(stderr, "%s\n", line.c_str());
  last_.push_back(line);
  if (last_.size() > lines_kept) last_.pop_front();
}

Outcome Life::live() {
  add_handlers();
  device_.at_rest([this] { ledger_.rest(); });
  device_.observe([this](const actors::Event& event) {
    ledger_.note(event);
    remember(event);
  });
  boot();
  auto order = plan_.orders.begin();
  auto event = plan_.events.begin();
  while (goes_on() && (order != plan_.orders.end() || event != plan_.events.end())) {
    const bool order_first = event == plan_.events.end() || (order != plan_.orders.end() && order->at <= event->at);
    go_to(order_first ? order->at : event->at);
    if (!goes_on()) break;
    if (order_first)
      obey(*order++);
    else
      strike(*event++);
    revive();
  }
  if (goes_on()) go_to(plan_.length);
  if (goes_on()) calm_down();
  if (goes_on()) ledger_.finish();
  Outcome outcome{refused_.value_or(ledger_.failure()), "", ledger_.slots(), ledger_.started(), boots_};
  for (const auto& line : last_) outcome.last += "  " + line + "\n";
  return outcome;
}

}  // namespace

Outcome live(const Plan& plan) {
  return Life(plan).live();
}

}  // namespace dormouse::sim::seeds
