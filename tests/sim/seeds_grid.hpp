// SPDX-License-Identifier: Apache-2.0
// The planned slots of a schedule, found minute by minute on the local clock of its zone: slow and plain, so that
// it shares nothing with the runtime's calendar but the zone's offsets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/schedules/schedule.hpp"
#include "runtime/schedules/zone.hpp"

namespace dormouse::sim::seeds {

/// A timing as the device is given it, and what it means. Empty: any.
struct TimingRow {
  schedules::Kind kind = schedules::Kind::cron;
  std::string text;
  std::string zone = "UTC";
  schedules::Dst dst = schedules::Dst::once;
  std::vector<int> minutes;
  std::vector<int> hours;
  std::vector<int> weekdays;  // 0 is Sunday
  Duration period{};          // every
  int a_day = 24;             // about so many slots
};
const std::vector<TimingRow>& catalogue();
schedules::Timing timing_of(const TimingRow& row);

/// Slots as strictly rising numbers: wall ms, or n * period for every.
class Grid {
 public:
  explicit Grid(const TimingRow& row);
  bool elapsed() const { return row_.kind == schedules::Kind::every; }
  /// All slots with after < slot <= until.
  std::vector<std::int64_t> between(std::int64_t after, std::int64_t until) const;
  /// The first one after; none within 40 days.
  std::optional<std::int64_t> next(std::int64_t after) const;

 private:
  const std::vector<std::int64_t>& of_day(std::int64_t day) const;
  bool matches(std::int64_t local_minute) const;
  bool is_slot(std::int64_t minute) const;
  std::int64_t local(std::int64_t minute) const { return minute + zone_.offset_at(minute * 60) / 60; }

  TimingRow row_;
  schedules::Zone zone_ = schedules::Zone::utc();
  mutable std::map<std::int64_t, std::vector<std::int64_t>> days_;
};
/// One grid for each row of the catalogue, kept for the life of the process.
const Grid& grid_of(std::size_t row);

}  // namespace dormouse::sim::seeds
