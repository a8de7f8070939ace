// SPDX-License-Identifier: Apache-2.0
#include "tools/dormouse/json.hpp"

#include <array>
#include <optional>

#include <nlohmann/json.hpp>

#include "runtime/jobs/misfire.hpp"
#include "runtime/jobs/transitions.hpp"
#include "runtime/schedules/timing.hpp"
#include "runtime/time/rfc3339.hpp"
#include "runtime/time/trust.hpp"
#include "runtime/wire/cbor.h"

namespace dormouse::cli {

using nlohmann::json;
using wire::Key;
using wire::Record;

namespace {

// The slot of a schedule in elapsed time counts from its anchor, that of the others from 1970, and a body need not
// tell which it is. No device runs for 30 years without a slot, and none plans before the year 2000.
constexpr std::int64_t least_wall_slot_ms = 946'684'800'000;

template <std::size_t count>
std::optional<std::string> word(const std::array<const char*, count>& words, std::uint64_t number) {
  if (number >= count) return std::nullopt;
  return words[number];
}

template <class Enum>
std::optional<std::string> word(Enum last, std::uint64_t number) {
  if (number > static_cast<std::uint64_t>(last)) return std::nullopt;
  return name_of(static_cast<Enum>(number));
}

/// The word that a number under `key` stands for; none if it is just a number.
std::optional<std::string> word_for(const Record& record, Key key, std::uint64_t number) {
  switch (key) {
    case Key::state:
      return word(jobs::State::replaced, number);
    case Key::misfire:
    case Key::policy:
      return word(jobs::Misfire::Policy::windowed, number);
    case Key::trust:
    case Key::needs_time:
      return word(Trust::synced, number);
    case Key::because:
      return word(jobs::Because::link, number);
    case Key::dst:
      return word(schedules::Dst::absolute, number);
    case Key::delivery:
      return word(std::array{"at_least_once", "at_most_once"}, number);
    case Key::conflict_policy:
      return word(std::array{"dedupe", "fail"}, number);
    case Key::handler_check:
      return word(std::array{"strict", "later"}, number);
    case Key::lane:
      return word(std::array{"elapsed", "wall"}, number);
    case Key::outcome:
      if (!record.has(Key::attempt)) return word(std::array{"created", "updated", "unchanged"}, number);
      return word(std::array{"ok", "again", "retryable", "permanent", "cancelled", "timed_out", "interrupted",
                             "not_started"},
                  number);
    default:
      return std::nullopt;
  }
}

/// Whether a number under `key` is a wall time in this record.
bool is_wall_time(const Record& record, Key key, std::int64_t number) {
  switch (key) {
    case Key::at:
    case Key::wall:
    case Key::floor:
    case Key::rtc_mark:
    case Key::rtc_wall:
    case Key::ceiling:
    case Key::from:
    case Key::to:
      return true;
    case Key::due:
      return record.get_uint(Key::lane).value_or(1) == 1;
    case Key::slot:
    case Key::slot_ms:
    case Key::last_slot:
    case Key::first_missed:
      return number >= least_wall_slot_ms;
    default:
      return false;
  }
}

json bytes_json(const Bytes& bytes) {
  if (dm_utf8_valid(bytes.data(), bytes.size())) return bytes;
  return {{"hex", hex(bytes)}};
}

json array_json(const Record& record, Key key) {
  json list = json::array();
  if (const auto records = record.get_records(key)) {
    for (const auto& item : *records) list.push_back(to_json(item));
  } else if (const auto texts = record.get_texts(key)) {
    for (const auto& text : *texts) list.push_back(text);
  } else if (const auto numbers = record.get_ints(key)) {
    for (const auto number : *numbers) list.push_back(number);
  } else if (const auto blobs = record.get_blobs(key)) {
    for (const auto& blob : *blobs) list.push_back(bytes_json(blob));
  }
  return list;
}

json value_json(const Record& record, Key key) {
  if (record.is_null(key)) return nullptr;
  if (const auto yes = record.get_bool(key)) return *yes;
  if (const auto text = record.get_text(key)) return *text;
  if (const auto bytes = record.get_bytes(key)) return bytes_json(*bytes);
  if (const auto inner = record.get_record(key)) return to_json(*inner);
  if (const auto number = record.get_int(key)) {
    if (*number >= 0) {
      if (auto named = word_for(record, key, static_cast<std::uint64_t>(*number))) return *std::move(named);
    }
    if (is_wall_time(record, key, *number)) return format_utc(WallTime{*number});
    return *number;
  }
  if (const auto number = record.get_uint(key)) return *number;
  return array_json(record, key);
}

/// A wall time beside a trust of 0 says nothing.
bool meaningless(const Record& record, Key key) {
  return key == Key::wall && record.has(Key::trust) && record.get_uint(Key::trust) == 0U;
}

}  // namespace

json to_json(Record record) {
  json object = json::object();
  for (std::uint16_t number = 0; number <= static_cast<std::uint16_t>(wire::kLastKey); ++number) {
    const auto key = static_cast<Key>(number);
    if (key == Key::re || !record.has(key) || meaningless(record, key)) continue;
    object[wire::name_of(key)] = value_json(record, key);
  }
  return object;
}

std::string readable(BytesView bytes) {
  return dm_utf8_valid(bytes.data(), bytes.size()) ? std::string(bytes) : hex(bytes);
}

std::string hex(BytesView bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += digits[static_cast<unsigned char>(byte) >> 4];
    text += digits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

std::string shown(Record record, Key key) {
  if (!record.has(key) || record.is_null(key) || meaningless(record, key)) return "";
  const json value = value_json(record, key);
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string shown(const Record& record, Key outer, Key key) {
  const auto inner = Record(record).get_record(outer);
  return inner ? shown(*inner, key) : "";
}

}  // namespace dormouse::cli
