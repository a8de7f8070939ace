// SPDX-License-Identifier: Apache-2.0
// Schedules in the store: the record under prefix `s`, and under `d` the due of its next slot, which always agrees
// with the record's next_due. All inside the caller's transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/jobs/operations.hpp"
#include "runtime/schedules/schedule.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::schedules {

using jobs::Work;

/// None if there is no such schedule or its record cannot be read.
std::optional<Schedule> load(Work& work, std::uint16_t component, std::uint64_t id);

/// Those that can be read, by component, then id.
std::vector<Schedule> load_all(Work& work);
std::vector<Schedule> load_all(Work& work, std::uint16_t component);

/// The component's schedule of that name. Decodes only records that can be it.
std::optional<Schedule> find_named(Work& work, std::uint16_t component, const std::string& name);

/// All records, readable or not: what quotas count.
std::uint64_t count(Work& work);
std::uint64_t count(Work& work, std::uint16_t component);

/// The next id, never given again.
std::uint64_t take_id(Work& work);

/// Writes the record and moves its due from `old_due` (that of the record as it was, none if new).
void save(Work& work, const Schedule& schedule, const std::optional<Due>& old_due);
void erase(Work& work, const Schedule& schedule);

/// The oldest kernel boot whose clock has to tell when a schedule began, which was put there while untrusted; of
/// the first `at_most` schedules.
std::optional<std::uint32_t> oldest_waiting(store::Transaction& txn, std::uint64_t at_most);

/// All dues of a lane kind, in key order: the wall lane by due, elapsed lanes by kernel boot, then due.
std::vector<store::keys::ScheduleDueKey> dues(Work& work, Due::Lane lane);

/// By name, then as "s17"; of its own, then, for those who see all, of any component.
std::optional<Schedule> find(Work& work, const Identity& who, const std::string& name_or_id);

}  // namespace dormouse::schedules
