// SPDX-License-Identifier: Apache-2.0
// Two samples, compared.
#include "runtime/time/step.hpp"

#include <gtest/gtest.h>

#include "tests/runtime/time/day.hpp"

namespace dormouse {
namespace {

using test::clock;

const Sample kBefore{.instant = Instant{100'000}, .monotonic = Duration{90'000}, .wall = clock("12:00:00")};

/// `kBefore` later: every clock by `all`, instant and wall by `suspend` besides, the wall by `step`.
Sample later(std::int64_t all_ms, std::int64_t suspend_ms, std::int64_t step_ms) {
  return Sample{.instant = kBefore.instant + Duration{all_ms + suspend_ms},
                .monotonic = kBefore.monotonic + Duration{all_ms},
                .wall = kBefore.wall + Duration{all_ms + suspend_ms + step_ms}};
}

TEST(Step, compares_two_samples) {
  constexpr std::int64_t kHour = 3'600'000;
  constexpr std::int64_t kDay = 24 * kHour;
  struct Row {
    const char* name;
    std::int64_t all_ms = 1'000;
    std::int64_t suspend_ms = 0;
    std::int64_t step_ms = 0;
    std::int64_t suspended = 0;
    std::int64_t stepped = 0;
    bool suspend_gap = false;
    bool long_step = false;
  };
  const Row rows[] = {
      {.name = "nothing happened"},
      {.name = "T086 zero-size set", .all_ms = 0},
      {.name = "T086 offset + 1 ms", .step_ms = 1},
      {.name = "100 ms at once", .all_ms = 0, .step_ms = 100},
      {.name = "101 ms at once", .all_ms = 0, .step_ms = 101, .stepped = 101},
      {.name = "tolerance grows with the time between", .all_ms = kHour, .step_ms = -1'000},
      {.name = "but not beyond 1 s", .all_ms = kDay, .step_ms = 1'001, .stepped = 1'001},
      {.name = "T088 a day of slew moves all clocks alike", .all_ms = kDay + 43'200},
      {.name = "small step", .step_ms = 1'500, .stepped = 1'500},
      {.name = "step", .step_ms = 30'000, .stepped = 30'000, .long_step = true},
      {.name = "step back", .step_ms = -2'000, .stepped = -2'000, .long_step = true},
      {.name = "leap second", .step_ms = -1'000, .stepped = -1'000},
      {.name = "T091 suspend 0.4 s", .suspend_ms = 400},
      {.name = "T091 suspend 1 s", .suspend_ms = 1'000, .suspended = 1'000},
      {.name = "T091 suspend 3 s", .suspend_ms = 3'000, .suspended = 3'000, .suspend_gap = true},
      {.name = "T089 suspend 6 h", .suspend_ms = 6 * kHour, .suspended = 6 * kHour, .suspend_gap = true},
      {.name = "suspend 1 h and 10 min more on the wall",
       .suspend_ms = kHour,
       .step_ms = 600'000,
       .suspended = kHour,
       .stepped = 600'000,
       .suspend_gap = true,
       .long_step = true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const Sample now = later(row.all_ms, row.suspend_ms, row.step_ms);
    const Change change = compare(kBefore, now);
    EXPECT_EQ(change.suspended.count(), row.suspended);
    EXPECT_EQ(change.stepped.count(), row.stepped);
    EXPECT_EQ(change.nothing(), row.suspended == 0 && row.stepped == 0);
    EXPECT_EQ(change.is_step(), row.stepped != 0);
    EXPECT_EQ(change.long_step(), row.long_step);
    EXPECT_EQ(suspend_gap(change, now, Trust::synced).has_value(), row.suspend_gap);
    EXPECT_EQ(step_gap(change, now, Trust::synced).has_value(), row.long_step && row.step_ms > 0);
  }
}

TEST(Step, T089_the_gap_of_a_suspend_is_exact) {
  const Sample now = later(0, 6 * 3'600'000, 0);
  const Gap gap = *suspend_gap(compare(kBefore, now), now, Trust::synced);
  EXPECT_EQ(gap.cause, GapCause::suspend);
  EXPECT_EQ(gap.certainty, Certainty::exact);
  EXPECT_EQ(gap.length, Duration{6 * 3'600'000});
  EXPECT_EQ(gap.from, clock("12:00:00"));
  EXPECT_EQ(gap.to, clock("18:00:00"));
  EXPECT_EQ(suspend_gap(compare(kBefore, now), now, Trust::untrusted)->from, std::nullopt);
}

TEST(Step, suspend_and_step_follow_one_another) {
  const Sample now = later(0, 3'600'000, 600'000);
  const Change change = compare(kBefore, now);
  EXPECT_EQ(suspend_gap(change, now, Trust::synced)->to, clock("13:00:00"));
  const Gap step = *step_gap(change, now, Trust::synced);
  EXPECT_EQ(step.cause, GapCause::clock_step);
  EXPECT_EQ(step.from, clock("13:00:00"));
  EXPECT_EQ(step.to, clock("13:10:00"));
  EXPECT_EQ(step_gap(change, now, Trust::untrusted), std::nullopt);
}

// -- many steps --

TEST(Steps, T087_a_hundred_and_one_inside_a_second_are_two_passes_and_come_to_what_is_left) {
  StepGather steps;
  const Duration hour{3'600'000};
  Duration decided{};
  int passes = 0;
  for (std::int64_t ms = 0; ms <= 2'000; ++ms) {
    const Instant now{ms};
    if (ms % 10 == 0 && ms <= 1'000) steps.add(ms % 20 == 0 ? hour : -hour, now);
    if (!steps.ready(now)) continue;
    ++passes;
    decided += steps.take().stepped;
    EXPECT_EQ(ms, passes == 1 ? 0 : 2'000);
  }
  EXPECT_EQ(passes, 2);
  EXPECT_EQ(decided, hour);
  EXPECT_EQ(steps.ready_at(), std::nullopt);
}

TEST(Steps, those_that_come_more_than_a_second_apart_are_each_reconciled_at_once) {
  StepGather steps;
  for (const std::int64_t ms : {0, 1'001, 5'000}) {
    steps.add(Duration{7'000}, Instant{ms});
    EXPECT_EQ(steps.ready_at(), Instant{ms});
    EXPECT_EQ(steps.take().stepped, Duration{7'000});
  }
  steps.add(Duration{7'000}, Instant{6'000});  // a second after the one before
  EXPECT_EQ(steps.ready_at(), Instant{7'000});
}

}  // namespace
}  // namespace dormouse
