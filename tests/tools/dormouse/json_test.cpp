// SPDX-License-Identifier: Apache-2.0
// Bodies of messages as JSON: words for numbers, instants, bytes.
#include "tools/dormouse/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "runtime/jobs/job_codec.hpp"
#include "runtime/schedules/schedule_codec.hpp"

namespace dormouse::cli {
namespace {

using nlohmann::json;
using wire::Key;
using wire::Record;

constexpr std::int64_t june = 1'780'315'200'000;  // 2026-06-01T12:00:00Z

jobs::Job finished_job() {
  jobs::Job job;
  job.id = 12;
  job.spec.handler = "backup";
  job.spec.args = R"({"level": 3})";
  job.spec.misfire = jobs::Misfire::windowed(Duration{7'200'000});
  job.spec.needs_time = Trust::synced;
  job.state = jobs::State::succeeded;
  job.attempt = 2;
  job.result = "done";
  job.created = {WallTime{june}, Trust::rtc, 3};
  job.started = jobs::Noted{WallTime{june}, Trust::untrusted, 3};
  job.attempts = {{.attempt = 1, .boot = 3, .outcome = jobs::Outcome::Kind::retryable, .code = "exec.exit"},
                  {.attempt = 2, .boot = 3, .outcome = jobs::Outcome::Kind::ok}};
  return job;
}

json shown_job(const jobs::Job& job) {
  jobs::Shown shown;
  shown.component = "device";
  shown.told.state = job.state;
  shown.due = WallTime{june + 250};
  shown.late = Duration{1'500};
  shown.with_args = true;
  return to_json(jobs::listing(job, shown));
}

TEST(Json, a_job_is_shown_in_words_with_instants_and_milliseconds) {
  const json job = shown_job(finished_job());
  EXPECT_EQ(job.at("id"), 12);
  EXPECT_EQ(job.at("state"), "succeeded");
  EXPECT_EQ(job.at("misfire"), "windowed");
  EXPECT_EQ(job.at("window"), 7'200'000);
  EXPECT_EQ(job.at("needs_time"), "synced");
  EXPECT_EQ(job.at("due"), "2026-06-01T12:00:00.250Z");
  EXPECT_EQ(job.at("lateness"), 1'500);
  EXPECT_EQ(job.at("args"), R"({"level": 3})");
  EXPECT_EQ(job.at("result"), "done");
  EXPECT_EQ(job.at("created"), json({{"wall", "2026-06-01T12:00:00Z"}, {"trust", "rtc"}, {"boot", 3}}));
  EXPECT_EQ(job.at("attempts").at(0).at("outcome"), "retryable");
  EXPECT_EQ(job.at("attempts").at(0).at("code"), "exec.exit");
  EXPECT_EQ(job.at("attempts").at(1).at("outcome"), "ok");
}

TEST(Json, a_wall_time_that_was_not_believable_is_not_shown) {
  EXPECT_EQ(shown_job(finished_job()).at("started"), json({{"trust", "untrusted"}, {"boot", 3}}));
}

TEST(Json, bytes_are_text_if_they_are_utf8_and_hexadecimal_otherwise) {
  Record record;
  record.put_bytes(Key::args, "gr\xC3\xBC\xC3\x9F").put_bytes(Key::result, Bytes("\xFF\x00\x10", 3));
  const json shown = to_json(record);
  EXPECT_EQ(shown.at("args"), "grüß");
  EXPECT_EQ(shown.at("result"), json({{"hex", "ff0010"}}));
  EXPECT_EQ(readable(Bytes("\xFF\x00\x10", 3)), "ff0010");
}

TEST(Json, slots_of_wall_time_are_instants_and_those_of_elapsed_time_are_numbers) {
  Record wall;
  wall.put_text(Key::schedule, "nightly").put_int(Key::slot, june);
  EXPECT_EQ(to_json(wall).at("slot"), "2026-06-01T12:00:00Z");
  Record elapsed;
  elapsed.put_text(Key::schedule, "ticker").put_int(Key::slot, 86'400'000).put_uint(Key::lane, 0);
  elapsed.put_int(Key::due, june);
  EXPECT_EQ(to_json(elapsed).at("slot"), 86'400'000);
  EXPECT_EQ(to_json(elapsed).at("lane"), "elapsed");
  EXPECT_EQ(to_json(elapsed).at("due"), june);
}

TEST(Json, a_schedule_is_shown_with_its_policy_and_its_rule) {
  schedules::Schedule schedule;
  schedule.id = 17;
  schedule.definition.name = "nightly";
  schedule.definition.handler = "backup";
  schedule.definition.timing = {.kind = schedules::Kind::daily, .text = "03:00", .zone = "Europe/Berlin"};
  schedule.next_slot = june;
  schedule.next_due = Due::at(WallTime{june});
  const json shown = to_json(schedules::listing(schedule, "device"));
  EXPECT_EQ(shown.at("schedule"), "nightly");
  EXPECT_EQ(shown.at("daily"), "03:00");
  EXPECT_EQ(shown.at("dst"), "once");
  EXPECT_EQ(shown.at("misfire"), "skip");
  EXPECT_EQ(shown.at("grace"), 60'000);
  EXPECT_EQ(shown.at("lane"), "wall");
  EXPECT_EQ(shown.at("due"), "2026-06-01T12:00:00Z");
}

TEST(Json, the_outcome_of_a_put_is_not_that_of_an_attempt) {
  Record put;
  put.put_uint(Key::revision, 2).put_uint(Key::outcome, 1);
  EXPECT_EQ(to_json(put).at("outcome"), "updated");
}

TEST(Json, lists_keep_their_order_and_the_request_number_is_left_out) {
  Record record;
  record.put_uint(Key::re, 7).put_texts(Key::line, {"b", "a"}).put_ints(Key::gap, {2, 1});
  record.put_records(Key::items, {Record().put_bool(Key::created, true)});
  EXPECT_EQ(to_json(record), json({{"line", {"b", "a"}}, {"gap", {2, 1}}, {"items", {{{"created", true}}}}}));
}

TEST(Json, one_value_is_shown_without_quotes_and_an_absent_one_as_nothing) {
  Record record;
  record.put_uint(Key::state, 5).put_uint(Key::id, 3);
  record.put_record(Key::created, Record().put_int(Key::wall, june).put_uint(Key::trust, 2));
  EXPECT_EQ(shown(record, Key::state), "dead");
  EXPECT_EQ(shown(record, Key::id), "3");
  EXPECT_EQ(shown(record, Key::created, Key::wall), "2026-06-01T12:00:00Z");
  EXPECT_EQ(shown(record, Key::due), "");
  EXPECT_TRUE(record.bad_fields().empty());
}

}  // namespace
}  // namespace dormouse::cli
