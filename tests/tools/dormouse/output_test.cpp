// SPDX-License-Identifier: Apache-2.0
// Tables, errors and the log's sentences.
#include "tools/dormouse/output.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tools/dormouse/event_log.hpp"

namespace dormouse::cli {
namespace {

using actors::Event;

TEST(Output, columns_are_as_wide_as_their_widest_cell_in_characters) {
  Table table({"ID", "NAME", "NOTE"});
  table.row({"1", "grün", "x"}).row({"200", "", "two\nlines"});
  EXPECT_EQ(table.text(),
            "ID   NAME  NOTE\n"
            "1    grün  x\n"
            "200  -     two lines\n");
}

TEST(Output, facts_leave_out_what_is_not_known) {
  EXPECT_EQ(facts({{"state", "ready"}, {"a long name", ""}, {"due", "now"}}), "state  ready\ndue    now\n");
}

TEST(Output, a_value_of_several_lines_stays_in_its_column) {
  EXPECT_EQ(facts({{"id", "7"}, {"result", "one\ntwo\n"}}), "id      7\nresult  one\n        two\n");
}

TEST(Output, an_error_is_its_code_then_hint_and_fields_a_line_each) {
  const Error error{.code = "invalid_input",
                    .message = "two fields fail",
                    .hint = "try less",
                    .fields = {{"grace", "out_of_range", "must be 0..1"}, {"args", "too_large", "must be small"}}};
  EXPECT_EQ(error_text(error),
            "error invalid_input: two fields fail\n"
            "hint: try less\n"
            "field grace: must be 0..1\n"
            "field args: must be small\n");
}

TEST(Output, what_was_given_is_at_fault_or_what_was_met) {
  struct Case {
    const char* code;
    int exit;
  };
  const Case cases[] = {{"usage", 2},           {"invalid_input", 2},    {"time.bad_instant", 2},
                        {"config.required", 2}, {"job.not_found", 1},    {"client.no_device", 1},
                        {"store.locked", 1},    {"cron.never_fires", 1}, {"link.forbidden", 1}};
  for (const auto& row : cases) EXPECT_EQ(exit_code(Error{row.code, ""}), row.exit) << row.code;
}

Event event_of(Event::Kind kind, jobs::State state = jobs::State::scheduled) {
  Event event{.kind = kind, .now = {.instant = {5'000}, .boot = 3}};
  event.job = 12;
  event.handler = "backup";
  event.state = state;
  return event;
}

TEST(Output, events_read_as_sentences) {
  Event started = event_of(Event::Kind::started, jobs::State::running);
  started.attempt = 1;
  EXPECT_EQ(sentence(started), "job 12 backup started (attempt 1)");
  EXPECT_EQ(sentence(event_of(Event::Kind::ended, jobs::State::succeeded)), "job 12 backup succeeded");
  EXPECT_EQ(sentence(event_of(Event::Kind::ended, jobs::State::scheduled)), "job 12 backup is to run again");
  Event boot{.kind = Event::Kind::boot, .now = {.boot = 3}};
  boot.text = "power_loss";
  EXPECT_EQ(sentence(boot), "boot 3: power_loss");
}

TEST(Output, an_events_wall_time_is_told_while_it_is_believable) {
  Event event = event_of(Event::Kind::enqueued);
  EXPECT_FALSE(nlohmann::json::parse(json_line(event)).contains("wall"));
  event.now.wall = WallTime{1'780'315'200'000};
  event.now.trust = Trust::synced;
  const auto line = nlohmann::json::parse(json_line(event));
  EXPECT_EQ(line.at("wall"), "2026-06-01T12:00:00Z");
  EXPECT_EQ(line.at("event"), "enqueued");
  EXPECT_EQ(line.at("id"), 12);
}

}  // namespace
}  // namespace dormouse::cli
