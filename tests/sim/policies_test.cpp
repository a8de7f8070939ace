// SPDX-License-Identifier: Apache-2.0
// What happens to what was missed: each policy, for jobs and schedules, whatever ended the process.
#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;

constexpr Fate fates[] = {Fate::power_cut, Fate::crash, Fate::clean_restart};

// -- a one-shot job --

struct JobCase {
  const char* policy;
  Misfire misfire;
  std::size_t runs;
  State end;
};
void PrintTo(const JobCase& c, std::ostream* out) {
  *out << c.policy;
}

class MissedJob : public testing::TestWithParam<std::tuple<JobCase, Fate>> {};

TEST_P(MissedJob, IsJudgedByItsPolicyWhenTheProcessIsBack) {
  const auto& [c, fate] = GetParam();
  SimulatedDevice device;
  device.handler("backup");
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("backup", at(kT0 + 10min), c.misfire);
  device.advance(5min);
  away(device, fate, 60min);  // back at 65 min: 55 min late
  device.advance(10min);
  ASSERT_EQ(device.runs("backup").size(), c.runs);
  EXPECT_EQ(device.state(id), c.end);
  if (c.runs == 0) return;
  EXPECT_EQ(device.runs("backup")[0].started, 65min);
  EXPECT_EQ(device.runs("backup")[0].missed_count, 1U);
  EXPECT_EQ(device.runs("backup")[0].first_missed_ms, (kT0 + 10min).ms);
  away(device, fate, 1min);  // and never again
  device.advance(10min);
  EXPECT_EQ(device.runs("backup").size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Policies, MissedJob,
    testing::Combine(
        testing::Values(
            JobCase{.policy = "CatchUp", .misfire = Misfire::catch_up(), .runs = 1, .end = State::succeeded},
            JobCase{.policy = "Skip", .misfire = Misfire::skip(), .runs = 0, .end = State::missed},
            JobCase{
                .policy = "RunOnce", .misfire = Misfire::run_once_if_missed(), .runs = 1, .end = State::succeeded},
            JobCase{.policy = "InsideWindow", .misfire = Misfire::windowed(1h), .runs = 1, .end = State::succeeded},
            JobCase{.policy = "PastWindow", .misfire = Misfire::windowed(30min), .runs = 0, .end = State::missed}),
        testing::ValuesIn(fates)),
    [](const auto& row) {
      return std::string(std::get<0>(row.param).policy) + "After" + name_of(std::get<1>(row.param));
    });

// -- a schedule: each ten minutes, six slots missed --

struct ScheduleCase {
  const char* policy;
  Misfire misfire;
  std::vector<std::string> ran;  // of the missed slots, in this order
  std::uint64_t missed_count;    // what the first of them is told
  std::uint64_t dropped;
};
void PrintTo(const ScheduleCase& c, std::ostream* out) {
  *out << c.policy;
}

class MissedSlots : public testing::TestWithParam<std::tuple<ScheduleCase, Fate>> {};

TEST_P(MissedSlots, AreJudgedByTheSchedulesPolicyAndTheGridGoesOn) {
  const auto& [c, fate] = GetParam();
  SimulatedDevice device;
  device.handler("sample");
  ASSERT_TRUE(device.boot().ok());
  ASSERT_TRUE(device.put(cron("sample", "*/10 * * * *", c.misfire)).ok());
  device.advance(25min);      // 08:10 and 08:20 ran
  away(device, fate, 60min);  // 08:30 .. 09:20 missed, the newest 5 min late
  device.advance(6min);       // 09:30 runs
  std::vector<std::string> expected{"2027-01-15T08:10:00Z", "2027-01-15T08:20:00Z"};
  expected.insert(expected.end(), c.ran.begin(), c.ran.end());
  expected.push_back("2027-01-15T09:30:00Z");
  EXPECT_EQ(slots(device, "sample"), expected);
  if (!c.ran.empty()) {
    EXPECT_EQ(device.runs("sample")[2].missed_count, c.missed_count);
  }
  const auto schedule = device.schedule("sample");
  EXPECT_EQ(schedule->missed, 6U);
  EXPECT_EQ(schedule->dropped, c.dropped);
  EXPECT_EQ(schedule->next_slot, utc("2027-01-15T09:40:00Z").ms);
}

INSTANTIATE_TEST_SUITE_P(
    Policies, MissedSlots,
    testing::Combine(
        testing::Values(
            ScheduleCase{.policy = "CatchUp",
                         .misfire = Misfire::catch_up(),
                         .ran = {"2027-01-15T08:30:00Z", "2027-01-15T08:40:00Z", "2027-01-15T08:50:00Z",
                                 "2027-01-15T09:00:00Z", "2027-01-15T09:10:00Z", "2027-01-15T09:20:00Z"},
                         .missed_count = 1,
                         .dropped = 0},
            ScheduleCase{.policy = "Skip", .misfire = Misfire::skip(), .ran = {}, .missed_count = 0, .dropped = 0},
            ScheduleCase{.policy = "RunOnce",
                         .misfire = Misfire::run_once_if_missed(),
                         .ran = {"2027-01-15T09:20:00Z"},
                         .missed_count = 6,
                         .dropped = 0},
            ScheduleCase{.policy = "Windowed",
                         .misfire = Misfire::windowed(30min),
                         .ran = {"2027-01-15T09:00:00Z", "2027-01-15T09:10:00Z", "2027-01-15T09:20:00Z"},
                         .missed_count = 1,
                         .dropped = 0}),
        testing::ValuesIn(fates)),
    [](const auto& row) {
      return std::string(std::get<0>(row.param).policy) + "After" + name_of(std::get<1>(row.param));
    });

// -- the boundaries, to the millisecond --

Misfire catch_up_until(Duration max_age) {
  Misfire misfire = Misfire::catch_up();
  misfire.max_age = max_age;
  return misfire;
}

struct BoundaryCase {
  const char* name;
  Misfire misfire;
  Duration grace;
  Duration late;
  bool runs;
};
const BoundaryCase job_boundaries[] = {
    {.name = "J062 on the grace", .misfire = Misfire::skip(), .grace = 60s, .late = 60s, .runs = true},
    {.name = "J062 past the grace", .misfire = Misfire::skip(), .grace = 60s, .late = 60'001ms, .runs = false},
    {.name = "J063 no grace, on time", .misfire = Misfire::skip(), .grace = 0s, .late = 0ms, .runs = true},
    {.name = "J063 no grace, late", .misfire = Misfire::skip(), .grace = 0s, .late = 1ms, .runs = false},
    {.name = "J063 on the window", .misfire = Misfire::windowed(30ms), .grace = 60s, .late = 30ms, .runs = true},
    {.name = "J063 past the window", .misfire = Misfire::windowed(30ms), .grace = 60s, .late = 31ms, .runs = false},
    {.name = "J063 no window, on time", .misfire = Misfire::windowed(0s), .grace = 60s, .late = 0ms, .runs = true},
    {.name = "J063 no window, late", .misfire = Misfire::windowed(0s), .grace = 60s, .late = 1ms, .runs = false},
    {.name = "J064 on the age", .misfire = catch_up_until(1h), .grace = 60s, .late = 1h, .runs = true},
    {.name = "J064 past the age", .misfire = catch_up_until(1h), .grace = 60s, .late = 1h + 1ms, .runs = false},
    {.name = "J064 grace counts first", .misfire = catch_up_until(1s), .grace = 60s, .late = 60s, .runs = true},
    {.name = "J064 past both", .misfire = catch_up_until(1s), .grace = 60s, .late = 60'001ms, .runs = false},
};

TEST(Boundary, J062_J063_J064_AJobRunsUpToItsBoundAndNotOneMillisecondLater) {
  for (const auto& c : job_boundaries) {
    SCOPED_TRACE(c.name);
    SimulatedDevice device({.start = kT0 - 100s});
    device.handler("backup");
    ASSERT_TRUE(device.boot().ok());
    auto spec = job_of("backup", at(kT0), c.misfire);
    spec.grace = c.grace;
    const auto id = accept(device, spec);
    device.advance(50s);
    away(device, Fate::power_cut, 50s + c.late);
    device.advance(1s);
    EXPECT_EQ(device.runs("backup").size(), c.runs ? 1U : 0U);
    EXPECT_EQ(device.state(id), c.runs ? State::succeeded : State::missed);
  }
}

struct SlotBoundaryCase {
  const char* name;
  Misfire misfire;
  Duration back;  // after 10:00
  std::size_t runs;
  std::uint64_t missed;
  std::uint64_t told = 0;  // missed_count of the run
};
const SlotBoundaryCase slot_boundaries[] = {
    {.name = "S134 skip at 0", .misfire = Misfire::skip(), .back = 0ms, .runs = 1, .missed = 0},
    {.name = "S134 skip at 60 s", .misfire = Misfire::skip(), .back = 60s, .runs = 1, .missed = 0},
    {.name = "S134 catch_up at 0", .misfire = Misfire::catch_up(), .back = 0ms, .runs = 1, .missed = 0},
    {.name = "S134 catch_up at 60 s", .misfire = Misfire::catch_up(), .back = 60s, .runs = 1, .missed = 0},
    {.name = "S134 run once at 0", .misfire = Misfire::run_once_if_missed(), .back = 0ms, .runs = 1, .missed = 0},
    {.name = "S134 run once at 60 s",
     .misfire = Misfire::run_once_if_missed(),
     .back = 60s,
     .runs = 1,
     .missed = 0},
    {.name = "S134 windowed at 0", .misfire = Misfire::windowed(60s), .back = 0ms, .runs = 1, .missed = 0},
    {.name = "S134 windowed at 60 s", .misfire = Misfire::windowed(60s), .back = 60s, .runs = 1, .missed = 0},
    {.name = "S135 skip", .misfire = Misfire::skip(), .back = 60'001ms, .runs = 0, .missed = 1},
    {.name = "S135 catch_up", .misfire = Misfire::catch_up(), .back = 60'001ms, .runs = 1, .missed = 1, .told = 1},
    {.name = "S135 run once",
     .misfire = Misfire::run_once_if_missed(),
     .back = 60'001ms,
     .runs = 1,
     .missed = 1,
     .told = 1},
    {.name = "S135 windowed 60 s", .misfire = Misfire::windowed(60s), .back = 60'001ms, .runs = 0, .missed = 1},
    {.name = "S135 windowed 60.001 s",
     .misfire = Misfire::windowed(60'001ms),
     .back = 60'001ms,
     .runs = 1,
     .missed = 1,
     .told = 1},
    {.name = "S138 the window replaces the grace",
     .misfire = Misfire::windowed(30s),
     .back = 31s,
     .runs = 0,
     .missed = 1},
};

TEST(Boundary, S134_S135_S138_ASlotRunsUpToItsBoundAndNotOneMillisecondLater) {
  for (const auto& c : slot_boundaries) {
    SCOPED_TRACE(c.name);
    SimulatedDevice device;
    device.handler("hourly");
    ASSERT_TRUE(device.boot().ok());
    ASSERT_TRUE(device.put(cron("hourly", "0 * * * *", c.misfire)).ok());
    device.advance(90min);  // 09:00 ran
    ASSERT_EQ(device.runs("hourly").size(), 1U);
    away(device, Fate::power_cut, 30min + c.back);
    device.advance(1s);
    ASSERT_EQ(device.runs("hourly").size(), 1 + c.runs);
    EXPECT_EQ(device.schedule("hourly")->missed, c.missed);
    EXPECT_EQ(device.schedule("hourly")->next_slot, utc("2027-01-15T11:00:00Z").ms);
    if (c.runs == 0) continue;
    EXPECT_EQ(device.runs("hourly")[1].slot_ms, utc("2027-01-15T10:00:00Z").ms);
    EXPECT_EQ(device.runs("hourly")[1].missed_count, c.told);
    if (c.told > 0) {
      EXPECT_EQ(device.runs("hourly")[1].first_missed_ms, utc("2027-01-15T10:00:00Z").ms);
    }
  }
}

TEST(Boundary, S136_WithoutGraceASlotRunsOnlyOnTheMillisecond) {
  for (const Duration late : {0ms, 1ms}) {
    SimulatedDevice device;
    device.handler("hourly");
    ASSERT_TRUE(device.boot().ok());
    auto hourly = cron("hourly", "0 * * * *", Misfire::skip());
    hourly.grace = 0s;
    ASSERT_TRUE(device.put(hourly).ok());
    device.advance(90min);
    away(device, Fate::power_cut, 30min + late);
    device.advance(1s);
    EXPECT_EQ(device.runs("hourly").size(), late == 0ms ? 2U : 1U);
    EXPECT_EQ(device.schedule("hourly")->missed, late == 0ms ? 0U : 1U);
  }
}

TEST(Boundary, S137_AWindowOfTwoHoursTakesTwoHoursExactly) {
  struct Row {
    Duration off;
    std::vector<std::string> ran;
  };
  const Row rows[] = {
      {.off = 3h, .ran = {"2027-01-15T11:00:00Z", "2027-01-15T12:00:00Z"}},  // back at 12:30
      {.off = 150min, .ran = {"2027-01-15T12:00:00Z", "2027-01-15T10:00:00Z", "2027-01-15T11:00:00Z"}},  // 12:00
  };
  for (const auto& row : rows) {
    SimulatedDevice device;
    device.handler("hourly");
    ASSERT_TRUE(device.boot().ok());
    ASSERT_TRUE(device.put(cron("hourly", "0 * * * *", Misfire::windowed(2h))).ok());
    device.advance(90min);
    away(device, Fate::power_cut, row.off);
    device.advance(1min);
    auto ran = slots(device, "hourly");
    ran.erase(ran.begin());  // 09:00
    EXPECT_EQ(ran, row.ran);
  }
}

}  // namespace
}  // namespace dormouse::sim
