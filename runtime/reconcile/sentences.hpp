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

/// An attempt that the gap ended; `after` is the job's state now.
Line interrupted_line(const jobs::Job& job, jobs::State after);
Line late_line(const jobs::Job& job, Duration lateness);
Line missed_line(const jobs::Job& job, Duration lateness);
Line held_line(const jobs::Job& job, Trust trust);
Line schedule_line(const schedules::Decision& decision);

}  // namespace dormouse::reconcile
