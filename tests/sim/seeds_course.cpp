// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/seeds_course.hpp"

#include <algorithm>

namespace dormouse::sim::seeds {

namespace {

using Policy = jobs::Misfire::Policy;

constexpr std::size_t on_time_limit = 100;
constexpr std::size_t ranges_kept = 8;

bool was_handed(const Course& course, std::int64_t slot) {
  return std::any_of(course.handed.begin(), course.handed.end(),
                     [&](const auto& range) { return slot >= range.first && slot <= range.last; });
}

void hand_out(const Rule& rule, Course& course, std::vector<std::int64_t> slots) {
  std::sort(slots.begin(), slots.end());
  auto& ranges = course.handed;
  for (const std::int64_t slot : slots) {
    if (was_handed(course, slot)) continue;
    const auto above = std::find_if(ranges.begin(), ranges.end(), [&](const auto& r) { return r.first > slot; });
    if (above != ranges.begin() && rule.grid->next((above - 1)->last) == slot)
      (above - 1)->last = slot;
    else
      ranges.insert(above, {slot, slot});
  }
  for (std::size_t i = 1; i < ranges.size();) {  // ranges with no slot between them are one
    const auto between = rule.grid->next(ranges[i - 1].last);
    if (between && *between < ranges[i].first) {
      ++i;
      continue;
    }
    ranges[i - 1].last = ranges[i].last;
    ranges.erase(ranges.begin() + static_cast<std::ptrdiff_t>(i));
  }
  while (ranges.size() > ranges_kept) {
    ranges[1].first = ranges[0].first;
    ranges.erase(ranges.begin());
  }
}

/// The newest `most` of slots that rise.
std::vector<std::int64_t> newest(std::vector<std::int64_t> slots, std::size_t most) {
  if (slots.size() > most) slots.erase(slots.begin(), slots.end() - static_cast<std::ptrdiff_t>(most));
  return slots;
}

struct Parted {
  std::vector<std::int64_t> on_time;
  std::vector<std::int64_t> missed;
  std::size_t cut = 0;  // of the missed: in time, but too many at once
};

Parted part(const Rule& rule, const std::vector<std::int64_t>& slots, std::int64_t now) {
  Duration grace = rule.grace;
  if (rule.misfire.policy == Policy::windowed) grace = std::min(grace, rule.misfire.window);
  Parted parted;
  for (const std::int64_t slot : slots)
    (now - slot <= grace.count() ? parted.on_time : parted.missed).push_back(slot);
  while (parted.on_time.size() > on_time_limit) {
    parted.missed.push_back(parted.on_time.front());
    parted.on_time.erase(parted.on_time.begin());
    ++parted.cut;
  }
  return parted;
}

/// Late slots that run each for itself.
void run_late(const Rule& rule, const Parted& parted, std::int64_t now, Decided& decided) {
  std::vector<std::int64_t> eligible;
  std::vector<std::int64_t> young;
  for (const std::int64_t slot : parted.missed) {
    const Duration lateness{now - slot};
    if (rule.misfire.policy == Policy::windowed && lateness > rule.misfire.window) continue;
    eligible.push_back(slot);
    if (!rule.misfire.max_age || lateness <= *rule.misfire.max_age) young.push_back(slot);
  }
  decided.made = newest(young, rule.misfire.max_runs);
  decided.after.caught_up += decided.made.size();
  decided.after.dropped += eligible.size() - decided.made.size();
}

}  // namespace

bool agrees(const Course& course, const schedules::Schedule& record) {
  return course.decided_until == record.decided_until && course.runs == record.runs &&
         course.missed == record.missed && course.dropped == record.dropped &&
         course.caught_up == record.caught_up && course.overlap_skipped == record.overlap_skipped;
}

namespace {

template <class Counted>
std::string counted(const Counted& of) {
  return "decided until " + std::to_string(of.decided_until) + ", runs " + std::to_string(of.runs) + ", missed " +
         std::to_string(of.missed) + ", dropped " + std::to_string(of.dropped) + ", caught up " +
         std::to_string(of.caught_up) + ", overlap skipped " + std::to_string(of.overlap_skipped);
}

}  // namespace

std::string text_of(const Course& course) {
  return counted(course);
}

std::string text_of(const schedules::Schedule& record) {
  return counted(record);
}

std::vector<std::int64_t> pending(const Rule& rule, const Course& course, std::int64_t now) {
  auto slots = rule.grid->between(course.decided_until, now);
  std::erase_if(slots, [&](std::int64_t slot) { return was_handed(course, slot); });
  return slots;
}

std::vector<Decided> decide(const Rule& rule, const Course& course, std::int64_t now) {
  const auto slots = pending(rule, course, now);
  if (slots.empty()) return {};
  const Parted parted = part(rule, slots, now);
  Decided decided{.after = course, .missed = parted.missed};
  decided.after.decided_until = slots.back();
  decided.after.missed += parted.missed.size();
  const bool once = rule.misfire.policy == Policy::run_once_if_missed;
  if (once && !parted.missed.empty()) {
    decided.made = {parted.missed.back()};
    decided.live = parted.missed.back();
    decided.for_gap = true;
    decided.after.caught_up += 1;
    decided.skipped = parted.on_time;
  } else if (rule.misfire.policy == Policy::skip) {
    decided.after.dropped += parted.cut;
  } else if (!once) {
    run_late(rule, parted, now, decided);
  }
  std::vector<Decided> ways;
  if (decided.live || parted.on_time.empty()) {
    ways.push_back(decided);
  } else {
    decided.made.insert(decided.made.end(), parted.on_time.begin(), parted.on_time.end() - 1);
    Decided skips = decided;
    skips.skipped = {parted.on_time.back()};
    decided.made.push_back(parted.on_time.back());
    decided.live = parted.on_time.back();
    ways = {decided, skips};
  }
  for (Decided& way : ways) {
    way.after.runs += way.made.size();
    way.after.overlap_skipped += way.skipped.size();
    hand_out(rule, way.after, way.made);
  }
  return ways;
}

Course plan_anew(const Course& course, std::int64_t now) {
  Course anew = course;
  anew.decided_until = std::min(anew.decided_until, now);
  return anew;
}

}  // namespace dormouse::sim::seeds
