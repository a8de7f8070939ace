// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/seeds_elapsed.hpp"

#include <algorithm>

namespace dormouse::sim::seeds {

namespace {

constexpr Duration long_step{2'000};

}  // namespace

void ElapsedTime::begin_kernel_boot() {
  ++kernel_boot_;
  if (least_here_) least_before_ = least_here_;
  least_here_.reset();
  ahead_before_ += ahead_here_;
  ahead_here_ = Duration{0};
  trust_ = Trust::untrusted;
}

void ElapsedTime::look(Duration true_now, const Sample& sample, const std::string& kernel, Trust trust) {
  const bool same = kernel_boot_ > 0 && kernel == kernel_ && sample.instant >= last_.instant;
  elapsed_ += same ? sample.instant - last_.instant : true_now - last_true_;
  if (!same) begin_kernel_boot();
  // A clone untrusted counts its uptime from before it was cloned: nobody can tell that from uptime since.
  if (!same && kernel == kernel_) ahead_before_ += Duration{sample.instant.ms};
  const Duration offset = Duration{sample.wall.ms} - elapsed_;
  const Duration by = offset - offset_;
  stepped_ = same && (by >= long_step || by <= -long_step);
  offset_ = offset;
  kernel_ = kernel;
  last_ = sample;
  last_true_ = true_now;
  const bool gained = trust > trust_;
  trust_ = trust;
  if (trust != Trust::untrusted) note_belief(gained);
}

void ElapsedTime::note_belief(bool gained) {
  if (gained && least_before_) ahead_here_ = std::max(ahead_here_, offset_ - *least_before_);
  least_here_ = std::min(least_here_.value_or(offset_), offset_);
}

}  // namespace dormouse::sim::seeds
