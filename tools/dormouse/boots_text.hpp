// SPDX-License-Identifier: Apache-2.0
// Boots, gaps and reports as people read them, from the replies to `boots`, `gaps` and `report`.
#pragma once

#include <string>
#include <vector>

#include "runtime/wire/record.hpp"

namespace dormouse::cli {

/// A table, and under it what was odd about each: trust that rose later, evidence, the store, remarks.
std::string boots_text(const std::vector<wire::Record>& boots);

/// A table with the bounds of each length, and by how much later than told a gap may have begun.
std::string gaps_text(const std::vector<wire::Record>& gaps);

/// "2h20s ± 2s40ms", "at least 20s", "unknown, at least 20s", "12s".
std::string length_text(const wire::Record& gap);

/// One sentence with the counts, then a line for each decision.
std::string report_text(const wire::Record& report, const std::vector<wire::Record>& lines);

/// How many there were over the life of the store.
std::string total_text(const wire::Record& total);

}  // namespace dormouse::cli
