// SPDX-License-Identifier: Apache-2.0
// What happened to the clocks between two samples of one kernel boot: suspend, a step of the wall, both, or
// nothing. A slew moves all clocks alike, so it never shows here.
#pragma once

#include <optional>

#include "runtime/time/boot.hpp"
#include "runtime/time/types.hpp"

namespace dormouse {

/// From this length on a suspend or a step is a matter for a reconcile.
inline constexpr Duration kChangeReconciles{2'000};

struct Change {
  Duration suspended{};  // 0: not suspended (up to 0.5 s is taken for none)
  Duration stepped{};    // of the wall, signed; 0: no step (small differences are tolerated)

  bool nothing() const { return suspended == Duration::zero() && stepped == Duration::zero(); }
  bool is_step() const { return stepped != Duration::zero(); }
  bool short_suspend() const { return suspended > Duration::zero() && !long_suspend(); }
  bool long_suspend() const { return suspended >= kChangeReconciles; }
  bool short_step() const { return is_step() && !long_step(); }
  bool long_step() const { return stepped >= kChangeReconciles || stepped <= -kChangeReconciles; }
  bool operator==(const Change&) const = default;
};

/// Compares the newer sample with the one before. A change of wall - instant up to 100 ms + 500 ppm of the time
/// between (at most 1 s) is no step.
Change compare(const Sample& before, const Sample& now);

/// The gap of a suspend of 2 s or more. Ends at the wall of `now` before any step; `trust` as of `now`.
std::optional<Gap> suspend_gap(const Change& change, const Sample& now, Trust trust);

/// The gap of a forward step of 2 s or more, from the old wall to the new. Whether it jumped anything due is for
/// the caller to see: a step that jumped nothing is no gap. None while untrusted.
std::optional<Gap> step_gap(const Change& change, const Sample& now, Trust trust);

/// When steps of 2 s and more are reconciled: the first at once; those that follow within 1 s of one another are
/// gathered into one more pass, 1 s after the last.
class StepGather {
 public:
  void add(Duration stepped, Instant at);
  /// When what was gathered is to be reconciled; none: nothing waits.
  std::optional<Instant> ready_at() const { return ready_at_; }
  bool ready(Instant now) const { return ready_at_ && *ready_at_ <= now; }
  /// What all that waits amounts to; nothing waits any more.
  Change take();

 private:
  std::optional<Instant> last_;
  std::optional<Instant> ready_at_;
  Duration sum_{};
};

}  // namespace dormouse
