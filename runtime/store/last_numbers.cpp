// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/last_numbers.hpp"

#include <algorithm>

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

void raise_by_position(LastNumbers& numbers, const wire::Record& position) {
  numbers.raise(Key::epoch, position.get_uint(Key::epoch).value_or(0));
  numbers.sequence = std::max(numbers.sequence, position.get_uint(Key::sequence).value_or(0));
  const auto trust = position.get_uint(Key::trust).value_or(0);
  if (trust != static_cast<std::uint64_t>(Trust::untrusted))
    numbers.last_wall = std::max(numbers.last_wall.value_or(WallTime{}), {position.get_int(Key::wall).value_or(0)});
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
  numbers.raise(Key::epoch, head.epoch);
  numbers.sequence = std::max(numbers.sequence, head.sequence);
  if (head.trust != Trust::untrusted)
    numbers.last_wall = std::max(numbers.last_wall.value_or(WallTime{}), head.wall);
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
  if (last_wall) record.put_int(Key::wall, last_wall->ms);
  return record.encode();
}

LastNumbers LastNumbers::decode(BytesView body) {
  LastNumbers numbers;
  const auto record = wire::Record::decode(body);
  if (!record) return numbers;
  raise_by_record(numbers, *record);
  numbers.sequence = record->get_uint(Key::sequence).value_or(0);
  if (const auto wall = record->get_int(Key::wall)) numbers.last_wall = WallTime{*wall};
  return numbers;
}

Result<LastNumbers> last_numbers(Tree& tree) {
  LastNumbers numbers;
  const Bytes ids_key = keys::meta("ids");
  auto ids = tree.get(ids_key);
  if (!ids) return std::move(ids).error();
  if (const auto body = body_of(ids_key, *ids)) raise_by_record(numbers, *body);
  const Bytes position_key = keys::meta("position");
  auto position = tree.get(position_key);
  if (!position) return std::move(position).error();
  if (const auto body = body_of(position_key, *position)) raise_by_position(numbers, *body);
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

void raise_ids(Transaction& txn, const LastNumbers& numbers) {
  const Bytes key = keys::meta("ids");
  const auto present = txn.get(key);
  auto body = present ? wire::Record::decode(*present) : Result<wire::Record>(wire::Record());
  wire::Record record = body ? std::move(body).value() : wire::Record();
  LastNumbers raised;
  raise_by_record(raised, record);
  raised.raise(numbers);
  for (const auto& [kind, number] : raised.ids) record.put_uint(kind, number);
  txn.put(key, record.encode());
}

}  // namespace dormouse::store
