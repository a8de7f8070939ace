// SPDX-License-Identifier: Apache-2.0
// What every actor may know of time. The timekeeper alone arms the clock, listens to it and judges trust; it
// publishes its judgement here, and anyone may read the moment. Thread-safe.
#pragma once

#include <functional>
#include <mutex>
#include <optional>

#include "hal/clock.hpp"
#include "runtime/store/flash_budget.hpp"
#include "runtime/time/types.hpp"
#include "runtime/time/wake_counts.hpp"

namespace dormouse::actors {

class DeviceTime {
 public:
  explicit DeviceTime(const hal::Clock& clock) : clock_(clock) {}

  Now now() const;
  Sample sample() const { return clock_.read(); }

  /// What the timekeeper judged; its marks go into every stamp.
  void publish(const TrustState& trust);
  TrustState trust() const;

  /// Something woke the processor.
  void count_wake(WakeCause cause);
  WakeCounts wake_counts() const;

  /// Whether the device can be woken for what is due, as the clock last answered.
  void publish(hal::AlarmSet wake);
  hal::AlarmSet wake_alarm() const;

  /// Set when a boot is known.
  void begin_boot(std::uint32_t boot, std::uint32_t kernel_boot);

  /// Storage notes each durable commit: it carries a stamp, so the heartbeat need not.
  void note_commit(Instant at);
  /// Called at the next commit, once, on storage's thread: whoever waits for long need not look in between.
  void tell_next_commit(std::function<void()> told);
  std::optional<Instant> last_commit() const;

  /// What storage judged of the write budget.
  void publish(const store::FlashBudget& budget);
  /// How long something that is normally written so often may wait: longer while flash is to be spared.
  Duration stretched(Duration normal) const;

 private:
  const hal::Clock& clock_;
  mutable std::mutex mutex_;
  TrustState trust_;
  std::uint32_t boot_ = 0;
  std::uint32_t kernel_boot_ = 0;
  std::optional<Instant> last_commit_;
  std::function<void()> tell_;
  store::FlashBudget budget_;
  WakeCounts wakes_;
  hal::AlarmSet wake_alarm_ = hal::AlarmSet::armed;
};

}  // namespace dormouse::actors
