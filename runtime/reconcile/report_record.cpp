// SPDX-License-Identifier: Apache-2.0
#include "runtime/reconcile/report_record.hpp"

#include "runtime/reconcile/cursor.hpp"
#include "runtime/reconcile/numbers.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::reconcile {

using wire::Key;
using wire::Record;
namespace keys = store::keys;

Record report_head(const Report& report) {
  Record record;
  record.put_uint(Key::report, report.number);
  record.put_uint(Key::boot, report.boot);
  record.put_uint(Key::trigger, static_cast<std::uint64_t>(report.trigger));
  record.put_ints(Key::gap, {report.gaps.begin(), report.gaps.end()});
  record.put_int(Key::at, report.at.ms);
  record.put_uint(Key::trust, static_cast<std::uint64_t>(report.trust));
  record.put_uint(Key::interrupted, report.interrupted);
  record.put_uint(Key::run_late, report.run_late);
  record.put_uint(Key::missed_jobs, report.missed);
  record.put_uint(Key::held, report.held);
  record.put_uint(Key::missed, report.schedule_slots_missed);
  record.put_uint(Key::dropped, report.schedule_slots_dropped);
  record.put_bool(Key::resumed, report.resumed);
  return record;
}

Report read_report_head(const Record& record) {
  const auto count = [&](Key key) { return record.get_uint(key).value_or(0); };
  Report report;
  report.number = static_cast<std::uint32_t>(count(Key::report));
  report.boot = static_cast<std::uint32_t>(count(Key::boot));
  report.trigger = static_cast<Trigger>(count(Key::trigger));
  for (const auto number : record.get_ints(Key::gap).value_or(std::vector<std::int64_t>{}))
    report.gaps.push_back(static_cast<std::uint32_t>(number));
  report.at = WallTime{record.get_int(Key::at).value_or(0)};
  report.trust = static_cast<Trust>(count(Key::trust));
  report.interrupted = count(Key::interrupted);
  report.run_late = count(Key::run_late);
  report.missed = count(Key::missed_jobs);
  report.held = count(Key::held);
  report.schedule_slots_missed = count(Key::missed);
  report.schedule_slots_dropped = count(Key::dropped);
  report.resumed = record.get_bool(Key::resumed).value_or(false);
  return report;
}

namespace {

Record line_row(const Line& line) {
  Record row;
  if (line.job) row.put_uint(Key::id, line.job);
  if (line.schedule) row.put_uint(Key::schedule, line.schedule);
  row.put_text(Key::text, line.text);
  row.put_uint(Key::decided, static_cast<std::uint64_t>(line.decided));
  if (line.lateness) row.put_int(Key::lateness, line.lateness->count());
  if (line.policy) row.put_uint(Key::policy, static_cast<std::uint64_t>(*line.policy));
  if (!line.reason.empty()) row.put_text(Key::reason, line.reason);
  if (line.missed) row.put_uint(Key::missed, line.missed);
  if (line.ran) row.put_uint(Key::ran, line.ran);
  if (line.dropped) row.put_uint(Key::dropped, line.dropped);
  if (line.first_missed) row.put_int(Key::first_missed, *line.first_missed);
  if (line.newest_missed) row.put_int(Key::newest_missed, *line.newest_missed);
  return row;
}

/// What makes no sense in it is left out: the sentence tells it all.
Line line_from(const Record& row) {
  const auto count = [&](Key key) { return row.get_uint(key).value_or(0); };
  Line line{.job = count(Key::id),
            .schedule = count(Key::schedule),
            .text = row.get_text(Key::text).value_or(std::string{})};
  if (const auto decided = count(Key::decided); decided <= static_cast<std::uint64_t>(Decided::slots))
    line.decided = static_cast<Decided>(decided);
  if (const auto late = row.get_int(Key::lateness)) line.lateness = Duration{*late};
  const auto policy = row.get_uint(Key::policy);
  if (policy && *policy <= static_cast<std::uint64_t>(jobs::Misfire::Policy::windowed))
    line.policy = static_cast<jobs::Misfire::Policy>(*policy);
  line.reason = row.get_text(Key::reason).value_or(std::string{});
  line.missed = count(Key::missed);
  line.ran = count(Key::ran);
  line.dropped = count(Key::dropped);
  line.first_missed = row.get_int(Key::first_missed);
  line.newest_missed = row.get_int(Key::newest_missed);
  return line;
}

}  // namespace

void put_lines(Record& record, Key key, const std::vector<Line>& lines) {
  std::vector<Record> rows;
  for (const auto& line : lines) rows.push_back(line_row(line));
  record.put_records(key, std::move(rows));
}

std::vector<Line> read_lines(const Record& record, Key key) {
  std::vector<Line> lines;
  for (const auto& row : record.get_records(key).value_or(std::vector<Record>{})) lines.push_back(line_from(row));
  return lines;
}

void put_report_part(store::Transaction& txn, std::uint32_t number, std::uint16_t part,
                     const std::vector<Line>& lines) {
  Record record;
  put_lines(record, Key::line, lines);
  txn.put(keys::report(number, part), record.encode());
}

void put_report_head(store::Transaction& txn, const Report& report, std::uint16_t parts, const Limits& limits) {
  auto head = report_head(report);
  head.put_uint(Key::count, parts);
  txn.put(keys::report(report.number, 0), head.encode());
  set_number(txn, Key::report, report.number);
  if (report.number <= limits.reports_ring) return;
  const std::uint64_t records_each = 2 + limits.report_lines / kLinesPerRecord;
  const auto oldest_kept = report.number - static_cast<std::uint32_t>(limits.reports_ring) + 1;
  txn.erase_range(keys::report(0, 0), keys::report(oldest_kept, 0), limits.ring_trim * records_each);
}

std::optional<Report> read_report(store::Transaction& txn, std::uint32_t number) {
  const auto body = txn.get(keys::report(number, 0));
  if (!body) return std::nullopt;
  const auto head = Record::decode(*body);
  if (!head.ok()) return std::nullopt;
  Report report = read_report_head(*head);
  const auto parts = head->get_uint(Key::count).value_or(0);
  for (std::uint64_t part = 1; part <= parts; ++part) {
    const auto lines = txn.get(keys::report(number, static_cast<std::uint16_t>(part)));
    const auto record = lines ? Record::decode(*lines) : Result<Record>(Error{});
    if (!record.ok()) continue;  // a damaged part costs its lines, not the report
    for (auto& line : read_lines(*record, Key::line)) report.lines.push_back(std::move(line));
  }
  return report;
}

}  // namespace dormouse::reconcile
