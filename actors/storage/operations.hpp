// SPDX-License-Identifier: Apache-2.0
// What each operation of messages.hpp does: one function of runtime/ over the open transaction; and how durable its
// batch must be before it is answered. No actor code.
#pragma once

#include "actors/messages.hpp"

namespace dormouse::actors {

using jobs::Work;

Result<EnqueueJobs::Value> execute(Work& work, const EnqueueJobs& op);
Result<CancelJob::Value> execute(Work& work, const CancelJob& op);
Result<GetJob::Value> execute(Work& work, const GetJob& op);
Result<ListJobs::Value> execute(Work& work, const ListJobs& op);
Result<TakeDue::Value> execute(Work& work, const TakeDue& op);
Result<ClaimJobs::Value> execute(Work& work, const ClaimJobs& op);
Result<FinishAttempts::Value> execute(Work& work, const FinishAttempts& op);
Result<ExpireJobs::Value> execute(Work& work, const ExpireJobs& op);
Result<PutSchedule::Value> execute(Work& work, const PutSchedule& op);
Result<DeleteSchedule::Value> execute(Work& work, const DeleteSchedule& op);
Result<ListSchedules::Value> execute(Work& work, const ListSchedules& op);
Result<DecideSchedules::Value> execute(Work& work, const DecideSchedules& op);
Result<GetBoots::Value> execute(Work& work, const GetBoots& op);
Result<Explain::Value> execute(Work& work, const Explain& op);

/// All that stands in the store of a device's status; the rest is the caller's.
DeviceStatus device_status(Work& work);

/// After an unclean start every claim is durable before the handler starts, for so long: a job that kills the
/// device is then counted from its second start on.
bool on_probation(const Boot& boot, Instant now, Duration probation);

/// A claim may be lazy: a power cut that forgets it has settled nothing, the same attempt is taken again. Not so
/// for a job that runs at most once, nor on probation. Whatever else is changed must be durable before it is
/// answered.
store::Durability durability_of(const jobs::ClaimResult& claims, bool on_probation);
template <class Value>
store::Durability durability_of(const Value&, bool) {
  return store::Durability::durable;
}

}  // namespace dormouse::actors
