// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/last_numbers.hpp"

#include <algorithm>
#include <utility>

#include "runtime/store/envelope.hpp"
#include "runtime/store/journal.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/store/little_endian.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::store {

using wire::Key;

namespace {

constexpr Key kinds[] = {Key::epoch,  Key::boot,    Key::kernel_boot, Key::gap,
                         Key::report, Key::last_id, Key::schedule};
constexpr std::uint64_t epoch_margin = 1'000;
constexpr std::uint64_t id_margin = 1'000'000;
constexpr std::uint64_t record_step = 8;
constexpr std::uint64_t first_generation = 1;  // of a tree that has no position yet

void raise_by_record(LastNumbers& numbers, const wire::Record& ids) {
  for (const Key kind : kinds) numbers.raise(kind, ids.get_uint(kind).value_or(0));
}

/// The body of a sealed record of `ids` or `position`; none if it cannot be read.
std::optional<wire::Record> body_of(BytesView key, const std::optional<Bytes>& sealed) {
  const auto opened = sealed ? unseal(key, *sealed) : Result<Opened>(Error{});
  const auto body = opened ? wire::Record::decode(opened->body) : Result<wire::Record>(Error{});
  if (!body) return std::nullopt;
  return *body;
}

void raise_by_time(LastNumbers& numbers, const BatchTime& batch) {
  const auto order = [](const BatchTime& time) { return std::pair(time.epoch, time.instant); };
  numbers.raise(Key::epoch, batch.epoch);
  if (!numbers.last_batch || order(*numbers.last_batch) < order(batch)) numbers.last_batch = batch;
  if (batch.trust != Trust::untrusted)
    numbers.last_wall = std::max(numbers.last_wall.value_or(WallTime{}), batch.wall);
}

BatchTime time_in(const wire::Record& record) {
  return {static_cast<std::uint32_t>(record.get_uint(Key::epoch).value_or(0)),
          {record.get_int(Key::instant).value_or(0)},
          {record.get_int(Key::wall).value_or(0)},
          static_cast<Trust>(record.get_uint(Key::trust).value_or(0))};
}

void put_time(wire::Record& record, const BatchTime& batch) {
  record.put_uint(Key::epoch, batch.epoch)
      .put_int(Key::instant, batch.instant.ms)
      .put_int(Key::wall, batch.wall.ms)
      .put_uint(Key::trust, static_cast<std::uint64_t>(batch.trust));
}

/// The body of the tree's own record; empty if it is missing or cannot be read.
Result<wire::Record> read_record(Tree& tree, const Bytes& key) {
  auto sealed = tree.get(key);
  if (!sealed) return std::move(sealed).error();
  return body_of(key, *sealed).value_or(wire::Record());
}

/// A look at what costs nothing, before a checksum over what may be no record.
bool may_begin_record(BytesView bytes) {
  if (bytes.size() < journal_head_bytes) return false;
  const auto length = read_le<std::uint32_t>(bytes, 4);
  const auto sequence = read_le<std::uint64_t>(bytes, 8);
  const auto durable = read_le<std::uint64_t>(bytes, 32);
  return length >= journal_head_bytes && length <= bytes.size() && durable <= sequence;
}

void raise_by_batch(LastNumbers& numbers, BytesView record, const JournalHead& head) {
  raise_by_time(numbers, {head.epoch, head.instant, head.wall, head.trust});
  numbers.sequence = std::max(numbers.sequence, head.sequence);
  const auto effects = decode_effects(record, head);
  if (!effects) return;
  const auto found = effects->find(keys::meta("ids"));
  if (found == effects->end()) return;
  if (const auto ids = body_of(found->first, found->second)) raise_by_record(numbers, *ids);
}

}  // namespace

std::uint64_t LastNumbers::of(Key kind) const {
  const auto found = ids.find(kind);
  return found == ids.end() ? 0 : found->second;
}

void LastNumbers::raise(Key kind, std::uint64_t number) {
  if (number > of(kind)) ids[kind] = number;
}

void LastNumbers::raise(const LastNumbers& other) {
  for (const auto& [kind, number] : other.ids) raise(kind, number);
  sequence = std::max(sequence, other.sequence);
  if (other.last_batch) raise_by_time(*this, *other.last_batch);
  last_wall = std::max(last_wall, other.last_wall);
}

void LastNumbers::add_margin() {
  raise(Key::epoch, of(Key::epoch) + epoch_margin);
  raise(Key::last_id, of(Key::last_id) + id_margin);
  raise(Key::schedule, of(Key::schedule) + id_margin);
}

Bytes LastNumbers::encode() const {
  wire::Record record;
  for (const auto& [kind, number] : ids) record.put_uint(kind, number);
  record.put_uint(Key::sequence, sequence);
  if (last_batch) {
    wire::Record time;
    put_time(time, *last_batch);
    record.put_record(Key::at, std::move(time));
  }
  if (last_wall) record.put_int(Key::wall, last_wall->ms);
  return record.encode();
}

LastNumbers LastNumbers::decode(BytesView body) {
  LastNumbers numbers;
  const auto record = wire::Record::decode(body);
  if (!record) return numbers;
  raise_by_record(numbers, *record);
  numbers.sequence = record->get_uint(Key::sequence).value_or(0);
  if (const auto time = record->get_record(Key::at)) numbers.last_batch = time_in(*time);
  if (const auto wall = record->get_int(Key::wall)) numbers.last_wall = WallTime{*wall};
  return numbers;
}

Result<LastNumbers> last_numbers(Tree& tree) {
  LastNumbers numbers;
  auto ids = read_record(tree, keys::meta("ids"));
  if (!ids) return std::move(ids).error();
  raise_by_record(numbers, *ids);
  auto position = read_record(tree, keys::meta("position"));
  if (!position) return std::move(position).error();
  numbers.sequence = position->get_uint(Key::sequence).value_or(0);
  if (numbers.sequence > 0) raise_by_time(numbers, time_in(*position));
  return numbers;
}

Result<LastNumbers> last_numbers(StorageMedium& journal) {
  auto all = journal.read(0, journal.size());
  if (!all) return std::move(all).error();
  const BytesView bytes(*all);
  LastNumbers numbers;
  for (std::uint64_t at = journal_header_bytes; at < bytes.size();) {
    const BytesView rest = bytes.substr(at);
    at += record_step;
    if (!may_begin_record(rest)) continue;
    const auto head = decode_journal_head(rest);
    if (!head) continue;
    raise_by_batch(numbers, rest.substr(0, head->length), *head);
    at += head->padded() - record_step;
  }
  return numbers;
}

Status raise_numbers(Tree& tree, const LastNumbers& numbers, bool skip) {
  auto known = last_numbers(tree);
  if (!known) return std::move(known).error();
  LastNumbers raised = *known;
  raised.raise(numbers);

  const Bytes ids_key = keys::meta("ids");
  auto ids = read_record(tree, ids_key);
  if (!ids) return std::move(ids).error();
  for (const auto& [kind, number] : raised.ids) ids->put_uint(kind, number);
  if (auto put = tree.put(ids_key, seal(ids_key, known->sequence, ids->encode())); !put) return put;
  if (!skip) return done();

  const Bytes position_key = keys::meta("position");
  auto position = read_record(tree, position_key);
  if (!position) return std::move(position).error();
  const std::uint64_t sequence = raised.sequence + 1;
  position->put_uint(Key::sequence, sequence)
      .put_uint(Key::generation, position->get_uint(Key::generation).value_or(first_generation));
  if (raised.last_batch) put_time(*position, *raised.last_batch);
  return tree.put(position_key, seal(position_key, sequence, position->encode()));
}

}  // namespace dormouse::store
