// SPDX-License-Identifier: Apache-2.0
// The decision over pending slots, as tables: who runs, what is missed, what comes next.
#include "runtime/schedules/decide.hpp"

#include <gtest/gtest.h>

#include "helpers.hpp"
#include "runtime/jobs/misfire.hpp"

namespace dormouse::schedules {
namespace {

using jobs::Misfire;
using test::minutes;
using test::planned_cron;
using test::shown;
using test::utc;

Misfire catch_up(std::uint32_t max_runs, std::optional<Duration> max_age = {}) {
  return {Misfire::Policy::catch_up, {}, max_runs, max_age};
}

struct Case {
  const char* number;
  const char* cron = "0 * * * *";
  const char* zone = "UTC";
  Misfire misfire;
  Duration grace{60'000};
  const char* decided_until;  // the last slot that ran
  const char* back;
  bool live_job = false;
  std::vector<const char*> run;  // in order of starting
  std::uint64_t missed = 0;
  std::uint64_t dropped = 0;
  std::uint64_t overlap_skipped = 0;
  const char* next = nullptr;
};

const char* const nine = "2026-06-01T09:00Z";
const char* const ten = "2026-06-01T10:00Z";
const char* const minute = "* * * * *";

const Case cases[] = {
    // Within the grace nothing is missed, under every policy.
    {.number = "S134", .misfire = Misfire::skip(), .decided_until = nine, .back = ten, .run = {ten}},
    {.number = "S134",
     .misfire = catch_up(100),
     .decided_until = nine,
     .back = "2026-06-01T10:01:00Z",
     .run = {ten}},
    {.number = "S134",
     .misfire = Misfire::run_once_if_missed(),
     .decided_until = nine,
     .back = "2026-06-01T10:01:00Z",
     .run = {ten}},
    {.number = "S134",
     .misfire = Misfire::windowed(minutes(1)),
     .decided_until = nine,
     .back = "2026-06-01T10:01:00Z",
     .run = {ten}},
    // One ms later.
    {.number = "S135",
     .misfire = Misfire::skip(),
     .decided_until = nine,
     .back = "2026-06-01T10:01:00.001Z",
     .missed = 1,
     .next = "2026-06-01T11:00Z"},
    {.number = "S135",
     .misfire = catch_up(100),
     .decided_until = nine,
     .back = "2026-06-01T10:01:00.001Z",
     .run = {ten},
     .missed = 1,
     .next = "2026-06-01T11:00Z"},
    {.number = "S135",
     .misfire = Misfire::run_once_if_missed(),
     .decided_until = nine,
     .back = "2026-06-01T10:01:00.001Z",
     .run = {ten},
     .missed = 1,
     .next = "2026-06-01T11:00Z"},
    {.number = "S135",
     .misfire = Misfire::windowed(Duration{60'000}),
     .decided_until = nine,
     .back = "2026-06-01T10:01:00.001Z",
     .missed = 1,
     .next = "2026-06-01T11:00Z"},
    {.number = "S135",
     .misfire = Misfire::windowed(Duration{60'001}),
     .decided_until = nine,
     .back = "2026-06-01T10:01:00.001Z",
     .run = {ten},
     .missed = 1,
     .next = "2026-06-01T11:00Z"},
    {.number = "grace 0",
     .misfire = Misfire::skip(),
     .grace = Duration{0},
     .decided_until = nine,
     .back = ten,
     .run = {ten}},
    {.number = "grace 0",
     .misfire = Misfire::skip(),
     .grace = Duration{0},
     .decided_until = nine,
     .back = "2026-06-01T10:00:00.001Z",
     .missed = 1},
    {.number = "S137",
     .misfire = Misfire::windowed(minutes(120)),
     .decided_until = nine,
     .back = "2026-06-01T12:30:00Z",
     .run = {"2026-06-01T11:00Z", "2026-06-01T12:00Z"},
     .missed = 3},
    {.number = "S137",
     .misfire = Misfire::windowed(minutes(120)),
     .decided_until = nine,
     .back = "2026-06-01T12:00:00Z",
     .run = {"2026-06-01T12:00Z", ten, "2026-06-01T11:00Z"},
     .missed = 2},
    {.number = "S138",
     .misfire = Misfire::windowed(Duration{30'000}),
     .decided_until = nine,
     .back = "2026-06-01T10:00:31Z",
     .missed = 1},
    {.number = "S139",
     .cron = minute,
     .misfire = catch_up(3),
     .decided_until = ten,
     .back = "2026-06-01T10:10:20Z",
     .run = {"2026-06-01T10:10Z", "2026-06-01T10:07Z", "2026-06-01T10:08Z", "2026-06-01T10:09Z"},
     .missed = 9,
     .dropped = 6,
     .next = "2026-06-01T10:11Z"},
    {.number = "S140",
     .cron = minute,
     .misfire = Misfire::run_once_if_missed(),
     .decided_until = ten,
     .back = "2026-06-01T10:10:20Z",
     .run = {"2026-06-01T10:09Z"},
     .missed = 9,
     .overlap_skipped = 1,
     .next = "2026-06-01T10:11Z"},
    {.number = "S141",
     .cron = minute,
     .misfire = Misfire::skip(),
     .decided_until = ten,
     .back = "2026-06-01T10:10:20Z",
     .run = {"2026-06-01T10:10Z"},
     .missed = 9},
    {.number = "S142",
     .cron = minute,
     .misfire = Misfire::skip(),
     .grace = minutes(10),
     .decided_until = ten,
     .back = "2026-06-01T10:20:30Z",
     .run = {"2026-06-01T10:20Z", "2026-06-01T10:11Z", "2026-06-01T10:12Z", "2026-06-01T10:13Z",
             "2026-06-01T10:14Z", "2026-06-01T10:15Z", "2026-06-01T10:16Z", "2026-06-01T10:17Z",
             "2026-06-01T10:18Z", "2026-06-01T10:19Z"},
     .missed = 10},
    {.number = "S146",
     .cron = "0 3 * * *",
     .zone = "Europe/Berlin",
     .misfire = catch_up(100),
     .decided_until = "2026-03-27T12:00Z",
     .back = "2026-04-02T12:00Z",
     .run = {"2026-03-28T02:00Z", "2026-03-29T01:00Z", "2026-03-30T01:00Z", "2026-03-31T01:00Z",
             "2026-04-01T01:00Z", "2026-04-02T01:00Z"},
     .missed = 6},
    {.number = "S147",
     .cron = "30 1 * * *",
     .zone = "America/New_York",
     .misfire = Misfire::skip(),
     .decided_until = "2026-11-01T05:20Z",
     .back = "2026-11-01T06:05Z",
     .missed = 1,
     .next = "2026-11-02T06:30Z"},
    {.number = "S147",
     .cron = "30 1 * * *",
     .zone = "America/New_York",
     .misfire = catch_up(100),
     .decided_until = "2026-11-01T05:20Z",
     .back = "2026-11-01T06:05Z",
     .run = {"2026-11-01T05:30Z"},
     .missed = 1,
     .next = "2026-11-02T06:30Z"},
    {.number = "S148",
     .cron = "30 2 * * *",
     .zone = "America/New_York",
     .misfire = Misfire::run_once_if_missed(),
     .decided_until = "2026-03-08T05:00Z",
     .back = "2026-03-08T12:00Z",
     .run = {"2026-03-08T07:00Z"},
     .missed = 1,
     .next = "2026-03-09T06:30Z"},
    {.number = "S157",
     .cron = "*/15 * * * *",
     .misfire = Misfire::skip(),
     .decided_until = ten,
     .back = "2026-06-01T12:00:30Z",
     .run = {"2026-06-01T12:00Z"},
     .missed = 7},
    {.number = "suspend",
     .cron = minute,
     .misfire = Misfire::skip(),
     .decided_until = "2026-06-01T10:10Z",
     .back = "2026-06-01T10:50:05Z",
     .run = {"2026-06-01T10:50Z"},
     .missed = 39},
    {.number = "a live job",
     .cron = minute,
     .misfire = Misfire::skip(),
     .decided_until = ten,
     .back = "2026-06-01T10:01:00Z",
     .live_job = true,
     .overlap_skipped = 1,
     .next = "2026-06-01T10:02Z"},
    {.number = "not due",
     .misfire = Misfire::skip(),
     .decided_until = nine,
     .back = "2026-06-01T09:59:59.999Z",
     .next = ten},
};

TEST(Decide, EveryPolicyByItsTable) {
  for (const auto& row : cases) {
    const Plan plan = planned_cron(row.cron, row.zone);
    const std::vector<HandedRange> none;
    const Question question{.slots = plan.slots,
                            .misfire = row.misfire,
                            .grace = row.grace,
                            .decided_until = utc(row.decided_until),
                            .handed = none,
                            .live_job_unfinished = row.live_job};
    const Verdict verdict = decide(question, utc(row.back));
    std::vector<std::int64_t> run, wanted;
    for (const auto& chosen : verdict.run) run.push_back(chosen.slot);
    for (const char* slot : row.run) wanted.push_back(utc(slot));
    SCOPED_TRACE(std::string(row.number) + " " + row.back + " " + jobs::name_of(row.misfire.policy));
    EXPECT_EQ(shown(run), shown(wanted));
    EXPECT_EQ(verdict.missed, row.missed);
    EXPECT_EQ(verdict.dropped, row.dropped);
    EXPECT_EQ(verdict.overlap_skipped, row.overlap_skipped);
    if (row.next != nullptr) {
      EXPECT_EQ(verdict.next_slot, utc(row.next));
    }
  }
}

TEST(Decide, S140OneJobStandsForTheGapAndIsToldOfIt) {
  const Plan plan = planned_cron(minute);
  const Misfire misfire = Misfire::run_once_if_missed();
  const Verdict verdict = decide({.slots = plan.slots, .misfire = misfire, .decided_until = utc(ten), .handed = {}},
                                 utc("2026-06-01T10:10:20Z"));
  ASSERT_EQ(verdict.run.size(), 1U);
  EXPECT_EQ(verdict.run[0], (ChosenSlot{.slot = utc("2026-06-01T10:09Z"),
                                        .role = Role::for_gap,
                                        .on_time = false,
                                        .missed_count = 9,
                                        .first_missed = utc("2026-06-01T10:01Z")}));
  EXPECT_EQ(verdict.decided_until, utc("2026-06-01T10:10Z"));
}

TEST(Decide, S143TheNewestOfAHundredAndFiftyCatchUp) {
  const Plan plan = planned_cron(minute);
  for (const bool aged : {false, true}) {
    const Misfire misfire = catch_up(100, aged ? std::optional(minutes(30)) : std::nullopt);
    const Verdict verdict =
        decide({.slots = plan.slots, .misfire = misfire, .decided_until = utc("2026-08-22T07:29Z"), .handed = {}},
               utc("2026-08-22T10:00:00.300Z"));
    EXPECT_EQ(verdict.missed, 150U);
    ASSERT_EQ(verdict.run.size(), aged ? 30U : 101U);
    EXPECT_EQ(verdict.run[0].slot, utc("2026-08-22T10:00Z"));
    EXPECT_EQ(verdict.run[1].slot, utc(aged ? "2026-08-22T09:31Z" : "2026-08-22T08:20Z"));
    EXPECT_EQ(verdict.run.back().slot, utc("2026-08-22T09:59Z"));
    EXPECT_EQ(verdict.dropped, aged ? 121U : 50U);
  }
}

TEST(Decide, S144TenYearsOfMinutesAreCountedNotWalked) {
  const Plan plan = planned_cron(minute);
  const std::int64_t last = utc("2016-11-20T10:00Z"), now = utc("2026-11-20T10:00:30Z");
  const Misfire skip = Misfire::skip(), hundred = catch_up(100), once = Misfire::run_once_if_missed();

  const Verdict skipped = decide({.slots = plan.slots, .misfire = skip, .decided_until = last, .handed = {}}, now);
  EXPECT_EQ(skipped.missed, 5'258'879U);
  EXPECT_EQ(skipped.run.size(), 1U);

  const Verdict caught =
      decide({.slots = plan.slots, .misfire = hundred, .decided_until = last, .handed = {}}, now);
  EXPECT_EQ(caught.run.size(), 101U);
  EXPECT_EQ(caught.run[1].slot, utc("2026-11-20T08:20Z"));
  EXPECT_EQ(caught.dropped, 5'258'779U);

  const Verdict one = decide({.slots = plan.slots, .misfire = once, .decided_until = last, .handed = {}}, now);
  ASSERT_EQ(one.run.size(), 1U);
  EXPECT_LE(one.slots_computed, 101U);
  EXPECT_EQ(one.run[0].slot, utc("2026-11-20T09:59Z"));
  EXPECT_EQ(one.run[0].missed_count, 5'258'879U);
  EXPECT_EQ(one.run[0].first_missed, utc("2016-11-20T10:01Z"));
}

TEST(Decide, FindsAtMostMaxRunsAndAHundredSlotsOneByOne) {
  const Plan plan = planned_cron(minute, "Europe/Berlin");
  const Misfire misfire = catch_up(100);
  const Verdict verdict = decide({.slots = plan.slots,
                                  .misfire = misfire,
                                  .grace = minutes(525'600),
                                  .decided_until = utc("2016-11-20T10:00Z"),
                                  .handed = {}},
                                 utc("2026-11-20T10:00:30Z"));
  EXPECT_EQ(verdict.run.size(), 200U);
  EXPECT_EQ(verdict.slots_computed, 200U);
  EXPECT_EQ(verdict.missed + 100, 5'258'880U);
  EXPECT_EQ(verdict.dropped, verdict.missed - 100);
}

TEST(Decide, KeepsTheNewestWhenOneBatchCannotCarryAll) {
  const Plan plan = planned_cron(minute);
  const Misfire misfire = catch_up(100);
  const Verdict verdict =
      decide({.slots = plan.slots, .misfire = misfire, .decided_until = utc(ten), .handed = {}, .jobs_limit = 5},
             utc("2026-06-01T10:30:00Z"));
  ASSERT_EQ(verdict.run.size(), 5U);
  EXPECT_EQ(verdict.run[0].slot, utc("2026-06-01T10:30Z"));
  EXPECT_EQ(verdict.run.back().slot, utc("2026-06-01T10:29Z"));
}

TEST(Decide, S149KeepsTheOldGridOfEvery) {
  const Slots slots = Slots::every(minutes(10));
  const Misfire misfire = Misfire::run_once_if_missed();
  const Verdict verdict =
      decide({.slots = slots, .misfire = misfire, .decided_until = minutes(60).count(), .handed = {}},
             minutes(93).count());
  ASSERT_EQ(verdict.run.size(), 1U);
  EXPECT_EQ(verdict.run[0].slot, minutes(90).count());
  EXPECT_EQ(verdict.run[0].missed_count, 3U);
  EXPECT_EQ(verdict.run[0].first_missed, minutes(70).count());
  EXPECT_EQ(verdict.next_slot, minutes(100).count());
}

TEST(Decide, NeverHandsOutASlotTwice) {
  const Plan plan = planned_cron("0 * * * *");
  const Misfire misfire = catch_up(100);
  const std::vector<HandedRange> handed{{utc(ten), utc("2026-06-01T11:00Z")}};
  const Verdict verdict =
      decide({.slots = plan.slots, .misfire = misfire, .decided_until = utc(nine), .handed = handed},
             utc("2026-06-01T12:30Z"));
  ASSERT_EQ(verdict.run.size(), 1U);
  EXPECT_EQ(verdict.run[0].slot, utc("2026-06-01T12:00Z"));
  EXPECT_EQ(verdict.missed, 1U);
}

TEST(Decide, HandedSlotsShareARangeAndTheOldestMerge) {
  const Slots slots = Slots::every(Duration{1'000});
  std::vector<HandedRange> handed;
  hand_out(handed, slots, {{.slot = 2'000}, {.slot = 1'000}, {.slot = 3'000}});
  EXPECT_EQ(handed, (std::vector<HandedRange>{{1'000, 3'000}}));
  for (std::int64_t n = 0; n < 8; ++n) hand_out(handed, slots, {{.slot = 10'000 + n * 5'000}});
  ASSERT_EQ(handed.size(), 8U);
  EXPECT_EQ(handed[0], (HandedRange{1'000, 10'000}));
  hand_out(handed, slots, {{.slot = 16'000}});
  EXPECT_EQ(handed[1], (HandedRange{15'000, 16'000}));
}

}  // namespace
}  // namespace dormouse::schedules
