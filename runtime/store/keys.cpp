// SPDX-License-Identifier: Apache-2.0
// Keys, spelled byte by byte; the grammar stands above the header.
#include "runtime/store/keys.hpp"

#include "runtime/base/check.hpp"

namespace dormouse::store::keys {

namespace {

constexpr BytesView known_prefixes = "abcdfgjklmopqrstuvwxyz";
constexpr std::size_t job_key_tail = 8;            // job u64
constexpr std::size_t schedule_due_key_tail = 10;  // component u16, schedule u64
constexpr std::size_t wake_key_tail = 9;           // kind, id u64

template <class Unsigned>
void append(Bytes& key, Unsigned number) {
  for (int shift = static_cast<int>(sizeof(Unsigned)) * 8 - 8; shift >= 0; shift -= 8)
    key.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> shift & 0xFF));
}

template <class Unsigned>
Unsigned read(BytesView bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i)
    number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<Unsigned>(number);
}

// A signed ms as a u64 that sorts as the number does: the sign bit is flipped.
constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;
void append_ms(Bytes& key, std::int64_t ms) {
  append(key, static_cast<std::uint64_t>(ms) ^ sign_bit);
}
std::int64_t read_ms(BytesView bytes, std::size_t at) {
  return static_cast<std::int64_t>(read<std::uint64_t>(bytes, at) ^ sign_bit);
}

Bytes lane_prefix(char prefix, Due::Lane lane, std::uint32_t kernel_boot) {
  Bytes key(1, prefix);
  key.push_back(static_cast<char>(lane));
  if (lane == Due::Lane::elapsed) append(key, kernel_boot);
  return key;
}

Bytes due_prefix(char prefix, const Due& due) {
  Bytes key = lane_prefix(prefix, due.lane, due.kernel_boot);
  append_ms(key, due.ms);
  return key;
}

Range due_until(char prefix, const Due& due) {
  return {lane_prefix(prefix, due.lane, due.kernel_boot), starting_with(due_prefix(prefix, due)).to};
}

/// Reads the prefix, lane and due of a key that has exactly `tail` bytes after them.
std::optional<Due> parse_due(BytesView key, char prefix, std::size_t tail) {
  if (key.size() < 2 || key[0] != prefix) return std::nullopt;
  if (key[1] == static_cast<char>(Due::Lane::wall)) {
    if (key.size() != 2 + 8 + tail) return std::nullopt;
    return Due{Due::Lane::wall, 0, read_ms(key, 2)};
  }
  if (key[1] == static_cast<char>(Due::Lane::elapsed)) {
    if (key.size() != 2 + 4 + 8 + tail) return std::nullopt;
    return Due{Due::Lane::elapsed, read<std::uint32_t>(key, 2), read_ms(key, 6)};
  }
  return std::nullopt;
}

Bytes ring_place(BytesView prefix, std::uint64_t place) {
  Bytes key(prefix);
  append(key, place);
  return key;
}

Bytes gap_part(char kind, std::uint32_t number, std::uint16_t part) {
  Bytes key = {'g', kind};
  append(key, number);
  append(key, part);
  return key;
}

Bytes named_key(char kind, std::uint16_t component, BytesView text) {
  Bytes key = {'k', kind};
  append(key, component);
  return key.append(text);
}

}  // namespace

bool is_known_prefix(char prefix) {
  return known_prefixes.find(prefix) != BytesView::npos;
}

Range starting_with(BytesView prefix) {
  Bytes to(prefix);
  while (!to.empty() && static_cast<unsigned char>(to.back()) == 0xFF) to.pop_back();
  if (to.empty())
    to = "\xFF";  // above every key: prefixes are letters
  else
    to.back() = static_cast<char>(static_cast<unsigned char>(to.back()) + 1);
  return {Bytes(prefix), to};
}

Bytes after(BytesView key) {
  Bytes next(key);
  next.push_back('\0');
  return next;
}

Bytes meta(BytesView name) {
  return Bytes("m").append(name);
}

Bytes boot(std::uint32_t number) {
  Bytes key = "o";
  append(key, number);
  return key;
}

Bytes component(std::uint16_t number) {
  Bytes key = "c";
  append(key, number);
  return key;
}

Bytes gap(std::uint32_t number) {
  return gap_part('g', number, 0);
}

Bytes report(std::uint32_t number, std::uint16_t part) {
  return gap_part('r', number, part);
}

Bytes job(const Due& due, std::uint64_t id) {
  Bytes key = due_prefix('q', due);
  append(key, id);
  return key;
}

Range jobs_due_until(const Due& due) {
  return due_until('q', due);
}

Range jobs_in_lane(Due::Lane lane, std::uint32_t kernel_boot) {
  return starting_with(lane_prefix('q', lane, kernel_boot));
}

std::optional<JobKey> parse_job(BytesView key) {
  const auto due = parse_due(key, 'q', job_key_tail);
  if (!due) return std::nullopt;
  return JobKey{*due, read<std::uint64_t>(key, key.size() - 8)};
}

Bytes job_place(std::uint64_t id) {
  return ring_place("z", id);
}

Bytes running(std::uint64_t id) {
  return ring_place("r", id);
}

Bytes job_part(std::uint64_t id, char part) {
  Bytes key = ring_place("j", id);
  key.push_back(part);
  return key;
}

Bytes finished(std::uint64_t place) {
  return ring_place("yf", place);
}

Bytes dead(std::uint64_t place) {
  return ring_place("yd", place);
}

Bytes conflict(std::uint16_t number, BytesView text) {
  return named_key('c', number, text);
}

Bytes idempotency(std::uint16_t number, BytesView text) {
  return named_key('i', number, text);
}

Bytes slot(std::uint16_t number, std::int64_t slot_ms, std::uint64_t schedule_id) {
  Bytes key = "ks";
  append(key, number);
  append_ms(key, slot_ms);
  append(key, schedule_id);
  return key;
}

Bytes forget(const Due& due, std::uint32_t n) {
  check(due.lane == Due::Lane::elapsed, "keys:forget_lane");
  Bytes key = due_prefix('f', due);
  append(key, n);
  return key;
}

Bytes schedule(std::uint16_t number, std::uint64_t id) {
  Bytes key = "s";
  append(key, number);
  append(key, id);
  return key;
}

Bytes schedule_due(const Due& due, std::uint16_t number, std::uint64_t id) {
  Bytes key = due_prefix('d', due);
  append(key, number);
  append(key, id);
  return key;
}

Range schedules_due_until(const Due& due) {
  return due_until('d', due);
}

Range schedules_in_lane(Due::Lane lane, std::uint32_t kernel_boot) {
  return starting_with(lane_prefix('d', lane, kernel_boot));
}

std::optional<ScheduleDueKey> parse_schedule_due(BytesView key) {
  const auto due = parse_due(key, 'd', schedule_due_key_tail);
  if (!due) return std::nullopt;
  return ScheduleDueKey{*due, read<std::uint16_t>(key, key.size() - 10), read<std::uint64_t>(key, key.size() - 8)};
}

Bytes wake(const Due& due, char kind, std::uint64_t id) {
  Bytes key = due_prefix('u', due);
  key.push_back(kind);
  append(key, id);
  return key;
}

Range wakes() {
  return starting_with("u");
}

Range wakes_in_lane(Due::Lane lane, std::uint32_t kernel_boot) {
  return starting_with(lane_prefix('u', lane, kernel_boot));
}

Bytes wakes_after(const Due& due) {
  return due_until('u', due).to;
}

std::optional<Due> parse_wake(BytesView key) {
  return parse_due(key, 'u', wake_key_tail);
}

Bytes set_aside(std::uint32_t boot_number, std::uint32_t n) {
  Bytes key = "x";
  append(key, boot_number);
  append(key, n);
  return key;
}

}  // namespace dormouse::store::keys
