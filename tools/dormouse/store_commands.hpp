// SPDX-License-Identifier: Apache-2.0
// The commands below `store`, a file for each group. `line` outlives what they set up.
#pragma once

#include "tools/dormouse/command_line.hpp"

namespace dormouse::cli {

void add_store_check(Command& store, CommandLine& line);    // check: every record is read
void add_store_stats(Command& store, CommandLine& line);    // stats: what a stopped store is like
void add_store_compact(Command& store, CommandLine& line);  // compact: gives back room
void add_store_flush(Command& store, CommandLine& line);    // flush: a running device makes all durable
void add_store_backup(Command& store, CommandLine& line);   // backup: of a stopped store, or asked of its run
void add_store_restore(Command& store, CommandLine& line);  // restore: a snapshot in the store's place

}  // namespace dormouse::cli
