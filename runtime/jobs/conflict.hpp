// SPDX-License-Identifier: Apache-2.0
// Who holds a conflict key. An active job holds its key, between attempts too. A running job that was asked to end
// no longer does, but stays written behind the key: the next holder must not start before its code has returned.
#pragma once

#include <optional>
#include <string>

#include "runtime/jobs/operations.hpp"

namespace dormouse::jobs {

struct Holder {
  std::uint64_t job = 0;
  bool released = false;  // asked to end, its code has not returned yet
};
/// None if the key is free and no old code runs.
std::optional<Holder> find_holder(Work& work, std::uint16_t component, const std::string& key);

void hold_key(Work& work, const Job& job);
/// The running job was asked to end.
void release_key(Work& work, const Job& job);
/// The job has ended.
void drop_key(Work& work, const Job& job);

/// True while the code of an older holder of the key still runs.
bool waits_for_old_attempt(Work& work, const Job& job);

}  // namespace dormouse::jobs
