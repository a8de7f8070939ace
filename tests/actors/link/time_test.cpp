// SPDX-License-Identifier: Apache-2.0
// time.query and time.set over a link: who may, what is told to whom, what is refused.
#include <gtest/gtest.h>

#include "runtime/time/rfc3339.hpp"
#include "tests/actors/link/peer.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using wire::Key;
using wire::Message;
using wire::Record;

const WallTime kBuild = *parse_rfc3339("2026-01-01T00:00:00Z");
const WallTime kNoon = *parse_rfc3339("2026-06-01T12:00:00Z");
const Identity kGnss{"gnss", Role::none, {Capability::clock}};

SimulatedSetup without_source(WallTime wall_at_start) {
  return {.start = kNoon,
          .rtc = hal_sim::RtcKind::none,
          .synced = false,
          .wall_without_rtc = wall_at_start,
          .build_date = kBuild};
}
Record time_of(WallTime wall) {
  return Record().put_int(Key::wall, wall.ms);
}
/// What this component is answered in a session of its own.
Result<Record> ask(SimulatedDevice& device, const Identity& who, Message type, const Record& body = {}) {
  Peer peer(device, who);
  check(peer.birth().has_value(), "time_test:birth");
  return peer.ask(type, body);
}

TEST(TimeOnALink, L055_only_who_has_the_capability_tells_the_time) {
  SimulatedDevice device(without_source(WallTime{}));
  ASSERT_TRUE(device.boot().ok());
  const auto refused = ask(device, kPump, Message::time_set, time_of(kNoon));
  EXPECT_EQ(refused.error().code, "link.forbidden");
  EXPECT_NE(refused.error().message.find("clock"), std::string::npos);
  EXPECT_EQ(device.clock().read().wall, WallTime{});
  EXPECT_EQ(device.trust(), Trust::untrusted);
  const auto set = ask(device, kGnss, Message::time_set, time_of(kNoon));
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(set->get_uint(Key::trust), 2U);
  EXPECT_EQ(set->get_int(Key::wall), kNoon.ms);
}

TEST(TimeOnALink, what_cannot_be_the_time_is_refused) {
  SimulatedDevice device(without_source(WallTime{}));
  ASSERT_TRUE(device.boot().ok());
  struct Row {
    const char* name;
    Identity who;
    Record body;
    const char* code;
  };
  const std::vector<Row> rows = {
      {"before the build date, forced", kOperator, time_of(kBuild - 1s).put_bool(Key::force, true),
       "time.out_of_range"},
      {"after the ceiling", kGnss, time_of(kBuild + 16 * 365 * 24h), "time.out_of_range"},
      {"no wall", kGnss, {}, "invalid_input"},
      {"a wall that is a text", kGnss, Record().put_text(Key::wall, "noon"), "link.bad_body"},
      {"a negative bound", kGnss, time_of(kNoon).put_int(Key::max_error, -1), "invalid_input"},
      {"a long source", kGnss, time_of(kNoon).put_text(Key::source, std::string(33, 's')), "invalid_input"},
      {"force by a link", kGnss, time_of(kNoon).put_bool(Key::force, true), "link.forbidden"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(ask(device, row.who, Message::time_set, row.body).error().code, row.code);
  }
  EXPECT_EQ(device.clock().read().wall, WallTime{});
}

TEST(TimeOnALink, people_are_told_more_of_the_time_than_firmware) {
  SimulatedDevice device({.start = kNoon, .build_date = kBuild});
  ASSERT_TRUE(device.boot().ok());
  device.advance(10s);
  const auto firmware = ask(device, kPump, Message::time_query);
  ASSERT_TRUE(firmware.ok());
  EXPECT_EQ(firmware->get_uint(Key::trust), 2U);
  EXPECT_EQ(firmware->get_int(Key::wall), (kNoon + 10s).ms);
  EXPECT_EQ(firmware->get_int(Key::max_error), 40);
  EXPECT_EQ(firmware->get_text(Key::source), "kernel");
  EXPECT_EQ(firmware->get_int(Key::since), 10'000);
  EXPECT_FALSE(firmware->has(Key::floor));
  const auto people = ask(device, kOperator, Message::time_query);
  ASSERT_TRUE(people.ok());
  EXPECT_EQ(people->get_text(Key::mode), "trusted");
  EXPECT_EQ(people->get_int(Key::offset), kNoon.ms);
  EXPECT_EQ(people->get_int(Key::suspended), 0);
  EXPECT_EQ(people->get_text(Key::rtc), "set the clock");
  EXPECT_TRUE(people->has(Key::floor) && people->has(Key::rtc_mark) && people->has(Key::ceiling));
  EXPECT_FALSE(people->get_records(Key::wakes)->empty());
  EXPECT_EQ(people->get_uint(Key::short_suspends), 0U);
  device.suspend(1s);
  EXPECT_EQ(ask(device, kOperator, Message::time_query)->get_uint(Key::short_suspends), 1U);
  EXPECT_EQ(people->get_uint(Key::short_steps), 0U);
  device.clock().step(1s);
  device.advance(0s);
  EXPECT_EQ(ask(device, kOperator, Message::time_query)->get_uint(Key::short_steps), 1U);
}

TEST(TimeOnALink, a_session_is_told_its_capabilities) {
  SimulatedDevice device;
  ASSERT_TRUE(device.boot().ok());
  Peer peer(device, kGnss);
  EXPECT_EQ(peer.birth()->capabilities, (std::vector<std::string>{"clock"}));
}

// -- work that wakes the device --

TEST(WakingWork, L101_needs_the_capability) {
  SimulatedDevice device({.wake = hal::AlarmSet::not_permitted});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const Record job =
      Record().put_text(Key::handler, "h").put_int(Key::after, 3'600'000).put_bool(Key::wake_system, true);
  const auto refused = ask(device, kPump, Message::job_enqueue, job);
  EXPECT_EQ(refused.error().code, "link.forbidden");
  EXPECT_NE(refused.error().message.find("wake"), std::string::npos);
  EXPECT_TRUE(device.jobs().empty());
  const Identity may{"pump", Role::none, {Capability::wake}};
  const auto accepted = ask(device, may, Message::job_enqueue, job);
  ASSERT_TRUE(accepted.ok());
  // This board cannot: the job says so.
  const auto shown = ask(device, may, Message::job_get, Record().put_uint(Key::id, *accepted->get_uint(Key::id)));
  EXPECT_EQ(shown->get_text(Key::wake), "unavailable");
  EXPECT_EQ(shown->get_bool(Key::wake_system), true);
}

}  // namespace
}  // namespace dormouse::sim
