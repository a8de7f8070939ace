// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/stored_notes.hpp"

#include <utility>

#include "runtime/jobs/record_parts.hpp"

namespace dormouse::jobs {
namespace {

using wire::Key;
using wire::Record;

// Round the whole range, so that any two times come back as they were.
std::int64_t difference(WallTime later, WallTime earlier) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(later.ms) - static_cast<std::uint64_t>(earlier.ms));
}
WallTime later_by(WallTime time, std::int64_t ms) {
  return {static_cast<std::int64_t>(static_cast<std::uint64_t>(time.ms) + static_cast<std::uint64_t>(ms))};
}

bool in_range(std::int64_t value, std::uint64_t most) {
  return value >= 0 && static_cast<std::uint64_t>(value) <= most;
}

std::optional<Noted> whole_time(const std::vector<std::int64_t>& numbers) {
  if (numbers.size() != 3 || !in_range(numbers[1], static_cast<std::uint64_t>(Trust::synced)) ||
      !in_range(numbers[2], std::numeric_limits<std::uint32_t>::max())) {
    return std::nullopt;
  }
  return Noted{WallTime{numbers[0]}, static_cast<Trust>(numbers[1]), static_cast<std::uint32_t>(numbers[2])};
}

/// The serial of note `index` if all its attempts are noted up to the job's newest.
std::uint32_t counted(const Job& job, std::size_t index, std::size_t notes) {
  return job.attempt - static_cast<std::uint32_t>(notes - 1 - index);
}

Record to_stored(const Job& job, std::size_t index) {
  const AttemptNote& note = job.attempts[index];
  Record record;
  if (note.attempt != counted(job, index, job.attempts.size())) record.put_uint(Key::attempt, note.attempt);
  put_text_if(record, Key::code, note.code);
  if (note.boot != note.start.boot) record.put_uint(Key::boot, note.boot);
  if (note.outcome != Outcome::Kind::ok) record.put_uint(Key::outcome, static_cast<std::uint64_t>(note.outcome));
  if (note.end != job.ended) put_noted(record, Key::ended, note.end, job.created);
  if (note.start != job.started) put_noted(record, Key::started, note.start, job.created);
  return record;
}

/// Where the job has no such time of its own, the note must have it.
void read_own(RecordReader& reader, Key key, Noted& into, const std::optional<Noted>& of_job,
              const Noted& created) {
  if (!reader.has(key) && of_job) {
    into = *of_job;
  } else {
    read_noted(reader, key, into, created);
  }
}

std::optional<Key> read_attempt(const Record& record, const Job& job, AttemptNote& note) {
  RecordReader reader(record);
  reader.number(Key::attempt, note.attempt);
  reader.text(Key::code, note.code);
  reader.word(Key::outcome, note.outcome, Outcome::Kind::not_started);
  read_own(reader, Key::ended, note.end, job.ended, job.created);
  read_own(reader, Key::started, note.start, job.started, job.created);
  note.boot = note.start.boot;
  reader.number(Key::boot, note.boot);
  return reader.wrong();
}

}  // namespace

void put_created(Record& record, const Noted& created) {
  record.put_ints(Key::created, {created.wall.ms, static_cast<std::int64_t>(created.trust), created.boot});
}

void put_noted(Record& record, Key key, const Noted& noted, const Noted& created) {
  if (noted.trust == created.trust && noted.boot == created.boot) {
    record.put_ints(key, {difference(noted.wall, created.wall)});
  } else {
    record.put_ints(key, {noted.wall.ms, static_cast<std::int64_t>(noted.trust), noted.boot});
  }
}

void put_due(Record& record, Key key, const Due& due) {
  if (due.lane == Due::Lane::wall) {
    record.put_ints(key, {due.ms});
  } else {
    record.put_ints(key, {due.ms, due.kernel_boot});
  }
}

void put_attempts(Record& record, const Job& job) {
  if (job.attempts.empty()) return;
  std::vector<Record> notes;
  notes.reserve(job.attempts.size());
  for (std::size_t i = 0; i < job.attempts.size(); ++i) notes.push_back(to_stored(job, i));
  record.put_records(Key::attempts, std::move(notes));
}

void read_created(RecordReader& reader, Noted& into) {
  std::vector<std::int64_t> numbers;
  reader.numbers(Key::created, numbers);
  const std::optional<Noted> noted = whole_time(numbers);
  if (!noted) return reader.wrong(Key::created);
  into = *noted;
}

void read_noted(RecordReader& reader, Key key, Noted& into, const Noted& created) {
  std::vector<std::int64_t> numbers;
  reader.numbers(key, numbers);
  if (numbers.size() == 1) {
    into = {later_by(created.wall, numbers[0]), created.trust, created.boot};
  } else if (const std::optional<Noted> noted = whole_time(numbers)) {
    into = *noted;
  } else {
    reader.wrong(key);
  }
}

void read_due(RecordReader& reader, Key key, Due& into) {
  std::vector<std::int64_t> numbers;
  reader.numbers(key, numbers);
  if (numbers.size() == 1) {
    into = Due::at(WallTime{numbers[0]});
  } else if (numbers.size() == 2 && in_range(numbers[1], std::numeric_limits<std::uint32_t>::max())) {
    into = Due::elapsed(static_cast<std::uint32_t>(numbers[1]), Instant{numbers[0]});
  } else {
    reader.wrong(key);
  }
}

void read_attempts(RecordReader& reader, const Record& record, Job& job) {
  const std::optional<std::vector<Record>> notes = record.get_records(Key::attempts);
  if (!notes) return;
  for (std::size_t i = 0; i < notes->size(); ++i) {
    AttemptNote note;
    note.attempt = counted(job, i, notes->size());
    if (const auto wrong = read_attempt((*notes)[i], job, note)) reader.wrong(*wrong);
    job.attempts.push_back(std::move(note));
  }
}

}  // namespace dormouse::jobs
