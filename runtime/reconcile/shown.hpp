// SPDX-License-Identifier: Apache-2.0
// Boots, gaps and reports as people and programs are shown them: bodies of replies, with words where a stored
// record has numbers.
#pragma once

#include <vector>

#include "runtime/reconcile/reconcile.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::reconcile {

wire::Record to_record(const Boot& boot);
wire::Record to_record(const Gap& gap);
/// With its lines, at most 64 of them (the bound of an array); Key::total tells how many the report has.
wire::Record to_record(const Report& report);
/// {items: [...]}: replies to `boots`, `gaps` and `report`; at most 64 items.
wire::Record boots_reply(const std::vector<Boot>& boots);
wire::Record gaps_reply(const std::vector<Gap>& gaps);
wire::Record reports_reply(const std::vector<Report>& reports);

}  // namespace dormouse::reconcile
