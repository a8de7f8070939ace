// SPDX-License-Identifier: Apache-2.0
// Looks at the clock: what happened since the look before (suspend, steps, trust that came or went), and whether
// that calls for a reconcile. Plain: the timekeeper says when to look, and carries out what follows.
#pragma once

#include <optional>
#include <vector>

#include "actors/messages.hpp"
#include "runtime/time/step.hpp"
#include "runtime/time/trust.hpp"

namespace dormouse::actors {

/// A claim that was believed; the clock is set.
struct Believed {
  TimeClaim claim;
  ClaimVerdict verdict;
};

/// What a look found.
struct Seen {
  Sample now;
  std::optional<ReconcileStep> step;  // to be reconciled
  bool trust_changed = false;
  bool trust_lost = false;
  std::vector<Error> alarms;
};

class ClockWatch {
 public:
  ClockWatch(TrustState trust, const Sample& first) : trust_(std::move(trust)), last_(first) {}

  Seen look(const hal::Clock& clock, const std::optional<Believed>& told = std::nullopt);

  TrustState& trust() { return trust_; }
  const TrustState& trust() const { return trust_; }
  bool believable() const { return trust_.trust() != Trust::untrusted; }
  /// Suspends that were seen and are too short for a gap.
  std::uint64_t short_suspends() const { return short_suspends_; }
  /// Steps that were seen and are too short to reconcile.
  std::uint64_t short_steps() const { return short_steps_; }
  /// What time it is as of the last look: a step that was not looked at yet shows nowhere.
  Now as_judged(Instant now) const { return {now, last_.wall + (now - last_.instant), trust_.trust(), 0, 0}; }
  /// When to look without being told to: to confirm a source, or to reconcile steps that were gathered.
  std::optional<Instant> confirm_at() const { return trust_.confirm_at(); }
  std::optional<Instant> steps_at() const { return steps_.ready_at(); }

 private:
  std::optional<ReconcileStep> step_for(const Change& change, const TrustState& before);

  TrustState trust_;
  Sample last_;
  StepGather steps_;
  std::uint64_t short_suspends_ = 0;
  std::uint64_t short_steps_ = 0;
};

}  // namespace dormouse::actors
