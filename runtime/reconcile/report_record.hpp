// SPDX-License-Identifier: Apache-2.0
// Reports as records. In the ring: part 0 is the head (counts, gaps, how many parts of lines follow), parts 1..n
// hold up to kLinesPerRecord lines each. Inside of this room.
#pragma once

#include <vector>

#include "runtime/reconcile/reconcile.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::reconcile {

// -- stored --
wire::Record report_head(const Report& report);  // all but the lines
Report read_report_head(const wire::Record& record);
void put_lines(wire::Record& record, wire::Key key, const std::vector<Line>& lines);  // at most 64
std::vector<Line> read_lines(const wire::Record& record, wire::Key key);

// -- the ring --
void put_report_part(store::Transaction& txn, std::uint32_t number, std::uint16_t part,
                     const std::vector<Line>& lines);
/// Makes the report count: its head, its number in `ids`, and the ring trimmed.
void put_report_head(store::Transaction& txn, const Report& report, std::uint16_t parts, const Limits& limits);
/// With all its lines; none if there is no such report.
std::optional<Report> read_report(store::Transaction& txn, std::uint32_t number);

}  // namespace dormouse::reconcile
