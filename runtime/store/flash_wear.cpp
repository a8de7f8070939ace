// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/flash_wear.hpp"

#include <algorithm>

namespace dormouse::store {

namespace {

using wire::Key;

constexpr std::uint8_t kStepExceeded = 11;
constexpr double kStepsOfLife = 10;
constexpr double kDaysOfYear = 365.25;

}  // namespace

const char* name_of(PreEol state) {
  constexpr const char* names[] = {"", "normal", "warning", "urgent"};
  return names[static_cast<std::size_t>(state)];
}

std::optional<FlashLife> life_of(const FlashReading& reading) {
  std::uint8_t worst = 0;
  if (reading.life_time)
    for (const std::uint8_t value : *reading.life_time)
      if (value <= kStepExceeded) worst = std::max(worst, value);
  return worst == 0 ? std::nullopt : std::optional(FlashLife{worst});
}

std::optional<PreEol> pre_eol_of(const FlashReading& reading) {
  const std::uint8_t value = reading.pre_eol.value_or(0);
  if (value < 1 || value > 3) return std::nullopt;
  return static_cast<PreEol>(value);
}

void FlashWearHistory::note(const FlashReading& reading, std::uint64_t ever_bytes) {
  last_ = reading;
  const auto life = life_of(reading);
  if (!life || life->step == step_) return;
  if (life->step < step_) {  // another medium
    step_at_.reset();
    step_bytes_.reset();
  } else if (step_ != 0) {
    if (step_at_ && ever_bytes > *step_at_)
      step_bytes_ = (ever_bytes - *step_at_) / static_cast<std::uint64_t>(life->step - step_);
    step_at_ = ever_bytes;
  }
  step_ = life->step;
}

/// From the last step on it is what was written since; before any was seen the register's upper bound.
std::optional<double> FlashWearHistory::used_percent(std::optional<std::uint64_t> endurance,
                                                     std::uint64_t ever_bytes) const {
  const auto life = life_of(last_);
  if (!life) return std::nullopt;
  const double highest = life->to_percent();
  if (!step_at_ || !endurance || life->exceeded()) return highest;
  const double since =
      100.0 * static_cast<double>(ever_bytes - std::min(ever_bytes, *step_at_)) / static_cast<double>(*endurance);
  return std::min(highest, life->from_percent() + since);
}

FlashWear FlashWearHistory::project(const FlashUse& use, const FlashEndurance& board) const {
  FlashWear wear;
  wear.life = life_of(last_);
  wear.pre_eol = pre_eol_of(last_);
  wear.mean_day_bytes = use.mean_day();
  if (step_bytes_) {
    wear.measured = true;
    wear.endurance_bytes = static_cast<std::uint64_t>(kStepsOfLife * static_cast<double>(*step_bytes_));
  } else if (board.bytes) {
    wear.endurance_bytes =
        static_cast<std::uint64_t>(static_cast<double>(*board.bytes) / std::max(1.0, board.write_amplification));
  }
  if (!wear.endurance_bytes || *wear.endurance_bytes == 0 || !wear.mean_day_bytes) return wear;
  wear.percent_per_year =
      100.0 * static_cast<double>(*wear.mean_day_bytes) * kDaysOfYear / static_cast<double>(*wear.endurance_bytes);
  const auto used = used_percent(wear.endurance_bytes, use.ever().bytes);
  if (used && *wear.percent_per_year > 0) wear.years_left = (100.0 - *used) / *wear.percent_per_year;
  return wear;
}

void FlashWearHistory::encode(wire::Record& record) const {
  if (step_ == 0) return;
  record.put_uint(Key::position, step_);
  if (step_at_) record.put_uint(Key::offset, *step_at_);
  if (step_bytes_) record.put_uint(Key::size, *step_bytes_);
}

FlashWearHistory FlashWearHistory::decode(const wire::Record& record) {
  FlashWearHistory history;
  const auto step = record.get_uint(Key::position).value_or(0);
  if (step == 0 || step > kStepExceeded) return history;
  history.step_ = static_cast<std::uint8_t>(step);
  history.step_at_ = record.get_uint(Key::offset);
  history.step_bytes_ = record.get_uint(Key::size);
  return history;
}

}  // namespace dormouse::store
