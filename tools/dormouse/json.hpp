// SPDX-License-Identifier: Apache-2.0
// Bodies of messages as JSON, by the names of their keys: numbers that stand for words become the words (state,
// misfire, trust ...), instants RFC 3339 in UTC, durations stay milliseconds, bytes that are UTF-8 become text and
// others {"hex": "..."}. A wall time that was noted while time was untrusted is left out.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "runtime/base/bytes.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::cli {

/// `re`, the number of the request, is left out. Keys without a name are not shown. By value, as asking a record
/// for a type that is not there leaves a mark in it.
nlohmann::json to_json(wire::Record record);

/// Text as it is, other bytes in hexadecimal, for people.
std::string readable(BytesView bytes);

std::string hex(BytesView bytes);

/// One value of a record as to_json shows it, as plain text without quotes; empty if it is absent.
std::string shown(wire::Record record, wire::Key key);

/// The same for `key` of the record that stands under `outer`.
std::string shown(const wire::Record& record, wire::Key outer, wire::Key key);

}  // namespace dormouse::cli
