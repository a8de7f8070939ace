// SPDX-License-Identifier: Apache-2.0
// What each operation of messages.hpp does: one function of runtime/ over the open transaction. No actor code.
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

}  // namespace dormouse::actors
