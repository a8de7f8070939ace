// SPDX-License-Identifier: Apache-2.0
// Wake-ups, counted by cause.
#include "runtime/time/wake_counts.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace dormouse {
namespace {

TEST(WakeCounts, causes_that_come_together_are_one_wake_up) {
  WakeCounts counts;
  for (const std::int64_t s : {30, 60, 90, 120}) {
    counts.count(WakeCause::trust_poll, Instant{s * 1'000});
    if (s % 60 == 0) counts.count(WakeCause::heartbeat, Instant{s * 1'000});
  }
  counts.count(WakeCause::heartbeat, Instant{120'000});  // the same again
  EXPECT_EQ(counts.of(WakeCause::trust_poll), 4U);
  EXPECT_EQ(counts.of(WakeCause::heartbeat), 2U);
  EXPECT_EQ(counts.of(WakeCause::due), 0U);
  EXPECT_EQ(counts.wake_ups(), 4U);
}

TEST(WakeCounts, every_cause_has_a_name_of_its_own) {
  std::set<std::string> names;
  for (std::size_t cause = 0; cause < kWakeCauses; ++cause) names.insert(name_of(static_cast<WakeCause>(cause)));
  EXPECT_EQ(names.size(), kWakeCauses);
}

}  // namespace
}  // namespace dormouse
