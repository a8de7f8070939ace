// SPDX-License-Identifier: Apache-2.0
// Parts that stored jobs and shown jobs have in common.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/jobs/job.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::jobs {

wire::Record to_record(const Noted& noted);
std::vector<wire::Record> to_records(const std::vector<AttemptNote>& notes);

/// Left out if zero or empty.
void put_uint_if(wire::Record& record, wire::Key key, std::uint64_t value);
void put_text_if(wire::Record& record, wire::Key key, const std::string& value);

}  // namespace dormouse::jobs
