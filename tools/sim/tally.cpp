// SPDX-License-Identifier: Apache-2.0
#include "tools/sim/tally.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "runtime/schedules/timing.hpp"
#include "runtime/time/duration_text.hpp"
#include "runtime/time/rfc3339.hpp"

namespace dormouse::sim {

namespace {

bool is_held(const actors::JobView& view) {
  return view.shown.told.because == jobs::Because::time;
}

}  // namespace

void Tally::note(const actors::Event& event) {
  using Kind = actors::Event::Kind;
  if (event.kind == Kind::alarm) ++alarms_;
  if (event.kind == Kind::ended && jobs::has_ended(event.state)) ended_[event.job] = event.state;
  if (event.kind == Kind::missed) ended_[event.job] = jobs::State::missed;
}

Tally::Found Tally::found_of_device() {
  return {{"boots", boots_},
          {"alarms", alarms_},
          {"lost", count_lost()},
          {"held", count_held()},
          {"bytes_per_day", per_day(bytes())},
          {"syncs_per_day", per_day(syncs())},
          {"wakeups_per_day", per_day(device_.wakeups())}};
}

Tally::Found Tally::found_of_schedule(const std::string& name) {
  Found found;
  std::set<std::uint64_t> ran;
  for (const Run& run : device_.runs(name)) {
    if (run.schedule != name) continue;
    ran.insert(run.job);
    found["missed_count"] = run.missed_count;
  }
  found["runs"] = ran.size();
  const auto schedule = device_.schedule(name);
  found["missed"] = schedule ? schedule->missed : 0;
  found["dropped"] = schedule ? schedule->dropped : 0;
  found["held"] = held_slots(name);
  return found;
}

/// Slots that true time has brought and the device holds, since it does not trust its own.
std::uint64_t Tally::held_slots(const std::string& name) {
  const auto schedule = device_.schedule(name);
  if (device_.trust() != Trust::untrusted || !schedule) return 0;
  const auto plan = schedules::plan(schedule->definition.timing);
  if (!plan.ok() || schedule->definition.timing.kind == schedules::Kind::every) return 0;
  const std::int64_t decided = std::max(schedule->decided_until, scenario_.device.start.ms);
  return plan->slots.count(decided, device_.wall().ms);
}

std::uint64_t Tally::count_held() {
  std::uint64_t held = 0;
  for (const auto& schedule : scenario_.schedules) held += held_slots(schedule.name);
  for (const auto& view : device_.jobs()) held += is_held(view) ? 1 : 0;
  return held;
}

std::uint64_t Tally::per_day(std::uint64_t sum) const {
  constexpr std::uint64_t day_ms = 86'400'000;
  const auto lived = static_cast<std::uint64_t>(std::max<std::int64_t>(device_.now().count(), 1));
  return sum * day_ms / lived;
}

Tally::Found Tally::found_for(const Expectation& expectation) {
  if (expectation.of == Expectation::Of::device) return found_of_device();
  if (expectation.of == Expectation::Of::schedule) return found_of_schedule(expectation.name);
  Found found;
  for (const auto& [id, handler] : acked_) {
    if (handler != expectation.name) continue;
    const auto state = state_of(id);
    if (state == jobs::State::succeeded) ++found["succeeded"];
    if (state == jobs::State::dead) ++found["dead"];
    if (state == jobs::State::missed) ++found["missed"];
  }
  for (const auto& view : device_.jobs()) {
    if (view.job.spec.handler == expectation.name && is_held(view)) ++found["held"];
  }
  for (const Run& run : device_.runs(expectation.name)) {
    if (acked_.contains(run.job)) ++found["runs"];
  }
  return found;
}

Checked Tally::check_bounds(const Expectation& expectation, const std::string& of, const Found& found) const {
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

Checked Tally::check_boot(const Expectation& expectation) {
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

Checked Tally::check(const Expectation& expectation) {
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
std::optional<jobs::State> Tally::state_of(std::uint64_t id) {
  const auto told = ended_.find(id);
  if (told != ended_.end()) return told->second;
  const auto job = device_.job(id);
  return job ? std::optional(job->shown.told.state) : std::nullopt;
}

/// An acknowledged job that neither ended nor is there any more.
std::uint64_t Tally::count_lost() {
  std::uint64_t lost = 0;
  for (const auto& [id, handler] : acked_) {
    if (!state_of(id)) ++lost;
  }
  return lost;
}

Summary Tally::sum_up(std::vector<Checked> checked) {
  Summary summary;
  summary.expectations = std::move(checked);
  for (const auto& expectation : scenario_.expect) {
    if (!expectation.at) summary.expectations.push_back(check(expectation));
  }
  summary.boots = boots_;
  summary.alarms = alarms_;
  summary.lost = count_lost();
  summary.bytes = bytes();
  summary.syncs = syncs();
  for (const auto& definition : scenario_.schedules) {
    if (const auto schedule = device_.schedule(definition.name)) {
      summary.schedules.push_back(
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
  for (auto& [handler, sum] : by_handler) summary.jobs.push_back(std::move(sum));
  return summary;
}

}  // namespace dormouse::sim
