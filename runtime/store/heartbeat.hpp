// SPDX-License-Identifier: Apache-2.0
// The heartbeat: a small file that says when the runtime last lived. Two pages written in turn, so that a cut
// in the middle of a write leaves the other one; and the pace at which that is worth a write.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/base/result.hpp"
#include "runtime/store/medium.hpp"
#include "runtime/time/boot.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::store {

/// The file. The medium must outlive it; one thread at a time, that of the medium.
class Heartbeat {
 public:
  static constexpr std::uint64_t kPageBytes = 4'096;
  static constexpr std::uint64_t kFileBytes = 2 * kPageBytes;  // what the medium must hold, zeroed when made

  explicit Heartbeat(StorageMedium& medium) : medium_(&medium) {}

  /// Reads both pages; the newest valid stamp, or none. A page that is neither blank nor valid is ignored and
  /// counted (time.page_corrupt). time.page_newer if a later version wrote here: then nothing may be written;
  /// store.io if the medium fails.
  Result<std::optional<Stamp>> newest();
  /// Pages that the last newest() had to ignore.
  unsigned corrupt_pages() const { return corrupt_pages_; }
  /// The interval that was in force when the newest page was written: how much later life may have ended.
  Duration interval() const { return interval_; }

  /// Writes the page that does not hold the newest stamp: one write, one sync. After a failure (store.io) the
  /// newest is the one of before, and the next write goes to the same page again.
  Status write(const Stamp& stamp, Duration interval = Duration::zero());

 private:
  StorageMedium* medium_;
  std::optional<unsigned> newest_page_;
  bool read_ = false;
  unsigned corrupt_pages_ = 0;
  Duration interval_{};
};

/// How often a heartbeat is worth a write. Durable commits carry a stamp themselves, so a busy device writes
/// none; a quiet one stretches the interval where the length of the next outage will be known anyway.
class HeartbeatPace {
 public:
  static constexpr Duration kLongest{16 * 60'000};

  /// `interval` is raised until a day has room for no more than `writes_per_day`.
  explicit HeartbeatPace(Duration interval = Duration{60'000}, std::int64_t writes_per_day = 1'440);

  /// From the last heartbeat or durable commit to the next heartbeat.
  Duration interval() const { return interval_; }
  /// A durable commit: back to the shortest interval.
  void committed();
  /// A heartbeat was written. `outage_computable`: the time is believable and the RTC counts while off.
  void beat(bool outage_computable);
  /// A heartbeat could not be written; it is tried again after the interval. True at the third in a row, once:
  /// time.heartbeat_failed.
  bool failed();

 private:
  Duration shortest_;
  Duration interval_;
  bool committed_since_beat_ = false;
  unsigned failures_ = 0;
};

}  // namespace dormouse::store
