// SPDX-License-Identifier: Apache-2.0
// One pass over everything that time may have passed by, a batch at a time. What is decided stands in the jobs
// and schedules themselves; the cursor only says where the scan goes on and carries the report. So a batch that
// is lost is decided again, and one that is kept never.
#include <algorithm>

#include "runtime/jobs/misfire.hpp"
#include "runtime/jobs/records.hpp"
#include "runtime/reconcile/cursor.hpp"
#include "runtime/reconcile/numbers.hpp"
#include "runtime/reconcile/report_record.hpp"
#include "runtime/reconcile/restored.hpp"
#include "runtime/reconcile/sentences.hpp"
#include "runtime/schedules/course.hpp"
#include "runtime/schedules/schedule_store.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::reconcile {

using jobs::Fate;
using jobs::Job;
using wire::Key;
namespace keys = store::keys;

namespace {

// Records a batch may look at for each decision it may make: most of a scan decides nothing.
constexpr std::uint64_t kLooksPerDecision = 10;
// Effects that one schedule may cost: a job for each of its late and on-time slots, a few records each.
constexpr std::uint64_t kEffectsPerSchedule = 2'048;

/// Held lines alone make no report: nothing was decided.
bool worth_a_report(const Report& report) {
  return !report.gaps.empty() || report.interrupted + report.run_late + report.missed > 0 ||
         report.schedule_slots_missed > 0 || !report.lines.empty();
}

/// One batch of a pass.
class Batch {
 public:
  Batch(Work& work, PassState& pass)
      : work_(work), pass_(pass), decisions_(work.limits.reconcile_batch), looks_(decisions_ * kLooksPerDecision) {}

  /// Works through the phases until the bounds are reached or all is done.
  void run() {
    while (pass_.phase != Phase::finished && has_room()) step();
  }

  void say(Line line) {
    if (is_full()) return;
    auto& lines = pass_.report.lines;
    lines.push_back(std::move(line));
    if (lines.size() >= kLinesPerRecord) write_lines();
  }

 private:
  bool is_full() const {
    return pass_.full_parts * kLinesPerRecord + pass_.report.lines.size() >= work_.limits.report_lines;
  }
  bool has_room() const { return decisions_ > 0 && looks_ > 0; }
  std::uint64_t room() const { return std::min(decisions_, looks_); }
  void spend(std::uint64_t looks, std::uint64_t decisions) {
    looks_ -= std::min(looks_, looks);
    decisions_ -= std::min(decisions_, decisions);
  }

  void next_phase() {
    pass_.phase = static_cast<Phase>(static_cast<int>(pass_.phase) + 1);
    pass_.position.clear();
  }

  void step() {
    switch (pass_.phase) {
      case Phase::attempts:
        return end_attempts();
      case Phase::jobs:
        return judge_jobs();
      case Phase::held:
        return count_held();
      case Phase::schedules:
        return decide_schedules();
      case Phase::finished:
        return;
    }
  }

  /// Moves the lines at hand into a part of their own, so that the cursor stays small.
  void write_lines() {
    put_report_part(work_.txn, pass_.report.number, ++pass_.full_parts, pass_.report.lines);
    pass_.report.lines.clear();
  }

  /// Attempts of an older epoch can stand anywhere among the jobs: a clock that was set back leaves a running job
  /// before its due. So all keys are looked at, once a boot. So may those that a restore has brought back.
  void end_attempts() {
    const Bytes first = keys::jobs_in_lane(Due::Lane::elapsed, 0).from;
    const Bytes end = keys::jobs_in_lane(Due::Lane::wall, 0).to;
    const auto limit = room();
    const auto page = work_.txn.scan(pass_.position.empty() ? first : pass_.position, end, limit);
    const auto restored = read_restore_note(work_.txn);
    if (restored && pass_.position.empty()) say(restore_warning());
    std::uint64_t ended = 0;
    for (const auto& entry : page) {
      auto job = jobs::read_job(work_, entry.key, entry.value);
      if (!job) continue;
      if (restored && may_have_run(*restored, work_.spans, *job)) {
        jobs::end_missed(work_, *job, "restored");
        ++ended;
        ++pass_.report.missed;
        say(restored_line(*job));
      } else if (end_attempt(*job)) {
        ++ended;
      }
    }
    spend(page.size(), ended);
    if (page.size() == limit) {
      pass_.position = keys::after(page.back().key);
      return;
    }
    if (restored) erase_restore_note(work_.txn);
    next_phase();
  }

  bool end_attempt(Job& job) {
    if (job.state != jobs::State::running || job.epoch == work_.epoch) return false;
    const auto after = jobs::interrupt(work_, job);
    if (!after.ok()) return false;
    ++pass_.report.interrupted;
    say(interrupted_line(job, *after));
    return true;
  }

  void judge_jobs() {
    const auto limit = room();
    const auto due = jobs::due_jobs(work_, pass_.position, limit);
    std::uint64_t decided = 0;
    for (const auto& found : due.jobs) decided += judge(found) ? 1 : 0;
    spend(due.more ? limit : due.jobs.size(), decided);
    if (due.more)
      pass_.position = due.cursor;
    else
      next_phase();
  }

  /// True if this job was late enough to be decided, and was not before.
  bool judge(const jobs::DueFound& found) {
    Job job = found.job;
    if (job.state != jobs::State::scheduled || job.settled) return false;
    if (found.held) {
      hold(job);
      return false;
    }
    switch (jobs::judge(job.spec.misfire, job.spec.grace, found.lateness)) {
      case Fate::runs_on_time:
        return false;
      case Fate::runs_late:
        jobs::settle_late(work_, job);
        ++pass_.report.run_late;
        say(late_line(job, found.lateness));
        return true;
      case Fate::missed:
        jobs::end_missed(work_, job);
        ++pass_.report.missed;
        say(missed_line(job, found.lateness));
        return true;
    }
    return false;
  }

  void hold(const Job& job) {
    ++pass_.report.held;
    if (worth_a_report(pass_.report)) say(held_line(job, work_.now.trust));
  }

  void count_held() {
    if (work_.now.trust == Trust::untrusted && !count_held_jobs()) return;
    if (work_.now.trust != Trust::synced) count_held_schedules();
    next_phase();
  }

  /// While the wall time is not believable all of its jobs are held, whenever they are due. True: that was the
  /// last.
  bool count_held_jobs() {
    const auto lane = keys::jobs_in_lane(Due::Lane::wall, 0);
    const auto page = work_.txn.scan(pass_.position.empty() ? lane.from : pass_.position, lane.to, looks_);
    const bool more = page.size() == looks_;
    for (const auto& entry : page) {
      const auto job = jobs::read_job(work_, entry.key, entry.value);
      if (job && job->state == jobs::State::scheduled) hold(*job);
    }
    spend(page.size(), 0);
    if (more) pass_.position = keys::after(page.back().key);
    return !more;
  }

  /// Whenever their slots are due, too.
  void count_held_schedules() {
    for (const Due::Lane lane : {Due::Lane::elapsed, Due::Lane::wall}) {
      for (const auto& key : schedules::dues(work_, lane)) {
        const auto schedule = schedules::load(work_, key.component, key.id);
        if (!schedule || !schedules::is_held(work_, *schedule)) continue;
        ++pass_.report.held;
        if (worth_a_report(pass_.report)) say(held_schedule_line(*schedule, work_.now.trust));
      }
    }
  }

  void decide_schedules() {
    const auto affordable = std::max<std::uint64_t>(1, work_.limits.batch_effects / kEffectsPerSchedule);
    const auto decided = schedules::decide_due(work_, std::min(room(), affordable));
    for (const auto& decision : decided.decisions) {
      if (decision.missed == 0) continue;
      pass_.report.schedule_slots_missed += decision.missed;
      pass_.report.schedule_slots_dropped += decision.dropped;
      say(schedule_line(decision));
    }
    spend(looks_, decisions_);  // its jobs fill a batch
    if (!decided.more) next_phase();
  }

  Work& work_;
  PassState& pass_;
  std::uint64_t decisions_;
  std::uint64_t looks_;
};

/// The pass to work on: the one a cursor stands for, or a new one.
PassState& take_up(Work& work, Trigger trigger, Cursor& cursor) {
  if (cursor.pass && cursor.pass->epoch == work.epoch) return *cursor.pass;
  const bool resumed = cursor.pass.has_value();
  PassState pass = cursor.pass.value_or(PassState{});
  if (!resumed) {
    pass.report.number = last_number(work.txn, Key::report) + 1;  // given when the report is written
    pass.report.trigger = trigger;
  }
  // Cut by power: its report goes on, and its scan begins anew, for more may be late by now. What it decided is
  // settled or ended and not met again.
  pass.report.resumed = resumed;
  pass.epoch = work.epoch;
  pass.position.clear();
  pass.report.held = 0;
  pass.phase = resumed || trigger == Trigger::boot ? Phase::attempts : Phase::jobs;
  auto& gaps = pass.report.gaps;
  gaps.insert(gaps.end(), cursor.pending_gaps.begin(), cursor.pending_gaps.end());
  cursor.pending_gaps.clear();
  if (gaps.size() > kGapsPerReport) gaps.erase(gaps.begin(), gaps.end() - kGapsPerReport);
  return cursor.pass.emplace(std::move(pass));
}

/// The first batch of a process: the zones' rules may be others, and the clock may stand anywhere.
bool begins_anew(Work& work, Trigger trigger) {
  const auto cursor = read_cursor(work.txn);
  return cursor.pass ? cursor.pass->epoch != work.epoch : trigger == Trigger::boot;
}

/// Writes what is left of the report and answers it whole.
std::optional<Report> end_report(Work& work, PassState& pass) {
  auto& report = pass.report;
  report.boot = work.now.boot;
  report.at = work.now.wall;
  report.trust = work.now.trust;
  if (!report.lines.empty()) put_report_part(work.txn, report.number, ++pass.full_parts, report.lines);
  put_report_head(work.txn, report, pass.full_parts, work.limits);
  return read_report(work.txn, report.number);
}

}  // namespace

Pass reconcile(Work& work, Trigger trigger) {
  Pass answer;
  if (begins_anew(work, trigger)) answer.alarms = plan_anew(work, std::nullopt);
  const Cursor before = read_cursor(work.txn);
  Cursor cursor = before;
  auto& pass = take_up(work, trigger, cursor);
  Batch batch(work, pass);
  for (Line& line : cursor.pending_lines) batch.say(std::move(line));
  cursor.pending_lines.clear();
  batch.run();

  answer.more = pass.phase != Phase::finished;
  if (!answer.more) {
    if (worth_a_report(pass.report)) answer.report = end_report(work, pass);
    cursor.pass.reset();
  }
  if (cursor != before) write_cursor(work.txn, cursor);
  return answer;
}

}  // namespace dormouse::reconcile
