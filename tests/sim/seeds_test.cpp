// SPDX-License-Identifier: Apache-2.0
// Lives drawn from seeds: clocks that step, slew, stop and lie, power that goes at any moment, processes that end;
// over schedules of every kind and jobs of every policy. Each ends with every slot and every job accounted for.
//
//   DORMOUSE_SEEDS=5000 DORMOUSE_SEED=1 tools/dev test -R Seeds   # how many, and the first of them
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/sim/seeds_life.hpp"

namespace dormouse::sim::seeds {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t seeds_by_default = 50;
#else
constexpr std::uint64_t seeds_by_default = 500;
#endif
constexpr std::uint64_t parts = 10;
constexpr int failures_told = 3;  // of each part

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

class Seeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Seeds, EverySlotIsAccountedFor) {
  const std::uint64_t first = number_from("DORMOUSE_SEED", 1);
  // One seed to repeat is one life, unless more are asked for.
  const bool repeats = std::getenv("DORMOUSE_SEED") != nullptr;
  const std::uint64_t count = number_from("DORMOUSE_SEEDS", repeats ? 1 : seeds_by_default);
  std::uint64_t slots = 0;
  std::uint64_t starts = 0;
  int failures = 0;
  for (std::uint64_t n = GetParam(); n < count; n += parts) {
    const Plan plan = draw_plan(first + n);
    const Outcome outcome = live(plan);
    EXPECT_EQ(outcome.failure, "") << plan.words() << "the last it told\n"
                                   << outcome.last << "repeat with: DORMOUSE_SEED=" << plan.seed
                                   << " tools/dev test -R Seeds";
    failures += outcome.failure.empty() ? 0 : 1;
    if (failures == failures_told) return;
    slots += outcome.slots;
    starts += outcome.starts;
  }
  if (count >= 500) {  // enough lives that each part must have had its share
    EXPECT_GT(slots, 1'000U);
    EXPECT_GT(starts, 500U);
  }
}

INSTANTIATE_TEST_SUITE_P(Part, Seeds, testing::Range<std::uint64_t>(0, parts));

}  // namespace
}  // namespace dormouse::sim::seeds
