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
/// Without its lines; Key::total tells how many it has.
wire::Record to_record(const Report& report);
wire::Record to_record(const Line& line);

/// Replies to `boots`, `gaps` and `report`: {items: [...]}, at most 64 items, and where older ones may be left a
/// cursor, the number below which they lie. Boots also tell Key::total: {boot, gap, short_gaps, report} over the
/// life of the store. Reports hold the sentences of their lines, while they fit a reply: at most 64 each.
wire::Record boots_reply(const std::vector<Boot>& boots, const Lifetime& lifetime);
wire::Record gaps_reply(const std::vector<Gap>& gaps);
wire::Record reports_reply(const std::vector<Report>& reports);
/// All of one report's lines in fields, from number `from` (0 is the first) on; the cursor is the number of the
/// next.
wire::Record lines_reply(const Report& report, std::uint64_t from);

}  // namespace dormouse::reconcile
