// SPDX-License-Identifier: Apache-2.0
// Goal: whatever instant the power fails at and whatever the medium kept of what was not synced, the store opens,
// has every batch it answered, and no batch without those before it. Method: record a workload call by call, build
// what a medium may hold at every point of it, open each such state for real (harness/examiner.hpp), cut the
// recovery too. DORMOUSE_CRASH_STATES says how many states, DORMOUSE_SEED which.
#include <iostream>

#include <gtest/gtest.h>

#include "tests/crash/harness/examiner.hpp"
#include "tests/crash/harness/workloads.hpp"

namespace dormouse::crash {
namespace {

constexpr int cuts_in_a_row = 2;  // after the first
constexpr std::size_t states_of_a_record = 150;

class CrashStates : public testing::TestWithParam<Workload> {};

TEST_P(CrashStates, EveryStateOpensWithWhatWasAnswered) {
  const std::size_t wanted = states_wanted() / workloads().size() + 1;
  Examiner examiner(seed_wanted());
  std::uint64_t seed = seed_wanted();
  for (; examiner.tried() < wanted; ++seed) {
    const auto [record, history] = record_of(GetParam(), seed);
    const auto fault = examiner.examine(record, history, states_of_a_record, cuts_in_a_row);
    ASSERT_FALSE(fault) << *fault << "repeat with DORMOUSE_SEED=" << seed_wanted();
  }
  std::cerr << examiner.tried() << " crash states of " << seed - seed_wanted() << " records, "
            << examiner.tried_deeper() << " of them cuts of a recovery; DORMOUSE_SEED=" << seed_wanted() << "\n";
}

void expect_healed(Lie lie) {
  constexpr std::uint64_t records = 3;
  Examiner examiner(seed_wanted());
  for (std::uint64_t seed = seed_wanted(); seed < seed_wanted() + records; ++seed)
    for (const char* name : {"three_checkpoints", "ring", "lazy", "clean_stop", "short_stop", "openings"}) {
      const auto [record, history] = record_of(workload(name), seed);
      const auto fault = examiner.examine_lies(record, history, lie);
      EXPECT_FALSE(fault) << name << ": " << *fault << "; DORMOUSE_SEED=" << seed;
    }
  EXPECT_GT(examiner.tried(), 100u);
}

TEST(LyingMedium, D037_AMetaPageOfLmdbThatIsBackAtItsOldContentIsMadeGoodFromBothHalves) {
  expect_healed(Lie::old_meta);
}

TEST(LyingMedium, AMetaPageOfLmdbThatIsZeroedIsReplacedByTheOther) {
  expect_healed(Lie::zeroed_meta);
}

INSTANTIATE_TEST_SUITE_P(Workloads, CrashStates, testing::ValuesIn(workloads()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace dormouse::crash
