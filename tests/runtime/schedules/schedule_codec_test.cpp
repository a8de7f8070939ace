// SPDX-License-Identifier: Apache-2.0
// Schedules as bytes and as message bodies.
#include "runtime/schedules/schedule_codec.hpp"

#include <gtest/gtest.h>

#include "helpers.hpp"
#include "runtime/jobs/misfire.hpp"
#include "runtime/jobs/retry.hpp"
#include "runtime/schedules/validate.hpp"

namespace dormouse::schedules {
namespace {

using jobs::Misfire;
using test::refusals;
using wire::Key;
using wire::Record;

Definition full_definition() {
  Definition definition{
      .name = "backup",
      .timing = {.kind = Kind::weekly, .text = "mon,thu 06:00", .zone = "Europe/Berlin", .dst = Dst::absolute},
      .handler = "work",
      .args = Bytes("\0\xFF", 2),
      .misfire = Misfire::windowed(Duration{0}),
      .grace = Duration{0},
      .timeout = Duration{1'000},
      .retry = jobs::retry_preset("fast"),
      .priority = 9,
      .needs_time = Trust::synced,
      .enabled = false};
  definition.misfire.max_runs = 7;
  return definition;
}

TEST(ScheduleCodec, ARecordReadsBackAsItWas) {
  Schedule schedule{.id = 17,
                    .component = 3,
                    .definition = full_definition(),
                    .revision = 4,
                    .decided_until = -5,
                    .next_slot = 1'780'308'000'000,
                    .next_due = Due::at(WallTime{1'780'308'000'000}),
                    .anchor = Due::elapsed(2, Instant{-7}),
                    .created_while_untrusted = Due::elapsed(9, Instant{1}),
                    .handed = {{1, 2}, {5, 5}},
                    .live_jobs = {8, 9},
                    .runs = 1,
                    .missed = 2,
                    .caught_up = 3,
                    .dropped = 4,
                    .overlap_skipped = 5,
                    .last_slot = 6,
                    .created = {WallTime{10}, Trust::rtc, 11}};
  auto read = decode_schedule(encode(schedule));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, schedule);

  Schedule plain{
      .id = 1,
      .definition = {.name = "n", .timing = {.kind = Kind::every, .period = Duration{60'000}}, .handler = "work"}};
  read = decode_schedule(encode(plain));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, plain);
}

TEST(ScheduleCodec, RefusesARecordThatLacksSomething) {
  const Schedule schedule{.id = 1, .definition = full_definition()};
  for (const Key key : {Key::id, Key::revision, Key::decided_until, Key::created, Key::weekly}) {
    Record damaged = *Record::decode(encode(schedule));
    damaged.put_null(key);
    EXPECT_EQ(refusals(decode_schedule(damaged.encode())), "store.corrupt_record") << wire::name_of(key);
  }
  EXPECT_FALSE(decode_schedule("nonsense").ok());
}

TEST(ScheduleCodec, APutBodyReadsBackAsItWas) {
  const Definition definition = full_definition();
  const auto read = definition_from(*Record::decode(put_body(definition).encode()));
  ASSERT_TRUE(read.ok()) << refusals(read);
  EXPECT_EQ(*read, definition);
}

Record body() {
  return Record{}.put_text(Key::schedule, "n").put_text(Key::handler, "work").put_text(Key::cron, "0 * * * *");
}

TEST(ScheduleCodec, S151DefaultsAndPoliciesAreShownBack) {
  const auto plain = definition_from(body());
  ASSERT_TRUE(plain.ok());
  EXPECT_STREQ(jobs::name_of(plain->misfire.policy), "skip");
  EXPECT_EQ(plain->grace, Duration{60'000});
  EXPECT_EQ(refusals(definition_from(body().put_int(Key::misfire, 4))), "misfire:misfire_unknown");
  EXPECT_EQ(refusals(definition_from(body().put_int(Key::misfire, 3))), "window:required");
  for (const std::int64_t runs : {0, 1'001, -1})
    EXPECT_EQ(refusals(definition_from(body().put_int(Key::max_runs, runs))), "max_runs:out_of_range");
  EXPECT_EQ(jobs::parse_policy("catch_up_all"), Misfire::Policy::catch_up);
  EXPECT_EQ(jobs::parse_policy("catch_up_one"), Misfire::Policy::run_once_if_missed);
  EXPECT_FALSE(jobs::parse_policy("sometimes").has_value());
  EXPECT_EQ(listing(Schedule{.id = 1, .definition = *plain}).get_int(Key::misfire), 1);
  EXPECT_EQ(listing(Schedule{.id = 1, .definition = *plain}).get_int(Key::grace), 60'000);
}

TEST(ScheduleCodec, ListsAllFailingFieldsAtOnce) {
  Record bad;
  bad.put_text(Key::cron, "60 * * * *").put_text(Key::zone, "Mars/Base").put_int(Key::dst, 3);
  bad.put_int(Key::overlap, 1).put_int(Key::grace, -1);
  const std::string all = refusals(definition_from(bad));
  for (const char* field : {"name:required", "handler:required", "cron.minute:cron_out_of_range",
                            "zone:zone_unknown", "dst:out_of_range", "overlap:not_allowed", "grace:out_of_range"})
    EXPECT_NE(all.find(field), std::string::npos) << field << " in " << all;
}

TEST(ScheduleCodec, TakesExactlyOneTiming) {
  EXPECT_EQ(refusals(definition_from(body().put_int(Key::every, 60'000))), "cron:not_allowed every:not_allowed");
  Record none = Record{}.put_text(Key::schedule, "n").put_text(Key::handler, "work");
  EXPECT_EQ(refusals(definition_from(none)), "cron:required");
  EXPECT_EQ(definition_from(none.put_text(Key::every, "1h30m"))->timing.period, Duration{5'400'000});
}

TEST(ScheduleCodec, ANeedForTimeIsWrittenOnlyWhereTheKindHasItNotAnyway) {
  const auto listed = [](const Definition& definition) {
    return listing(Schedule{.id = 1, .definition = definition}).get_int(Key::needs_time);
  };
  const Record hourly = body();
  const Record often =
      Record{}.put_text(Key::schedule, "n").put_text(Key::handler, "work").put_int(Key::every, 5'000);
  struct Row {
    const Record& body;
    int asked;
    Trust states;
    Trust needs;
  };
  const Row rows[] = {
      {hourly, 0, Trust::untrusted, Trust::rtc}, {hourly, 1, Trust::untrusted, Trust::rtc},
      {hourly, 2, Trust::synced, Trust::synced}, {often, 0, Trust::untrusted, Trust::untrusted},
      {often, 1, Trust::rtc, Trust::rtc},        {often, 2, Trust::synced, Trust::synced},
  };
  for (const Row& row : rows) {
    const auto read = definition_from(Record(row.body).put_int(Key::needs_time, row.asked));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->needs_time, row.states);
    EXPECT_EQ(needs_of(*read), row.needs);
    EXPECT_EQ(spec_of(*read).needs_time, row.needs) << "what its jobs need";
    EXPECT_EQ(listed(*read).has_value(), row.states != Trust::untrusted);
    const Schedule schedule{.id = 1, .definition = *read};
    EXPECT_EQ(Record::decode(encode(schedule))->has(Key::needs_time), row.states != Trust::untrusted);
    EXPECT_EQ(*decode_schedule(encode(schedule)), schedule);
  }
  // Before it could be asked for no record had it.
  EXPECT_EQ(definition_from(often)->needs_time, Trust::untrusted);
  EXPECT_EQ(needs_of(*definition_from(hourly)), Trust::rtc);
}

TEST(ScheduleCodec, ANeedForTimeThatDoesNotExistIsRefusedByName) {
  for (const int asked : {-1, 3}) {
    const auto refused = definition_from(body().put_int(Key::needs_time, asked));
    EXPECT_EQ(refusals(refused), "needs_time:out_of_range");
    EXPECT_NE(refused.error().message.find("needs_time must be 0 any, 1 rtc or 2 synced"), std::string::npos)
        << refused.error().message;
  }
  Record damaged = *Record::decode(encode({.id = 1, .definition = full_definition()}));
  EXPECT_EQ(refusals(decode_schedule(damaged.put_int(Key::needs_time, 3).encode())), "store.corrupt_record");
}

TEST(ScheduleCodec, AWrongTypeIsABadBody) {
  EXPECT_EQ(definition_from(body().put_text(Key::needs_time, "rtc")).error().code, "link.bad_body");
  EXPECT_EQ(definition_from(body().put_text(Key::grace, "soon")).error().code, "link.bad_body");
  EXPECT_EQ(definition_from(body().put_int(Key::zone, 2)).error().code, "link.bad_body");
}

}  // namespace
}  // namespace dormouse::schedules
