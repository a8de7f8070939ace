// SPDX-License-Identifier: Apache-2.0
// When the heartbeat is written, and writing it. It bounds the start of the next gap: one at each interval while
// something is outstanding, unless a durable commit, which carries a stamp itself, stands for it. At rest there is
// none: the batch that ended the last of the work is the one stamp of its start.
#pragma once

#include <memory>
#include <optional>

#include "actors/events.hpp"
#include "actors/time/device_time.hpp"
#include "runtime/store/heartbeat.hpp"
#include "runtime/time/boot.hpp"

namespace dormouse::actors {

class Heartbeats {
 public:
  struct Setup {
    store::StorageMedium* medium = nullptr;  // none: there are no heartbeats
    const hal::Clock* clock = nullptr;
    std::shared_ptr<DeviceTime> time;
    Boot boot;
    store::HeartbeatPace pace;
    Observer observe;
    std::function<void()> written;      // after each
    std::function<void()> look_sooner;  // a commit may bring the next one nearer: keep() then; from any thread
  };
  explicit Heartbeats(Setup setup);

  /// Writes one if it is time to, and settles when the next comes. Moves the marks of `trust` along.
  void keep(const Sample& now, TrustState& trust, bool outstanding);
  /// One at once, whatever the pace: trust was lost.
  void stamp(const Sample& now, TrustState& trust);
  std::optional<Instant> next() const { return next_; }

 private:
  Duration interval() const { return setup_.time->stretched(setup_.pace.interval()); }
  bool write(const Sample& now, TrustState& trust);

  Setup setup_;
  std::optional<store::Heartbeat> file_;
  std::optional<Instant> next_;
};

}  // namespace dormouse::actors
