// SPDX-License-Identifier: Apache-2.0
// Slots over a zone: the local calendar says which minutes, the zone says which instants.
#include "runtime/schedules/slots.hpp"

#include <algorithm>
#include <utility>

namespace dormouse::schedules {
namespace {

constexpr std::int64_t last_wall_s = wall_slots_end_ms / 1000 - 1;
/// Bounds the search when every match in reach is a minute without a slot.
constexpr std::int64_t search_s = 9LL * 366 * 86'400;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}
std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return -floor_div(-a, b);
}

/// Whole seconds, kept to where wall slots may lie; one second before 1970 is before all of them.
std::int64_t wall_seconds(std::int64_t ms) {
  return std::clamp<std::int64_t>(floor_div(ms, 1000), -1, last_wall_s);
}

std::optional<std::int64_t> as_slot(std::optional<std::int64_t> instant_s) {
  if (!instant_s || *instant_s < 0 || *instant_s > last_wall_s) return std::nullopt;
  return *instant_s * 1000;
}

}  // namespace

// -- fixed: minutes of the local calendar, each with at most one instant --------------------------------------

std::optional<std::int64_t> Slots::Wall::next_fixed(std::int64_t from) const {
  std::int64_t minute = floor_div(from + zone.offset_at(from), 60) + 1;
  while (true) {
    const auto match = calendar.first_from(minute);
    if (!match || *match * 60 - from > search_s) return std::nullopt;
    const auto meaning = zone.meaning_of(*match * 60);
    const bool has_slot = mode != Mode::fixed_skip || meaning.comes != Zone::Comes::never;
    // In the second pass of a repeated hour its minutes lie behind, at their first pass.
    if (has_slot && meaning.first > from) return meaning.first;
    minute = *match + 1;
  }
}

/// The newest local minute whose one instant is at or before `at`: the local minute of `at`, but in the second
/// pass of a repeated hour the last minute of the first pass.
std::int64_t Slots::Wall::newest_minute_reached(std::int64_t at) const {
  const std::int64_t local = at + zone.offset_at(at);
  if (!zone.has_transitions()) return floor_div(local, 60);
  const auto meaning = zone.meaning_of(local);
  if (meaning.comes != Zone::Comes::twice || at < meaning.transition) return floor_div(local, 60);
  const std::int64_t first_pass_end = meaning.transition + (local - meaning.first);
  return floor_div(first_pass_end - 1, 60);
}

std::optional<std::int64_t> Slots::Wall::newest_fixed(std::int64_t at) const {
  std::int64_t minute = newest_minute_reached(at);
  while (true) {
    const auto match = calendar.last_until(minute);
    if (!match || at - *match * 60 > search_s) return std::nullopt;
    const auto meaning = zone.meaning_of(*match * 60);
    if (mode != Mode::fixed_skip || meaning.comes != Zone::Comes::never) return meaning.first;
    minute = *match - 1;
  }
}

/// At a jump ahead: how many matching minutes have no slot of their own. The missing ones meet on the instant of
/// the jump, together with the minute that it jumps to.
std::uint64_t Slots::Wall::without_own_slot(const Zone::Transition& change) const {
  if (change.to_local <= change.from_local) return 0;
  const std::int64_t first = ceil_div(change.from_local, 60);
  const std::int64_t end = ceil_div(change.to_local, 60);
  const std::uint64_t missing = calendar.count(first - 1, end - 1);
  if (mode == Mode::fixed_skip || missing == 0) return missing;
  const bool jumps_to_a_match = change.to_local % 60 == 0 && calendar.count(end - 1, end) == 1;
  return jumps_to_a_match ? missing : missing - 1;
}

std::uint64_t Slots::Wall::count_fixed(std::int64_t after, std::int64_t until) const {
  std::uint64_t sum = calendar.count(newest_minute_reached(after), newest_minute_reached(until));
  auto change = zone.transition_after(after);
  while (change && change->at <= until) {
    sum -= without_own_slot(*change);
    change = zone.transition_after(change->at);
  }
  return sum;
}

// -- free: between two zone changes the instants are the local calendar, shifted ------------------------------

std::optional<std::int64_t> Slots::Wall::next_free(std::int64_t from) const {
  std::int64_t begin = from + 1;
  while (true) {
    const std::int64_t offset = zone.offset_at(begin);
    const auto match = calendar.first_from(ceil_div(begin + offset, 60));
    const auto change = zone.transition_after(begin);
    if (match && (!change || *match * 60 - offset < change->at)) return *match * 60 - offset;
    if (!match || !change) return std::nullopt;
    begin = change->at;
  }
}

std::optional<std::int64_t> Slots::Wall::newest_free(std::int64_t at) const {
  while (true) {
    const std::int64_t offset = zone.offset_at(at);
    const auto match = calendar.last_until(floor_div(at + offset, 60));
    const auto change = zone.transition_until(at);
    if (match && (!change || *match * 60 - offset >= change->at)) return *match * 60 - offset;
    if (!match || !change) return std::nullopt;
    at = change->at - 1;
  }
}

std::uint64_t Slots::Wall::count_free(std::int64_t after, std::int64_t until) const {
  std::uint64_t sum = 0;
  while (after < until) {
    const std::int64_t offset = zone.offset_at(after + 1);
    const auto change = zone.transition_after(after + 1);
    const std::int64_t end = change ? std::min(until, change->at - 1) : until;
    sum += calendar.count(floor_div(after + offset, 60), floor_div(end + offset, 60));
    after = end;
  }
  return sum;
}

// -- the one face ---------------------------------------------------------------------------------------------

Slots Slots::every(Duration period) {
  check(period.count() > 0, "slots:period");
  return Slots(Every{period.count()});
}

Slots Slots::wall(const CronSets& sets, Zone zone, Dst dst) {
  Mode mode = dst == Dst::skip ? Mode::fixed_skip : Mode::fixed;
  if (!sets.hour_restricted() || dst == Dst::absolute) mode = Mode::free;
  return Slots(Wall{Calendar(sets), std::move(zone), mode});
}

std::optional<std::int64_t> Slots::next(std::int64_t from) const {
  if (const auto* every = std::get_if<Every>(&kind_))
    return from < 0 ? every->period_ms : (from / every->period_ms + 1) * every->period_ms;
  const auto& wall = std::get<Wall>(kind_);
  if (from >= wall_slots_end_ms) return std::nullopt;
  const std::int64_t from_s = wall_seconds(from);
  return as_slot(wall.mode == Mode::free ? wall.next_free(from_s) : wall.next_fixed(from_s));
}

std::optional<std::int64_t> Slots::newest(std::int64_t at) const {
  if (const auto* every = std::get_if<Every>(&kind_)) {
    if (at < every->period_ms) return std::nullopt;
    return at / every->period_ms * every->period_ms;
  }
  const auto& wall = std::get<Wall>(kind_);
  if (at < 0) return std::nullopt;
  const std::int64_t at_s = wall_seconds(at);
  return as_slot(wall.mode == Mode::free ? wall.newest_free(at_s) : wall.newest_fixed(at_s));
}

std::uint64_t Slots::count(std::int64_t after, std::int64_t until) const {
  if (until <= after) return 0;
  if (const auto* every = std::get_if<Every>(&kind_)) {
    const std::int64_t first = std::max<std::int64_t>(after, 0) / every->period_ms;
    const std::int64_t last = std::max<std::int64_t>(until, 0) / every->period_ms;
    return static_cast<std::uint64_t>(last - first);
  }
  const auto& wall = std::get<Wall>(kind_);
  const std::int64_t after_s = wall_seconds(after);
  const std::int64_t until_s = wall_seconds(until);
  return wall.mode == Mode::free ? wall.count_free(after_s, until_s) : wall.count_fixed(after_s, until_s);
}

}  // namespace dormouse::schedules
