// SPDX-License-Identifier: Apache-2.0
#include "actors/time/wake_list.hpp"

#include <algorithm>
#include <utility>

namespace dormouse::actors {

namespace {

WakeCause cause_of(const SetWake& wake) {
  if (wake.cause) return *wake.cause;
  switch (wake.purpose) {
    case Purpose::scheduler_pace:
      return WakeCause::catch_up;
    case Purpose::heartbeat:
      return WakeCause::heartbeat;
    case Purpose::trust_look:
      return WakeCause::confirmation;
    case Purpose::watchdog:
      return WakeCause::watchdog;
    default:
      return WakeCause::due;
  }
}

bool is_due_work(Purpose purpose) {
  return purpose == Purpose::scheduler_due || purpose == Purpose::cron_due;
}

std::optional<Instant> earlier_of(const SetWake& wake, const Now& now) {
  std::optional<Instant> at = wake.instant;
  if (wake.wall && now.trust != Trust::untrusted) {
    const Instant wall_at = now.instant + (*wake.wall - now.wall);
    if (!at || wall_at < *at) at = wall_at;
  }
  return at;
}

/// When it comes; none: not as things stand.
std::optional<Instant> moment_of(const SetWake& wake, const Now& now, DueWork due) {
  if (wake.purpose == Purpose::system_wake) return std::nullopt;
  if (due == DueWork::held && is_due_work(wake.purpose)) return std::nullopt;
  return earlier_of(wake, now);
}

}  // namespace

void WakeList::set(SetWake wake) {
  const Purpose purpose = wake.purpose;
  if (wake.instant || wake.wall || wake.for_trust) {
    wakes_.insert_or_assign(purpose, std::move(wake));
  } else {
    wakes_.erase(purpose);
  }
}

std::optional<Instant> WakeList::next(const Now& now, DueWork due) const {
  std::optional<Instant> next;
  for (const auto& [purpose, wake] : wakes_) {
    const auto at = moment_of(wake, now, due);
    if (at && (!next || *at < *next)) next = at;
  }
  return next;
}

std::vector<SetWake> WakeList::take(const Now& now, DueWork due) {
  std::vector<SetWake> taken;
  for (auto it = wakes_.begin(); it != wakes_.end();) {
    const auto at = moment_of(it->second, now, due);
    if (at && *at <= now.instant) {
      taken.push_back(std::move(it->second));
      it = wakes_.erase(it);
    } else {
      ++it;
    }
  }
  return taken;
}

std::vector<WakeCause> WakeList::causes(const Now& now, DueWork due) const {
  std::vector<WakeCause> causes;
  for (const auto& [purpose, wake] : wakes_) {
    const auto at = moment_of(wake, now, due);
    if (at && *at <= now.instant) causes.push_back(cause_of(wake));
  }
  return causes;
}

Upcoming WakeList::upcoming(Trust trust) const {
  Upcoming upcoming{trust, {}, {}};
  for (const auto& [purpose, wake] : wakes_) {
    if (!is_due_work(purpose)) continue;
    if (wake.instant && (!upcoming.instant || *wake.instant < *upcoming.instant)) upcoming.instant = wake.instant;
    if (wake.wall && (!upcoming.wall || *wake.wall < *upcoming.wall)) upcoming.wall = wake.wall;
  }
  return upcoming;
}

std::optional<Instant> WakeList::system_wake(const Now& now) const {
  const auto wake = wakes_.find(Purpose::system_wake);
  return wake == wakes_.end() ? std::nullopt : earlier_of(wake->second, now);
}

bool WakeList::has_wall_work() const {
  return std::any_of(wakes_.begin(), wakes_.end(),
                     [](const auto& wake) { return wake.second.wall || wake.second.for_trust; });
}

bool WakeList::outstanding() const {
  return wakes_.contains(Purpose::scheduler_due) || wakes_.contains(Purpose::cron_due) ||
         wakes_.contains(Purpose::attempt_limits);
}

}  // namespace dormouse::actors
