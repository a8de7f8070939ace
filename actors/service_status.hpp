// SPDX-License-Identifier: Apache-2.0
// The one line that a service manager shows of a device: trust in the time, and what is due next. Said when it has
// changed, never looked up in turns; a device that changes its mind all the time is told of now and then. Plain:
// time is an argument.
#pragma once

#include <optional>
#include <string>

#include "runtime/time/types.hpp"

namespace dormouse::actors {

/// What the timekeeper knows of coming work.
struct Upcoming {
  Trust trust = Trust::untrusted;
  std::optional<Instant> instant;  // the next that is due in elapsed time
  std::optional<WallTime> wall;    // the next that is due in wall time
  bool operator==(const Upcoming&) const = default;
};

/// "time synced, next due 2026-06-01T12:00:00Z"; without a believable time "time untrusted, next due after 2h of
/// uptime, wall-time work is held".
std::string status_line(const Upcoming& upcoming, const Now& now);

class ServiceStatus {
 public:
  void changed(const Upcoming& upcoming, Instant now);
  /// Somebody has said something else meanwhile: say it again.
  void repeat(Instant now);
  /// What is to be said now; none: nothing new, or not yet.
  std::optional<std::string> take(const Now& now);
  /// When to ask again, if nothing changes before.
  std::optional<Instant> due() const { return due_; }

 private:
  Upcoming upcoming_;
  std::optional<Upcoming> said_;
  Instant said_at_;
  std::optional<Instant> due_;
};

}  // namespace dormouse::actors
