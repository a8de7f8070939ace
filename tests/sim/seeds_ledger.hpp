// SPDX-License-Identifier: Apache-2.0
// The ledger: what an observer outside a simulated device knows of its work. It walks true time and device time,
// looks whenever the device is at rest, and holds it to account:
//   - every change of a schedule's record is explained by a decision over slots that the ledger walked itself
//   - every slot becomes one job, or is counted missed or skipped, once; no (schedule, slot) makes two jobs
//   - no wall-time job starts while time is untrusted, none before its due by device time
//   - no elapsed job starts before its delay has passed, as far as the device can know
//   - what has ended does not start again; what may run once starts once; attempts of one job never overlap
//   - a job that could start in time does; one whose policy is over does not
// The first breach is kept; from then on it looks away.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/seeds_course.hpp"
#include "tests/sim/seeds_elapsed.hpp"
#include "tools/sim/simulated_device.hpp"

namespace dormouse::sim::seeds {

/// Steps that follow one another within a second are gathered, so what one of them calls for may come so late.
inline constexpr Duration gathered_within{2'500};

class Ledger {
 public:
  /// `device` outlives it. `honest`: whatever the device believes is true to 2 s, so elapsed time is never lost
  /// either.
  Ledger(SimulatedDevice& device, bool honest) : device_(device), honest_(honest) {}

  // -- work, through the ledger --
  void put(const schedules::Definition& definition, std::size_t row);
  void remove(const std::string& name);
  void enqueue(const jobs::JobSpec& spec);

  // -- what it is told --
  /// At every rest; also of a process that has just died, before time moves on.
  void rest();
  void note(const actors::Event& event);
  /// Between an order to stop and the next boot nothing is decided and nothing can be asked.
  void stopping() { stopping_ = true; }
  /// A process is about to start.
  void booting();
  /// The power is about to go: what was not synced may be forgotten.
  void power_goes();

  /// True once nothing that is due is left.
  bool all_done();
  /// After a calm stretch in trust: every slot and every job accounted for.
  void finish();

  bool failed() const { return failure_.has_value(); }
  std::string failure() const { return failure_.value_or(""); }
  std::uint64_t slots() const;  // accounted for
  std::uint64_t started() const { return seen_; }

 private:
  /// A slot that was made into a job.
  struct Made {
    std::uint64_t job = 0;  // 0: it has not started yet, so its id is not known
    bool live = false;
    Duration at{};
  };
  /// What may have become of a schedule; more than one after a death that nobody watched.
  struct Candidate {
    Course course;
    std::vector<std::pair<Decided, Duration>> decisions;  // since the last time it was certain
  };
  struct Planned {
    schedules::Definition definition;
    Rule rule;
    std::vector<Candidate> candidates;
    std::optional<std::int64_t> next;
    // wall kinds: put while untrusted, so where it begins is not known yet
    std::optional<std::uint64_t> waits_since_kernel_boot;
    Instant waits_since;
    std::vector<Candidate> may_have_begun;  // as a process died
    std::int64_t begun = 0;                 // the slots after this one are to be accounted for
    // every
    Duration anchor{};
    bool anchored_in_trust = false;
    std::int64_t position = 0;  // as the device told it ...
    Duration position_at{};     // ... when the ledger's elapsed time was this
    std::uint64_t position_kernel_boot = 0;
    std::optional<Duration> overdue_since;
    std::map<std::int64_t, Made> made;
    std::set<std::int64_t> accounted;
    bool removed = false;
  };
  struct Work {
    jobs::JobSpec spec;
    std::string schedule;
    std::optional<std::int64_t> due_wall;
    std::optional<Duration> due_elapsed;  // in the ledger's elapsed time
    std::uint64_t kernel_boot = 0;
    std::uint64_t starts = 0;
    std::size_t last_run = 0;
    bool claim_lost = false;  // its attempt went down with the power
    bool must_run = false;
    bool too_late = false;
    bool settled = false;  // found late inside its window: it runs, however long it waits in the line
    std::optional<Duration> in_time_since;
  };

  void fail(const std::string& what);
  bool trusted() const { return device_.trust() != Trust::untrusted; }
  Sample sample() const { return device_.clock().read(); }
  std::optional<std::int64_t> slot_now(const Planned& planned) const;

  // -- schedules --
  bool eventful();
  void note_offset();
  void look_at_schedules();
  bool wants_look(const Planned& planned) const;
  void explain(Planned& planned, const actors::ScheduleViews::View& view);
  void take_position(Planned& planned, const actors::ScheduleViews::View& view);
  bool begin_waiting(Planned& planned, const schedules::Schedule& record);
  bool shares_its_id(std::uint64_t kernel_boot, std::uint64_t other) const;
  std::vector<WallTime> beginnings(const Planned& planned) const;
  void add_beginnings(const Planned& planned, std::vector<Candidate>& candidates) const;
  std::vector<Candidate> ways_on(const Planned& planned, std::int64_t now) const;
  bool accept(Planned& planned, const Candidate& candidate, const schedules::Schedule& record,
              std::optional<std::int64_t> now);
  void account(Planned& planned, const Decided& decided, Duration at);
  void check_skipped(const Planned& planned, std::int64_t slot, Duration at);
  void check_beside(const Planned& planned, Duration at);
  void open_up();

  // -- jobs --
  void look_at_runs();
  Work* work_of(const Run& run);
  void check_start(Work& work, const Run& run);
  void settle();
  void watch_in_time();
  std::optional<Duration> lateness(const Work& work) const;

  // -- the end --
  void finish_schedule(const Planned& planned, const std::vector<actors::JobView>& jobs);
  void finish_job(std::uint64_t id, const Work& work, const actors::JobView* view);

  SimulatedDevice& device_;
  bool honest_;
  bool stopping_ = false;
  bool enqueueing_ = false;
  ElapsedTime elapsed_;
  std::map<std::uint64_t, std::string> kernel_ids_;          // of kernel boots; a clone's is that of its original
  std::map<std::uint64_t, std::set<std::int64_t>> offsets_;  // wall - instant of each kernel boot, while believed
  std::map<std::uint64_t, std::set<std::int64_t>> offsets_in_doubt_;
  std::map<std::string, Planned> schedules_;
  std::map<std::uint64_t, Work> jobs_;
  std::set<std::uint64_t> waiting_;             // one-shot jobs that have not started
  std::size_t seen_ = 0;                        // of the device's runs
  std::vector<std::size_t> unexplained_;        // runs of slots whose decision nobody has seen yet
  std::map<std::uint64_t, std::size_t> ended_;  // jobs, by how many runs there were when they ended for good
  std::size_t processes_ = 0;
  std::size_t processes_seen_ = 0;
  Trust trust_seen_ = Trust::untrusted;
  Duration suspended_seen_{};
  Duration replan_until_{-1};
  std::optional<std::string> failure_;
};

}  // namespace dormouse::sim::seeds
