// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/record_parts.hpp"

#include <utility>

namespace dormouse::jobs {
namespace {

using wire::Key;
using wire::Record;

Record to_record(const AttemptNote& note) {
  Record record;
  record.put_uint(Key::attempt, note.attempt);
  record.put_uint(Key::boot, note.boot);
  record.put_record(Key::started, to_record(note.start));
  record.put_record(Key::ended, to_record(note.end));
  record.put_uint(Key::outcome, static_cast<std::uint64_t>(note.outcome));
  if (!note.code.empty()) record.put_text(Key::code, note.code);
  return record;
}

}  // namespace

Record to_record(const Noted& noted) {
  Record record;
  record.put_int(Key::wall, noted.wall.ms);
  record.put_uint(Key::trust, static_cast<std::uint64_t>(noted.trust));
  record.put_uint(Key::boot, noted.boot);
  return record;
}

std::vector<Record> to_records(const std::vector<AttemptNote>& notes) {
  std::vector<Record> records;
  for (const AttemptNote& note : notes) records.push_back(to_record(note));
  return records;
}

void put_uint_if(Record& record, Key key, std::uint64_t value) {
  if (value != 0) record.put_uint(key, value);
}
void put_text_if(Record& record, Key key, const std::string& value) {
  if (!value.empty()) record.put_text(key, value);
}

}  // namespace dormouse::jobs
