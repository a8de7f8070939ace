// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/counters.hpp"

#include <array>
#include <utility>

#include "runtime/store/keys.hpp"

namespace dormouse::jobs {
namespace {

using wire::Key;
using wire::Record;
namespace keys = store::keys;

// Numbers per component are packed, six bytes each (component u16, number u32, big-endian), because an array in a
// record has at most 64 elements.
constexpr std::size_t kPackedBytes = 6;

Bytes pack(const PerComponent& numbers) {
  Bytes bytes;
  for (const auto& [component, number] : numbers) {
    for (const int shift : {8, 0}) bytes.push_back(static_cast<char>(component >> shift));
    for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(number >> shift));
  }
  return bytes;
}

PerComponent unpack(BytesView bytes) {
  PerComponent numbers;
  for (; bytes.size() >= kPackedBytes; bytes.remove_prefix(kPackedBytes)) {
    std::uint64_t both = 0;
    for (std::size_t i = 0; i < kPackedBytes; ++i) both = both << 8 | static_cast<std::uint8_t>(bytes[i]);
    numbers[static_cast<std::uint16_t>(both >> 32)] = static_cast<std::uint32_t>(both);
  }
  return numbers;
}

/// In the order in which they are stored: what changes with every job first, because zeros at the end are left out.
/// New ones come last.
template <class Numbers>
auto slots(Numbers& c) {
  return std::array{
      &c.counts.succeeded, &c.finished,         &c.finished_next, &c.counts.missed,     &c.counts.dead, &c.dead,
      &c.dead_next,        &c.counts.cancelled, &c.remembered,    &c.counts.interrupted};
}

std::uint32_t number_of(const PerComponent& numbers, std::uint16_t component) {
  const auto found = numbers.find(component);
  return found == numbers.end() ? 0 : found->second;
}

std::uint64_t difference(std::uint32_t begun, std::uint32_t ended) {
  const auto active = static_cast<std::int32_t>(begun - ended);
  return active < 0 ? 0 : static_cast<std::uint64_t>(active);
}

std::uint64_t& count_of(Counts& counts, State end) {
  switch (end) {
    case State::dead:
      return counts.dead;
    case State::cancelled:
    case State::replaced:
      return counts.cancelled;
    case State::missed:
      return counts.missed;
    default:
      return counts.succeeded;
  }
}

}  // namespace

Begun load_begun(store::Transaction& txn) {
  Begun begun;
  const std::optional<Bytes> body = txn.get(keys::meta("ids"));
  if (!body) return begun;
  Result<Record> record = Record::decode(*body);
  if (!record) return begun;
  begun.record = std::move(record).value();
  begun.last_id = begun.record.get_uint(Key::last_id).value_or(0);
  begun.jobs = unpack(begun.record.get_bytes(Key::scheduled).value_or(Bytes{}));
  return begun;
}

void store_begun(store::Transaction& txn, const Begun& begun) {
  Record record = begun.record;
  record.put_uint(Key::last_id, begun.last_id).put_bytes(Key::scheduled, pack(begun.jobs));
  txn.put(keys::meta("ids"), record.encode());
}

Counters load_counters(store::Transaction& txn) {
  Counters counters;
  const std::optional<Bytes> body = txn.get(keys::meta("counters"));
  const Result<Record> record = body ? Record::decode(*body) : Result<Record>(Error{});
  if (!record) {
    counters.is_new = true;
    counters.ended = load_begun(txn).jobs;
    return counters;
  }
  const std::vector<std::int64_t> numbers = record->get_ints(Key::count).value_or(std::vector<std::int64_t>{});
  const auto all = slots(counters);
  for (std::size_t i = 0; i < all.size() && i < numbers.size(); ++i)
    *all[i] = static_cast<std::uint64_t>(numbers[i]);
  counters.ended = unpack(record->get_bytes(Key::data).value_or(Bytes{}));
  return counters;
}

void store_counters(store::Transaction& txn, const Counters& counters) {
  std::vector<std::int64_t> numbers;
  for (const std::uint64_t* slot : slots(counters)) numbers.push_back(static_cast<std::int64_t>(*slot));
  while (!numbers.empty() && numbers.back() == 0) numbers.pop_back();
  Record record;
  record.put_bytes(Key::data, pack(counters.ended)).put_ints(Key::count, numbers);
  txn.put(keys::meta("counters"), record.encode());
}

Tally load_tally(store::Transaction& txn) {
  return {load_begun(txn), load_counters(txn)};
}

void count_begun(Tally& tally, std::uint16_t component) {
  const auto active = static_cast<std::uint32_t>(active_jobs(tally, component));
  tally.begun.jobs[component] = number_of(tally.counters.ended, component) + active + 1;
}

void count_ended(Counters& counters, std::uint16_t component, State end) {
  ++count_of(counters.counts, end);
  ++counters.ended[component];
}

std::uint64_t active_jobs(const Tally& tally, std::uint16_t component) {
  return difference(number_of(tally.begun.jobs, component), number_of(tally.counters.ended, component));
}

std::uint64_t active_jobs(const Tally& tally) {
  std::uint64_t active = 0;
  for (const auto& [component, number] : tally.begun.jobs) active += active_jobs(tally, component);
  return active;
}

}  // namespace dormouse::jobs
