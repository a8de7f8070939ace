// SPDX-License-Identifier: Apache-2.0
// Enqueueing in two steps: the plan checks every entry in order, as if sent singly, and writes nothing; carrying it
// out cannot fail. So a refusal leaves nothing behind, also in the middle of a larger operation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/jobs/counters.hpp"
#include "runtime/jobs/operations.hpp"

namespace dormouse::jobs {

struct PlannedJob {
  JobSpec spec;  // as understood
  Enqueued answer;
  std::uint64_t after_job = 0;
};

/// `tally`: as it is now. `ending`: a job that will have ended before the plan is carried out; its key and its
/// place in the quotas are free. Null if there is none.
Result<std::vector<PlannedJob>> plan_enqueue(Work& work, std::uint16_t component, const std::string& component_name,
                                             const std::vector<JobSpec>& specs, const Tally& tally,
                                             const Job* ending);

/// `tally`: as it is now, with what ended since the plan was made.
std::vector<Enqueued> carry_out(Work& work, std::uint16_t component, Trigger trigger, std::vector<PlannedJob> plan,
                                Tally tally);

}  // namespace dormouse::jobs
