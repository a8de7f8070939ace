// SPDX-License-Identifier: Apache-2.0
// A device's events as a log: one line each.
#pragma once

#include <string>

#include "actors/events.hpp"

namespace dormouse::cli {

/// "job 12 backup started (attempt 1)": the event in words.
std::string sentence(const actors::Event& event);
/// The event as one line of JSON.
std::string json_line(const actors::Event& event);

/// To standard error with time and level; with `json` one object a line on standard output. Thread-safe. The log's
/// time is the machine's clock, whatever that is worth; an event's own time stands in JSON only while believable.
actors::Observer event_log(bool json);

}  // namespace dormouse::cli
