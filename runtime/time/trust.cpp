// SPDX-License-Identifier: Apache-2.0
#include "runtime/time/trust.hpp"

#include <algorithm>

#include "runtime/base/check.hpp"

namespace dormouse {
namespace {

constexpr std::int64_t kSyncedBelowMs = 16'000;
constexpr Duration kConfirmAfter{2'000};
constexpr Duration kYear{365LL * 86'400'000};
constexpr Duration kProductLife = 15 * kYear;
constexpr Duration kFloorTolerance{86'400'000};
constexpr Duration kRtcMayLag{5'000};
constexpr Duration kRtcMayLead = kYear;
constexpr Duration kRtcMayDiffer{2'000};    // from the wall, after a step
constexpr std::int64_t kHoldoverPpm = 500;  // how fast an undisciplined kernel clock may drift
constexpr std::int64_t kRtcPpm = 50;
constexpr std::int64_t kRtcErrorMs = 2'000;
constexpr std::int64_t kSetErrorMs = 1'000;  // a time.set comes in a message, which takes its time

std::int64_t drift_ms(Duration since, std::int64_t ppm) {
  return std::max<std::int64_t>(since.count(), 0) * ppm / 1'000'000;
}

}  // namespace

SyncState sync_state(std::int64_t max_error_ms, bool marker) {
  return SyncState{.disciplined = marker || max_error_ms < kSyncedBelowMs, .max_error_ms = max_error_ms};
}

const char* name_of(Trust trust) {
  switch (trust) {
    case Trust::untrusted:
      return "untrusted";
    case Trust::rtc:
      return "rtc";
    case Trust::synced:
      return "synced";
  }
  fail_check("trust:name");
}

const char* name_of(TrustMode mode) {
  switch (mode) {
    case TrustMode::untrusted:
      return "untrusted";
    case TrustMode::plausible:
      return "plausible";
    case TrustMode::trusted:
      return "trusted";
    case TrustMode::holdover:
      return "holdover";
    case TrustMode::conflict:
      return "conflict";
  }
  fail_check("trust:mode");
}

TrustState::TrustState(WallTime build_date, WallTime floor, WallTime rtc_mark)
    : build_date_(build_date), floor_(std::max(build_date, floor)), rtc_mark_(std::max(floor_, rtc_mark)) {}

Trust TrustState::trust() const {
  switch (mode_) {
    case TrustMode::untrusted:
    case TrustMode::conflict:
      return Trust::untrusted;
    case TrustMode::plausible:
      return Trust::rtc;
    case TrustMode::trusted:
    case TrustMode::holdover:
      return Trust::synced;
  }
  fail_check("trust:mode");
}

void TrustState::start(const Sample& sample, const RtcState& rtc, const SyncState& sync,
                       std::optional<Trust> latched) {
  confirm_at_.reset();
  if (latched == Trust::synced) {
    mode_ = inside(sample.wall) ? TrustMode::holdover : TrustMode::conflict;
    held_error_ms_ = sync.max_error_ms;
    held_since_ = sample.instant;
  } else {
    mode_ = plausible(sample, rtc) ? TrustMode::plausible : TrustMode::untrusted;
  }
  look(sample, sync);
}

bool TrustState::look(const Sample& sample, const SyncState& sync) {
  const Trust before = trust();
  if (!sync.disciplined) {
    confirm_at_.reset();
    if (mode_ == TrustMode::trusted) mode_ = TrustMode::holdover;
  } else if (mode_ == TrustMode::holdover) {
    mode_ = TrustMode::trusted;  // the same source came back: what it said before still stands
  } else if (mode_ == TrustMode::conflict && !inside(sample.wall)) {
    confirm_at_.reset();  // nothing new to confirm
  } else if (mode_ != TrustMode::trusted) {
    if (!confirm_at_) {
      confirm_at_ = sample.instant + kConfirmAfter;
    } else if (sample.instant >= *confirm_at_) {
      confirm_at_.reset();
      if (inside(sample.wall))
        begin_trusted(sample, sync.max_error_ms);
      else
        mode_ = TrustMode::conflict;
    }
  }
  refresh_error(sample, sync);
  return trust() != before;
}

bool TrustState::stepped(const Sample& sample, const RtcState& rtc) {
  const Trust before = trust();
  confirm_at_.reset();  // both looks must see the clock as it is now
  if (mode_ == TrustMode::plausible) {
    const bool agrees = rtc.reading && std::chrono::abs(*rtc.reading - sample.wall) <= kRtcMayDiffer;
    if (!agrees || !plausible(sample, rtc)) mode_ = TrustMode::untrusted;
  } else if (trust() == Trust::synced && !inside(sample.wall)) {
    mode_ = TrustMode::conflict;
  }
  if (trust() == Trust::untrusted) max_error_ms_ = 0;
  return trust() != before;
}

bool TrustState::set(const Sample& sample, bool forced) {
  const Trust before = trust();
  const bool accepted = forced ? within_product_life(sample.wall) : inside(sample.wall);
  if (!accepted) return false;
  begin_trusted(sample, kSetErrorMs);
  if (forced) floor_ = sample.wall;
  confirm_at_.reset();
  max_error_ms_ = kSetErrorMs;
  return trust() != before;
}

void TrustState::note_stamp(const Sample& sample) {
  if (trust() == Trust::untrusted) return;
  if (trust() == Trust::synced) floor_ = std::max(floor_, sample.wall);
  rtc_mark_ = std::max({rtc_mark_, floor_, sample.wall});
}

bool TrustState::within_product_life(WallTime wall) const {
  return wall >= build_date_ && wall <= build_date_ + kProductLife;
}

bool TrustState::inside(WallTime wall) const {
  return within_product_life(wall) && wall >= floor_ - kFloorTolerance;
}

bool TrustState::plausible(const Sample& sample, const RtcState& rtc) const {
  return rtc.present && rtc.set_wall_at_boot && rtc.valid && within_product_life(sample.wall) &&
         sample.wall >= rtc_mark_ - kRtcMayLag && sample.wall <= rtc_mark_ + kRtcMayLead;
}

void TrustState::begin_trusted(const Sample& sample, std::int64_t error_ms) {
  mode_ = TrustMode::trusted;
  floor_ = std::min(floor_, sample.wall);
  rtc_mark_ = sample.wall;  // down too: an RTC that ran ahead is not believed twice
  held_error_ms_ = error_ms;
  held_since_ = sample.instant;
}

void TrustState::refresh_error(const Sample& sample, const SyncState& sync) {
  switch (mode_) {
    case TrustMode::trusted:
      max_error_ms_ = held_error_ms_ = sync.max_error_ms;
      held_since_ = sample.instant;
      return;
    case TrustMode::holdover:
      max_error_ms_ = held_error_ms_ + drift_ms(sample.instant - held_since_, kHoldoverPpm);
      return;
    case TrustMode::plausible:
      // The floor is the newest wall known to have been right.
      max_error_ms_ = kRtcErrorMs + drift_ms(sample.wall - floor_, kRtcPpm);
      return;
    case TrustMode::untrusted:
    case TrustMode::conflict:
      max_error_ms_ = 0;
      return;
  }
}

}  // namespace dormouse
