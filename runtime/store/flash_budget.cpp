// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/flash_budget.hpp"

#include <algorithm>

namespace dormouse::store {

namespace {

using wire::Key;

constexpr Duration kDay{86'400'000};
constexpr Duration kShortestWait{60'000};  // what doubles: the wait of a lazy batch as it normally is
constexpr auto kMostFactor = static_cast<std::uint32_t>(FlashBudget::longest_wait / kShortestWait);

}  // namespace

FlashBudget::FlashBudget(std::uint64_t bytes_per_day) : bytes_per_day_(bytes_per_day), level_(bytes_per_day) {}

FlashBudget FlashBudget::decode(const wire::Record& record, std::uint64_t bytes_per_day) {
  FlashBudget budget(bytes_per_day);
  if (bytes_per_day == 0) return budget;
  budget.level_ = std::min(record.get_uint(Key::level).value_or(bytes_per_day), bytes_per_day);
  budget.saving_ = budget.told_saving_ = record.get_bool(Key::saving).value_or(false);
  const auto factor = record.get_uint(Key::window).value_or(1);
  if (budget.saving_ && factor <= kMostFactor) budget.factor_ = std::max<std::uint32_t>(2, factor & ~1U);
  return budget;
}

void FlashBudget::encode(wire::Record& record) const {
  if (bytes_per_day_ == 0) return;
  record.put_uint(Key::level, level_).put_bool(Key::saving, saving_).put_uint(Key::window, factor_);
}

void FlashBudget::refill(Duration elapsed) {
  const auto day = static_cast<std::uint64_t>(kDay.count());
  const auto ms = static_cast<std::uint64_t>(elapsed.count());
  // Split, so that no product leaves 64 bits: a budget is below 2^60, a day below 2^27 ms.
  const std::uint64_t whole = bytes_per_day_ / day * ms;
  const std::uint64_t parts = bytes_per_day_ % day * ms + remainder_;
  remainder_ = parts % day;
  level_ = std::min(bytes_per_day_, level_ + whole + parts / day);
}

/// Twice as long once the longer wait has been waited through as well.
void FlashBudget::stretch(Duration elapsed) {
  waited_ += elapsed;
  while (factor_ < kMostFactor && waited_ >= kShortestWait * factor_) {
    waited_ -= kShortestWait * factor_;
    factor_ *= 2;
  }
}

void FlashBudget::advance(Duration elapsed) {
  if (bytes_per_day_ == 0 || elapsed <= Duration{}) return;
  elapsed = std::min(elapsed, kDay);  // fills it whatever it held
  if (saving_) stretch(elapsed);
  refill(elapsed);
  if (!saving_ || level_ < bytes_per_day_ - bytes_per_day_ / 2) return;
  saving_ = false;
  factor_ = 1;
  waited_ = {};
}

void FlashBudget::spend(std::uint64_t bytes) {
  if (bytes_per_day_ == 0) return;
  level_ -= std::min(level_, bytes);
  if (level_ > 0 || saving_) return;
  saving_ = true;
  factor_ = 2;
  waited_ = {};
}

FlashBudget::Change FlashBudget::take_change() {
  if (saving_ == told_saving_) return Change::none;
  told_saving_ = saving_;
  return saving_ ? Change::emptied : Change::cleared;
}

Duration FlashBudget::stretched(Duration normal) const {
  if (!saving_) return normal;
  return std::max(normal, std::min(normal * static_cast<std::int64_t>(factor_), longest_wait));
}

}  // namespace dormouse::store
