// SPDX-License-Identifier: Apache-2.0
// The numbers this room gives out: epochs, boots, kernel boots, gaps, reports. They stand in the meta record
// `ids` beside the last ids of jobs and schedules, rise by one, and survive the rings, so the newest number is
// also the count over the store's life. Call inside the caller's transaction.
#pragma once

#include <cstdint>

#include "runtime/store/store.hpp"
#include "runtime/wire/registry.hpp"

namespace dormouse::reconcile {

/// Key::epoch, Key::boot, Key::kernel_boot, Key::gap, Key::report; Key::dropped counts gaps under 2 s, which are
/// not recorded. 0 if none was given yet.
std::uint32_t last_number(store::Transaction& txn, wire::Key kind);
void set_number(store::Transaction& txn, wire::Key kind, std::uint32_t number);
std::uint32_t next_number(store::Transaction& txn, wire::Key kind);
/// False in a store that has never been started.
bool any_number(store::Transaction& txn);

}  // namespace dormouse::reconcile
