// SPDX-License-Identifier: Apache-2.0
#include "actors/service_status.hpp"

#include <algorithm>

#include "runtime/time/duration_text.hpp"
#include "runtime/time/rfc3339.hpp"
#include "runtime/time/trust.hpp"

namespace dormouse::actors {

namespace {

constexpr Duration between_lines{5'000};

}  // namespace

std::string status_line(const Upcoming& upcoming, const Now& now) {
  std::string line = std::string("time ") + name_of(upcoming.trust);
  if (upcoming.trust == Trust::untrusted) {
    if (upcoming.instant)
      line += ", next due after " + format_duration(Duration{upcoming.instant->ms / 1'000 * 1'000}) + " of uptime";
    if (upcoming.wall) line += ", wall-time work is held";
    return upcoming.instant || upcoming.wall ? line : line + ", nothing due";
  }
  std::optional<WallTime> next = upcoming.wall;
  if (upcoming.instant) {
    const WallTime wall = now.wall + (*upcoming.instant - now.instant);
    if (!next || wall < *next) next = wall;
  }
  if (!next) return line + ", nothing due";
  return line + ", next due " + format_utc({next->ms / 1'000 * 1'000});
}

void ServiceStatus::changed(const Upcoming& upcoming, Instant now) {
  upcoming_ = upcoming;
  due_.reset();
  if (said_ == upcoming) return;
  due_ = said_ ? std::max(now, said_at_ + between_lines) : now;
}

void ServiceStatus::repeat(Instant now) {
  said_.reset();
  due_ = now;
}

std::optional<std::string> ServiceStatus::take(const Now& now) {
  if (!due_ || now.instant < *due_) return std::nullopt;
  due_.reset();
  said_ = upcoming_;
  said_at_ = now.instant;
  return status_line(upcoming_, now);
}

}  // namespace dormouse::actors
