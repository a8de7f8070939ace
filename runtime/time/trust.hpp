// SPDX-License-Identifier: Apache-2.0
// Is the wall clock believable? A pure state: samples and facts go in, trust comes out.
//   untrusted -> rtc     at start: the RTC set the clock, its content is valid, and the wall lies inside
//                        build date .. ceiling and RTC mark - 5 s .. RTC mark + 1 year
//   any       -> synced  the kernel is disciplined (max error < 16 s) or the marker stands, at two looks 2 s
//                        apart, or an accepted time.set; the wall inside build date .. ceiling, >= floor - 24 h
//   latch: within a kernel boot synced never falls back; a step that leaves the bounds does
// floor: the later of build date and the highest wall stamped while synced; RTC mark: the later of floor and
// the highest wall stamped while rtc or synced; ceiling: build date + 15 years.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/time/types.hpp"

namespace dormouse {

enum class RtcBattery : std::uint8_t { unknown, ok, low };
struct RtcState {
  bool present = false;
  bool set_wall_at_boot = false;
  bool valid = false;                              // its content was not lost
  std::optional<WallTime> reading = std::nullopt;  // its content now, if it can be read
  RtcBattery battery = RtcBattery::unknown;
  bool can_wake = false;      // from suspend
  bool can_power_on = false;  // from off
};
struct SyncState {
  bool disciplined = false;  // max error < 16 s, or the marker of a time daemon stands
  std::int64_t max_error_ms = 16'000;
};
/// What the kernel's bound and the daemon's marker amount to. No other flag of the kernel counts.
SyncState sync_state(std::int64_t max_error_ms, bool marker);

/// The state behind the trust that is shown.
enum class TrustMode : std::uint8_t {
  untrusted,
  plausible,  // shown rtc
  trusted,    // shown synced
  holdover,   // shown synced: the source is gone, the error bound grows
  conflict,   // shown untrusted: the source says what cannot be (time.conflict)
};
const char* name_of(Trust trust);
const char* name_of(TrustMode mode);

class TrustState {
 public:
  TrustState() = default;
  /// Marks as stored; those before the build date are raised to it.
  TrustState(WallTime build_date, WallTime floor, WallTime rtc_mark);

  /// The first look of a process. `latched`: the trust of the newest stamp of this same kernel boot.
  void start(const Sample& sample, const RtcState& rtc, const SyncState& sync, std::optional<Trust> latched);
  /// A further look. Answers true if trust changed. The floor falls if a synced wall lies below it: who sees
  /// floor() fall reports time.floor_lowered.
  bool look(const Sample& sample, const SyncState& sync);
  /// A step of 2 s or more happened. Answers true if trust changed.
  bool stepped(const Sample& sample, const RtcState& rtc);
  /// An accepted time.set or equivalent; `sample` is taken after the clock was set. Forced by an operator, it may
  /// lie below the floor, which it then lowers. Outside the bounds it changes nothing. Answers true if trust
  /// changed.
  bool set(const Sample& sample, bool forced = false);

  Trust trust() const;
  TrustMode mode() const { return mode_; }
  /// When a second look is wanted to confirm the sync condition.
  std::optional<Instant> confirm_at() const { return confirm_at_; }
  /// Moves the marks along; to be called with every stamp written.
  void note_stamp(const Sample& sample);
  WallTime floor() const { return floor_; }
  WallTime rtc_mark() const { return rtc_mark_; }
  /// How far the wall may be off, as of the last look. Meaningless (0) while untrusted.
  std::int64_t max_error_ms() const { return max_error_ms_; }

 private:
  bool within_product_life(WallTime wall) const;
  bool inside(WallTime wall) const;
  bool plausible(const Sample& sample, const RtcState& rtc) const;
  void begin_trusted(const Sample& sample, std::int64_t error_ms);
  void refresh_error(const Sample& sample, const SyncState& sync);

  WallTime build_date_, floor_, rtc_mark_;
  TrustMode mode_ = TrustMode::untrusted;
  std::optional<Instant> confirm_at_;
  std::int64_t max_error_ms_ = 0;
  std::int64_t held_error_ms_ = 0;  // the error bound when the source was last there
  Instant held_since_;
};

}  // namespace dormouse
