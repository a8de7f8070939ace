// SPDX-License-Identifier: Apache-2.0
// What a device refuses over a link: by a stable code that names the field, with nothing applied; and what it
// survives: strangers, too many, a stop, ten thousand pieces of noise.
#include <random>

#include <gtest/gtest.h>

#include "runtime/jobs/job_codec.hpp"
#include "tests/actors/link/peer.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using wire::Frame;
using wire::Key;
using wire::Message;
using wire::Record;

constexpr std::uint64_t kHour = 3'600'000;

Record job_for(const std::string& handler) {
  return Record().put_text(Key::handler, handler).put_uint(Key::after, kHour);
}
Record jobs_of(std::vector<Record> items) {
  return Record().put_records(Key::items, std::move(items));
}
std::vector<Record> with(std::vector<Record> items, std::size_t index, Record item) {
  items[index] = std::move(item);
  return items;
}

class RefusalsTest : public testing::Test {
 protected:
  explicit RefusalsTest(const Limits& limits = {}) : device_({.limits = limits}) {
    device_.handler("blink");
    check(device_.boot().ok(), "refusals_test:boot");
  }
  SimulatedDevice device_;
};

struct Refusal {
  const char* name;
  Message type;
  Record body;
  const char* code;
  const char* fields = "";
};

const std::vector<Refusal> refusals = {
    {.name = "L014 a type that nobody knows",
     .type = static_cast<Message>(0xEE),
     .body = {},
     .code = "link.unknown_type"},
    {.name = "L019 no handler and a priority of 12",
     .type = Message::job_enqueue,
     .body = Record().put_uint(Key::priority, 12),
     .code = "invalid_input",
     .fields = "handler: required, priority: out_of_range"},
    {.name = "L019 a text as after",
     .type = Message::job_enqueue,
     .body = Record().put_text(Key::handler, "blink").put_text(Key::after, "soon"),
     .code = "link.bad_body",
     .fields = "after: bad_format"},
    {.name = "L020 at and after",
     .type = Message::job_enqueue,
     .body = job_for("blink").put_int(Key::at, 1'800'000'100'000),
     .code = "invalid_input",
     .fields = "at: not_allowed, after: not_allowed"},
    {.name = "L047 entry 9 of 64 has no handler",
     .type = Message::job_batch,
     .body = jobs_of(with(std::vector<Record>(64, job_for("blink")), 9, Record().put_uint(Key::after, kHour))),
     .code = "invalid_input",
     .fields = "items.9.handler: required"},
    {.name = "a batch of nothing",
     .type = Message::job_batch,
     .body = jobs_of({}),
     .code = "invalid_input",
     .fields = "items: out_of_range"},
    {.name = "a batch without items",
     .type = Message::job_batch,
     .body = {},
     .code = "invalid_input",
     .fields = "items: required"},
    {.name = "L048 a handler that nobody has",
     .type = Message::job_enqueue,
     .body = job_for("lamp"),
     .code = "invalid_input",
     .fields = "handler: unknown_handler"},
    {.name = "L050 windowed without a window",
     .type = Message::job_enqueue,
     .body = job_for("blink").put_uint(Key::misfire, 3),
     .code = "invalid_input",
     .fields = "window: required"},
    {.name = "a job that is not there",
     .type = Message::job_get,
     .body = Record().put_uint(Key::id, 999),
     .code = "job.not_found"},
    {.name = "a job without an id",
     .type = Message::job_get,
     .body = {},
     .code = "invalid_input",
     .fields = "id: required"},
    {.name = "a job by a name",
     .type = Message::job_get,
     .body = Record().put_text(Key::id, "x"),
     .code = "link.bad_body",
     .fields = "id: bad_format"},
    {.name = "a cancel of nothing",
     .type = Message::job_cancel,
     .body = {},
     .code = "invalid_input",
     .fields = "id: required"},
    {.name = "a cancel of two things",
     .type = Message::job_cancel,
     .body = Record().put_uint(Key::id, 1).put_text(Key::conflict_key, "k"),
     .code = "invalid_input",
     .fields = "id: required"},
    {.name = "a state that does not exist",
     .type = Message::job_list,
     .body = Record().put_uint(Key::state, 9),
     .code = "invalid_input",
     .fields = "state: out_of_range"},
    {.name = "a page of nothing",
     .type = Message::job_list,
     .body = Record().put_uint(Key::limit, 0),
     .code = "invalid_input",
     .fields = "limit: out_of_range"},
    {.name = "a schedule without a rule",
     .type = Message::schedule_put,
     .body = Record().put_text(Key::schedule, "tidy").put_text(Key::handler, "blink"),
     .code = "invalid_input",
     .fields = "cron: required"},
    {.name = "a schedule that needs a time that does not exist",
     .type = Message::schedule_put,
     .body = Record()
                 .put_text(Key::schedule, "tidy")
                 .put_text(Key::handler, "blink")
                 .put_text(Key::cron, "0 * * * *")
                 .put_uint(Key::needs_time, 3),
     .code = "invalid_input",
     .fields = "needs_time: out_of_range"},
    {.name = "a schedule without a name",
     .type = Message::schedule_delete,
     .body = {},
     .code = "invalid_input",
     .fields = "schedule: required"},
    {.name = "a schedule by a list",
     .type = Message::schedule_delete,
     .body = Record().put_texts(Key::schedule, {"a"}),
     .code = "invalid_input",
     .fields = "schedule: bad_format"},
    {.name = "an explanation of nothing",
     .type = Message::explain,
     .body = {},
     .code = "invalid_input",
     .fields = "schedule: required"},
};

TEST_F(RefusalsTest, NameTheCodeAndTheFieldsAndApplyNothing) {
  Peer peer(device_);
  ASSERT_TRUE(peer.birth());
  const auto bytes = device_.store_traffic().bytes;
  for (const auto& row : refusals) {
    SCOPED_TRACE(row.name);
    const auto answer = peer.ask(row.type, row.body);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, row.code);
    EXPECT_EQ(fields_of(answer.error()), row.fields);
    EXPECT_FALSE(answer.error().message.empty());
  }
  EXPECT_TRUE(device_.jobs().empty());
  EXPECT_EQ(device_.store_traffic().bytes, bytes);
}

TEST_F(RefusalsTest, L014_AnUnknownTypeUsesItsSeqAndUnreliableIsOnlyDropped) {
  Peer peer(device_);
  ASSERT_TRUE(peer.birth());
  peer.write(wire::encode_frame({.type = static_cast<Message>(0xEE), .epoch = peer.epoch()}));
  EXPECT_TRUE(peer.take().empty());
  EXPECT_EQ(peer.ask(static_cast<Message>(0xEE)).error().code, "link.unknown_type");
  EXPECT_TRUE(peer.ask(Message::status).ok());  // the next seq
}

TEST_F(RefusalsTest, L047_ABatchOf65IsABadBodyNamingItsElements) {
  Peer peer(device_);
  ASSERT_TRUE(peer.birth());
  // The codec that writes bodies refuses 65 elements too: one of 64 is made longer by hand.
  Bytes body = jobs_of(std::vector<Record>(64, Record().put_text(Key::handler, "blink"))).encode();
  const Bytes item = Record().put_text(Key::handler, "blink").encode();
  const auto head = body.find(Bytes("\x98\x40", 2));
  ASSERT_NE(head, Bytes::npos);
  body[head + 1] = '\x41';
  body += item;
  peer.write(wire::encode_frame(
      {.type = Message::job_batch, .reliable = true, .epoch = peer.epoch(), .seq = 1, .body = body}));
  const auto frames = peer.take();
  ASSERT_EQ(frames.size(), 1U);
  const auto answer = result_of(frames[0]);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, "link.bad_body");
  EXPECT_NE(answer.error().message.find("element"), std::string::npos) << answer.error().message;
  EXPECT_TRUE(device_.jobs().empty());
}

TEST_F(RefusalsTest, L048_AHandlerThatComesLaterIsWaitedFor) {
  Peer peer(device_);
  ASSERT_TRUE(peer.birth());
  const auto refused = peer.ask(Message::job_enqueue, job_for("lamp"));
  EXPECT_EQ(fields_of(refused.error()), "handler: unknown_handler");
  EXPECT_NE(refused.error().message.find("blink"), std::string::npos);  // the known names
  const auto accepted = peer.ask(Message::job_enqueue, job_for("lamp").put_uint(Key::handler_check, 1));
  ASSERT_TRUE(accepted.ok());
  device_.advance(1h);
  const auto shown = peer.ask(Message::job_get, Record().put_uint(Key::id, *accepted->get_uint(Key::id)));
  EXPECT_EQ(shown->get_uint(Key::state), static_cast<std::uint64_t>(jobs::State::waiting));
  EXPECT_EQ(shown->get_text(Key::because), "handler_absent");
}

class TinyRefusalsTest : public RefusalsTest {
 protected:
  TinyRefusalsTest() : RefusalsTest(Limits::tiny()) {}
};

TEST_F(TinyRefusalsTest, ArgsPastTheLimitAreRefusedByItsNumber) {
  Peer peer(device_);
  ASSERT_TRUE(peer.birth());
  const auto refused = peer.ask(Message::job_enqueue, job_for("blink").put_bytes(Key::args, Bytes(257, 'x')));
  EXPECT_EQ(refused.error().code, "invalid_input");
  EXPECT_EQ(fields_of(refused.error()), "args: too_large");
  EXPECT_NE(refused.error().message.find("256"), std::string::npos) << refused.error().message;
  EXPECT_TRUE(peer.ask(Message::job_enqueue, job_for("blink").put_bytes(Key::args, Bytes(256, 'x'))).ok());
}

TEST_F(TinyRefusalsTest, AFullQuotaIsRefusedAndFreedByACancel) {
  Peer pump(device_, kPump);
  ASSERT_TRUE(pump.birth());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(pump.ask(Message::job_enqueue, job_for("blink")).ok());
  EXPECT_EQ(pump.ask(Message::job_enqueue, job_for("blink")).error().code, "job.quota_exceeded");
  ASSERT_TRUE(pump.ask(Message::job_cancel, Record().put_uint(Key::id, 1)).ok());
  EXPECT_TRUE(pump.ask(Message::job_enqueue, job_for("blink")).ok());
}

// -- strangers --

TEST(Callers, OnlyThoseNamedAndOperatorsEnqueueForAHandler) {
  SimulatedDevice device;
  device.handler("backup", {.callers = {}});
  device.handler("blink", {.callers = {"pump"}});
  ASSERT_TRUE(device.boot().ok());
  struct Row {
    const char* name;
    Identity who;
    const char* handler;
    bool allowed;
  };
  const std::vector<Row> rows = {
      {"nobody is named", kPump, "backup", false},
      {"an operator always may", kOperator, "backup", true},
      {"the one that is named", kPump, "blink", true},
      {"another one", kFan, "blink", false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    Peer peer(device, row.who);
    ASSERT_TRUE(peer.birth());
    const Record slots = Record().put_text(Key::schedule, "tidy").put_text(Key::cron, "0 * * * *");
    for (const auto& answer :
         {peer.ask(Message::job_enqueue, job_for(row.handler)),
          peer.ask(Message::job_batch, jobs_of({job_for(row.handler)})),
          peer.ask(Message::schedule_put, Record(slots).put_text(Key::handler, row.handler))}) {
      EXPECT_EQ(answer.ok() ? "ok" : answer.error().code, row.allowed ? "ok" : "link.forbidden");
    }
  }
}

TEST_F(RefusalsTest, L060_AStrangerIsToldAndClosed) {
  Peer stranger(device_, std::nullopt);
  const auto frames = stranger.take();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(result_of(frames[0]).error().code, "link.unauthorised");
  device_.settle();
  EXPECT_FALSE(stranger.connected());
}

TEST_F(RefusalsTest, L096_APeerThatSendsOnlyNoiseIsClosedAndTheOthersAreNot) {
  Peer good(device_);
  ASSERT_TRUE(good.birth());
  Peer bad(device_);
  ASSERT_TRUE(bad.birth());
  for (int i = 0; i < 99; ++i) bad.write(Bytes("\x05nope\x00", 6));
  bad.take();
  EXPECT_TRUE(bad.connected());
  bad.write(Bytes("\x05nope\x00", 6));
  bad.take();
  device_.settle();
  EXPECT_FALSE(bad.connected());
  EXPECT_TRUE(good.ask(Message::status).ok());
}

TEST_F(RefusalsTest, L039_ARepeatedRequestIsDoneOnceAndAnsweredAlike) {
  Peer peer(device_);
  ASSERT_TRUE(peer.birth());
  const Bytes bytes = wire::encode_frame({.type = Message::job_enqueue,
                                          .reliable = true,
                                          .epoch = peer.epoch(),
                                          .seq = 1,
                                          .body = job_for("blink").encode()});
  peer.write(bytes);
  const auto first = peer.take();
  ASSERT_EQ(first.size(), 1U);
  peer.write(bytes);
  EXPECT_EQ(peer.take(), first);
  EXPECT_EQ(device_.jobs().size(), 1U);
}

TEST_F(RefusalsTest, L034_ARecordTooLargeForTheFrameIsRefusedWithinIt) {
  Peer writer(device_);
  ASSERT_TRUE(writer.birth());
  const auto job = writer.ask(Message::job_enqueue, job_for("blink").put_bytes(Key::args, Bytes(300, 'x')));
  ASSERT_TRUE(job.ok());
  Peer small(device_);
  ASSERT_TRUE(small.birth({.nonce = 2, .firmware = "f", .frames = 1, .max_frame = 128}));
  small.send(Message::job_get, Record().put_uint(Key::id, *job->get_uint(Key::id)).put_bool(Key::with_args, true));
  const auto frames = small.take();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_LE(wire::kFrameOverhead + frames[0].body.size(), 128U);
  EXPECT_EQ(result_of(frames[0]).error().code, "link.too_large");
}

// -- the end --

TEST(StoppingDevice, L070_RefusesWhatIsNewAndThenSaysBye) {
  SimulatedDevice device;
  device.handler("stubborn", {.takes = 1h, .heeds_stop = false});
  ASSERT_TRUE(device.boot().ok());
  Peer admin(device);
  Peer pump(device, kPump);
  ASSERT_TRUE(admin.birth());
  ASSERT_TRUE(pump.birth());
  ASSERT_TRUE(admin.ask(Message::job_enqueue, Record().put_text(Key::handler, "stubborn")).ok());
  device.begin_stop();
  for (Peer* peer : {&admin, &pump}) {
    EXPECT_EQ(peer->ask(Message::job_enqueue, job_for("stubborn")).error().code, "stopping");
    EXPECT_TRUE(peer->connected());
  }
  device.advance(5s);  // the bound of the drain
  for (Peer* peer : {&admin, &pump}) {
    const auto frames = peer->take();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].type, Message::bye);
    EXPECT_EQ(Record::decode(frames[0].body)->get_uint(Key::reason), 3U);
  }
  EXPECT_TRUE(device.stop().ok());
}

// -- noise --

TEST_F(RefusalsTest, RandomBytesAreSurvivedAndTheNextGoodFrameIsAnswered) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 30; ++round) {
    Peer peer(device_);
    ASSERT_TRUE(peer.birth());
    for (int piece = 0; piece < 20 && peer.connected(); ++piece) {
      Bytes noise(random() % 3'000, '\0');
      // Few zeros: long pieces, and not a hundred bad frames at once.
      for (auto& byte : noise) byte = static_cast<char>(random() % 255 + 1);
      peer.write(noise);
      peer.take();
    }
    peer.write(Bytes(1, '\0'));
    if (peer.connected()) {
      EXPECT_TRUE(peer.ask(Message::status).ok()) << "round " << round;
    }
    device_.link().cut();
    device_.settle();
    device_.link().mend();
  }
  EXPECT_TRUE(device_.jobs().empty());
}

TEST_F(RefusalsTest, RandomBodiesInGoodFramesAreEachAnsweredOnce) {
  std::mt19937_64 random(2);
  const std::vector<Message> types = {
      Message::job_enqueue,  Message::job_batch,    Message::job_cancel,      Message::job_get,
      Message::job_list,     Message::schedule_put, Message::schedule_delete, Message::schedule_list,
      Message::handler_list, Message::time_query,   Message::status,          Message::boots,
      Message::gaps,         Message::report,       Message::explain,         Message::store_flush};
  Peer peer(device_);
  ASSERT_TRUE(peer.birth());
  const Bytes model = job_for("blink").put_uint(Key::id, 1).put_text(Key::schedule, "tidy").encode();
  std::uint16_t seq = 0;
  for (int i = 0; i < 3'000; ++i) {
    Bytes body = model;
    for (auto flips = random() % 4; flips > 0; --flips) body[random() % body.size()] = static_cast<char>(random());
    if (random() % 4 == 0) body.resize(random() % body.size());
    seq = static_cast<std::uint16_t>(seq + 1);
    peer.write(wire::encode_frame({.type = types[random() % types.size()],
                                   .reliable = true,
                                   .epoch = peer.epoch(),
                                   .seq = seq,
                                   .body = body}));
    const auto frames = peer.take();
    ASSERT_EQ(frames.size(), 1U) << "frame " << i;
    ASSERT_EQ(Record::decode(frames[0].body)->get_uint(Key::re), seq);
  }
}

TEST_F(RefusalsTest, APieceWithoutAnEndHoldsNoMoreThanAFrame) {
  Peer peer(device_);
  ASSERT_TRUE(peer.birth());
  for (int i = 0; i < 64; ++i) peer.write(Bytes(16'384, '\x01'));
  peer.take();
  peer.write(Bytes(1, '\0'));
  EXPECT_TRUE(peer.connected());
  EXPECT_TRUE(peer.ask(Message::status).ok());
}

}  // namespace
}  // namespace dormouse::sim
