// SPDX-License-Identifier: Apache-2.0
#include "bench.hpp"
#include "runtime/jobs/job_codec.hpp"
#include "runtime/jobs/retry.hpp"
#include "runtime/jobs/sha256.hpp"
#include "runtime/jobs/validate.hpp"

namespace dormouse::jobs {
namespace {

using wire::Key;
using wire::Record;

/// A spec with nothing at its default.
JobSpec rich_spec() {
  JobSpec spec = due_at(h(), 10);
  spec.misfire.max_age = s(90);
  spec.grace = s(1);
  spec.retry = Retry{.preset = "", .max_attempts = 4, .initial = s(1), .max = s(2), .factor_percent = 125};
  spec.interrupted_limit = 7;
  spec.conflict_key = "K";
  spec.conflict_policy = ConflictPolicy::fail;
  spec.idempotency_key = "q";
  spec.idempotency_ttl = s(5);
  spec.priority = 9;
  spec.needs_time = Trust::synced;
  spec.timeout = s(20);
  spec.handler_check = HandlerCheck::later;
  spec.args = Bytes("\0\1", 2);
  return spec;
}

TEST(JobCodec, AJobComesBackAsItWas) {
  Job job;
  job.id = 7;
  job.component = 3;
  job.spec = rich_spec();
  job.trigger = Trigger::startup;
  job.schedule = 4;
  job.slot_ms = -5;
  job.schedule_name = "nightly";
  job.due = Due::elapsed(2, Instant{77});
  job.state = State::dead;
  job.because = Because::retry;
  job.revision = 2;
  job.attempt = 5;
  job.used = 4;
  job.interrupted = 1;
  job.epoch = 9;
  job.settled = job.in_line = true;
  job.missed_count = 1;
  job.first_missed_ms = kT0;
  job.cancel_requested = "";
  job.result = "r";
  job.error_code = "x.y";
  job.error_message = "no";
  job.reason = "attempts_exhausted";
  job.continuations = 3;
  job.after_job = 6;
  job.forget = Due::elapsed(1, Instant{5});
  job.args_hash = sha256("");
  job.attempts.assign(10, {5,
                           2,
                           {WallTime{kT0}, Trust::rtc, 1},
                           {WallTime{kT0}, Trust::synced, 2},
                           Outcome::Kind::timed_out,
                           "job.timed_out"});
  job.created = {WallTime{kT0}, Trust::synced, 1};
  job.started = Noted{WallTime{kT0 + 1}, Trust::synced, 1};
  job.ended = Noted{WallTime{kT0 + 2}, Trust::synced, 2};
  const Result<Job> back = decode_job(encode(job));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back, job);
}

TEST(JobCodec, ASmallJobIsASmallRecord) {
  Bench device;
  device.submitted(h());
  const Job job = device.in_work([](Work& work) { return *load(work, 1); });
  EXPECT_LT(encode(job).size(), 80u);
}

TEST(JobCodec, ADamagedRecordIsRefused) {
  Job job;
  job.id = 1;
  job.spec = h();
  const Bytes good = encode(job);
  ASSERT_TRUE(decode_job(good).ok());
  const auto refused = [&](auto change) {
    Record record = *Record::decode(good);
    change(record);
    const Result<Job> back = decode_job(record.encode());
    return !back.ok() && back.error().code == "store.corrupt_record";
  };
  EXPECT_TRUE(refused([](Record& record) { record.put_uint(Key::misfire, 4); }));
  EXPECT_TRUE(refused([](Record& record) { record.put_text(Key::misfire, "soon"); }));
  EXPECT_TRUE(refused([](Record& record) { record.put_uint(Key::state, 9); }));
  EXPECT_TRUE(refused([](Record& record) { record.put_text(Key::retry, "sometimes"); }));
  EXPECT_TRUE(refused([](Record& record) { record.put_text(Key::id, "1"); }));
  EXPECT_TRUE(refused([](Record& record) { record.put_null(Key::due); }));
  EXPECT_FALSE(decode_job("not cbor").ok());
}

TEST(EnqueueBody, ASpecComesBackAsItWas) {
  for (JobSpec spec : {rich_spec(), h(), after(h(Misfire::windowed(Duration{0})), s(5))}) {
    const auto back = spec_from(*Record::decode(enqueue_body(spec).encode()));
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(*back, spec);
  }
}

TEST(EnqueueBody, DefaultsAreThoseOfTheWire) {
  const auto spec = spec_from(Record{}.put_text(Key::handler, "h"));
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(*spec, h());
}

TEST(EnqueueBody, EveryFieldThatFailsIsNamed) {
  struct Row {
    const char* name;
    Record body;
    const char* code;
    const char* fields;
  };
  const auto body = [] { return Record{}.put_text(Key::handler, "h"); };
  const Row rows[] = {
      {"no handler, priority 12", Record{}.put_int(Key::priority, 12), "invalid_input",
       "handler: required, priority: out_of_range"},
      {"text as after", body().put_text(Key::after, "5"), "link.bad_body", "after: bad_format"},
      {"two wrong types", body().put_text(Key::after, "5").put_bool(Key::args, true), "link.bad_body", ""},
      {"at and after", body().put_int(Key::at, 1).put_int(Key::after, 1), "invalid_input",
       "at: not_allowed, after: not_allowed"},
      {"J065 windowed without window", body().put_uint(Key::misfire, 3), "invalid_input", "window: required"},
      {"J065 skip with window", body().put_uint(Key::misfire, 1).put_int(Key::window, 5), "invalid_input",
       "window: not_allowed"},
      {"skip with window 0", body().put_uint(Key::misfire, 1).put_int(Key::window, 0), "invalid_input",
       "window: not_allowed"},
      {"J065 once with retry", body().put_uint(Key::misfire, 2).put_text(Key::retry, "fast"), "invalid_input",
       "retry: not_allowed"},
      {"max_runs", body().put_uint(Key::max_runs, 5), "invalid_input", "max_runs: not_allowed"},
      {"unknown policy", body().put_uint(Key::misfire, 4), "invalid_input", "misfire: out_of_range"},
      {"unknown preset", body().put_text(Key::retry, "sometimes"), "invalid_input", "retry: bad_format"},
      {"wrong type in retry", body().put_record(Key::retry, Record{}.put_text(Key::max, "1")), "link.bad_body",
       "retry.max: bad_format"},
      {"reading and bounds at once", body().put_uint(Key::misfire, 3).put_int(Key::grace, -1), "invalid_input",
       "window: required, grace: out_of_range"},
  };
  for (const Row& row : rows) {
    const auto spec = spec_from(row.body);
    ASSERT_FALSE(spec.ok()) << row.name;
    EXPECT_EQ(spec.error().code, row.code) << row.name;
    if (*row.fields) {
      EXPECT_EQ(fields_of(spec.error()), row.fields) << row.name;
    }
  }
  EXPECT_EQ(spec_from(rows[2].body).error().fields.size(), 2u);
}

TEST(EnqueueBody, TheAliasOfAPresetIsShownBackByItsName) {
  const auto spec = spec_from(Record{}.put_text(Key::handler, "h").put_text(Key::retry, "rateLimit"));
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec->retry->preset, "rate_limit");
}

TEST(Listing, ShowsTheStateByNowAndKeepsArgsBack) {
  Bench device;
  JobSpec spec = h();
  spec.args = "secret";
  device.submitted(spec);
  const Job job = device.job(1);
  const Record shown = listing(job, {.component = "app", .told = {State::ready, Because::place}});
  EXPECT_EQ(shown.get_uint(Key::state), 1u);
  EXPECT_EQ(shown.get_text(Key::because), "place");
  EXPECT_EQ(shown.get_text(Key::component), "app");
  EXPECT_EQ(shown.get_uint(Key::misfire), 0u);
  EXPECT_FALSE(shown.has(Key::args));
  EXPECT_EQ(listing(job, {.with_args = true}).get_bytes(Key::args), "secret");
}

TEST(Text, IsCutBetweenCharactersAndMadeUtf8) {
  EXPECT_EQ(clean_text("abc", 10), "abc");
  EXPECT_EQ(clean_text("a\xffz", 10), "a?z");
  EXPECT_EQ(clean_text("a\xc3\xa4", 2), "a");
  EXPECT_EQ(clean_text("abc", 2), "ab");
}

TEST(Sha256, MatchesThePublishedDigests) {
  const auto hex = [](const Bytes& bytes) {
    std::string text;
    for (const unsigned char byte : bytes) {
      for (const int half : {byte >> 4, byte & 15}) text.push_back("0123456789abcdef"[half]);
    }
    return text;
  };
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256(Bytes(1'000'000, 'a'))), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

}  // namespace
}  // namespace dormouse::jobs
