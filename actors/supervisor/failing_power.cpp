// SPDX-License-Identifier: Apache-2.0
#include "actors/supervisor/failing_power.hpp"

#include <utility>

namespace dormouse::actors {

namespace {

constexpr Duration between_saves{1'000};

}  // namespace

FailingPower::Act FailingPower::failing(Instant now, std::optional<Duration> hold_up, bool repeats) {
  heard_ = now;
  switch (phase_) {
    case Phase::working:
      if (repeats && last_saved_ && now - *last_saved_ < between_saves) return Act::pass_over;
      phase_ = Phase::saving;
      bound_ = now + hold_up.value_or(bounds_.hold_up);
      clean_.reset();
      back_ = false;
      return Act::save;
    case Phase::saving:
      back_ = false;
      return clean_ ? Act::answer : Act::wait;
    case Phase::saved:
    case Phase::resuming:
      phase_ = Phase::saved;
      break;
  }
  return Act::answer;
}

bool FailingPower::closed(Instant now, bool marked) {
  phase_ = Phase::saved;
  last_saved_ = now;
  if (!clean_) clean_ = marked && now <= bound_;
  if (!std::exchange(back_, false)) return false;
  begin_to_resume(now);
  return true;
}

bool FailingPower::restored(Instant now) {
  if (phase_ == Phase::saving) back_ = true;
  if (phase_ != Phase::saved) return false;
  begin_to_resume(now);
  return true;
}

void FailingPower::begin_to_resume(Instant now) {
  phase_ = Phase::resuming;
  resume_by_ = now + bounds_.handlers;
}

FailingPower::Alarm FailingPower::look(Instant now) {
  const auto at = due();
  if (!at || now < *at) return Alarm::none;
  switch (phase_) {
    case Phase::working:
      break;
    case Phase::saving:
      clean_ = false;
      return Alarm::hold_up_missed;
    case Phase::saved:
      begin_to_resume(now);
      return Alarm::false_alarm;
    case Phase::resuming:
      return Alarm::handler_stuck;
  }
  return Alarm::none;
}

std::optional<Instant> FailingPower::due() const {
  switch (phase_) {
    case Phase::working:
      break;
    case Phase::saving:
      if (!clean_) return bound_ + Duration{1};  // what ends at the bound itself is in time
      break;
    case Phase::saved:
      return heard_ + bounds_.silence;
    case Phase::resuming:
      return resume_by_;
  }
  return std::nullopt;
}

}  // namespace dormouse::actors
