// SPDX-License-Identifier: Apache-2.0
// The stamp that rides in the store with every group (meta record `stamp`): the twin of the heartbeat file's.
// The newer of the two bounds the start of the next gap. Call inside the caller's transaction.
#pragma once

#include <optional>
#include <string>

#include "runtime/store/store.hpp"
#include "runtime/time/boot.hpp"
#include "runtime/time/trust.hpp"

namespace dormouse::reconcile {

/// A stamp of this moment, not clean, its sequence still 0. `trust` gives the marks and the error bound; its
/// note_stamp() is the caller's to call.
Stamp make_stamp(const Boot& boot, const Now& now, const Sample& sample, const TrustState& trust);

/// The newest stamp of the store; none in a store that never had one.
std::optional<Stamp> get_stamp(store::Transaction& txn);

/// Puts the stamp, numbered one above the one before. `clean` of the stamp says whether this is a clean mark.
void put_stamp(store::Transaction& txn, Stamp stamp);

/// Marks the stop clean: the stamp with its reason ("sigterm", "power_failing"). The last write of a process.
void put_clean_stamp(store::Transaction& txn, Stamp stamp, const std::string& reason);

}  // namespace dormouse::reconcile
