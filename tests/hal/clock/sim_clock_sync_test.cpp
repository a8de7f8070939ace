// SPDX-License-Identifier: Apache-2.0
// What disciplines the simulated clock: sources that come by step or by slew, markers, sources that go.
#include "tests/hal/clock/sim_clock_bed.hpp"

namespace dormouse::hal_sim {
namespace {

using hal::ClockEvent;

TEST(SimClock, without_its_source_the_error_bound_grows_until_discipline_is_lost) {
  Bed bed;
  bed.clock.sync_lost();
  bed.clock.advance(Duration{20'000'000});
  EXPECT_EQ(bed.clock.sync().max_error_ms, 40 + 10'000);
  EXPECT_TRUE(bed.clock.sync().disciplined);
  bed.clock.advance(Duration{20'000'000});
  EXPECT_EQ(bed.clock.sync().max_error_ms, 16'000);
  EXPECT_FALSE(bed.clock.sync().disciplined);
}

TEST(SimClock, a_marker_stands_until_the_kernel_boots_anew) {
  Bed bed;
  bed.clock.sync_arrives(SyncBy::step, true);
  bed.clock.step(kHour);
  EXPECT_TRUE(bed.clock.sync().disciplined);
  bed.clock.power_cut(kHour);
  EXPECT_FALSE(bed.clock.sync().disciplined);
}

TEST(SimClock, a_source_steps_what_is_too_far_for_a_slew) {
  Bed bed(with_rtc(RtcKind::none));
  bed.clock.sync_arrives(SyncBy::slew);
  EXPECT_EQ(bed.clock.read().wall, bed.clock.true_wall());
  EXPECT_EQ(bed.instant_moved(), 0);
  EXPECT_EQ(bed.events, (std::vector<ClockEvent>{ClockEvent::look_again}));

  Bed ahead;
  ahead.clock.sync_arrives(SyncBy::slew, false, ahead.clock.read().wall - Duration{300});
  EXPECT_EQ(ahead.wall_moved(), 0);  // clocks do not run backwards; the slew is left under way
  EXPECT_EQ(ahead.instant_moved(), 0);
  EXPECT_TRUE(ahead.events.empty());
}

}  // namespace
}  // namespace dormouse::hal_sim
