// SPDX-License-Identifier: Apache-2.0
#include "runtime/time/trust.hpp"

#include <algorithm>

#include "runtime/base/check.hpp"
#include "runtime/time/rfc3339.hpp"

namespace dormouse {
namespace {

constexpr std::int64_t kSyncedBelowMs = 16'000;
constexpr Duration kConfirmAfter{2'000};
constexpr Duration kYear{365LL * 86'400'000};
constexpr Duration kProductLife = 15 * kYear;
constexpr Duration kFloorTolerance{86'400'000};
constexpr Duration kRtcMayLag{5'000};
constexpr Duration kRtcMayLead = kYear;
constexpr Duration kStepWantsRtc{2'000};
constexpr Duration kRtcMayDiffer{2'000};    // from the wall, after a step
constexpr std::int64_t kHoldoverPpm = 500;  // how fast an undisciplined kernel clock may drift
constexpr std::int64_t kRtcPpm = 50;
constexpr std::int64_t kRtcErrorMs = 2'000;
constexpr Duration kClaimAgrees{1'000};     // with a disciplined clock
constexpr Duration kSourcesAgree{2'000};    // with one another
constexpr Duration kSourcesWithin{60'000};  // of one another
constexpr std::size_t kSourcesHeard = 8;
constexpr char kKernel[] = "kernel";

std::int64_t offset_ms(WallTime wall, Instant instant) {
  return wall.ms - instant.ms;
}

bool stepped_since(const Latch& latch, const Sample& now) {
  return std::abs(offset_ms(now.wall, now.instant) - offset_ms(latch.wall, latch.instant)) >= kStepWantsRtc.count();
}

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

std::string TrustState::source() const {
  switch (trust()) {
    case Trust::untrusted:
      return "";
    case Trust::rtc:
      return "rtc";
    case Trust::synced:
      return source_;
  }
  fail_check("trust:source");
}

WallTime TrustState::ceiling() const {
  return build_date_ + kProductLife;
}

void TrustState::start(const Sample& sample, const RtcState& rtc, const SyncState& sync,
                       const std::optional<Latch>& latch) {
  confirm_at_.reset();
  if (latch && latch->trust == Trust::synced) {
    mode_ = inside(sample.wall) ? TrustMode::holdover : TrustMode::conflict;
    source_ = kKernel;
    held_error_ms_ = latch->max_error_ms;
    synced_at_ = latch->instant;
  } else {
    mode_ = plausible(sample, rtc) ? TrustMode::plausible : TrustMode::untrusted;
    // In a kernel boot that is under way somebody may have set the clock since the RTC did.
    if (latch && (latch->trust == Trust::untrusted || stepped_since(*latch, sample))) stepped(sample, rtc);
  }
  look(sample, sync);
}

bool TrustState::look(const Sample& sample, const SyncState& sync) {
  const Trust before = trust();
  if (!sync.disciplined) {
    confirm_at_.reset();
    if (mode_ == TrustMode::trusted) mode_ = TrustMode::holdover;
  } else if (mode_ == TrustMode::holdover) {
    mode_ = TrustMode::trusted;  // what it said before still stands
    source_ = kKernel;
  } else if (mode_ == TrustMode::conflict && !inside(sample.wall)) {
    confirm_at_.reset();  // nothing new to confirm, unless by somebody else
    if (confirmed("", sample.wall, sample.instant)) confirm(sample, sync);
  } else if (mode_ != TrustMode::trusted) {
    if (!confirm_at_) {
      confirm_at_ = sample.instant + kConfirmAfter;
    } else if (sample.instant >= *confirm_at_) {
      confirm_at_.reset();
      confirm(sample, sync);
    }
  }
  refresh_error(sample, sync);
  return trust() != before;
}

/// The sync condition holds: the kernel's wall is believed, or it is a conflict.
void TrustState::confirm(const Sample& sample, const SyncState& sync) {
  const bool sets_floor = !inside(sample.wall);
  const bool second_source = confirmed("", sample.wall, sample.instant) && within_product_life(sample.wall);
  if (sets_floor && !second_source) {
    mode_ = TrustMode::conflict;
    return;
  }
  begin_trusted(sample, sync.max_error_ms, kKernel);
  if (sets_floor) floor_ = sample.wall;
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

Result<ClaimVerdict> TrustState::weigh(const TimeClaim& claim, const Sample& now, const SyncState& sync) {
  if (!within_product_life(claim.wall)) {
    return Error{"time.out_of_range",
                 "The time must lie between " + format_utc(build_date_) + " and " + format_utc(ceiling()) + "."};
  }
  const Duration off = std::chrono::abs(claim.wall - now.wall);
  const bool in_conflict = mode_ == TrustMode::conflict;
  if (sync.disciplined && !in_conflict && off <= kClaimAgrees) return ClaimVerdict{};
  if (claim.forced) return ClaimVerdict{.set_clock = true, .believed = true, .sets_floor = true};
  if (in_conflict && sync.disciplined && off <= kSourcesAgree)  // the kernel's wall stands, with a second witness
    return ClaimVerdict{.set_clock = false, .believed = true, .sets_floor = true};
  if (in_conflict && confirmed(claim.component, claim.wall, now.instant))
    return ClaimVerdict{.set_clock = true, .believed = true, .sets_floor = true};
  const char* hint = "Another source may confirm it within a minute, or an operator may force it.";
  if (sync.disciplined) {
    remember(claim, now.instant);
    return Error{"time.disciplined",
                 "The clock is disciplined and differs by " + std::to_string(off.count()) + " ms.", hint};
  }
  if (claim.wall < floor_ - kFloorTolerance) {
    remember(claim, now.instant);
    return Error{"time.behind_floor",
                 "The time lies more than a day before " + format_utc(floor_) + ", which has been.", hint};
  }
  return ClaimVerdict{.set_clock = true, .believed = true, .sets_floor = false};
}

bool TrustState::accept(const TimeClaim& claim, const ClaimVerdict& verdict, const Sample& sample) {
  if (!verdict.believed || !within_product_life(sample.wall)) return false;
  const Trust before = trust();
  begin_trusted(sample, claim.max_error_ms, claim.source);
  if (verdict.sets_floor) floor_ = sample.wall;
  max_error_ms_ = claim.max_error_ms;
  return trust() != before;
}

bool TrustState::confirmed(const std::string& component, WallTime wall, Instant now) const {
  return std::any_of(heard_.begin(), heard_.end(), [&](const Heard& heard) {
    const std::int64_t differ = offset_ms(wall, now) - heard.offset_ms;
    return heard.component != component && now - heard.at <= kSourcesWithin &&
           std::abs(differ) <= kSourcesAgree.count();
  });
}

void TrustState::remember(const TimeClaim& claim, Instant now) {
  std::erase_if(heard_, [&](const Heard& heard) {
    return heard.component == claim.component || now - heard.at > kSourcesWithin;
  });
  if (heard_.size() >= kSourcesHeard) heard_.erase(heard_.begin());
  heard_.push_back({claim.component, offset_ms(claim.wall, now), now});
}

void TrustState::note_stamp(const Sample& sample) {
  if (trust() == Trust::untrusted) return;
  if (trust() == Trust::synced) floor_ = std::max(floor_, sample.wall);
  rtc_mark_ = std::max({rtc_mark_, floor_, sample.wall});
}

bool TrustState::within_product_life(WallTime wall) const {
  return wall >= build_date_ && wall <= ceiling();
}

bool TrustState::inside(WallTime wall) const {
  return within_product_life(wall) && wall >= floor_ - kFloorTolerance;
}

bool TrustState::plausible(const Sample& sample, const RtcState& rtc) const {
  return rtc.present && rtc.set_wall_at_boot && rtc.valid && within_product_life(sample.wall) &&
         sample.wall >= rtc_mark_ - kRtcMayLag && sample.wall <= rtc_mark_ + kRtcMayLead;
}

void TrustState::begin_trusted(const Sample& sample, std::int64_t error_ms, const std::string& source) {
  mode_ = TrustMode::trusted;
  source_ = source;
  confirm_at_.reset();
  heard_.clear();
  floor_ = std::min(floor_, sample.wall);
  rtc_mark_ = sample.wall;  // down too: an RTC that ran ahead is not believed twice
  held_error_ms_ = error_ms;
  synced_at_ = sample.instant;
}

void TrustState::refresh_error(const Sample& sample, const SyncState& sync) {
  switch (mode_) {
    case TrustMode::trusted:
      max_error_ms_ = held_error_ms_ = sync.max_error_ms;
      synced_at_ = sample.instant;
      return;
    case TrustMode::holdover:
      max_error_ms_ = held_error_ms_ + drift_ms(sample.instant - synced_at_.value_or(sample.instant), kHoldoverPpm);
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
