// SPDX-License-Identifier: Apache-2.0
// The lines of a report: what, how late, by which policy, what was decided and why. Inside of this room.
#pragma once

#include "runtime/jobs/records.hpp"
#include "runtime/reconcile/reconcile.hpp"
#include "runtime/schedules/operations.hpp"

namespace dormouse::reconcile {

/// "job 7 (backup)", "schedule s17 (hourly)".
std::string named(const jobs::Job& job);
std::string named_schedule(std::uint64_t id, const std::string& name);

/// "held, because it needs time to be synced and it is rtc".
std::string needs_words(Trust needs, Trust trust);
std::string needs_words(const jobs::Job& job, Trust trust);

/// An attempt that the gap ended; `after` is the job's state now.
Line interrupted_line(const jobs::Job& job, jobs::State after);
Line late_line(const jobs::Job& job, Duration lateness);
Line missed_line(const jobs::Job& job, Duration lateness);
Line held_line(const jobs::Job& job, Trust trust);
/// A schedule whose slots wait until time is trusted as far as it needs.
Line held_schedule_line(const schedules::Schedule& schedule, Trust trust);
Line schedule_line(const schedules::Decision& decision);
/// time.negative_outage: the kernel started, by a believed wall, before the last reading.
Error negative_outage(WallTime kernel_start, WallTime last_reading);
/// The wall clock was set back, and so many schedules go on from where it stands now.
Line set_back_line(WallTime from, WallTime to, std::uint64_t schedules);
/// A schedule whose last slot lies ahead of the clock.
Line future_mark_line(const schedules::FutureMark& mark);

}  // namespace dormouse::reconcile
