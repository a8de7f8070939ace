// SPDX-License-Identifier: Apache-2.0
// Which of the due jobs starts next. Holds a bounded window of due jobs in memory and the places in use; decides
// by rank, places, and the catch-up line's bounds. Pure: no clock, no store.
//   rank = ready_since - 60 s * priority, lowest first; between components ready_since counts as the later of
//   itself and the component's last claim, so no component starves another.
//   The catch-up line (jobs a reconcile found late and lets run): by priority, then oldest due, then id; at most
//   `catch_up_parallel` at once, `reconcile_rate` starts a second; behind every other ready job, but after
//   4 starts of others in a row, while it waits, the next is the line's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/limits.hpp"
#include "runtime/jobs/operations.hpp"

namespace dormouse::jobs {

class ReadyQueue {
 public:
  explicit ReadyQueue(const Limits& limits) : limits_(limits) {}

  /// How many attempts of each handler may run at once; a handler that is not there starts nothing.
  void set_places(std::map<std::string, std::uint64_t> places) { places_ = std::move(places); }

  bool room() const { return window_.size() < limits_.ready_window; }
  std::uint64_t free_room() const { return room() ? limits_.ready_window - window_.size() : 0; }
  /// The catch-up line fills at most half of the window.
  std::uint64_t free_line_room() const;
  /// Ids in the window or running: not to be taken again.
  std::set<std::uint64_t> known() const;
  /// What has enough in the window: taking more of it would keep the others out.
  std::set<DueShare> full() const;
  /// True if one of these has less than half of what makes it full: worth a look for more of its jobs.
  bool runs_low(const std::set<DueShare>& shares) const;
  /// Whether this running job has a conflict key, for which others may wait.
  bool holds_key(std::uint64_t id) const;

  void add(const DueJob& job, Instant now);
  void remove(std::uint64_t id) { window_.erase(id); }
  /// Forgets the window, not what runs: after a clock step everything is judged anew.
  void clear_window() { window_.clear(); }

  /// The next jobs to claim, best first, at most as many as there are places. They take their places at once.
  std::vector<std::uint64_t> pick(Instant now);
  /// A place is free again (the attempt's code has returned, or the claim came to nothing).
  void free(std::uint64_t id);

  /// When a job of the line may start next, if pace alone holds one back.
  std::optional<Instant> paced_until(Instant now) const;
  /// Jobs of the window that have expired by now, and when the next one will.
  std::vector<std::uint64_t> expired(Instant now) const;
  std::optional<Instant> next_expiry() const;

  std::size_t running() const { return running_.size(); }
  std::size_t waiting() const { return window_.size(); }

 private:
  struct Waiting {
    DueJob job;
    Instant ready_since;
  };
  std::map<DueShare, std::uint64_t> held() const;
  std::uint64_t size_of(const DueShare& share) const;
  std::uint64_t line_bound() const;
  std::uint64_t of_line() const;
  bool key_runs(const DueJob& job) const;
  bool line_waits() const;
  bool has_place(const DueJob& job) const;
  const Waiting* best_of_line(Instant now) const;
  const Waiting* best_of_others() const;
  void take_place(const DueJob& job, Instant now);

  Limits limits_;
  std::map<std::string, std::uint64_t> places_;
  std::map<std::uint64_t, Waiting> window_;
  std::map<std::uint64_t, DueJob> running_;
  std::map<std::uint16_t, Instant> last_claim_;  // per component
  std::optional<Instant> last_line_start_;
  unsigned others_in_a_row_ = 0;
};

}  // namespace dormouse::jobs
