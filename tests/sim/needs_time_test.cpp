// SPDX-License-Identifier: Apache-2.0
// Work that needs a better clock than the RTC: held while trust is below it, decided when trust is gained, and
// told.
#include <functional>

#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using Slots = std::vector<std::string>;

schedules::Definition needing_sync(schedules::Definition definition) {
  definition.needs_time = Trust::synced;
  return definition;
}

/// Its last slot ran at 09:00; since 09:30 it is on again and has only its RTC.
struct Night {
  SimulatedDevice device{{.start = utc("2026-06-01T08:30:00Z"), .build_date = utc("2026-01-01T00:00:00Z")}};

  explicit Night(const schedules::Definition& hourly) {
    device.handler("hourly");
    check(device.boot().ok(), "needs_time_test:boot");
    check(device.put(hourly).ok(), "needs_time_test:put");
    device.advance(59min);
    away(device, Fate::power_cut, 1min);
    check(device.trust() == Trust::rtc, "needs_time_test:trust");
  }
};

TEST(NeedsTime, S156_a_slot_waits_for_the_sync_and_is_judged_by_its_lateness_then) {
  struct Row {
    const char* synced_at;
    Slots ran;
    std::uint64_t missed;
  };
  const Row rows[] = {
      {"2026-06-01T10:00:40Z", {"2026-06-01T09:00:00Z", "2026-06-01T10:00:00Z"}, 0},
      {"2026-06-01T10:02:00Z", {"2026-06-01T09:00:00Z"}, 1},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.synced_at);
    Night night(needing_sync(cron("hourly", "0 * * * *", Misfire::skip())));
    SimulatedDevice& device = night.device;
    // Whom a report concerns is told so.
    const auto reports = device.boots().reports;
    ASSERT_FALSE(reports.empty());
    EXPECT_EQ(reports[0].held, 1U);
    ASSERT_FALSE(reports[0].lines.empty());
    EXPECT_EQ(reports[0].lines.back().text,
              "schedule s1 (hourly): held, because it needs time to be synced and it is rtc");
    EXPECT_NE(device.explain("hourly").find("held, because it needs time to be synced and it is rtc"),
              std::string::npos);
    const auto before = *device.schedule("hourly");
    const auto dues = device.time().wakes.of(WakeCause::due);

    device.advance(utc(row.synced_at) - device.wall() - 2s);
    EXPECT_EQ(device.runs("hourly").size(), 1U);
    EXPECT_EQ(*device.schedule("hourly"), before);
    EXPECT_EQ(device.time().wakes.of(WakeCause::due), dues) << "nothing is armed for a slot that is held";
    sync(device);
    device.advance(2s);
    EXPECT_EQ(device.trust(), Trust::synced);
    EXPECT_EQ(format_utc(device.wall()), row.synced_at);
    EXPECT_EQ(slots(device, "hourly"), row.ran);
    EXPECT_EQ(device.schedule("hourly")->missed, row.missed);
    EXPECT_EQ(device.schedule("hourly")->next_slot, utc("2026-06-01T11:00:00Z").ms);
    device.advance(1h);
    EXPECT_EQ(slots(device, "hourly").back(), "2026-06-01T11:00:00Z");
    for (const auto& view : device.jobs()) EXPECT_EQ(view.job.spec.needs_time, Trust::synced);
  }
}

TEST(NeedsTime, a_clock_that_is_better_needs_not_be_told_of_for_work_that_waits_for_it) {
  const std::function<void(SimulatedDevice&)> works[] = {
      [](SimulatedDevice& device) {
        ASSERT_TRUE(device.put(needing_sync(every("other", 10min, Misfire::catch_up()))).ok());
      },
      [](SimulatedDevice& device) {
        jobs::JobSpec spec = job_of("other", jobs::DueAfter{10min});
        spec.needs_time = Trust::synced;
        ASSERT_TRUE(device.enqueue(spec).ok());
      },
  };
  for (const auto& work : works) {
    SCOPED_TRACE(&work - works);
    SimulatedDevice device(
        {.start = utc("2026-06-01T08:30:00Z"), .synced = false, .build_date = utc("2026-01-01T00:00:00Z")});
    device.handler("other");
    ASSERT_TRUE(device.boot().ok());
    ASSERT_EQ(device.trust(), Trust::rtc);
    work(device);
    device.advance(1h);
    EXPECT_TRUE(device.runs("other").empty());
    const auto beats = device.heartbeat().syncs();
    device.clock().sync_arrives(hal_sim::SyncBy::slew);  // no marker, no event
    device.advance(20min);
    EXPECT_GT(device.heartbeat().syncs(), beats) << "a cut now would cost what waits";
    EXPECT_EQ(device.trust(), Trust::synced) << "seen at the heartbeat's wake-up";
    EXPECT_FALSE(device.runs("other").empty());
  }
}

TEST(NeedsTime, an_elapsed_grid_that_needs_a_clock_has_the_source_looked_for) {
  SimulatedDevice device(without_rtc("2026-06-01T12:00:00Z"));
  device.handler("often");
  ASSERT_TRUE(device.boot().ok());
  schedules::Definition often = every("often", 1min, Misfire::skip());
  often.needs_time = Trust::rtc;
  ASSERT_TRUE(device.put(often).ok());
  device.advance(10min + 30s);
  EXPECT_TRUE(device.runs("often").empty());
  EXPECT_EQ(device.schedule("often")->missed, 0U);
  EXPECT_GE(device.time().wakes.of(WakeCause::trust_poll), 20U);
  EXPECT_EQ(device.time().wakes.of(WakeCause::due), 0U);
  device.advance(20s);
  ASSERT_TRUE(device.set_time({.wall = device.wall(), .component = "gnss", .source = "gnss"}).ok());
  device.settle();
  ASSERT_EQ(device.trust(), Trust::synced);
  const auto schedule = *device.schedule("often");
  EXPECT_EQ(schedule.runs, 1U) << "the tenth, 50 s late";
  EXPECT_EQ(schedule.missed, 9U);
  device.advance(1min);
  EXPECT_EQ(device.runs("often").size(), 2U);
}

}  // namespace
}  // namespace dormouse::sim
