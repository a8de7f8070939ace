// SPDX-License-Identifier: Apache-2.0
// Schedules that need a better clock than there is: nothing runs, is dropped or counted, and nothing is armed,
// until time is trusted as far as they need; then one decision covers the span.
#include <gtest/gtest.h>

#include "device.hpp"
#include "helpers.hpp"

namespace dormouse::schedules {
namespace {

using jobs::Misfire;
using test::cron_of;
using test::Device;
using test::every_of;
using test::minutes;
using test::shown;
using test::utc;

Definition needing(Trust needs, Definition definition) {
  definition.needs_time = needs;
  return definition;
}
Definition named(const std::string& name, Definition definition) {
  definition.name = name;
  return definition;
}

TEST(NeedsTime, S156_a_slot_that_came_before_the_sync_runs_within_its_grace_and_is_missed_beyond) {
  struct Row {
    const char* synced_at;
    const char* slots;
    std::uint64_t missed;
  };
  const Row rows[] = {{"2026-06-01T10:00:40Z", "2026-06-01T10:00:00Z", 0}, {"2026-06-01T10:02Z", "", 1}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.synced_at);
    Device device("2026-06-01T08:30Z");
    ASSERT_TRUE(device.put(needing(Trust::synced, cron_of("0 * * * *"))).ok());
    device.advance_to("2026-06-01T09:00Z");
    ASSERT_EQ(device.decide().size(), 1U);
    device.finish_jobs();
    device.new_slots();
    device.advance_to("2026-06-01T09:29Z");
    device.reboot(minutes(1), true);
    device.trust(Trust::rtc);
    const Schedule before = device.get("n");
    for (const char* at : {"2026-06-01T09:30Z", "2026-06-01T10:00Z", "2026-06-01T10:00:39.999Z"}) {
      device.advance_to(at);
      const Decided held = device.decide_once(10);
      EXPECT_TRUE(held.decisions.empty());
      EXPECT_TRUE(held.held);
      EXPECT_FALSE(held.next_wall || held.next_instant) << "what is held is not armed";
    }
    EXPECT_EQ(device.get("n"), before);
    device.advance_to(row.synced_at);
    device.trust(Trust::synced);
    const auto decisions = device.decide();
    ASSERT_EQ(decisions.size(), 1U);
    EXPECT_EQ(decisions[0].missed, row.missed);
    EXPECT_EQ(shown(device.new_slots()), row.slots);
    const Decided after = device.decide_once(10);
    EXPECT_FALSE(after.held);
    EXPECT_EQ(after.next_wall, WallTime{utc("2026-06-01T11:00Z")});
  }
}

TEST(NeedsTime, holds_by_kind_need_and_trust_and_the_jobs_need_the_same) {
  struct Row {
    Kind kind;
    Trust needs;
    Trust holds_below;
  };
  const Row rows[] = {
      {Kind::cron, Trust::untrusted, Trust::rtc},        {Kind::cron, Trust::rtc, Trust::rtc},
      {Kind::cron, Trust::synced, Trust::synced},        {Kind::every, Trust::rtc, Trust::rtc},
      {Kind::every, Trust::untrusted, Trust::untrusted}, {Kind::every, Trust::synced, Trust::synced},
  };
  for (const Row& row : rows) {
    for (const Trust trust : {Trust::untrusted, Trust::rtc, Trust::synced}) {
      SCOPED_TRACE(std::to_string(&row - rows) + " at trust " + std::to_string(static_cast<int>(trust)));
      Device device("2026-06-01T11:30Z");
      const auto timed = row.kind == Kind::every ? every_of(minutes(30)) : cron_of("0 * * * *");
      ASSERT_TRUE(device.put(needing(row.needs, timed)).ok());
      device.trust(trust);
      const bool holds = trust < row.holds_below;
      const Decided early = device.decide_once(10);
      EXPECT_EQ(early.held, holds);
      // While untrusted the next wall slot is told all the same.
      const bool told = !holds || (row.kind == Kind::cron && trust == Trust::untrusted);
      EXPECT_EQ(early.next_wall || early.next_instant, told);
      device.advance_to("2026-06-01T12:00Z");
      EXPECT_EQ(device.decide().size(), holds ? 0U : 1U);
      EXPECT_EQ(device.decide_once(10).held, holds);
      if (holds) continue;
      EXPECT_EQ(device.all_jobs().at(0).spec.needs_time, row.holds_below);
    }
  }
}

TEST(NeedsTime, one_decision_covers_what_an_elapsed_grid_was_held_for) {
  Device device("2026-06-01T12:00Z");
  ASSERT_TRUE(device.put(needing(Trust::rtc, every_of(minutes(10), Misfire::catch_up()))).ok());
  device.advance(minutes(10));
  device.decide();
  device.finish_jobs();
  device.trust(Trust::untrusted);
  device.advance(minutes(30) + Duration{30'000});
  EXPECT_TRUE(device.decide().empty());
  device.trust(Trust::rtc);
  device.replan();
  const auto decisions = device.decide();
  ASSERT_EQ(decisions.size(), 1U);
  EXPECT_EQ(decisions[0].missed, 2U);
  EXPECT_EQ(decisions[0].ran, 3U);
  const Decided after = device.decide_once(10);
  EXPECT_EQ(after.next_instant, device.now.instant + minutes(10) - Duration{30'000}) << "on the old grid";
}

TEST(NeedsTime, what_is_held_neither_arms_nor_stands_in_the_way_of_others) {
  Device device("2026-06-01T11:59:30Z");
  ASSERT_TRUE(device.put(named("held", needing(Trust::synced, cron_of("0 * * * *")))).ok());
  ASSERT_TRUE(device.put(named("held too", needing(Trust::synced, every_of(minutes(1))))).ok());
  ASSERT_TRUE(device.put(named("wall", cron_of("10 * * * *"))).ok());
  ASSERT_TRUE(device.put(named("elapsed", every_of(minutes(20)))).ok());
  device.trust(Trust::rtc);
  const Instant in_twenty = device.now.instant + minutes(20);
  for (const char* at : {"2026-06-01T11:59:30Z", "2026-06-01T12:05Z"}) {
    device.advance_to(at);
    const Decided decided = device.decide_once(10);
    EXPECT_TRUE(decided.held);
    EXPECT_EQ(decided.next_wall, WallTime{utc("2026-06-01T12:10Z")});
    EXPECT_EQ(decided.next_instant, in_twenty);
  }
  device.advance_to("2026-06-01T12:10Z");
  const Decided decided = device.decide_once(1);
  ASSERT_EQ(decided.decisions.size(), 1U) << "a limit counts what is decided alone";
  EXPECT_EQ(decided.decisions[0].name, "wall");
  EXPECT_FALSE(decided.more);
}

TEST(NeedsTime, while_untrusted_it_is_known_whether_anything_waits) {
  struct Row {
    const char* name;
    Definition put;
    bool put_before;
    bool held;
  };
  const Row rows[] = {
      {"wall, put while trusted", cron_of("0 * * * *"), true, true},
      {"wall, put while untrusted", cron_of("0 * * * *"), false, true},
      {"elapsed that needs nothing", every_of(minutes(5)), true, false},
      {"elapsed behind another that needs nothing", needing(Trust::rtc, every_of(minutes(90))), true, true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Device device;
    ASSERT_TRUE(device.put(named("other", every_of(minutes(60)))).ok());
    if (!row.put_before) device.trust(Trust::untrusted);
    ASSERT_TRUE(device.put(row.put).ok());
    device.trust(Trust::untrusted);
    EXPECT_EQ(device.decide_once(10).held, row.held);
  }
}

TEST(NeedsTime, a_need_that_the_kind_has_anyway_changes_nothing) {
  Device device;
  ASSERT_TRUE(device.put(cron_of("0 * * * *")).ok());
  const auto applied = device.store->applied();
  const auto again = device.put(needing(Trust::rtc, cron_of("0 * * * *")));
  EXPECT_EQ(again->outcome, PutOutcome::unchanged);
  EXPECT_EQ(device.store->applied(), applied);
}

TEST(NeedsTime, asking_for_less_lets_the_slots_that_waited_be_decided) {
  Device device("2026-06-01T11:30Z");
  ASSERT_TRUE(device.put(needing(Trust::synced, cron_of("0 * * * *", Misfire::catch_up()))).ok());
  device.trust(Trust::rtc);
  device.advance_to("2026-06-01T13:05Z");
  EXPECT_TRUE(device.decide().empty());
  const auto put = device.put(cron_of("0 * * * *", Misfire::catch_up()));
  ASSERT_TRUE(put.ok());
  EXPECT_EQ(put->outcome, PutOutcome::updated);
  EXPECT_EQ(put->next_slot, utc("2026-06-01T12:00Z"));
  EXPECT_EQ(device.decide().size(), 1U);
  EXPECT_EQ(shown(device.new_slots()), "2026-06-01T12:00:00Z 2026-06-01T13:00:00Z");
}

}  // namespace
}  // namespace dormouse::schedules
