// SPDX-License-Identifier: Apache-2.0
#include "hal/sim/clock.hpp"

#include <algorithm>
#include <utility>

#include "runtime/base/check.hpp"

namespace dormouse::hal_sim {
namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kUnsyncedMs = 16'000;  // the kernel's bound never grows beyond this
constexpr std::int64_t kErrorPpm = 500;
constexpr Duration kLargestSlew{500};
constexpr int kStormAt = 1'000'000;  // deliveries without time moving: somebody arms the past for ever

/// `ppm` of a duration, exact for centuries of milliseconds.
Duration part_of(Duration whole, std::int64_t ppm) {
  const std::int64_t ms = whole.count();
  return Duration{ms / kMillion * ppm + ms % kMillion * ppm / kMillion};
}

/// How far the clocks get in true time `by` while slewed.
Duration slewed(Duration by, std::int64_t ppm) {
  return by + part_of(by, ppm);
}

/// The shortest true time in which slewed clocks get at least as far as `goal`.
Duration until_slewed(Duration goal, std::int64_t ppm) {
  if (goal <= Duration::zero()) return Duration::zero();
  const std::int64_t rate = kMillion + ppm;
  const std::int64_t near_ms = goal.count() / rate * kMillion + goal.count() % rate * kMillion / rate;
  Duration by = std::max(Duration::zero(), Duration{near_ms - 2});  // slewed() cuts, so the last steps are walked
  while (slewed(by, ppm) < goal) ++by;
  return by;
}

std::uint64_t scramble(std::uint64_t x) {  // splitmix64
  x += 0x9E3779B97F4A7C15;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
  x = (x ^ x >> 27) * 0x94D049BB133111EB;
  return x ^ x >> 31;
}

std::string make_boot_id(std::uint64_t seed, std::uint64_t number) {
  std::string id;
  for (std::uint64_t half = 0; half < 2; ++half) {
    const std::uint64_t word = scramble(scramble(seed) ^ (2 * number + half));
    for (int shift = 56; shift >= 0; shift -= 8) id.push_back(static_cast<char>(word >> shift & 0xFF));
  }
  return id;
}

}  // namespace

SimClock::SimClock(const SimClockSetup& setup) : setup_(setup), rtc_kind_(setup.rtc), rtc_base_(setup.start) {
  power_on();
  if (!setup.synced) return;
  put_wall(setup.start);
  error_base_ms_ = setup.sync_max_error_ms;
  error_grows_since_.reset();
}

SyncState SimClock::sync() const {
  std::int64_t error = error_base_ms_;
  if (error_grows_since_) error += part_of(now_.instant - *error_grows_since_, kErrorPpm).count();
  return sync_state(std::min(error, kUnsyncedMs), marker_);
}

RtcState SimClock::rtc() const {
  RtcState state;
  state.present = rtc_kind_ != RtcKind::none;
  state.valid = rtc_kind_ == RtcKind::good;
  state.set_wall_at_boot = rtc_set_wall_;
  if (state.present) state.reading = rtc_reading();
  state.can_wake = state.present && setup_.wake != hal::AlarmSet::unsupported;
  state.can_power_on = state.present && setup_.power_on != hal::AlarmSet::unsupported;
  return state;
}

std::optional<Duration> SimClock::to_armed(std::int64_t ppm) const {
  if (!armed_) return std::nullopt;
  return until_slewed(*armed_ - now_.instant, ppm);
}

// -- time moves --

void SimClock::move(Duration by, std::int64_t ppm) {
  check(by >= Duration::zero(), "sim_clock:backwards");
  check(ppm > -kMillion, "sim_clock:rate");
  Duration true_from = true_now_;
  Sample from = now_;
  const auto go_to = [&](Duration elapsed) {
    const Duration clocks = slewed(elapsed, ppm);
    true_now_ = true_from + elapsed;
    now_ = Sample{from.instant + clocks, from.monotonic + clocks, from.wall + clocks};
  };
  Duration elapsed{};
  for (int standing = 0; armed_; ++standing) {
    const Duration at = std::max(elapsed, until_slewed(*armed_ - from.instant, ppm));
    if (at > by) break;
    if (at > elapsed) standing = 0;
    check(standing < kStormAt, "sim_clock:storm");
    elapsed = at;
    go_to(elapsed);
    const Sample expected = now_;
    fire();
    if (now_ == expected) continue;
    // Whoever was told used a control (a power cut, say): the rest goes on from there.
    by -= std::exchange(elapsed, Duration::zero());
    true_from = true_now_;
    from = now_;
  }
  go_to(by);
}

void SimClock::fire() {
  armed_.reset();
  tell(hal::ClockEvent::timer_due);
}

void SimClock::tell(hal::ClockEvent event) {
  if (const auto listener = listener_) {  // a copy: it may listen anew
    ++told_;
    listener(event);
  }
  if (settle_) settle_();
}

hal::AlarmSet SimClock::arm_wake(std::optional<Instant> due) {
  wake_.reset();
  if (!due) return hal::AlarmSet::armed;
  if (setup_.wake == hal::AlarmSet::armed) wake_ = due;
  return setup_.wake;
}

hal::AlarmSet SimClock::arm_power_on(std::optional<WallTime> due) {
  if (!due) {
    power_on_.reset();
    return hal::AlarmSet::armed;
  }
  if (rtc_kind_ == RtcKind::none) return hal::AlarmSet::unsupported;
  if (setup_.power_on == hal::AlarmSet::armed) power_on_ = due;
  return setup_.power_on;
}

Status SimClock::set_wall(WallTime wall) {
  if (!setup_.may_set) return Error{"time.not_permitted", "This process may not set the wall clock."};
  rtc_reset(wall);
  step(wall - now_.wall);
  return done();
}

// -- the wall --

void SimClock::step(Duration by) {
  put_wall(now_.wall + by);
  error_base_ms_ = kUnsyncedMs;
  error_grows_since_.reset();
  tell(hal::ClockEvent::look_again);
}

void SimClock::set_same() {
  tell(hal::ClockEvent::look_again);
}

void SimClock::slew(std::int64_t ppm, Duration for_true) {
  move(for_true, ppm);
}

void SimClock::leap_second() {
  put_wall(now_.wall - Duration{1'000});
  tell(hal::ClockEvent::look_again);
}

void SimClock::sync_arrives(SyncBy by, bool marker, std::optional<WallTime> wall) {
  const Duration wrong = wall.value_or(true_wall()) - now_.wall;
  error_base_ms_ = setup_.sync_max_error_ms;
  error_grows_since_.reset();
  const bool slew = by == SyncBy::slew && std::chrono::abs(wrong) <= kLargestSlew;
  if (slew && wrong > Duration::zero())
    now_ = Sample{now_.instant + wrong, now_.monotonic + wrong, now_.wall + wrong};  // O stays as it was
  if (!slew) {
    put_wall(now_.wall + wrong);
    tell(hal::ClockEvent::look_again);
  }
  if (!marker) return;
  marker_ = true;
  tell(hal::ClockEvent::sync_hint);
}

void SimClock::sync_lost() {
  if (!error_grows_since_) error_grows_since_ = now_.instant;
}

// -- sleep and death --

Duration SimClock::sleeps(Duration by, bool wake_works) const {
  check(by >= Duration::zero(), "sim_clock:backwards");
  if (!wake_ || !wake_works) return by;
  return std::clamp(*wake_ - now_.instant, Duration::zero(), by);
}

void SimClock::suspend(Duration by, bool wake_works) {
  by = sleeps(by, wake_works);
  true_now_ += by;
  now_.instant = now_.instant + by;
  now_.wall = now_.wall + by;
  if (armed_ && *armed_ <= now_.instant) fire();
  tell(hal::ClockEvent::look_again);
}

void SimClock::end_process() {
  armed_.reset();
  wake_.reset();
  listener_ = nullptr;
}

void SimClock::restart(Duration off) {
  end_process();
  move(off, 0);
}

/// The RTC's alarm comes once, when its reading passes the armed wall; one that is behind has come before.
Duration SimClock::off_until_alarm(Duration off) {
  const auto alarm = power_on_;
  if (!alarm || rtc_kind_ != RtcKind::good) return off;
  const Duration sooner = until_slewed(*alarm - rtc_reading(), rtc_ppm_);
  if (sooner > off) return off;
  power_on_.reset();
  return sooner > Duration::zero() ? sooner : off;
}

void SimClock::power_cut(Duration off) {
  check(off >= Duration::zero(), "sim_clock:backwards");
  end_process();
  true_now_ += off_until_alarm(off);
  power_on();
}

void SimClock::panic(Duration off) {
  if (!panic_records_.empty()) panic_records_ += ' ';
  panic_records_ += "dmesg-ramoops-" + std::to_string(kernel_boots_);
  power_cut(off);
}

void SimClock::watchdog_reset(Duration off) {
  power_cut(off);
  evidence_.watchdog = true;
  evidence_.text += evidence_.text.empty() ? "watchdog0" : " watchdog0";
}

void SimClock::clone(Instant smaller) {
  check(smaller < now_.instant, "sim_clock:clone");
  end_process();
  now_.instant = smaller;
  now_.monotonic = Duration{smaller.ms};
  if (error_grows_since_) error_grows_since_ = std::min(*error_grows_since_, smaller);
}

void SimClock::power_on() {
  kernel_boot_id_ = make_boot_id(setup_.seed, ++kernel_boots_);
  rtc_set_wall_ = rtc_kind_ == RtcKind::good;
  now_ = Sample{};
  now_.wall = rtc_set_wall_ ? rtc_reading() : setup_.wall_without_rtc;
  evidence_ = {.watchdog = false, .panic = !panic_records_.empty(), .text = panic_records_};
  error_base_ms_ = kUnsyncedMs;
  error_grows_since_.reset();
  marker_ = false;
}

// -- the RTC --

WallTime SimClock::rtc_reading() const {
  return rtc_base_ + slewed(true_now_ - rtc_base_at_, rtc_ppm_);
}

void SimClock::rtc_reset(WallTime reading) {
  if (rtc_kind_ == RtcKind::none) return;
  rtc_kind_ = RtcKind::good;
  rtc_base_ = reading;
  rtc_base_at_ = true_now_;
}

void SimClock::rtc_dead() {
  if (rtc_kind_ == RtcKind::good) rtc_kind_ = RtcKind::dead;
}

void SimClock::rtc_ppm(std::int64_t ppm) {
  rtc_base_ = rtc_reading();
  rtc_base_at_ = true_now_;
  rtc_ppm_ = ppm;
}

}  // namespace dormouse::hal_sim
