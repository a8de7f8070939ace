// SPDX-License-Identifier: Apache-2.0
// Elapsed time as an observer outside the device counts it: what the kernel's clock ran while the machine was on,
// and true time while it was off. And how far ahead of it the device may honestly be, because it believed a wall
// clock that was wrong at one end of an outage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/time/types.hpp"

namespace dormouse::sim::seeds {

class ElapsedTime {
 public:
  /// To be called at every rest, in order. `kernel` names the kernel boot.
  void look(Duration true_now, const Sample& sample, const std::string& kernel, Trust trust);

  Duration now() const { return elapsed_; }
  /// What position may exceed now() by, over all that was believed so far.
  Duration ahead() const { return ahead_before_ + ahead_here_; }
  /// Numbers the kernel boots as an observer sees them: clones begin a new one.
  std::uint64_t kernel_boot() const { return kernel_boot_; }
  /// The wall against elapsed time: what a step changes and a slew does not.
  Duration offset() const { return offset_; }
  bool stepped() const { return stepped_; }  // at the last look, by 2 s or more

 private:
  void begin_kernel_boot();
  void note_belief(bool gained);

  std::uint64_t kernel_boot_ = 0;
  std::string kernel_;
  Sample last_;
  Duration last_true_{};
  Duration elapsed_{};
  Duration offset_{};
  bool stepped_ = false;
  Trust trust_ = Trust::untrusted;

  // The least offset that the last stamp of this kernel boot, or of the newest earlier one, may carry.
  std::optional<Duration> least_here_;
  std::optional<Duration> least_before_;
  Duration ahead_before_{};
  Duration ahead_here_{};
};

}  // namespace dormouse::sim::seeds
