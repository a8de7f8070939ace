// SPDX-License-Identifier: Apache-2.0
#include "actors/time/heartbeats.hpp"

#include <utility>

#include "runtime/reconcile/stamp_record.hpp"

namespace dormouse::actors {

Heartbeats::Heartbeats(Setup setup) : setup_(std::move(setup)) {
  if (setup_.medium != nullptr) file_.emplace(*setup_.medium);
}

void Heartbeats::keep(const Sample& now, TrustState& trust, bool outstanding) {
  if (!file_) return;
  if (!outstanding) {
    next_.reset();
    return;
  }
  if (!next_) next_ = now.instant + interval();
  const auto commit = setup_.time->last_commit();
  if (commit && *commit + interval() > *next_) {
    setup_.pace.committed();
    next_ = *commit + interval();
  }
  if (*next_ > now.instant) return;
  if (write(now, trust)) {
    if (setup_.look_sooner) setup_.time->tell_next_commit(setup_.look_sooner);
    const bool outage_computable = trust.trust() != Trust::untrusted && setup_.clock->rtc().valid;
    setup_.pace.beat(outage_computable);
  }
  next_ = now.instant + interval();
}

void Heartbeats::stamp(const Sample& now, TrustState& trust) {
  if (!file_ || !write(now, trust) || !next_) return;
  next_ = now.instant + interval();
}

bool Heartbeats::write(const Sample& now, TrustState& trust) {
  const auto stamp = reconcile::make_stamp(setup_.boot, setup_.time->now(), now, setup_.time->trust());
  if (const auto written = file_->write(stamp, interval()); !written.ok()) {
    if (setup_.pace.failed()) {
      setup_.observe(alarm(setup_.time->now(), {"time.heartbeat_failed", written.error().message}));
    }
    return false;
  }
  trust.note_stamp(now);
  if (setup_.written) setup_.written();
  return true;
}

}  // namespace dormouse::actors
