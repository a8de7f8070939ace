// SPDX-License-Identifier: Apache-2.0
// Goal: a stop that is killed at any call was clean or it was a crash, and either way nothing is lost. Method: the
// same life again and again, killed at the first call of its stop, at the second, and so on to its end. What the
// device syncs for a stop is its last group, then the clean mark; the checkpoint behind the mark only spares the
// next start the replay. So before the mark is written all is durable and the stop is not clean yet.
#include <gtest/gtest.h>

#include "tests/crash/harness/cuts.hpp"
#include "tests/crash/harness/killer.hpp"
#include "tests/crash/whole_device.hpp"

namespace dormouse::crash {
namespace {

using namespace std::chrono_literals;

constexpr int kJobs = 3;

/// In a child: a life that accepts jobs and stops. Only the stop is watched.
void live_and_stop(const std::filesystem::path& folder, Killer& killer) {
  observe(nullptr);
  WholeDevice device;
  check(device.boot(folder).ok(), "stop_kill_test:boot");
  for (int i = 0; i < kJobs; ++i) device.submit(100h);
  observe(&killer);
  check(device.stop().ok(), "stop_kill_test:stop");
}

TEST(StopKilled, T098_BeforeTheCleanMarkItWasACrashFromThenOnAStopAndNoJobIsLost) {
  Places places;
  std::vector<BootCause> causes;  // of the boot after a kill at the first, second ... call
  for (std::uint64_t call = 1;; ++call) {
    const auto folder = places.next();
    const SharedLife life;
    live(*life, call, [&](Killer& killer) { live_and_stop(folder, killer); });
    if (!life->killed) break;
    SCOPED_TRACE("killed at call " + std::to_string(call));
    WholeDevice next;
    next.clock().advance(10h);
    ASSERT_TRUE(next.boot(folder).ok());
    causes.push_back(next.boots().boots.at(0).cause);
    for (int job = 1; job <= kJobs; ++job)
      EXPECT_EQ(next.state(static_cast<std::uint64_t>(job)), jobs::State::scheduled);
    std::filesystem::remove_all(folder);
  }
  ASSERT_GE(causes.size(), 4U);
  EXPECT_EQ(causes.front(), BootCause::crash_restart);
  EXPECT_EQ(causes.back(), BootCause::clean_restart);
  const auto clean = std::find(causes.begin(), causes.end(), BootCause::clean_restart);
  EXPECT_EQ(std::count(causes.begin(), clean, BootCause::crash_restart), clean - causes.begin());
  EXPECT_EQ(std::count(clean, causes.end(), BootCause::clean_restart), causes.end() - clean);
}

}  // namespace
}  // namespace dormouse::crash
