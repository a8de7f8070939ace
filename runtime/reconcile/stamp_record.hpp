// SPDX-License-Identifier: Apache-2.0
// The whole stamps of the store (meta record `stamp`): the start mark, one where the marks of trust may have moved,
// the clean mark. They are the twin of the heartbeat file's. What lies between them every batch of the store tells:
// when it was made. The newest of all bounds the start of the next gap. Call inside the caller's transaction.
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

/// Moves the stamp on to a later batch of its epoch: it was not the last sign of life, so not a clean mark either.
/// Monotonic moves as the instant does. A batch that is not later changes nothing.
void move_on(Stamp& stamp, const store::BatchTime& batch);

/// Puts the stamp, numbered one above the one before. `clean` of the stamp says whether this is a clean mark.
void put_stamp(store::Transaction& txn, Stamp stamp);

/// Marks the stop clean: the stamp with its reason ("sigterm", "power_failing"). The last batch of a process, made
/// at the stamp's own instant.
void put_clean_stamp(store::Transaction& txn, Stamp stamp, const std::string& reason);

}  // namespace dormouse::reconcile
