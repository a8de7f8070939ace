// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/counters.hpp"

#include "runtime/store/keys.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::jobs {
namespace {

using wire::Key;
using wire::Record;

// Active jobs per component are packed, six bytes each (component u16, count u32, big-endian), because an array
// in a record has at most 64 elements.
constexpr std::size_t kPackedBytes = 6;

Bytes pack(const std::map<std::uint16_t, std::uint32_t>& active) {
  Bytes bytes;
  for (const auto& [component, count] : active) {
    for (const int shift : {8, 0}) bytes.push_back(static_cast<char>(component >> shift));
    for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(count >> shift));
  }
  return bytes;
}

std::map<std::uint16_t, std::uint32_t> unpack(BytesView bytes) {
  std::map<std::uint16_t, std::uint32_t> active;
  for (; bytes.size() >= kPackedBytes; bytes.remove_prefix(kPackedBytes)) {
    std::uint64_t both = 0;
    for (std::size_t i = 0; i < kPackedBytes; ++i) both = both << 8 | static_cast<std::uint8_t>(bytes[i]);
    active[static_cast<std::uint16_t>(both >> 32)] = static_cast<std::uint32_t>(both);
  }
  return active;
}

struct Slot {
  Key key;
  std::uint64_t& (*number)(Counters&);
};

// clang-format off
constexpr Slot kSlots[] = {
    {Key::count,        [](Counters& c) -> std::uint64_t& { return c.counts.scheduled; }},
    {Key::running,      [](Counters& c) -> std::uint64_t& { return c.counts.running; }},
    {Key::done,         [](Counters& c) -> std::uint64_t& { return c.counts.succeeded; }},
    {Key::failures,     [](Counters& c) -> std::uint64_t& { return c.counts.dead; }},
    {Key::stop,         [](Counters& c) -> std::uint64_t& { return c.counts.cancelled; }},
    {Key::missed,       [](Counters& c) -> std::uint64_t& { return c.counts.missed; }},
    {Key::interrupted,  [](Counters& c) -> std::uint64_t& { return c.counts.interrupted; }},
    {Key::size,         [](Counters& c) -> std::uint64_t& { return c.finished; }},
    {Key::position,     [](Counters& c) -> std::uint64_t& { return c.finished_next; }},
    {Key::total,        [](Counters& c) -> std::uint64_t& { return c.dead; }},
    {Key::offset,       [](Counters& c) -> std::uint64_t& { return c.dead_next; }},
    {Key::conflict_of,  [](Counters& c) -> std::uint64_t& { return c.remembered; }},
};
// clang-format on

/// Down by one, but never below zero: a record set aside as corrupt leaves its count behind.
template <class Number>
void lower(Number& number) {
  if (number > 0) --number;
}

std::uint64_t& count_of(Counts& counts, State state) {
  switch (state) {
    case State::running:
      return counts.running;
    case State::succeeded:
      return counts.succeeded;
    case State::dead:
      return counts.dead;
    case State::cancelled:
    case State::replaced:
      return counts.cancelled;
    case State::missed:
      return counts.missed;
    default:
      return counts.scheduled;
  }
}

}  // namespace

Counters load_counters(store::Transaction& txn) {
  Counters counters;
  const std::optional<Bytes> body = txn.get(store::keys::meta("counters"));
  if (!body) return counters;
  const Result<Record> record = Record::decode(*body);
  if (!record) return counters;
  for (const Slot& slot : kSlots) slot.number(counters) = record->get_uint(slot.key).value_or(0);
  counters.active = unpack(record->get_bytes(Key::data).value_or(Bytes{}));
  return counters;
}

void store_counters(store::Transaction& txn, const Counters& counters) {
  Record record;
  Counters copy = counters;  // slots hand out references
  for (const Slot& slot : kSlots) record.put_uint(slot.key, slot.number(copy));
  record.put_bytes(Key::data, pack(counters.active));
  txn.put(store::keys::meta("counters"), record.encode());
}

void count_move(Counters& counters, std::uint16_t component, std::optional<State> from, State to) {
  if (from) lower(count_of(counters.counts, *from));
  ++count_of(counters.counts, to);
  if (!from) ++counters.active[component];
  if (!from || !has_ended(to)) return;
  const auto active = counters.active.find(component);
  if (active == counters.active.end()) return;
  lower(active->second);
  if (active->second == 0) counters.active.erase(active);
}

}  // namespace dormouse::jobs
