// SPDX-License-Identifier: Apache-2.0
// The life of one device, told in the verbs of a story.
#include <gtest/gtest.h>

#include "tools/sim/simulated_device.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using jobs::State;

TEST(Life, J001_AJobThatIsDueNowRunsAtOnceAndSucceeds) {
  SimulatedDevice device;
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("backup");
  EXPECT_EQ(id, 1U);
  EXPECT_EQ(device.state(id), State::succeeded);
  EXPECT_EQ(device.runs("backup").size(), 1U);
}

TEST(Life, J002_AJobDueInFiveSecondsStartsThenAndNotBefore) {
  SimulatedDevice device;
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("backup", after(5s));
  device.advance(4'999ms);
  EXPECT_EQ(device.state(id), State::scheduled);
  device.advance(1ms);
  ASSERT_EQ(device.runs("backup").size(), 1U);
  EXPECT_EQ(device.runs("backup")[0].started, 5s);
  EXPECT_EQ(device.runs("backup")[0].missed_count, 0U);
}

TEST(Life, AJobSurvivesAPowerCutAndRunsAfterIt) {
  SimulatedDevice device;
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("backup", after(1h));
  device.advance(30min);
  device.power_cut(2h);
  ASSERT_TRUE(device.boot().ok());
  device.advance(1s);
  ASSERT_EQ(device.runs("backup").size(), 1U);
  EXPECT_EQ(device.runs("backup")[0].missed_count, 1U);
  EXPECT_EQ(device.state(id), State::succeeded);
}

}  // namespace
}  // namespace dormouse::sim
