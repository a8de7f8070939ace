// SPDX-License-Identifier: Apache-2.0
// Boots, gaps and what was decided after them. begin_boot() is the first batch of every process: it raises
// the store epoch, numbers and classifies the boot and records the gap. reconcile() is then called until
// it answers no more: it decides every missed job and slot by its policy, in batches, each with a durable
// cursor, and leaves one report per pass. Nothing is decided twice, also across a power cut.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/schedules/operations.hpp"
#include "runtime/time/boot.hpp"
#include "runtime/time/spans.hpp"
#include "runtime/time/trust.hpp"

namespace dormouse::reconcile {

using jobs::Work;

struct BootFacts {
  Sample sample;
  std::string kernel_boot_id;
  RtcState rtc;
  SyncState sync;
  Evidence evidence;
  std::optional<Stamp> heartbeat;              // newest valid page of the heartbeat file
  unsigned corrupt_pages = 0;                  // of it
  std::optional<store::BatchTime> last_batch;  // the newest that the store holds
  std::string store_found;                     // what opening the store found: recovery_words()
  std::string store_id;                        // of the store that was opened; empty: it has none
  Duration heartbeat_interval{60'000};         // in force when that page was written
  Duration commit_interval{60'000};            // in force after a durable commit
  WallTime build_date;
  std::string version;
};
struct BootStart {
  Boot boot;
  Spans spans;
  TrustState trust;
  std::optional<Gap> gap;
  std::optional<Gap> step;  // the clock was set forward while the process was away: a gap of its own
  std::optional<WallTime> wall_before_step;  // it was set back by 2 s or more: schedules are to be planned anew
  std::vector<Error> alarms;                 // what a person should look at; the boot's remarks tell them too
};
/// "replayed 12 batches; torn tail at 8392" and whatever else opening found; empty if there is nothing to say.
std::string recovery_words(const store::Recovery& recovery, const std::vector<std::string>& notes);
/// Writes epoch + 1, the boot and gap records, spans and the start mark (a stamp that is not clean) into the
/// transaction; the caller applies and syncs it before anything else is accepted.
Result<BootStart> begin_boot(store::Transaction& txn, const BootFacts& facts, const Limits& limits);

enum class Trigger : std::uint8_t { boot, resume, step, trust };
const char* name_of(Trigger trigger);

/// Records a gap met while running (suspend, clock step). A clock step that jumped nothing due is no gap.
void add_gap(Work& work, Gap gap);

/// Trust rose while running: notes it in the boot's record, and tells, once, the length of the gap that this kernel
/// boot began with, as far as it can be known now. `max_error`: how far the wall may be off. Answers alarms.
std::vector<Error> note_gains(Work& work, const std::vector<TrustGain>& gains, Duration max_error);

/// After a backward step (from where) or a gain of trust: schedules are planned anew; the next report says so where
/// that moved any. Answers alarms: time.future_mark.
std::vector<Error> plan_anew(Work& work, std::optional<WallTime> wall_before_step);

/// What a line says was decided.
enum class Decided : std::uint8_t { note, interrupted, runs_late, missed, held, slots };
const char* name_of(Decided decided);

/// One line of a report: the sentence for people, the same in fields for programs.
struct Line {
  std::uint64_t job = 0;       // or:
  std::uint64_t schedule = 0;  // or neither: of the device
  std::string text;            // "job 7 (backup): 2h late, policy skip: missed, because ..."
  Decided decided = Decided::note;
  std::optional<Duration> lateness;
  std::optional<jobs::Misfire::Policy> policy;
  std::string reason;  // a word: grace, window, max_age, catch_up, interrupted, restored, time ...
  // of a schedule
  std::uint64_t missed = 0;
  std::uint64_t ran = 0;
  std::uint64_t dropped = 0;
  std::optional<std::int64_t> first_missed;  // slots
  std::optional<std::int64_t> newest_missed;
  bool operator==(const Line&) const = default;
};
struct Report {
  std::uint32_t number = 0;
  std::uint32_t boot = 0;
  Trigger trigger = Trigger::boot;
  std::vector<std::uint32_t> gaps;
  WallTime at;
  Trust trust = Trust::untrusted;
  std::uint64_t interrupted = 0;  // attempts that the gap ended
  std::uint64_t run_late = 0;
  std::uint64_t missed = 0;
  std::uint64_t held = 0;
  std::uint64_t schedule_slots_missed = 0;
  std::uint64_t schedule_slots_dropped = 0;
  bool resumed = false;
  std::vector<Line> lines;  // at most limits.report_lines; the counts above tell the rest
  bool operator==(const Report&) const = default;
};
struct Pass {
  bool more = false;
  std::optional<Report> report;  // when it ended
  std::vector<Error> alarms;     // met by this batch
};
/// One batch of a reconcile: starts a pass for `trigger`, or goes on with the one a cursor stands for.
/// Order: attempts that the gap ended (those with an older epoch), one-shot jobs by due, schedules.
Pass reconcile(Work& work, Trigger trigger);

// Newest first, numbers below `below` alone.
std::vector<Boot> boots(Work& work, std::uint64_t limit, std::uint32_t below = UINT32_MAX);
std::vector<Gap> gaps(Work& work, std::uint64_t limit, std::uint32_t below = UINT32_MAX);
std::vector<Report> reports(Work& work, std::uint64_t limit, std::uint32_t below = UINT32_MAX);

/// Over the life of the store, whatever the rings have dropped.
struct Lifetime {
  std::uint32_t boots = 0;
  std::uint32_t gaps = 0;
  std::uint32_t short_gaps = 0;  // under 2 s: counted, not recorded
  std::uint32_t reports = 0;
};
Lifetime lifetime(Work& work);

/// What is known of one job or schedule ("s17"): its state and why, its lines in the reports.
Result<std::string> explain(Work& work, const Identity& who, const std::string& job_or_schedule);

}  // namespace dormouse::reconcile
