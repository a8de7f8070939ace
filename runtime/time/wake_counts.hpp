// SPDX-License-Identifier: Apache-2.0
// Why the processor was woken, counted since the process started. Nothing else may wake it: nothing polls.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "runtime/time/types.hpp"

namespace dormouse {

enum class WakeCause : std::uint8_t {
  due,              // of a job or slot; also time limits and stated waits of jobs, store and links
  lazy_age,         // what was written lazily is to be synced
  idle_checkpoint,  // of a store that has become quiet
  heartbeat,
  confirmation,  // the second look at the sync condition
  trust_poll,    // while wall-time work is held
  watchdog,
  catch_up,    // the pace at which what was missed starts
  look_again,  // the clock may have been set, the device may have slept
  sync_hint,   // a time daemon's marker appeared
  link_input,
  handler_end,
  signal,
};
inline constexpr std::size_t kWakeCauses = static_cast<std::size_t>(WakeCause::signal) + 1;
const char* name_of(WakeCause cause);

class WakeCounts {
 public:
  /// What comes in the same millisecond is one wake-up, however many causes it has.
  void count(WakeCause cause, Instant at);
  std::uint64_t of(WakeCause cause) const { return counts_[static_cast<std::size_t>(cause)]; }
  std::uint64_t wake_ups() const { return wake_ups_; }

 private:
  std::array<std::uint64_t, kWakeCauses> counts_{};
  std::array<std::optional<Instant>, kWakeCauses> last_{};
  std::optional<Instant> last_wake_up_;
  std::uint64_t wake_ups_ = 0;
};

}  // namespace dormouse
