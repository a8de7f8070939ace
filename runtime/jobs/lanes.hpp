// SPDX-License-Identifier: Apache-2.0
// The lanes that jobs stand in: the wall lane, and one elapsed lane for each kernel boot that still has a job.
// Keys in a lane rise with the due, so what is due by now is a beginning of each lane.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/jobs/operations.hpp"

namespace dormouse::jobs {

struct Lane {
  Due::Lane lane = Due::Lane::elapsed;
  std::uint32_t kernel_boot = 0;
  std::optional<Due> now;  // the latest due that is reached; none: the wall lane while untrusted
};
/// The latest due of a lane that is reached by now; none as `now` above.
std::optional<Due> reached(const Work& work, Due::Lane lane, std::uint32_t kernel_boot);
/// In key order. Finds the lanes by leaping from one to the next, whatever the number of jobs.
std::vector<Lane> lanes(Work& work);

/// Reads a lane's due jobs in order, a bounded number of records at a time.
class LaneReader {
 public:
  LaneReader(Work& work, const Lane& lane);
  /// The next due job; records that cannot be read are passed over. None at the end.
  const Job* peek();
  void pop() { ++at_; }
  Duration lateness() const { return lateness_; }

 private:
  bool fill();
  Work& work_;
  Bytes from_;
  Bytes to_;
  std::vector<Job> jobs_;
  std::size_t at_ = 0;
  bool ended_ = false;
  Duration lateness_{};  // of the job last peeked
};

}  // namespace dormouse::jobs
