// SPDX-License-Identifier: Apache-2.0
#include "runtime/reconcile/stamp_record.hpp"

#include <algorithm>

#include "runtime/store/keys.hpp"

namespace dormouse::reconcile {

Stamp make_stamp(const Boot& boot, const Now& now, const Sample& sample, const TrustState& trust) {
  Stamp stamp;
  stamp.epoch = boot.epoch;
  stamp.boot = boot.number;
  stamp.kernel_boot = boot.kernel_boot;
  stamp.kernel_boot_id = boot.kernel_boot_id;
  stamp.store_id = boot.store_id;
  stamp.instant = now.instant;
  stamp.monotonic = sample.monotonic;
  stamp.wall = now.wall;
  stamp.trust = now.trust;
  stamp.max_error_ms = trust.max_error_ms();
  stamp.floor = trust.floor();
  stamp.rtc_mark = trust.rtc_mark();
  return stamp;
}

std::optional<Stamp> get_stamp(store::Transaction& txn) {
  const auto body = txn.get(store::keys::meta("stamp"));
  if (!body) return std::nullopt;
  auto stamp = decode_stamp(*body);
  if (!stamp.ok()) return std::nullopt;
  return *stamp;
}

void move_on(Stamp& stamp, const store::BatchTime& batch) {
  if (batch.epoch != stamp.epoch || batch.instant <= stamp.instant) return;
  stamp.monotonic += batch.instant - stamp.instant;
  stamp.instant = batch.instant;
  stamp.wall = batch.wall;
  stamp.trust = batch.trust;
  stamp.clean.reset();
  if (batch.trust == Trust::untrusted) return;
  if (batch.trust == Trust::synced) stamp.floor = std::max(stamp.floor, batch.wall);
  stamp.rtc_mark = std::max({stamp.rtc_mark, stamp.floor, batch.wall});
}

void put_stamp(store::Transaction& txn, Stamp stamp) {
  const auto before = get_stamp(txn);
  stamp.sequence = before ? before->sequence + 1 : 1;
  txn.put(store::keys::meta("stamp"), encode(stamp));
}

void put_clean_stamp(store::Transaction& txn, Stamp stamp, const std::string& reason) {
  stamp.clean = reason;
  put_stamp(txn, std::move(stamp));
}

}  // namespace dormouse::reconcile
