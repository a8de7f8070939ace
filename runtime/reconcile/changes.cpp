// SPDX-License-Identifier: Apache-2.0
// What a pass begins with: gaps met while running, trust that rose, clocks that were set.
#include "runtime/reconcile/cursor.hpp"
#include "runtime/reconcile/gap_record.hpp"
#include "runtime/reconcile/sentences.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/time/rfc3339.hpp"

namespace dormouse::reconcile {

namespace keys = store::keys;

namespace {

std::optional<Boot> read_boot(store::Transaction& txn, std::uint32_t number) {
  const auto body = txn.get(keys::boot(number));
  if (!body) return std::nullopt;
  auto boot = decode_boot(*body);
  if (!boot.ok()) return std::nullopt;
  return std::move(*boot);
}

/// The gap that this kernel boot began with, if its end is not known yet. A process that was restarted since has
/// another boot number, so the kernel boot of the gap's boot counts.
std::optional<Gap> gap_to_revise(Work& work) {
  const auto found =
      work.txn.scan(keys::gap(0), keys::gap(UINT32_MAX), work.limits.gaps_ring, store::Direction::backward);
  for (const auto& entry : found) {
    const auto gap = decode_gap(entry.value);
    if (!gap.ok()) continue;
    const auto boot = read_boot(work.txn, gap->boot);
    if (!boot || boot->kernel_boot != work.now.kernel_boot) return std::nullopt;
    if (gap->cause != GapCause::power_off) continue;
    if (gap->to || !gap->to_instant) return std::nullopt;
    return *gap;
  }
  return std::nullopt;
}

/// The end of the gap is known now, and its length too if its start was.
std::vector<Error> revise(const Work& work, Gap& gap, Duration max_error) {
  gap.to = work.now.wall - (work.now.instant - *gap.to_instant);
  gap.to_trust = work.now.trust;
  if (!gap.from || gap.certainty != Certainty::unknown) return {};
  const Duration uptime{gap.to_instant->ms};
  const Duration length = *gap.to - *gap.from;
  if (length >= uptime) {
    gap.certainty = Certainty::bounded;
    gap.length = length;
    gap.error += max_error;
    return {};
  }
  gap.certainty = Certainty::at_least;
  gap.error = Duration::zero();
  return {negative_outage(*gap.to - uptime, *gap.from)};
}

void leave_lines(store::Transaction& txn, std::vector<Line> lines) {
  if (lines.empty()) return;
  auto cursor = read_cursor(txn);
  for (Line& line : lines)
    if (cursor.pending_lines.size() < kPendingLines) cursor.pending_lines.push_back(std::move(line));
  write_cursor(txn, cursor);
}

}  // namespace

void add_gap(Work& work, Gap gap) {
  if (gap.length < kShortestGap) return count_short_gap(work.txn);
  if (gap.cause == GapCause::clock_step && gap.from && gap.to && !jumps_a_due(work.txn, *gap.from, *gap.to)) return;
  record_gap(work.txn, with_ends(gap, work.now.instant, work.now.trust), work.now.boot, work.limits);
}

std::vector<Error> note_gains(Work& work, const std::vector<TrustGain>& gains, Duration max_error) {
  if (gains.empty()) return {};
  std::vector<Error> alarms;
  if (auto gap = gap_to_revise(work)) {
    alarms = revise(work, *gap, max_error);
    rewrite_gap(work.txn, *gap);
    report_again(work.txn, gap->number);
  }
  auto boot = read_boot(work.txn, work.now.boot);
  if (!boot) return alarms;
  for (const TrustGain& gain : gains) note_gain(*boot, gain);
  for (const Error& alarm : alarms) boot->remarks.push_back(alarm.code + ": " + alarm.message);
  work.txn.put(keys::boot(boot->number), encode(*boot));
  return alarms;
}

std::vector<Error> plan_anew(Work& work, std::optional<WallTime> wall_before_step) {
  const auto replanned = schedules::replan(work);
  std::vector<Line> lines;
  std::vector<Error> alarms;
  if (wall_before_step) {  // it tells why a last slot lies ahead
    if (replanned.moved > 0) lines.push_back(set_back_line(*wall_before_step, work.now.wall, replanned.moved));
  } else {
    for (const auto& mark : replanned.ahead) {
      lines.push_back(future_mark_line(mark));
      alarms.push_back({"time.future_mark", lines.back().text});
    }
  }
  leave_lines(work.txn, std::move(lines));
  return alarms;
}

}  // namespace dormouse::reconcile
