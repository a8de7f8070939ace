// SPDX-License-Identifier: Apache-2.0
// Is the wall clock believable? A pure state: samples and facts go in, trust comes out.
//   -> plausible  at start: the RTC set the clock, its content is valid, and the wall lies inside build date ..
//                 ceiling and RTC mark - 5 s .. RTC mark + 1 year. It stays so after a step of 2 s or more while
//                 the RTC reads within 2 s of the wall, too
//   -> trusted    the sync condition (max error < 16 s, or the marker) at two looks 2 s apart, or an accepted
//                 time.set; the wall inside, that is build date .. ceiling and not below floor - 24 h
//   -> holdover   from trusted: the sync condition is gone; back when it returns
//   -> conflict   the sync condition, but not inside; or a step out of the bounds while trusted or in holdover. Out
//   of
//                 it: the source is back inside, an operator forces a time, or two independent sources (the kernel,
//                 each link that may set the clock) tell the same within 2 s inside of 60 s
//   latch: within a kernel boot, restarts of the process included, trusted and holdover never fall to untrusted
// floor: the later of build date and the highest wall stamped while synced; RTC mark: the later of floor and
// the highest wall stamped while rtc or synced; ceiling: build date + 15 years.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
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

/// What the newest stamp of this kernel boot said; it binds a process that starts in it.
struct Latch {
  Trust trust = Trust::untrusted;
  std::int64_t max_error_ms = 0;
  Instant instant;
  WallTime wall;
};

/// Somebody says what time it is now.
struct TimeClaim {
  WallTime wall;
  std::string component;              // who: two that differ are independent
  std::string source;                 // where from, for people
  std::int64_t max_error_ms = 1'000;  // it comes in a message, which takes its time
  bool forced = false;                // an operator insists
};
/// What comes of a claim. All false: nothing is to be done, the clock is right within a second.
struct ClaimVerdict {
  bool set_clock = false;   // to the claim's wall
  bool believed = false;    // to be told to accept(), after the clock was set
  bool sets_floor = false;  // the floor becomes that wall, whatever it was
};

class TrustState {
 public:
  TrustState() = default;
  /// Marks as stored; those before the build date are raised to it.
  TrustState(WallTime build_date, WallTime floor, WallTime rtc_mark);

  /// The first look of a process. `latch`: the newest stamp, if it is of this same kernel boot.
  void start(const Sample& sample, const RtcState& rtc, const SyncState& sync, const std::optional<Latch>& latch);
  /// A further look. Answers true if trust changed. The floor falls if a synced wall lies below it: who sees
  /// floor() fall reports time.floor_lowered.
  bool look(const Sample& sample, const SyncState& sync);
  /// A step of 2 s or more happened. Answers true if trust changed.
  bool stepped(const Sample& sample, const RtcState& rtc);

  /// Judges a claim: time.out_of_range (not inside build date .. ceiling), time.disciplined (more than 1 s off a
  /// disciplined clock), time.behind_floor (more than 24 h below the floor). A claim that is refused is remembered
  /// for 60 s: a second source may confirm it.
  Result<ClaimVerdict> weigh(const TimeClaim& claim, const Sample& now, const SyncState& sync);
  /// A claim that was believed; `sample` is taken after the clock was set. Answers true if trust changed.
  bool accept(const TimeClaim& claim, const ClaimVerdict& verdict, const Sample& sample);

  Trust trust() const;
  TrustMode mode() const { return mode_; }
  /// When a second look is wanted to confirm the sync condition.
  std::optional<Instant> confirm_at() const { return confirm_at_; }
  /// Moves the marks along; to be called with every stamp written.
  void note_stamp(const Sample& sample);
  WallTime floor() const { return floor_; }
  WallTime rtc_mark() const { return rtc_mark_; }
  WallTime ceiling() const;
  /// How far the wall may be off, as of the last look. Meaningless (0) while untrusted.
  std::int64_t max_error_ms() const { return max_error_ms_; }
  /// Who the wall is believed from: "kernel", "rtc", the source of a claim; empty while untrusted.
  std::string source() const;
  /// When a source was last there, in this kernel boot.
  std::optional<Instant> synced_at() const { return synced_at_; }

 private:
  struct Heard {  // a claim that was refused
    std::string component;
    std::int64_t offset_ms = 0;  // of the wall it told to the instant
    Instant at;
  };
  bool within_product_life(WallTime wall) const;
  bool inside(WallTime wall) const;
  bool plausible(const Sample& sample, const RtcState& rtc) const;
  void begin_trusted(const Sample& sample, std::int64_t error_ms, const std::string& source);
  void confirm(const Sample& sample, const SyncState& sync);
  /// Whether somebody else told this wall, too, a short while ago. `component` is empty for the kernel.
  bool confirmed(const std::string& component, WallTime wall, Instant now) const;
  void remember(const TimeClaim& claim, Instant now);
  void refresh_error(const Sample& sample, const SyncState& sync);

  WallTime build_date_, floor_, rtc_mark_;
  TrustMode mode_ = TrustMode::untrusted;
  std::optional<Instant> confirm_at_;
  std::int64_t max_error_ms_ = 0;
  std::int64_t held_error_ms_ = 0;    // the error bound when the source was last there ...
  std::optional<Instant> synced_at_;  // ... which was then
  std::string source_;                // of the trust while trusted or in holdover
  std::vector<Heard> heard_;          // one a component
};

}  // namespace dormouse
