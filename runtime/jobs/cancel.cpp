// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/components.hpp"
#include "runtime/jobs/conflict.hpp"
#include "runtime/jobs/operations.hpp"
#include "runtime/jobs/records.hpp"
#include "runtime/jobs/validate.hpp"

namespace dormouse::jobs {
namespace {

constexpr std::size_t kReasonBytes = 256;

Error not_found(const std::string& what) {
  return {.code = "job.not_found", .message = "there is no " + what};
}

}  // namespace

Result<Cancelled> cancel(Work& work, const Identity& who, std::uint64_t id, const std::string& reason) {
  if (auto error = may_change(who)) return std::move(*error);
  std::optional<Job> job = load(work, id);
  if (!job || !may_see(work.txn, who, job->component)) return not_found("job " + std::to_string(id));
  return cancel_job(work, *job, clean_text(reason, kReasonBytes));
}

Result<Cancelled> cancel_by_key(Work& work, const Identity& who, const std::string& conflict_key,
                                const std::string& reason) {
  const std::optional<std::uint16_t> component = find_component(work.txn, who.component);
  const std::optional<Holder> holder = component ? find_holder(work, *component, conflict_key) : std::nullopt;
  if (!holder) return not_found("active job with the conflict key '" + conflict_key + "'");
  return cancel(work, who, holder->job, reason);
}

}  // namespace dormouse::jobs
