// SPDX-License-Identifier: Apache-2.0
// The commands of the program, a file for each group. `line` outlives what they set up.
#pragma once

#include "tools/dormouse/command_line.hpp"

namespace dormouse::cli {

void add_run(CommandLine& line);        // run
void add_boots(CommandLine& line);      // boots
void add_device(CommandLine& line);     // status, handlers, explain
void add_jobs(CommandLine& line);       // enqueue, cancel, jobs, job
void add_schedules(CommandLine& line);  // schedule put, list, delete; schedules
void add_cron(CommandLine& line);       // cron next
void add_sim(CommandLine& line);        // sim run
void add_store(CommandLine& line);      // store check, stats, compact, flush, backup, restore
void add_time(CommandLine& line);       // time, time set
void add_flash(CommandLine& line);      // flash

}  // namespace dormouse::cli
