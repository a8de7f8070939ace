// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <random>

#include "bench.hpp"
#include "runtime/jobs/job_codec.hpp"
#include "runtime/jobs/retry.hpp"
#include "runtime/jobs/sha256.hpp"
#include "runtime/jobs/validate.hpp"
#include "runtime/store/keys.hpp"

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
  spec.wake_system = true;
  spec.needs_time = Trust::synced;
  spec.timeout = s(20);
  spec.handler_check = HandlerCheck::later;
  spec.args = Bytes("\0\1", 2);
  return spec;
}

/// Where the job's record stands.
Bytes key_of(const Job& job) {
  return has_ended(job.state) ? store::keys::finished(3) : store::keys::job(job.due, job.id);
}

/// A job with nothing at its default.
Job rich_job() {
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
  return job;
}

void expect_back(const Job& job, const std::string& what) {
  const Result<Job> back = decode_job(key_of(job), encode(job));
  ASSERT_TRUE(back.ok()) << what << ": " << back.error().message;
  EXPECT_EQ(*back, job) << what;
}

TEST(JobCodec, AJobComesBackAsItWas) {
  Job job = rich_job();
  for (const State state : {State::scheduled, State::running, State::succeeded, State::dead, State::cancelled,
                            State::missed, State::replaced}) {
    for (const Due& due : {Due::elapsed(2, Instant{77}), Due::at(WallTime{-3})}) {
      job.state = state;
      job.due = due;
      expect_back(job, "state " + std::to_string(static_cast<int>(state)));
    }
  }
}

TEST(JobCodec, WhatIsLeftOutComesBackWhateverItWas) {
  const Noted times[] = {{WallTime{kT0}, Trust::synced, 1},
                         {WallTime{kT0 + 5}, Trust::synced, 1},
                         {WallTime{-kT0}, Trust::untrusted, 4'000'000'000},
                         {WallTime{INT64_MAX}, Trust::rtc, 1},
                         {WallTime{INT64_MIN}, Trust::synced, 1}};
  std::mt19937_64 random(9);
  const auto any = [&](std::uint64_t count) { return static_cast<std::uint32_t>(random() % count); };
  for (int round = 0; round < 2'000; ++round) {
    Job job = any(2) ? rich_job() : Job{.id = 1, .spec = h()};
    job.state = static_cast<State>(any(9));
    job.because = static_cast<Because>(any(12));
    job.trigger = static_cast<Trigger>(any(6));
    job.attempt = any(4);
    job.used = any(4);
    job.epoch = any(3);
    job.settled = any(2) == 0;
    job.created = times[any(5)];
    job.started = any(3) ? std::optional(times[any(5)]) : std::nullopt;
    if (any(2)) job.spec.retry = usual_retry(job.spec.delivery);
    job.ended = any(3) ? std::optional(times[any(5)]) : std::nullopt;
    job.attempts.clear();
    for (auto left = any(4); left > 0; --left) {
      job.attempts.push_back({any(4), any(3), any(2) ? job.started.value_or(times[1]) : times[any(5)],
                              any(2) ? job.ended.value_or(times[1]) : times[any(5)],
                              static_cast<Outcome::Kind>(any(8)), any(2) ? "" : "x.y"});
    }
    expect_back(job, "round " + std::to_string(round));
    if (HasFailure()) return;
  }
}

TEST(JobCodec, TheHeadOfAnEndedJobTellsWhatGoesWithIt) {
  for (Job job : {rich_job(), Job{.id = 8, .component = 2, .spec = h()}}) {
    job.state = State::succeeded;
    const Result<EndedHead> head = decode_ended_head(encode(job));
    ASSERT_TRUE(head.ok());
    EXPECT_EQ(head->id, job.id);
    EXPECT_EQ(head->component, job.component);
    EXPECT_EQ(head->schedule, job.schedule);
    EXPECT_EQ(head->slot_ms, job.slot_ms);
    EXPECT_EQ(head->idempotency_key, job.spec.idempotency_key);
    EXPECT_EQ(head->forget, job.forget);
    EXPECT_FALSE(head->args_apart || head->result_apart);
    EXPECT_EQ(decode_ended_time(encode(job)).value(), job.ended);
    job.args_apart = 2'000;
    EXPECT_TRUE(decode_ended_head(encode(job))->args_apart);
    job.result_apart = 2'000;
    EXPECT_TRUE(decode_ended_head(encode(job))->result_apart);
    job.state = State::running;
    EXPECT_FALSE(decode_ended_head(encode(job)).ok()) << "its id is in its key";
  }
  EXPECT_FALSE(decode_ended_head("noise").ok());
  EXPECT_FALSE(decode_ended_time("noise").ok());
}

TEST(JobCodec, AClaimBringsAJobUpToItsAttempt) {
  for (Job job : {rich_job(), Job{.id = 1, .spec = h()}}) {
    job.state = State::scheduled;
    job.because = Because::retry;
    const Job before = job;
    job.state = State::running;
    job.because = Because::none;
    ++job.attempt;
    ++job.used;
    job.epoch = 12;
    job.settled = true;
    job.missed_count = 1;
    job.first_missed_ms = kT0 - 5;
    job.started = Noted{WallTime{kT0 + 60}, Trust::rtc, 12};
    const Bytes claim = encode_claim(job);
    Job read = before;
    ASSERT_TRUE(read_claim(claim, read).ok());
    EXPECT_EQ(read, job);
    ASSERT_TRUE(read_claim(claim, read).ok());
    EXPECT_EQ(read, job) << "a record that has it already";
    Job later = job;
    later.state = State::scheduled;
    const Job then = later;
    ASSERT_TRUE(read_claim(claim, later).ok());
    EXPECT_EQ(later, then) << "an attempt that is over";
  }
}

TEST(JobCodec, AClaimThatCannotBeReadLeavesTheJobAlone) {
  const Job job = rich_job();
  for (const Bytes& bad : {Bytes("noise"), Bytes(), Record{}.put_uint(Key::attempt, 9).encode(),
                           Record{}.put_ints(Key::started, {1}).put_text(Key::attempt, "9").encode(),
                           Record{}.put_ints(Key::started, {1, 2}).put_uint(Key::attempt, 9).encode()}) {
    Job read = job;
    const Status status = read_claim(bad, read);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, "store.corrupt_record");
    EXPECT_EQ(read, job);
  }
}

TEST(JobCodec, ASmallJobIsASmallRecord) {
  Bench device;
  device.submitted(h());
  const auto stored = [&] { return device.in_work([](Work& work) { return *load(work, 1); }); };
  EXPECT_LE(encode(stored()).size(), 24u);
  device.at(1);
  const auto started = device.start_due();
  EXPECT_LE(encode_claim(stored()).size(), 10u);
  device.at(2);
  device.end(started.at(0).token(), Outcome::ok());
  EXPECT_LE(encode(stored()).size(), 48u);
}

TEST(JobCodec, ADamagedRecordIsRefused) {
  Job job;
  job.id = 1;
  job.spec = h();
  const Bytes good = encode(job);
  ASSERT_TRUE(decode_job(key_of(job), good).ok());
  const auto refused = [&](auto change) {
    Record record = *Record::decode(good);
    change(record);
    const Result<Job> back = decode_job(key_of(job), record.encode());
    return !back.ok() && back.error().code == "store.corrupt_record";
  };
  EXPECT_TRUE(refused([](Record& record) { record.put_uint(Key::misfire, 4); }));
  EXPECT_TRUE(refused([](Record& record) { record.put_text(Key::misfire, "soon"); }));
  EXPECT_TRUE(refused([](Record& record) { record.put_uint(Key::state, 9); }));
  EXPECT_TRUE(refused([](Record& record) { record.put_text(Key::retry, "sometimes"); }));
  EXPECT_TRUE(refused([](Record& record) { record.put_text(Key::component, "1"); }));
  EXPECT_TRUE(refused([](Record& record) { record.put_null(Key::created); }));
  EXPECT_TRUE(refused([](Record& record) { record.put_ints(Key::created, {1, 2}); }));
  EXPECT_TRUE(refused([](Record& record) { record.put_ints(Key::created, {1, 3, 1}); }));
  EXPECT_TRUE(refused([](Record& record) { record.put_ints(Key::started, {}); }));
  EXPECT_TRUE(refused([](Record& record) { record.put_records(Key::attempts, {Record{}}); })) << "without times";
  EXPECT_FALSE(decode_job(key_of(job), "not cbor").ok());
  EXPECT_FALSE(decode_job(store::keys::finished(1), good).ok()) << "its id and due are in its key";
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
