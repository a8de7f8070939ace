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
  std::optional<store::BatchTime> last_batch;  // the newest that the store holds
  std::string store_found;                     // what opening the store found: recovery_words()
  Duration heartbeat_interval{60'000};
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
  std::string alarm;
};
/// "replayed 12 batches; torn tail at 8392" and whatever else opening found; empty if there is nothing to say.
std::string recovery_words(const store::Recovery& recovery, const std::vector<std::string>& notes);
/// Writes epoch + 1, the boot and gap records, spans and the start mark (a stamp that is not clean) into the
/// transaction; the caller applies and syncs it before anything else is accepted.
Result<BootStart> begin_boot(store::Transaction& txn, const BootFacts& facts, const Limits& limits);

enum class Trigger : std::uint8_t { boot, resume, step, trust };
const char* name_of(Trigger trigger);

/// Records a gap met while running (suspend, clock step).
void add_gap(Work& work, Gap gap);

struct Line {
  std::uint64_t job = 0;  // or:
  std::uint64_t schedule = 0;
  std::string text;  // "job 7 backup: late 2h, policy skip: missed"
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
};
/// One batch of a reconcile: starts a pass for `trigger`, or goes on with the one a cursor stands for.
/// Order: attempts that the gap ended (those with an older epoch), one-shot jobs by due, schedules.
Pass reconcile(Work& work, Trigger trigger);

std::vector<Boot> boots(Work& work, std::uint64_t limit);      // newest first
std::vector<Gap> gaps(Work& work, std::uint64_t limit);        // newest first
std::vector<Report> reports(Work& work, std::uint64_t limit);  // newest first
/// What is known of one job or schedule ("s17"): its state and why, its lines in the reports.
Result<std::string> explain(Work& work, const Identity& who, const std::string& job_or_schedule);

}  // namespace dormouse::reconcile
