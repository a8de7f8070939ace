// SPDX-License-Identifier: Apache-2.0
// Putting, showing and deleting schedules.
#include <gtest/gtest.h>

#include "device.hpp"
#include "helpers.hpp"

namespace dormouse::schedules {
namespace {

using jobs::Misfire;
using test::cron_of;
using test::Device;
using test::every_of;
using test::refusals;
using test::shown;
using test::utc;

TEST(Put, S089TheSameDefinitionTwiceWritesOnce) {
  Device device;
  Definition poll = cron_of("*/5 * * * *");
  poll.name = "poll";
  const auto first = device.put(poll);
  EXPECT_EQ(first->outcome, PutOutcome::created);
  EXPECT_EQ(first->revision, 1U);
  const auto applied = device.store->applied();
  const auto second = device.put(poll);
  EXPECT_EQ(second->outcome, PutOutcome::unchanged);
  EXPECT_EQ(second->revision, 1U);
  EXPECT_EQ(device.store->applied(), applied);
}

TEST(Put, S017AnotherSpellingIsUnchangedAndTheTextStays) {
  Device device;
  ASSERT_TRUE(device.put(cron_of("*/5 * * * *")).ok());
  const auto applied = device.store->applied();
  for (const char* text : {"0-59/5 * * * *", "0,5,10,15,20,25,30,35,40,45,50,55 * * * *"}) {
    const auto put = device.put(cron_of(text));
    EXPECT_EQ(put->outcome, PutOutcome::unchanged);
    EXPECT_EQ(put->definition.timing.text, "*/5 * * * *");
  }
  EXPECT_EQ(device.store->applied(), applied);
}

TEST(Put, S090AnotherTimingCountsFromNow) {
  Device device("2026-06-01T12:00Z");
  ASSERT_TRUE(device.put(cron_of("*/5 * * * *")).ok());
  const auto created = device.get("n").created;
  device.advance_to("2026-06-01T12:07Z");
  const auto put = device.put(cron_of("*/10 * * * *"));
  EXPECT_EQ(put->outcome, PutOutcome::updated);
  EXPECT_EQ(put->revision, 2U);
  EXPECT_EQ(put->next_slot, utc("2026-06-01T12:10Z"));
  EXPECT_EQ(device.get("n").created, created);
}

TEST(Put, OverdueSlotsOutliveTheSameTimingAlone) {
  for (const bool same_timing : {true, false}) {
    Device device("2026-06-01T11:50Z");
    ASSERT_TRUE(device.put(cron_of("54 * * * *", Misfire::catch_up())).ok());
    device.advance_to("2026-06-01T12:00Z");
    Definition changed = cron_of(same_timing ? "54 * * * *" : "54 */1 * * 1", Misfire::catch_up());
    changed.args = "new";
    ASSERT_TRUE(device.put(changed).ok());
    device.decide();
    if (same_timing) {
      EXPECT_EQ(shown(device.new_slots()), "2026-06-01T11:54:00Z");
    } else {
      EXPECT_EQ(shown(device.new_slots()), "");
      EXPECT_GT(device.get("n").next_slot, utc("2026-06-01T12:00Z"));
    }
  }
}

TEST(Put, DisabledHasNoSlotsAndGoesOnAfterNow) {
  Device device("2026-06-01T12:00Z");
  Definition definition = cron_of("*/5 * * * *");
  definition.enabled = false;
  EXPECT_FALSE(device.put(definition)->next_slot.has_value());
  device.advance_to("2026-06-01T12:07Z");
  EXPECT_TRUE(device.decide().empty());
  definition.enabled = true;
  EXPECT_EQ(device.put(definition)->next_slot, utc("2026-06-01T12:10Z"));
  definition.enabled = false;
  EXPECT_FALSE(device.put(definition)->next_slot.has_value());
  device.advance_to("2026-06-01T13:07Z");
  EXPECT_TRUE(device.decide().empty());
}

TEST(Put, ListsEveryFailingFieldAndStoresNothing) {
  Device device;
  Definition bad = cron_of("60 * * * *");
  bad.timing.zone = "Mars/Base";
  bad.name = std::string(129, 'n');
  bad.handler = "unknown";
  bad.misfire.max_runs = 0;
  bad.priority = 12;
  const auto put = device.put(bad);
  EXPECT_EQ(refusals(put),
            "name:name_too_long cron.minute:cron_out_of_range zone:zone_unknown handler:unknown_handler "
            "priority:out_of_range max_runs:out_of_range");
  EXPECT_EQ(put.error().code, "invalid_input");
  EXPECT_EQ(put.error().fields[3].message, "Endpoint not found or not schedulable");
  EXPECT_TRUE(device.operate([](jobs::Work& work) { return list(work, {}, 0, 10); }).schedules.empty());
}

TEST(Put, NamesAreTrimmedAndChecked) {
  Device device;
  Definition definition = cron_of("0 * * * *");
  definition.name = " padded ";
  EXPECT_EQ(device.put(definition)->definition.name, "padded");
  for (const char* name : {"", "  ", "a\nb", "\xFF"}) {
    definition.name = name;
    EXPECT_FALSE(device.put(definition).ok());
  }
}

TEST(Put, S118QuotasCountTheDisabledToo) {
  Device device;
  const Identity component{"pump", Role::none};
  Definition definition = cron_of("0 * * * *");
  definition.enabled = false;
  for (int i = 0; i < 50; ++i) {
    definition.name = "c" + std::to_string(i);
    ASSERT_TRUE(device.put(definition, component).ok()) << i;
  }
  definition.name = "one more";
  const auto refused = device.put(definition, component);
  EXPECT_EQ(refusals(refused), "schedule.quota_exceeded");
  EXPECT_EQ(refused.error().message, "Too many schedules (max 50 per component)");
  definition.name = "c7";  // one that is there may change
  definition.priority = 6;
  EXPECT_EQ(device.put(definition, component)->outcome, PutOutcome::updated);
  for (int i = 50; i < 500; ++i) {
    definition.name = "d" + std::to_string(i);
    ASSERT_TRUE(device.put(definition).ok()) << i;
  }
  definition.name = "too many";
  EXPECT_EQ(refusals(device.put(definition)), "schedule.quota_exceeded");
}

TEST(Put, AComponentSeesItsOwnAndAnOperatorAll) {
  Device device;
  const Identity pump{"pump", Role::none}, valve{"valve", Role::none};
  ASSERT_TRUE(device.put(cron_of("0 * * * *"), pump).ok());
  ASSERT_TRUE(device.put(cron_of("5 * * * *"), valve).ok());
  const auto names = [&](const Identity& who) {
    return device.operate([&](jobs::Work& work) { return list(work, who, 0, 10); }).schedules.size();
  };
  EXPECT_EQ(names(pump), 1U);
  EXPECT_EQ(names({}), 2U);
  const auto found = [&](const Identity& who, const char* id) {
    return device.operate([&](jobs::Work& work) { return get(work, who, id); }).ok();
  };
  EXPECT_TRUE(found(valve, "s2"));
  EXPECT_FALSE(found(valve, "s1"));
  EXPECT_TRUE(found({}, "s1"));
}

TEST(Put, ListPagesByRisingId) {
  Device device;
  for (const char* name : {"a", "b", "c"}) {
    Definition definition = cron_of("0 * * * *");
    definition.name = name;
    ASSERT_TRUE(device.put(definition).ok());
  }
  const auto first = device.operate([](jobs::Work& work) { return list(work, {}, 0, 2); });
  ASSERT_EQ(first.schedules.size(), 2U);
  const auto rest = device.operate([&](jobs::Work& work) { return list(work, {}, *first.next_after_id, 2); });
  ASSERT_EQ(rest.schedules.size(), 1U);
  EXPECT_EQ(rest.schedules[0].definition.name, "c");
  EXPECT_FALSE(rest.next_after_id.has_value());
}

TEST(Remove, WaitingJobsEndCancelledAndTheNameIsFree) {
  Device device("2026-06-01T12:00Z");
  ASSERT_TRUE(device.put(cron_of("* * * * *", Misfire::catch_up())).ok());
  device.advance_to("2026-06-01T12:03:00Z");
  device.decide();
  device.operate([](jobs::Work& work) {  // the first runs, the others wait
    return jobs::claim(work, {1}).claimed.size();
  });
  ASSERT_TRUE(device.remove("n").ok());
  const auto jobs_left = device.all_jobs();
  ASSERT_EQ(jobs_left.size(), 3U);
  for (const auto& job : jobs_left)
    EXPECT_EQ(job.state, job.id == 1 ? jobs::State::running : jobs::State::cancelled) << job.id;
  EXPECT_EQ(refusals(device.remove("n")), "schedule.not_found");
  device.advance_to("2026-06-01T13:00Z");
  EXPECT_TRUE(device.decide().empty());
  EXPECT_EQ(device.put(cron_of("* * * * *"))->id, 2U);
}

TEST(Put, EveryAnchoredAnewNeverRepeatsASlot) {
  Device device;
  ASSERT_TRUE(device.put(every_of(Duration{60'000})).ok());
  for (int i = 0; i < 3; ++i) {
    device.advance(Duration{60'000});
    device.decide();
    device.finish_jobs();
  }
  ASSERT_TRUE(device.put(every_of(Duration{90'000})).ok());
  device.advance(Duration{89'999});
  EXPECT_TRUE(device.decide().empty());
  device.advance(Duration{1});
  device.decide();
  EXPECT_EQ(device.new_slots(), (std::vector<std::int64_t>{60'000, 120'000, 180'000, 270'000}));
}

}  // namespace
}  // namespace dormouse::schedules
