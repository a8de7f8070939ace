// SPDX-License-Identifier: Apache-2.0
// Linked with sources of the store into which a mistake was put: the crash states must find it within the budget
// that the sound store has.
#include <cstdlib>
#include <iostream>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/crash/harness/examiner.hpp"
#include "tests/crash/harness/workloads.hpp"

namespace dormouse::crash {
namespace {

constexpr int cuts_in_a_row = 2;
constexpr std::size_t states_of_a_record = 150;
constexpr int survived = 0;
constexpr int found = 1;

/// Every workload in turn, and its lies, with other batches each time round.
int look_for_the_mistake() {
  Examiner examiner(seed_wanted());
  for (std::uint64_t seed = seed_wanted(); examiner.tried() < states_wanted(); ++seed)
    for (const Workload& workload : workloads()) {
      const auto [record, history] = record_of(workload, seed);
      auto fault = examiner.examine(record, history, states_of_a_record, cuts_in_a_row);
      if (!fault && !workload.creates && workload.name != "big")
        fault = examiner.examine_lies(record, history, Lie::old_meta);
      if (!fault) continue;
      std::cerr << "found in " << workload.name << " with " << examiner.tried() << " states: " << *fault;
      return found;
    }
  std::cerr << "survived " << examiner.tried() << " states\n";
  return survived;
}

TEST(Mutant, IsFound) {
  // In a child, which a mistake may kill: that counts as found.
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) std::_Exit(look_for_the_mistake());
  int ended = 0;
  ASSERT_EQ(::waitpid(child, &ended, 0), child);
  TempFolder::remove_those_of(child);
  EXPECT_FALSE(WIFEXITED(ended) && WEXITSTATUS(ended) == survived);
}

}  // namespace
}  // namespace dormouse::crash
