// SPDX-License-Identifier: Apache-2.0
// What the ledger expects of one schedule: which slots a decision at a moment makes into jobs, counts as missed,
// drops or skips, by walking them one by one. Where only the schedule's own jobs can tell (is the one before still
// unfinished?) both ways are answered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/schedules/schedule.hpp"
#include "tests/sim/seeds_grid.hpp"

namespace dormouse::sim::seeds {

/// The part of a schedule's record that moves.
struct Course {
  std::int64_t decided_until = 0;
  std::vector<schedules::HandedRange> handed;
  std::uint64_t runs = 0;
  std::uint64_t missed = 0;
  std::uint64_t dropped = 0;
  std::uint64_t caught_up = 0;
  std::uint64_t overlap_skipped = 0;
};
/// Whether the record says the same; `handed` follows from the rest and is not compared.
bool agrees(const Course& course, const schedules::Schedule& record);
std::string text_of(const Course& course);
std::string text_of(const schedules::Schedule& record);

struct Rule {
  const Grid* grid = nullptr;
  jobs::Misfire misfire;
  Duration grace{};
};

/// One decision and all that it did.
struct Decided {
  Course after;
  std::vector<std::int64_t> made;     // jobs, each for its slot
  std::vector<std::int64_t> missed;   // counted so; those that run all the same are in `made` too
  std::vector<std::int64_t> skipped;  // on time, behind a job of the schedule that was unfinished
  std::optional<std::int64_t> live;   // of the jobs made: the one that the next slot meets
  bool for_gap = false;               // it stands for all that was missed
};

/// Open slots up to `now` that wait for a decision.
std::vector<std::int64_t> pending(const Rule& rule, const Course& course, std::int64_t now);
/// What may come of a decision at `now`, in the slots' own measure.
std::vector<Decided> decide(const Rule& rule, const Course& course, std::int64_t now);
/// The clock has gone back: what lies ahead of it again is decided anew, unless it was made into a job.
Course plan_anew(const Course& course, std::int64_t now);

}  // namespace dormouse::sim::seeds
