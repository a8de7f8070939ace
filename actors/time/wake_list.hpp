// SPDX-License-Identifier: Apache-2.0
// Who wants to be woken when: one wake a purpose. A wall wake comes only while the time is believed. One without a
// moment stands for work that waits for more trust: it never comes, and counts as work all the same.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "actors/messages.hpp"
#include "runtime/time/wake_counts.hpp"

namespace dormouse::actors {

/// What is due waits for the end of a pass: the pass decides what is missed, then TimeChanged wakes all.
enum class DueWork : std::uint8_t { comes, held };

class WakeList {
 public:
  /// Replaces the former wake of that purpose; neither instant nor wall nor for_trust: none any more.
  void set(SetWake wake);

  /// The earliest.
  std::optional<Instant> next(const Now& now, DueWork due) const;
  /// Those whose moment has come; they are off the list.
  std::vector<SetWake> take(const Now& now, DueWork due);
  /// Why they come.
  std::vector<WakeCause> causes(const Now& now, DueWork due) const;

  /// The next job or slot, as it was asked for.
  Upcoming upcoming(Trust trust) const;
  /// What is to wake the whole device; the timer is not armed for it. None while only its wall time is known and
  /// that is not believed.
  std::optional<Instant> system_wake(const Now& now) const;
  /// Somebody waits for a wall time, or for more trust.
  bool has_wall_work() const;
  /// Whether a gap from now on could harm anything: jobs or slots wait, or attempts run.
  bool outstanding() const;

 private:
  std::map<Purpose, SetWake> wakes_;
};

}  // namespace dormouse::actors
