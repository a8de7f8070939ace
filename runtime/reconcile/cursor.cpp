// SPDX-License-Identifier: Apache-2.0
#include "runtime/reconcile/cursor.hpp"

#include "runtime/reconcile/report_record.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::reconcile {

using wire::Key;

Cursor read_cursor(store::Transaction& txn) {
  Cursor cursor;
  const auto body = txn.get(store::keys::meta("reconcile"));
  if (!body) return cursor;
  const auto record = wire::Record::decode(*body);
  // A cursor that cannot be read begins anew: what was decided is in the jobs themselves.
  if (!record.ok()) return cursor;
  for (const auto number : record->get_ints(Key::gap).value_or(std::vector<std::int64_t>{}))
    cursor.pending_gaps.push_back(static_cast<std::uint32_t>(number));
  cursor.pending_lines = read_lines(*record, Key::note);
  const auto report = record->get_record(Key::report);
  if (!report) return cursor;
  PassState pass;
  pass.epoch = static_cast<std::uint32_t>(record->get_uint(Key::epoch).value_or(0));
  pass.phase = static_cast<Phase>(record->get_uint(Key::position).value_or(0));
  pass.position = record->get_bytes(Key::cursor).value_or(Bytes{});
  pass.full_parts = static_cast<std::uint16_t>(record->get_uint(Key::count).value_or(0));
  pass.report = read_report_head(*report);
  pass.report.lines = read_lines(*record, Key::line);
  cursor.pass = std::move(pass);
  return cursor;
}

void write_cursor(store::Transaction& txn, const Cursor& cursor) {
  if (cursor == Cursor{}) {
    txn.erase(store::keys::meta("reconcile"));
    return;
  }
  wire::Record record;
  record.put_ints(Key::gap, {cursor.pending_gaps.begin(), cursor.pending_gaps.end()});
  if (!cursor.pending_lines.empty()) put_lines(record, Key::note, cursor.pending_lines);
  if (cursor.pass) {
    const auto& pass = *cursor.pass;
    record.put_uint(Key::epoch, pass.epoch);
    record.put_uint(Key::position, static_cast<std::uint64_t>(pass.phase));
    record.put_bytes(Key::cursor, pass.position);
    record.put_uint(Key::count, pass.full_parts);
    record.put_record(Key::report, report_head(pass.report));
    put_lines(record, Key::line, pass.report.lines);
  }
  txn.put(store::keys::meta("reconcile"), record.encode());
}

}  // namespace dormouse::reconcile
