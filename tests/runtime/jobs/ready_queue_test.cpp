// SPDX-License-Identifier: Apache-2.0
// Which due job starts next: rank, fairness, places, the catch-up line, expiry, the bounds of the window.
#include "runtime/jobs/ready_queue.hpp"

#include <gtest/gtest.h>

namespace dormouse::jobs {
namespace {

using Ids = std::vector<std::uint64_t>;

DueJob job(std::uint64_t id, const std::string& handler = "h", int priority = 5, std::uint16_t component = 1) {
  return {.id = id, .component = component, .handler = handler, .priority = priority};
}
DueJob late_job(std::uint64_t id, Duration lateness, int priority = 5) {
  DueJob late = job(id, "h", priority);
  late.lateness = lateness;
  late.in_line = true;
  return late;
}
DueJob expiring(DueJob one, std::int64_t at_ms) {
  one.expires = Instant{at_ms};
  return one;
}
constexpr Instant at(double seconds) {
  return Instant{static_cast<std::int64_t>(seconds * 1'000)};
}

/// Room for `running` attempts at once; handlers h and g with `places` each.
ReadyQueue queue_for(std::uint64_t running, std::uint64_t places = 64, Limits limits = {}) {
  limits.running_device = running;
  limits.running_component = running;
  ReadyQueue queue(limits);
  queue.set_places({{"h", places}, {"g", places}});
  return queue;
}

/// Runs jobs of one second each, one after the other, from `from` on; the order in which they started.
Ids run_one_by_one(ReadyQueue& queue, double from, std::size_t count) {
  Ids order;
  for (std::size_t i = 0; i < count; ++i) {
    const Ids picked = queue.pick(at(from + static_cast<double>(i)));
    if (picked.size() != 1) break;
    order.push_back(picked[0]);
    queue.free(picked[0]);
  }
  return order;
}

// -- rank --

TEST(ReadyQueue, WhoWaitsLongerStartsFirst) {
  auto queue = queue_for(1);
  queue.add(job(2), at(0));
  queue.add(job(1), at(1));
  EXPECT_EQ(run_one_by_one(queue, 2, 2), (Ids{2, 1}));
}

TEST(ReadyQueue, AStepOfPriorityIsWorthAMinuteOfWaiting) {
  struct Row {
    const char* name;
    double ready;  // of the job of priority 6; the other, of priority 5, is ready at 0
    Ids order;
  };
  const std::vector<Row> rows = {
      {"59 s later it is still first", 59, {2, 1}},
      {"60 s later they are equal and the lower id is first", 60, {1, 2}},
      {"61 s later it is second", 61, {1, 2}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    auto queue = queue_for(1);
    queue.add(job(1, "h", 5), at(0));
    queue.add(job(2, "h", 6), at(row.ready));
    EXPECT_EQ(run_one_by_one(queue, 100, 2), row.order);
  }
}

TEST(ReadyQueue, J104_TheLowestPriorityStartsAfterNineMinutesOfTheHighest) {
  auto queue = queue_for(1);
  constexpr std::uint64_t patient = 1;
  queue.add(job(patient, "h", 0), at(0));
  double started = -1;
  for (int second = 0; second <= 600 && started < 0; ++second) {
    queue.add(job(100 + static_cast<std::uint64_t>(second), "h", 9), at(second));
    const Ids picked = queue.pick(at(second));
    ASSERT_EQ(picked.size(), 1U);
    if (picked[0] == patient) started = second;
    queue.free(picked[0]);
  }
  EXPECT_EQ(started, 540);
}

// -- fairness --

TEST(ReadyQueue, J105_NoComponentStarvesAnother) {
  auto queue = queue_for(1);
  for (const std::uint64_t id : {1, 2, 3}) queue.add(job(id, "h", 5, 1), at(0));
  queue.add(job(4, "h", 5, 2), at(0));
  EXPECT_EQ(run_one_by_one(queue, 0, 4), (Ids{1, 4, 2, 3}));
}

TEST(ReadyQueue, AFloodOfOneComponentDelaysTheOtherByOneJob) {
  auto queue = queue_for(1);
  for (std::uint64_t id = 1; id <= 100; ++id) queue.add(job(id, "h", 5, 1), at(0));
  EXPECT_EQ(run_one_by_one(queue, 0, 10).size(), 10U);
  queue.add(job(500, "h", 5, 2), at(10));
  const Ids next = run_one_by_one(queue, 10, 2);
  EXPECT_TRUE(next[0] == 500 || next[1] == 500);
}

// -- places --

TEST(ReadyQueue, J106_ABusyHandlerIsPassedOver) {
  auto queue = queue_for(2, 1);
  queue.add(job(1, "h"), at(0));
  ASSERT_EQ(queue.pick(at(0)), (Ids{1}));
  queue.add(job(2, "h"), at(0));
  queue.add(job(3, "g"), at(0));
  EXPECT_EQ(queue.pick(at(0)), (Ids{3}));
  EXPECT_TRUE(queue.pick(at(9)).empty());
  queue.free(1);
  EXPECT_EQ(queue.pick(at(10)), (Ids{2}));
}

TEST(ReadyQueue, PlacesOfDeviceComponentAndHandlerAllHold) {
  struct Row {
    const char* name;
    std::uint64_t device, component, handler;
    std::size_t started;  // of three jobs of h of component 1 and three of g of component 2
  };
  const std::vector<Row> rows = {
      {"nothing bounds", 64, 64, 64, 6},         {"the device", 4, 64, 64, 4},
      {"each component", 64, 2, 64, 4},          {"each handler", 64, 64, 1, 2},
      {"a device without places", 0, 64, 64, 0},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    Limits limits;
    limits.running_device = row.device;
    limits.running_component = row.component;
    ReadyQueue queue(limits);
    queue.set_places({{"h", row.handler}, {"g", row.handler}});
    for (const std::uint64_t id : {1, 2, 3}) queue.add(job(id, "h", 5, 1), at(0));
    for (const std::uint64_t id : {4, 5, 6}) queue.add(job(id, "g", 5, 2), at(0));
    EXPECT_EQ(queue.pick(at(0)).size(), row.started);
    EXPECT_EQ(queue.running(), row.started);
    EXPECT_EQ(queue.waiting(), 6 - row.started);
  }
}

TEST(ReadyQueue, AHandlerThatIsNotThereStartsNothing) {
  auto queue = queue_for(4);
  queue.add(job(1, "absent"), at(0));
  EXPECT_TRUE(queue.pick(at(0)).empty());
  queue.set_places({{"absent", 1}});
  EXPECT_EQ(queue.pick(at(0)), (Ids{1}));
}

TEST(ReadyQueue, WhatRunsIsNotTakenInAgain) {
  auto queue = queue_for(1);
  queue.add(job(1), at(0));
  ASSERT_EQ(queue.pick(at(0)), (Ids{1}));
  queue.add(job(1), at(1));
  EXPECT_EQ(queue.waiting(), 0U);
  EXPECT_EQ(queue.known(), (std::set<std::uint64_t>{1}));
  queue.clear_window();
  EXPECT_EQ(queue.running(), 1U);
}

TEST(ReadyQueue, WaitingAgainDoesNotRenewTheTurn) {
  auto queue = queue_for(1);
  queue.add(job(2), at(0));
  queue.add(job(1), at(1));
  queue.add(job(2), at(5));
  EXPECT_EQ(run_one_by_one(queue, 6, 2), (Ids{2, 1}));
}

// -- the catch-up line --

TEST(ReadyQueue, J072_TheLineRunsTwoAtOnceFiftyMillisecondsApart) {
  auto queue = queue_for(4, 4);
  for (const std::uint64_t id : {1, 2, 3, 4, 5}) queue.add(late_job(id, Duration{60'000}), at(100));
  EXPECT_EQ(queue.pick(at(100)), (Ids{1}));
  EXPECT_EQ(queue.paced_until(at(100)), at(100.05));
  EXPECT_TRUE(queue.pick(at(100.049)).empty());
  EXPECT_EQ(queue.pick(at(100.05)), (Ids{2}));
  EXPECT_TRUE(queue.pick(at(100.2)).empty());  // two at once
  queue.add(job(6), at(103));
  EXPECT_EQ(queue.pick(at(103)), (Ids{6}));  // what is on time takes its own place
  queue.free(1);
  EXPECT_EQ(queue.pick(at(110)), (Ids{3}));
  queue.free(2);
  EXPECT_TRUE(queue.pick(at(110.01)).empty());
  EXPECT_EQ(queue.pick(at(110.05)), (Ids{4}));
  queue.free(3);
  EXPECT_EQ(queue.pick(at(120)), (Ids{5}));
}

TEST(ReadyQueue, J073_AfterFourOthersTheFifthIsTheLines) {
  auto queue = queue_for(1);
  constexpr std::uint64_t missed = 1;
  queue.add(late_job(missed, Duration{60'000}), at(100));
  double started = 0;
  for (int second = 100; second < 110 && started == 0; ++second) {
    queue.add(job(static_cast<std::uint64_t>(second)), at(second));
    const Ids picked = queue.pick(at(second));
    ASSERT_EQ(picked.size(), 1U);
    if (picked[0] == missed) started = second;
    queue.free(picked[0]);
  }
  EXPECT_EQ(started, 104);
}

TEST(ReadyQueue, StartsBeforeTheLineWaitedDoNotCountForIt) {
  auto queue = queue_for(1);
  for (std::uint64_t id = 1; id <= 6; ++id) queue.add(job(id), at(0));
  ASSERT_EQ(run_one_by_one(queue, 0, 6).size(), 6U);
  queue.add(late_job(50, Duration{60'000}), at(10));
  for (std::uint64_t id = 11; id <= 16; ++id) queue.add(job(id), at(10));
  EXPECT_EQ(run_one_by_one(queue, 10, 6), (Ids{11, 12, 13, 14, 50, 15}));
}

TEST(ReadyQueue, TheLineIsOrderedByPriorityThenAgeThenId) {
  auto queue = queue_for(1);
  queue.add(late_job(1, Duration{10'000}), at(0));
  queue.add(late_job(2, Duration{30'000}), at(0));
  queue.add(late_job(3, Duration{30'000}), at(0));
  queue.add(late_job(4, Duration{1'000}, 6), at(0));
  EXPECT_EQ(run_one_by_one(queue, 0, 4), (Ids{4, 2, 3, 1}));
}

TEST(ReadyQueue, PaceIsToldOnlyWhileSomethingOfTheLineWaits) {
  auto queue = queue_for(4);
  queue.add(late_job(1, Duration{60'000}), at(0));
  ASSERT_EQ(queue.pick(at(0)), (Ids{1}));
  EXPECT_EQ(queue.paced_until(at(0.01)), std::nullopt);
  queue.add(late_job(2, Duration{60'000}), at(0));
  EXPECT_EQ(queue.paced_until(at(0.01)), at(0.05));
  EXPECT_EQ(queue.paced_until(at(0.05)), std::nullopt);
}

// -- expiry --

TEST(ReadyQueue, TellsWhoHasExpiredAndWhenTheNextWill) {
  auto queue = queue_for(1);
  queue.add(job(1), at(0));
  queue.add(expiring(job(2), 5'000), at(0));
  queue.add(expiring(job(3), 3'000), at(0));
  EXPECT_EQ(queue.next_expiry(), at(3));
  EXPECT_TRUE(queue.expired(at(2.999)).empty());
  EXPECT_EQ(queue.expired(at(3)), (Ids{3}));
  queue.remove(3);
  EXPECT_EQ(queue.next_expiry(), at(5));
  queue.remove(2);
  EXPECT_EQ(queue.next_expiry(), std::nullopt);
}

TEST(ReadyQueue, WhatRunsExpiresNoMore) {
  auto queue = queue_for(1);
  queue.add(expiring(job(1), 5'000), at(0));
  ASSERT_EQ(queue.pick(at(0)), (Ids{1}));
  EXPECT_TRUE(queue.expired(at(10)).empty());
  EXPECT_EQ(queue.next_expiry(), std::nullopt);
}

// -- bounds --

TEST(ReadyQueue, TheWindowTellsItsRoom) {
  auto queue = queue_for(1, 64, Limits::tiny());
  EXPECT_EQ(queue.free_room(), 4U);
  for (const std::uint64_t id : {1, 2, 3}) queue.add(job(id), at(0));
  EXPECT_TRUE(queue.room());
  EXPECT_EQ(queue.free_room(), 1U);
  queue.add(job(4), at(0));
  EXPECT_FALSE(queue.room());
  EXPECT_EQ(queue.free_room(), 0U);
  ASSERT_EQ(queue.pick(at(0)).size(), 1U);
  EXPECT_EQ(queue.free_room(), 1U);  // what runs is not in the window
}

TEST(ReadyQueue, AHandlerIsFullWithTwiceItsPlacesOrAQuarterOfTheWindow) {
  struct Row {
    const char* name;
    std::uint64_t window, places, held;
    bool full;
  };
  const std::vector<Row> rows = {
      {"one short of a quarter", 256, 1, 63, false},
      {"a quarter", 256, 1, 64, true},
      {"one short of twice its places", 4, 2, 3, false},
      {"twice its places", 4, 2, 4, true},
      {"an absent handler holds a quarter too", 8, 0, 2, true},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    Limits limits;
    limits.ready_window = row.window;
    ReadyQueue queue(limits);
    if (row.places > 0) queue.set_places({{"h", row.places}});
    for (std::uint64_t id = 1; id <= row.held; ++id) queue.add(job(id), at(0));
    EXPECT_EQ(queue.full().contains({"h"}), row.full);
  }
}

TEST(ReadyQueue, AHandlerRunsLowBelowHalfOfItsShare) {
  Limits limits;
  limits.ready_window = 256;
  ReadyQueue queue(limits);
  queue.set_places({{"h", 1}});
  for (std::uint64_t id = 1; id <= 32; ++id) queue.add(job(id), at(0));
  EXPECT_FALSE(queue.runs_low({DueShare{"h"}}));
  queue.remove(1);
  EXPECT_TRUE(queue.runs_low({DueShare{"h"}}));
  EXPECT_TRUE(queue.runs_low({DueShare{"g"}})) << "none of it waits";
  EXPECT_FALSE(queue.runs_low({})) << "nothing more is due";
}

TEST(ReadyQueue, TheLineOfAHandlerIsAShareOfItsOwn) {
  Limits limits;
  limits.ready_window = 256;
  ReadyQueue queue(limits);
  queue.set_places({{"h", 64}});
  for (std::uint64_t id = 1; id <= 64; ++id) queue.add(late_job(id, Duration{1}), at(0));
  EXPECT_EQ(queue.full(), (std::set<DueShare>{{"h", true}})) << "two of it run at once, so a quarter is enough";
  for (std::uint64_t id = 101; id <= 228; ++id) queue.add(job(id), at(0));
  EXPECT_EQ(queue.full(), (std::set<DueShare>{{"h", false}, {"h", true}}));
}

TEST(ReadyQueue, TheLineFillsHalfOfTheWindowAtMost) {
  Limits limits;
  limits.ready_window = 8;
  ReadyQueue queue(limits);
  queue.set_places({{"h", 1}, {"g", 1}});
  EXPECT_EQ(queue.free_line_room(), 4U);
  for (std::uint64_t id = 1; id <= 3; ++id) queue.add(late_job(id, Duration{1}), at(0));
  queue.add(job(9), at(0));
  EXPECT_EQ(queue.free_line_room(), 1U);
  EXPECT_FALSE(queue.runs_low({{"g", true}})) << "none of it waits, but the line is long enough";
  queue.remove(1);
  EXPECT_TRUE(queue.runs_low({{"g", true}}));
}

}  // namespace
}  // namespace dormouse::jobs
