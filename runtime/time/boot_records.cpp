// SPDX-License-Identifier: Apache-2.0
// How stamps, boots and gaps are written and read. A field that a body lacks has its default, so that older
// bodies stay readable; a field of a wrong type, or a number that means nothing, makes the body corrupt.
#include "runtime/time/boot.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse {
namespace {

using wire::Key;
using wire::Record;

/// Reads fields, remembering whether any made no sense.
class Reader {
 public:
  explicit Reader(const Record& record) : record_(record) {}

  std::uint32_t u32(Key key) { return static_cast<std::uint32_t>(bounded(key, UINT32_MAX)); }
  std::uint64_t u64(Key key) { return record_.get_uint(key).value_or(0); }
  std::int64_t i64(Key key) { return record_.get_int(key).value_or(0); }
  bool flag(Key key) { return record_.get_bool(key).value_or(false); }
  std::string text(Key key) { return record_.get_text(key).value_or(""); }
  std::string bytes(Key key) { return record_.get_bytes(key).value_or(""); }
  template <class Enum>
  Enum choice(Key key, Enum last) {
    return static_cast<Enum>(bounded(key, static_cast<std::uint64_t>(last)));
  }
  std::optional<WallTime> wall(Key key) {
    const auto ms = record_.get_int(key);
    return ms ? std::optional(WallTime{*ms}) : std::nullopt;
  }
  std::optional<Instant> instant(Key key) {
    const auto ms = record_.get_int(key);
    return ms ? std::optional(Instant{*ms}) : std::nullopt;
  }
  bool good() const { return good_ && record_.bad_fields().empty(); }

 private:
  std::uint64_t bounded(Key key, std::uint64_t highest) {
    const std::uint64_t number = record_.get_uint(key).value_or(0);
    if (number > highest) good_ = false;
    return number > highest ? 0 : number;
  }
  const Record& record_;
  bool good_ = true;
};

Error corrupt(const char* what) {
  return Error{"store.corrupt_record", std::string("The record of a ") + what + " is damaged."};
}

}  // namespace

Bytes encode(const Stamp& stamp) {
  Record record;
  record.put_uint(Key::sequence, stamp.sequence)
      .put_uint(Key::epoch, stamp.epoch)
      .put_uint(Key::boot, stamp.boot)
      .put_uint(Key::kernel_boot, stamp.kernel_boot)
      .put_bytes(Key::kernel_boot_id, stamp.kernel_boot_id)
      .put_int(Key::instant, stamp.instant.ms)
      .put_int(Key::monotonic, stamp.monotonic.count())
      .put_int(Key::wall, stamp.wall.ms)
      .put_uint(Key::trust, static_cast<std::uint64_t>(stamp.trust))
      .put_int(Key::max_error, stamp.max_error_ms)
      .put_int(Key::floor, stamp.floor.ms)
      .put_int(Key::rtc_mark, stamp.rtc_mark.ms);
  if (stamp.clean) record.put_text(Key::clean, *stamp.clean);
  if (!stamp.store_id.empty()) record.put_text(Key::store_id, stamp.store_id);
  return record.encode();
}

Result<Stamp> decode_stamp(BytesView body) {
  const Result<Record> record = Record::decode(body);
  if (!record) return corrupt("stamp");
  Reader read(*record);
  Stamp stamp;
  stamp.sequence = read.u64(Key::sequence);
  stamp.epoch = read.u32(Key::epoch);
  stamp.boot = read.u32(Key::boot);
  stamp.kernel_boot = read.u32(Key::kernel_boot);
  stamp.kernel_boot_id = read.bytes(Key::kernel_boot_id);
  stamp.instant = Instant{read.i64(Key::instant)};
  stamp.monotonic = Duration{read.i64(Key::monotonic)};
  stamp.wall = WallTime{read.i64(Key::wall)};
  stamp.trust = read.choice(Key::trust, Trust::synced);
  stamp.max_error_ms = read.i64(Key::max_error);
  stamp.floor = WallTime{read.i64(Key::floor)};
  stamp.rtc_mark = WallTime{read.i64(Key::rtc_mark)};
  stamp.clean = record->get_text(Key::clean);
  stamp.store_id = read.text(Key::store_id);
  if (!read.good()) return corrupt("stamp");
  return stamp;
}

namespace {

std::vector<Record> gain_rows(const Boot& boot) {
  std::vector<Record> rows;
  for (const TrustGain& gain : boot.gains) {
    rows.emplace_back();
    rows.back()
        .put_int(Key::instant, gain.instant.ms)
        .put_int(Key::wall, gain.wall.ms)
        .put_uint(Key::trust, static_cast<std::uint64_t>(gain.trust))
        .put_text(Key::source, gain.source);
  }
  return rows;
}

/// False if one of them makes no sense.
bool read_gains(const Record& record, Boot& boot) {
  for (const Record& row : record.get_records(Key::gains).value_or(std::vector<Record>{})) {
    Reader read(row);
    boot.gains.push_back({Instant{read.i64(Key::instant)}, WallTime{read.i64(Key::wall)},
                          read.choice(Key::trust, Trust::synced), read.text(Key::source)});
    if (!read.good()) return false;
  }
  return true;
}

}  // namespace

Bytes encode(const Boot& boot) {
  Record record;
  record.put_uint(Key::boot, boot.number)
      .put_uint(Key::epoch, boot.epoch)
      .put_uint(Key::kernel_boot, boot.kernel_boot)
      .put_bytes(Key::kernel_boot_id, boot.kernel_boot_id)
      .put_uint(Key::cause, static_cast<std::uint64_t>(boot.cause))
      .put_bool(Key::announced, boot.announced)
      .put_bool(Key::believable, boot.wall_believable)
      .put_text(Key::evidence, boot.evidence)
      .put_text(Key::version, boot.version)
      .put_int(Key::instant, boot.started.ms)
      .put_int(Key::wall, boot.started_wall.ms);
  if (!boot.store_found.empty()) record.put_text(Key::note, boot.store_found);
  if (!boot.before.empty()) record.put_text(Key::before, boot.before);
  if (!boot.gains.empty()) record.put_records(Key::gains, gain_rows(boot));
  if (!boot.remarks.empty()) record.put_texts(Key::remarks, boot.remarks);
  if (!boot.store_id.empty()) record.put_text(Key::store_id, boot.store_id);
  return record.encode();
}

Result<Boot> decode_boot(BytesView body) {
  const Result<Record> record = Record::decode(body);
  if (!record) return corrupt("boot");
  Reader read(*record);
  Boot boot;
  boot.number = read.u32(Key::boot);
  boot.epoch = read.u32(Key::epoch);
  boot.kernel_boot = read.u32(Key::kernel_boot);
  boot.kernel_boot_id = read.bytes(Key::kernel_boot_id);
  boot.cause = read.choice(Key::cause, BootCause::unclear);
  boot.announced = read.flag(Key::announced);
  boot.wall_believable = read.flag(Key::believable);
  boot.evidence = read.text(Key::evidence);
  boot.store_found = read.text(Key::note);
  boot.version = read.text(Key::version);
  boot.started = Instant{read.i64(Key::instant)};
  boot.started_wall = WallTime{read.i64(Key::wall)};
  boot.before = read.text(Key::before);
  boot.remarks = record->get_texts(Key::remarks).value_or(std::vector<std::string>{});
  boot.store_id = read.text(Key::store_id);
  if (!read_gains(*record, boot) || !read.good()) return corrupt("boot");
  return boot;
}

Bytes encode(const Gap& gap) {
  Record record;
  record.put_uint(Key::gap, gap.number)
      .put_uint(Key::boot, gap.boot)
      .put_uint(Key::cause, static_cast<std::uint64_t>(gap.cause))
      .put_uint(Key::certainty, static_cast<std::uint64_t>(gap.certainty))
      .put_int(Key::length, gap.length.count())
      .put_int(Key::error_ms, gap.error.count())
      .put_int(Key::slack, gap.from_slack.count());
  if (gap.from) record.put_int(Key::from, gap.from->ms);
  if (gap.to) record.put_int(Key::to, gap.to->ms);
  if (gap.from_instant) record.put_int(Key::from_instant, gap.from_instant->ms);
  if (gap.to_instant) record.put_int(Key::to_instant, gap.to_instant->ms);
  record.put_uint(Key::from_trust, static_cast<std::uint64_t>(gap.from_trust));
  record.put_uint(Key::to_trust, static_cast<std::uint64_t>(gap.to_trust));
  return record.encode();
}

Result<Gap> decode_gap(BytesView body) {
  const Result<Record> record = Record::decode(body);
  if (!record) return corrupt("gap");
  Reader read(*record);
  Gap gap;
  gap.number = read.u32(Key::gap);
  gap.boot = read.u32(Key::boot);
  gap.cause = read.choice(Key::cause, GapCause::clock_step);
  gap.certainty = read.choice(Key::certainty, Certainty::unknown);
  gap.length = Duration{read.i64(Key::length)};
  gap.error = Duration{read.i64(Key::error_ms)};
  gap.from_slack = Duration{read.i64(Key::slack)};
  gap.from = read.wall(Key::from);
  gap.to = read.wall(Key::to);
  gap.from_instant = read.instant(Key::from_instant);
  gap.to_instant = read.instant(Key::to_instant);
  gap.from_trust = read.choice(Key::from_trust, Trust::synced);
  gap.to_trust = read.choice(Key::to_trust, Trust::synced);
  if (!read.good()) return corrupt("gap");
  return gap;
}

}  // namespace dormouse
