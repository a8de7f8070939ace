// SPDX-License-Identifier: Apache-2.0
// After a restore (meta record `restored`, put there by whoever replaced the store): a job that was waiting in the
// snapshot and was due before the restore may have run since, and nobody knows. Those that must run at most once
// end missed; the others follow their policy. Inside of this room.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/jobs/operations.hpp"
#include "runtime/reconcile/reconcile.hpp"
#include "runtime/store/store.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::reconcile {

struct RestoreNote {
  WallTime until;             // what was due by then may have run
  std::uint64_t last_id = 0;  // the last job that the snapshot knew: later ones are of after the restore
};
std::optional<RestoreNote> read_restore_note(store::Transaction& txn);
/// Once all jobs were looked at.
void erase_restore_note(store::Transaction& txn);

/// Whether this job may not be started for that reason. An elapsed due whose wall time was never known counts as
/// reached: between twice and not at all, at most once means not at all.
bool may_have_run(const RestoreNote& note, const Spans& spans, const jobs::Job& job);

Line restored_line(const jobs::Job& job);
/// What the report says once, of all other jobs.
Line restore_warning();

}  // namespace dormouse::reconcile
