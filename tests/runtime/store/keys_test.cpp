// SPDX-License-Identifier: Apache-2.0
// Keys sort as what they mean, and come apart again.
#include "runtime/store/keys.hpp"

#include <gtest/gtest.h>

namespace dormouse::store::keys {
namespace {

using namespace std::string_literals;

TEST(Keys, AreSpelledAsTheGrammarSays) {
  EXPECT_EQ(meta("ids"), "mids");
  EXPECT_EQ(boot(1), "o\0\0\0\x01"s);
  EXPECT_EQ(component(258), "c\x01\x02"s);
  EXPECT_EQ(gap(3), "gg\0\0\0\x03\0\0"s);
  EXPECT_EQ(report(3, 4), "gr\0\0\0\x03\0\x04"s);
  EXPECT_EQ(job(Due::at({5}), 7), "qw\x80\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x07"s);
  EXPECT_EQ(job(Due::elapsed(2, {5}), 7), "qe\0\0\0\x02\x80\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x07"s);
  EXPECT_EQ(job_place(9), "z\0\0\0\0\0\0\0\x09"s);
  EXPECT_EQ(running(9), "r\0\0\0\0\0\0\0\x09"s);
  EXPECT_EQ(job_part(9, 'a'),
            "j\0\0\0\0\0\0\0\x09"s
            "a"s);
  EXPECT_EQ(finished(1), "yf\0\0\0\0\0\0\0\x01"s);
  EXPECT_EQ(dead(1), "yd\0\0\0\0\0\0\0\x01"s);
  EXPECT_EQ(conflict(1, "sync"), "kc\0\x01sync"s);
  EXPECT_EQ(idempotency(1, "sync"), "ki\0\x01sync"s);
  EXPECT_EQ(slot(1, 2, 3), "ks\0\x01\x80\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x03"s);
  EXPECT_EQ(forget(Due::elapsed(1, {2}), 3), "fe\0\0\0\x01\x80\0\0\0\0\0\0\x02\0\0\0\x03"s);
  EXPECT_EQ(schedule(1, 2), "s\0\x01\0\0\0\0\0\0\0\x02"s);
  EXPECT_EQ(schedule_due(Due::at({5}), 1, 2), "dw\x80\0\0\0\0\0\0\x05\0\x01\0\0\0\0\0\0\0\x02"s);
  EXPECT_EQ(set_aside(1, 2), "x\0\0\0\x01\0\0\0\x02"s);
}

TEST(Keys, OfJobsSortByDueThenById) {
  const Bytes rising[] = {
      job(Due::elapsed(1, {900}), 1), job(Due::elapsed(2, {-5}), 1),  job(Due::elapsed(2, {0}), 2),
      job(Due::elapsed(2, {255}), 1), job(Due::elapsed(2, {256}), 1), job(Due::at({-1}), 9),
      job(Due::at({0}), 1),           job(Due::at({0}), 256),         job(Due::at({1'700'000'000'000}), 1)};
  for (std::size_t i = 1; i < std::size(rising); ++i) EXPECT_LT(rising[i - 1], rising[i]) << i;
}

TEST(Keys, OfJobsComeApartAgain) {
  for (const Due& due : {Due::at({-7}), Due::at({1'700'000'000'000}), Due::elapsed(4'000'000'000u, {123})}) {
    const auto parsed = parse_job(job(due, 1ull << 63));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->due, due);
    EXPECT_EQ(parsed->id, 1ull << 63);
    const auto schedule_key = parse_schedule_due(schedule_due(due, 65'535, 3));
    ASSERT_TRUE(schedule_key);
    EXPECT_EQ(schedule_key->due, due);
    EXPECT_EQ(schedule_key->component, 65'535);
    EXPECT_EQ(schedule_key->id, 3u);
  }
}

TEST(Keys, OfAnotherShapeDoNotComeApart) {
  const Bytes good = job(Due::at({5}), 7);
  const Bytes schedule_key = schedule_due(Due::at({5}), 1, 7);
  for (const Bytes& key : {Bytes(), Bytes("q"), Bytes("qw"), good + "x", good.substr(0, good.size() - 1),
                           "qx" + good.substr(2), "h" + good.substr(1), schedule_key})
    EXPECT_FALSE(parse_job(key));
  EXPECT_FALSE(parse_schedule_due(good));
  EXPECT_FALSE(parse_schedule_due(schedule_key + "x"));
}

TEST(Keys, RangesUntilADueIncludeItAndStayInTheirLane) {
  const auto inside = [](const Range& range, const Bytes& key) { return range.from <= key && key < range.to; };
  const Range wall = jobs_due_until(Due::at({100}));
  EXPECT_TRUE(inside(wall, job(Due::at({-100}), 1)));
  EXPECT_TRUE(inside(wall, job(Due::at({100}), ~0ull)));
  EXPECT_FALSE(inside(wall, job(Due::at({101}), 0)));
  EXPECT_FALSE(inside(wall, job(Due::elapsed(1, {5}), 1)));
  const Range elapsed = jobs_due_until(Due::elapsed(2, {100}));
  EXPECT_TRUE(inside(elapsed, job(Due::elapsed(2, {100}), ~0ull)));
  EXPECT_FALSE(inside(elapsed, job(Due::elapsed(2, {101}), 0)));
  EXPECT_FALSE(inside(elapsed, job(Due::elapsed(1, {5}), 1)));
  EXPECT_TRUE(inside(jobs_in_lane(Due::Lane::elapsed, 2), job(Due::elapsed(2, {1LL << 60}), 1)));
  EXPECT_FALSE(inside(jobs_in_lane(Due::Lane::elapsed, 2), job(Due::elapsed(3, {0}), 1)));
  EXPECT_TRUE(inside(schedules_due_until(Due::at({100})), schedule_due(Due::at({100}), 65'535, ~0ull)));
  EXPECT_FALSE(inside(schedules_due_until(Due::at({100})), schedule_due(Due::at({101}), 0, 0)));
  EXPECT_EQ(wake(Due::at({5}), 'j', 2), "uw\x80\0\0\0\0\0\0\x05j\0\0\0\0\0\0\0\x02"s);
  EXPECT_EQ(parse_wake(wake(Due::elapsed(7, {3}), 's', 1)), Due::elapsed(7, {3}));
  EXPECT_FALSE(parse_wake(wake(Due::at({5}), 'j', 2) + "x"));
  EXPECT_LT(wake(Due::at({100}), 's', ~0ull), wakes_after(Due::at({100})));
  EXPECT_GE(wake(Due::at({101}), 'j', 0), wakes_after(Due::at({100})));
  EXPECT_TRUE(inside(wakes_in_lane(Due::Lane::elapsed, 7), wake(Due::elapsed(7, {3}), 's', 1)));
  EXPECT_TRUE(inside(wakes(), wake(Due::elapsed(7, {3}), 's', 1)));
  EXPECT_TRUE(inside(schedules_in_lane(Due::Lane::wall, 0), schedule_due(Due::at({1LL << 60}), 1, 1)));
}

TEST(Keys, ARangeOfAPrefixHoldsExactlyWhatBeginsSo) {
  const Range range = starting_with("kc\xFF\xFF");
  EXPECT_EQ(range.to, "kd");
  EXPECT_EQ(starting_with("").to, "\xFF");
  EXPECT_EQ(after("va"), "va\0"s);
}

}  // namespace
}  // namespace dormouse::store::keys
