// SPDX-License-Identifier: Apache-2.0
#include "runtime/reconcile/shown.hpp"

#include <algorithm>

#include "runtime/jobs/misfire.hpp"
#include "runtime/time/duration_text.hpp"
#include "runtime/time/rfc3339.hpp"
#include "runtime/time/trust.hpp"

namespace dormouse::reconcile {

using wire::Key;
using wire::Record;

namespace {

constexpr std::size_t kItems = 64;          // an array of the codec holds no more
constexpr std::size_t kTextBytes = 60'000;  // of the lines of a reply, which a frame must hold

std::string hex(BytesView bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char byte : bytes) {
    out += digits[static_cast<unsigned char>(byte) >> 4];
    out += digits[static_cast<unsigned char>(byte) & 15];
  }
  return out;
}

template <class Things>
Record reply(const Things& things) {
  std::vector<Record> items;
  for (const auto& thing : things)
    if (items.size() < kItems) items.push_back(to_record(thing));
  Record record;
  if (!items.empty()) {
    const auto last = things[items.size() - 1].number;
    if (last > 1) record.put_uint(Key::cursor, last);
  }
  record.put_records(Key::items, std::move(items));
  return record;
}

/// "synced at 2026-06-01T12:00:32Z, up 32s, by kernel": deeper than this a reply may not nest.
std::string gain_words(const TrustGain& gain) {
  return std::string(name_of(gain.trust)) + " at " + format_utc(gain.wall) + ", up " +
         format_duration(Duration{gain.instant.ms}) + (gain.source.empty() ? "" : ", by " + gain.source);
}

void put_end(Record& record, Key wall_key, const std::optional<WallTime>& wall, Key instant_key,
             const std::optional<Instant>& instant, Key trust_key, Trust trust) {
  if (wall) record.put_int(wall_key, wall->ms);
  if (!instant) return;
  record.put_int(instant_key, instant->ms);
  record.put_text(trust_key, name_of(trust));
}

}  // namespace

Record to_record(const Boot& boot) {
  Record record;
  record.put_uint(Key::boot, boot.number);
  record.put_uint(Key::epoch, boot.epoch);
  record.put_uint(Key::kernel_boot, boot.kernel_boot);
  record.put_text(Key::kernel_boot_id, hex(boot.kernel_boot_id));
  record.put_text(Key::cause, name_of(boot.cause));
  if (boot.announced) record.put_bool(Key::announced, true);
  record.put_bool(Key::believable, boot.wall_believable);
  if (!boot.evidence.empty()) record.put_text(Key::evidence, boot.evidence);
  if (!boot.store_found.empty()) record.put_text(Key::note, boot.store_found);
  record.put_text(Key::version, boot.version);
  record.put_int(Key::started, boot.started.ms);
  if (const auto wall = wall_of_start(boot)) record.put_int(Key::wall, wall->ms);
  if (!boot.before.empty()) record.put_text(Key::before, boot.before);
  std::vector<std::string> gains;
  for (const auto& gain : boot.gains) gains.push_back(gain_words(gain));
  record.put_texts(Key::gains, gains);
  record.put_texts(Key::remarks, boot.remarks);
  if (!boot.store_id.empty()) record.put_text(Key::store_id, boot.store_id);
  return record;
}

Record to_record(const Gap& gap) {
  Record record;
  record.put_uint(Key::gap, gap.number);
  record.put_uint(Key::boot, gap.boot);
  record.put_text(Key::cause, name_of(gap.cause));
  record.put_text(Key::certainty, name_of(gap.certainty));
  put_end(record, Key::from, gap.from, Key::from_instant, gap.from_instant, Key::from_trust, gap.from_trust);
  put_end(record, Key::to, gap.to, Key::to_instant, gap.to_instant, Key::to_trust, gap.to_trust);
  record.put_int(Key::length, gap.length.count());
  if (gap.certainty == Certainty::bounded) record.put_int(Key::error_ms, gap.error.count());
  record.put_int(Key::slack, gap.from_slack.count());
  return record;
}

Record to_record(const Report& report) {
  Record record;
  record.put_uint(Key::report, report.number);
  record.put_uint(Key::boot, report.boot);
  record.put_text(Key::trigger, name_of(report.trigger));
  const auto gaps = std::min(report.gaps.size(), kItems);
  record.put_ints(Key::gap, {report.gaps.begin(), report.gaps.begin() + static_cast<std::ptrdiff_t>(gaps)});
  if (report.trust != Trust::untrusted) record.put_int(Key::at, report.at.ms);
  record.put_text(Key::trust, name_of(report.trust));
  record.put_uint(Key::interrupted, report.interrupted);
  record.put_uint(Key::run_late, report.run_late);
  record.put_uint(Key::missed_jobs, report.missed);
  record.put_uint(Key::held, report.held);
  record.put_uint(Key::missed, report.schedule_slots_missed);
  record.put_uint(Key::dropped, report.schedule_slots_dropped);
  record.put_bool(Key::resumed, report.resumed);
  record.put_uint(Key::total, report.lines.size());
  return record;
}

Record to_record(const Line& line) {
  Record record;
  if (line.job) record.put_uint(Key::id, line.job);
  if (line.schedule) record.put_uint(Key::schedule, line.schedule);
  record.put_text(Key::decided, name_of(line.decided));
  if (line.lateness) record.put_int(Key::lateness, line.lateness->count());
  if (line.policy) record.put_text(Key::policy, jobs::name_of(*line.policy));
  if (!line.reason.empty()) record.put_text(Key::reason, line.reason);
  if (line.decided == Decided::slots) {
    record.put_uint(Key::missed, line.missed);
    record.put_uint(Key::ran, line.ran);
    record.put_uint(Key::dropped, line.dropped);
    if (line.first_missed) record.put_int(Key::first_missed, *line.first_missed);
    if (line.newest_missed) record.put_int(Key::newest_missed, *line.newest_missed);
  }
  record.put_text(Key::text, line.text);
  return record;
}

Record boots_reply(const std::vector<Boot>& boots, const Lifetime& lifetime) {
  Record total;
  total.put_uint(Key::boot, lifetime.boots)
      .put_uint(Key::gap, lifetime.gaps)
      .put_uint(Key::short_gaps, lifetime.short_gaps)
      .put_uint(Key::report, lifetime.reports);
  Record record = reply(boots);
  record.put_record(Key::total, std::move(total));
  return record;
}

Record gaps_reply(const std::vector<Gap>& gaps) {
  return reply(gaps);
}

Record reports_reply(const std::vector<Report>& reports) {
  Record record = reply(reports);
  auto items = record.get_records(Key::items).value_or(std::vector<Record>{});
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::vector<std::string> lines;
    for (const auto& line : reports[i].lines) {
      if (lines.size() == kItems || bytes + line.text.size() > kTextBytes) break;
      bytes += line.text.size();
      lines.push_back(line.text);
    }
    items[i].put_texts(Key::line, lines);
  }
  record.put_records(Key::items, std::move(items));
  return record;
}

Record lines_reply(const Report& report, std::uint64_t from) {
  std::vector<Record> items;
  for (auto i = from; i < report.lines.size() && items.size() < kItems; ++i)
    items.push_back(to_record(report.lines[i]));
  Record record;
  if (from + items.size() < report.lines.size()) record.put_uint(Key::cursor, from + items.size());
  record.put_uint(Key::total, report.lines.size());
  record.put_records(Key::items, std::move(items));
  return record;
}

}  // namespace dormouse::reconcile
