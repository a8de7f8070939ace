// SPDX-License-Identifier: Apache-2.0
// A time zone: UTC, a fixed offset, or a name of the system's tz database, whose footer rule holds beyond the
// listed transitions. Times here are whole seconds: instants since 1970 UTC, and local seconds, which count the
// local calendar as if it were UTC. Zones are cheap to copy; all look-ups are const and may run in any thread.
// The database is the folder $TZDIR, else /usr/share/zoneinfo; a zone once loaded stays as it was.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace dormouse::schedules {

class Zone {
 public:
  static Zone fixed(std::string name, int offset_s);
  static Zone utc() { return fixed("UTC", 0); }

  const std::string& name() const { return name_; }
  bool has_transitions() const { return rules_ != nullptr; }

  /// Seconds that local time is ahead of UTC.
  std::int64_t offset_at(std::int64_t instant_s) const;

  enum class Comes { once, never, twice };
  struct Meaning {
    Comes comes = Comes::once;
    std::int64_t first = 0;       // the instant; of two the first; if missing, the instant of the jump
    std::int64_t transition = 0;  // missing or twice: the instant of the change
  };
  /// What a local second stands for.
  Meaning meaning_of(std::int64_t local_s) const;

  /// A change of offset: local time goes from `from_local` to `to_local` at the instant `at`.
  struct Transition {
    std::int64_t at = 0;
    std::int64_t from_local = 0;
    std::int64_t to_local = 0;
  };
  /// The first transition strictly after, or the last at or before an instant.
  std::optional<Transition> transition_after(std::int64_t instant_s) const;
  std::optional<Transition> transition_until(std::int64_t instant_s) const;

 private:
  struct Rules;
  friend Result<Zone> find_zone(std::string_view text);
  std::string name_;
  std::int64_t offset_s_ = 0;
  std::shared_ptr<const Rules> rules_;  // none: a fixed offset
};

/// "" or "UTC", "+HH:MM" / "-HH:MM" up to 14:00, or a name as the database spells it. invalid_input for field
/// zone: zone_too_long, zone_unknown (with the right spelling as hint, if only the case is wrong), or
/// tzdata_missing when there is no database. Nothing falls back to UTC.
Result<Zone> find_zone(std::string_view text);

/// The release of the tz database ("2025b"), or empty if it does not tell.
std::string tz_release();

}  // namespace dormouse::schedules
