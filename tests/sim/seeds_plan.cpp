// SPDX-License-Identifier: Apache-2.0
// What a seed draws. Each kind of blow is off in half of the lives, and rates are drawn over two powers of ten, so
// that rare things meet.
#include <algorithm>

#include "runtime/jobs/misfire.hpp"
#include "runtime/time/duration_text.hpp"
#include "runtime/time/rfc3339.hpp"
#include "tests/sim/seeds_life.hpp"

namespace dormouse::sim::seeds {

namespace {

using namespace std::chrono_literals;

constexpr double most_slots = 1'500;
constexpr Duration one_day = 24h;
/// A wall that is believed stays so near to the true one that it never comes to lie outside of what is believed.
constexpr Duration widest = 20h;

WallTime date(const char* text) {
  const auto wall = parse_rfc3339(text);
  check(wall.ok(), "seeds:date");
  return *wall;
}

double days(Duration d) {
  return static_cast<double>(d.count()) / static_cast<double>(one_day.count());
}

jobs::Misfire draw_misfire(Dice& dice) {
  jobs::Misfire misfire;
  switch (dice.below(4)) {
    case 0:
      misfire = jobs::Misfire::skip();
      break;
    case 1:
      misfire = jobs::Misfire::run_once_if_missed();
      break;
    case 2:
      misfire = jobs::Misfire::windowed(dice.between_powers(Duration{10s}, Duration{12h}));
      break;
    default:
      if (dice.chance(0.3)) misfire.max_age = dice.between_powers(Duration{1min}, Duration{1h * 48});
  }
  misfire.max_runs = dice.one_of<std::uint32_t>({1, 2, 5, 30, 100});
  return misfire;
}

Duration draw_grace(Dice& dice) {
  return dice.one_of<Duration>({Duration{0s}, Duration{5s}, Duration{60s}, Duration{60s}, Duration{20min}});
}

SimulatedSetup draw_device(std::uint64_t seed, Dice& dice) {
  SimulatedSetup device;
  device.seed = seed;
  // Zones change here: Europe on 03-29 and 10-25, America on 11-01, Lord Howe on 04-05.
  const std::vector<const char*> starts = {"2026-03-27T11:00:00Z", "2026-04-03T22:00:00Z", "2026-06-30T12:34:56Z",
                                           "2026-10-23T20:00:00Z", "2026-10-31T03:00:00Z", "2026-12-30T18:00:00Z"};
  device.start = date(dice.one_of(starts)) + dice.between(Duration{0}, Duration{24h});
  device.build_date = device.start - 40 * one_day;
  device.rtc = dice.one_of<hal_sim::RtcKind>(
      {hal_sim::RtcKind::good, hal_sim::RtcKind::good, hal_sim::RtcKind::none, hal_sim::RtcKind::dead});
  device.synced = dice.chance(0.5);
  device.heartbeat_interval = dice.one_of<Duration>({Duration{60s}, Duration{5min}, Duration{15min}});
  device.limits.running_device = 1'000;
  device.limits.running_component = 1'000;
  device.limits.active_jobs_component = device.limits.active_jobs_device = 100'000;
  device.limits.finished_ring = device.limits.dead_ring = 100'000;
  device.limits.finished_age_ms = device.limits.dead_age_ms = 1'000 * one_day.count();
  return device;
}

schedules::Definition draw_schedule(Dice& dice, const std::string& name, const TimingRow& row) {
  schedules::Definition definition;
  definition.name = name;
  definition.timing = timing_of(row);
  definition.handler = dice.chance(0.8) || row.a_day > 100 ? "quick" : "slow";
  definition.misfire = draw_misfire(dice);
  definition.grace = draw_grace(dice);
  return definition;
}

void draw_schedules(Plan& plan, Dice& dice) {
  const std::size_t count = 1 + dice.below(5);
  double room = most_slots;
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t row = dice.below(catalogue().size());
    const double cost = catalogue()[row].a_day * days(plan.length);
    if (cost > room) continue;
    room -= cost;
    Order order{.timing = row, .schedule = draw_schedule(dice, "s" + std::to_string(n), catalogue()[row])};
    if (dice.chance(0.3)) order.at = dice.between(Duration{0}, plan.length / 2);
    plan.orders.push_back(order);
    if (!dice.chance(0.1)) continue;
    order.removes = true;
    order.at = dice.between(order.at, plan.length);
    plan.orders.push_back(order);
  }
}

void draw_jobs(Plan& plan, Dice& dice) {
  for (std::size_t n = dice.below(25); n > 0; --n) {
    Order order;
    order.at = dice.between(Duration{0}, plan.length);
    order.job.handler = dice.chance(0.7) ? "quick" : "slow";
    order.job.misfire = draw_misfire(dice);
    order.job.misfire.max_runs = 100;
    if (order.job.misfire.policy == jobs::Misfire::Policy::run_once_if_missed)
      order.job.delivery = jobs::Delivery::at_most_once;
    order.job.grace = draw_grace(dice);
    if (dice.chance(0.45))
      order.job.due = jobs::DueAfter{dice.between_powers(Duration{1s}, plan.length / 2)};
    else if (dice.chance(0.9))
      order.job.due = jobs::DueAt{plan.device.start + order.at + dice.between(-Duration{2h}, plan.length / 2)};
    plan.orders.push_back(order);
  }
}

/// How wrong a clock becomes. Mostly by what is believed; now and then by decades.
std::optional<Duration> draw_wrong(Dice& dice) {
  if (dice.chance(0.1)) return std::nullopt;
  if (dice.chance(0.1)) return 26'000 * one_day;
  const Duration size = dice.between_powers(Duration{500ms}, widest);
  return dice.chance(0.5) ? size : -size;
}

Event draw_event(Dice& dice, Blow blow, Duration at) {
  Event event{.at = at, .blow = blow};
  event.lasts = dice.between_powers(Duration{500ms}, Duration{14h});
  event.kept = dice.one_of<SimulatedDevice::Kept>(
      {SimulatedDevice::Kept::nothing, SimulatedDevice::Kept::all, SimulatedDevice::Kept::some});
  event.ppm = static_cast<std::int64_t>(dice.below(1'001)) - 500;
  event.wrong = draw_wrong(dice);
  if (blow == Blow::rtc_reset && dice.chance(0.2)) event.wrong = dice.between(-30 * one_day, 200 * one_day);
  if (blow == Blow::sync_arrives && (dice.chance(0.7) || !event.wrong || *event.wrong > widest))
    event.wrong = Duration{0};
  if (blow == Blow::rtc_ppm) event.ppm /= 3;
  event.slews = dice.chance(0.3);
  event.marker = dice.chance(0.5);
  return event;
}

void draw_events(Plan& plan, std::uint64_t seed) {
  for (int kind = 0; kind < kinds_of_blows; ++kind) {
    const Blow blow = static_cast<Blow>(kind);
    Dice dice(seed, std::string("blow ") + name_of(blow));
    if (dice.chance(0.5)) continue;
    const double per_day = dice.between_powers(0.05, 4);
    for (const Duration at : dice.moments(per_day, plan.length)) plan.events.push_back(draw_event(dice, blow, at));
    const bool lies = blow == Blow::step || blow == Blow::rtc_reset || blow == Blow::sync_arrives ||
                      blow == Blow::rtc_ppm || blow == Blow::leap_second || blow == Blow::slew;
    plan.honest = plan.honest && !lies;
  }
  std::stable_sort(plan.events.begin(), plan.events.end(),
                   [](const Event& a, const Event& b) { return a.at < b.at; });
}

}  // namespace

Plan draw_plan(std::uint64_t seed) {
  Dice dice(seed, "plan");
  Plan plan;
  plan.seed = seed;
  plan.device = draw_device(seed, dice);
  plan.length = dice.between_powers(Duration{24h}, 14 * one_day);
  plan.late_sync = dice.chance(0.5) ? 0.7 : 0.1;
  plan.kills = dice.chance(0.3) ? 0.005 : 0;
  draw_schedules(plan, dice);
  draw_jobs(plan, dice);
  std::stable_sort(plan.orders.begin(), plan.orders.end(),
                   [](const Order& a, const Order& b) { return a.at < b.at; });
  draw_events(plan, seed);
  return plan;
}

// -- words --

const char* name_of(Blow blow) {
  static const char* const names[kinds_of_blows] = {
      "power_cut",      "cut_in_commit", "crash",   "clean_restart", "reboot",   "panic",
      "watchdog_reset", "clone",         "suspend", "step",          "slew",     "leap_second",
      "rtc_reset",      "rtc_dead",      "rtc_ppm", "sync_arrives",  "sync_lost"};
  return names[static_cast<int>(blow)];
}

std::string text_of(const Event& event) {
  std::string text = "+" + format_duration(event.at) + " " + name_of(event.blow);
  const auto wrong = [&] { return event.wrong ? std::to_string(event.wrong->count()) + " ms wrong" : "1970"; };
  switch (event.blow) {
    case Blow::step:
    case Blow::rtc_reset:
      return text + " to " + wrong();
    case Blow::sync_arrives:
      return text + (event.slews ? " by slew" : " by step") + (event.marker ? " with marker, " : ", ") + wrong();
    case Blow::slew:
      return text + " " + std::to_string(event.ppm) + " ppm for " + format_duration(event.lasts);
    case Blow::rtc_ppm:
      return text + " " + std::to_string(event.ppm);
    case Blow::leap_second:
    case Blow::rtc_dead:
    case Blow::sync_lost:
    case Blow::clone:
      return text;
    case Blow::cut_in_commit:
      text += " keeping " + std::to_string(static_cast<int>(event.kept));
      break;
    default:
      break;
  }
  return text + " for " + format_duration(event.lasts);
}

std::string text_of(const Order& order) {
  std::string text = "+" + format_duration(order.at) + " ";
  const auto policy = [](const jobs::Misfire& misfire) {
    std::string words = jobs::name_of(misfire.policy);
    if (misfire.policy == jobs::Misfire::Policy::windowed) words += " " + format_duration(misfire.window);
    if (misfire.max_age) words += " max_age " + format_duration(*misfire.max_age);
    return words + " max_runs " + std::to_string(misfire.max_runs);
  };
  if (order.removes) return text + "remove schedule " + order.schedule.name;
  if (order.timing) {
    const auto& timing = order.schedule.timing;
    text += "schedule " + order.schedule.name + " " +
            (timing.text.empty() ? "every " + format_duration(timing.period) : timing.text + " " + timing.zone);
    return text + " for " + order.schedule.handler + ", " + policy(order.schedule.misfire) + ", grace " +
           format_duration(order.schedule.grace);
  }
  text += "job for " + order.job.handler;
  if (const auto* after = std::get_if<jobs::DueAfter>(&order.job.due))
    text += " after " + format_duration(after->delay);
  if (const auto* at = std::get_if<jobs::DueAt>(&order.job.due)) text += " at " + format_utc(at->at);
  return text + ", " + policy(order.job.misfire) + ", grace " + format_duration(order.job.grace);
}

std::string Plan::words() const {
  static const char* const rtcs[] = {"no", "a good", "a dead"};
  std::string words = "seed " + std::to_string(seed) + ": from " + format_utc(device.start) + " for " +
                      format_duration(length) + ", " + rtcs[static_cast<int>(device.rtc)] + " RTC, " +
                      (device.synced ? "synced" : "not synced") + ", heartbeat " +
                      format_duration(device.heartbeat_interval) + "\n";
  for (const auto& order : orders) words += "  " + text_of(order) + "\n";
  for (const auto& event : events) words += "  " + text_of(event) + "\n";
  return words;
}

}  // namespace dormouse::sim::seeds
