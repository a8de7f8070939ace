// SPDX-License-Identifier: Apache-2.0
// The slots of a schedule, as a strictly increasing row of numbers that is never stored. For cron, daily and
// weekly a slot is wall ms (UTC) of the years 1970 to 2199; for every it is n * period, n = 1, 2, ..., in ms
// since the anchor. Pure and const.
//
// Fixed slots (the hour is restricted) are local minutes: one that is missing on a day of a zone change stands
// for the instant of the jump (Dst::skip: for none), one that comes twice for the first. Free slots (every hour,
// or Dst::absolute) are all instants whose local minute matches.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "runtime/schedules/calendar.hpp"
#include "runtime/schedules/schedule.hpp"
#include "runtime/schedules/zone.hpp"

namespace dormouse::schedules {

/// One past the last ms that may be a slot of a wall kind: the start of 2200.
inline constexpr std::int64_t wall_slots_end_ms = 7'258'118'400'000;

class Slots {
 public:
  static Slots every(Duration period);
  static Slots wall(const CronSets& sets, Zone zone, Dst dst);

  /// The first slot strictly after `from`; none if the search of 8 years ends without one.
  std::optional<std::int64_t> next(std::int64_t from) const;
  /// The newest slot at or before `at`; searches 8 years back.
  std::optional<std::int64_t> newest(std::int64_t at) const;
  /// How many slots s have after < s <= until. Steps by months and zone changes, never by slots.
  std::uint64_t count(std::int64_t after, std::int64_t until) const;

 private:
  struct Every {
    std::int64_t period_ms;
  };
  enum class Mode { free, fixed, fixed_skip };
  struct Wall {
    Calendar calendar;
    Zone zone;
    Mode mode;

    // All in whole seconds.
    std::optional<std::int64_t> next_fixed(std::int64_t from) const;
    std::optional<std::int64_t> next_free(std::int64_t from) const;
    std::optional<std::int64_t> newest_fixed(std::int64_t at) const;
    std::optional<std::int64_t> newest_free(std::int64_t at) const;
    std::uint64_t count_fixed(std::int64_t after, std::int64_t until) const;
    std::uint64_t count_free(std::int64_t after, std::int64_t until) const;
    std::int64_t newest_minute_reached(std::int64_t at) const;
    std::uint64_t without_own_slot(const Zone::Transition& change) const;
  };
  explicit Slots(std::variant<Every, Wall> kind) : kind_(std::move(kind)) {}
  std::variant<Every, Wall> kind_;
};

}  // namespace dormouse::schedules
