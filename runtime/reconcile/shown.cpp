// SPDX-License-Identifier: Apache-2.0
#include "runtime/reconcile/shown.hpp"

#include <algorithm>

#include "runtime/time/trust.hpp"

namespace dormouse::reconcile {

using wire::Key;
using wire::Record;

namespace {

constexpr std::size_t kItems = 64;  // an array of the codec holds no more

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
  record.put_records(Key::items, std::move(items));
  return record;
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
  if (boot.wall_believable) record.put_int(Key::wall, boot.started_wall.ms);
  return record;
}

Record to_record(const Gap& gap) {
  Record record;
  record.put_uint(Key::gap, gap.number);
  record.put_uint(Key::boot, gap.boot);
  record.put_text(Key::cause, name_of(gap.cause));
  record.put_text(Key::certainty, name_of(gap.certainty));
  if (gap.from) record.put_int(Key::from, gap.from->ms);
  if (gap.to) record.put_int(Key::to, gap.to->ms);
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
  std::vector<std::string> lines;
  for (const auto& line : report.lines)
    if (lines.size() < kItems) lines.push_back(line.text);
  record.put_texts(Key::line, lines);
  return record;
}

Record boots_reply(const std::vector<Boot>& boots) {
  return reply(boots);
}
Record gaps_reply(const std::vector<Gap>& gaps) {
  return reply(gaps);
}
Record reports_reply(const std::vector<Report>& reports) {
  return reply(reports);
}

}  // namespace dormouse::reconcile
