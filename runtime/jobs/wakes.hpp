// SPDX-License-Identifier: Apache-2.0
// Which work is to wake the whole device when it falls due: an index beside jobs and schedules, so that the next of
// it is found by one look into each lane. Call inside the caller's transaction.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/jobs/operations.hpp"

namespace dormouse::jobs {

enum class Waking : char { job = 'j', schedule = 's' };

/// The work moves from one due to another, or begins or ends to be such work. Writes nothing if nothing changes.
/// `wakes` is false for work that does not wake the device (any more).
void note_wake(Work& work, Waking what, std::uint64_t id, const std::optional<Due>& old_due,
               const std::optional<Due>& new_due, bool wakes);

struct NextWake {
  std::optional<Instant> instant;
  std::optional<WallTime> wall;  // none while untrusted
  bool operator==(const NextWake&) const = default;
};
/// The next that falls due after now.
NextWake next_wake(Work& work);

}  // namespace dormouse::jobs
