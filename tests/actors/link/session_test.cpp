// SPDX-License-Identifier: Apache-2.0
// One peer's session, frame by frame: births, epochs, duplicates, windows, bad bytes.
#include "actors/link/session.hpp"

#include <set>

#include <gtest/gtest.h>

namespace dormouse::actors {
namespace {

using wire::Frame;
using wire::Key;
using wire::Message;
using wire::Record;

constexpr std::uint16_t kFirstEpoch = 0x1234;

Now at_ms(std::int64_t ms, Trust trust = Trust::synced) {
  return {Instant{ms}, WallTime{1'800'000'000'000 + ms}, trust, 1, 1};
}

/// A session as a device would hold it, and what its peer sends into it.
class SessionTest : public testing::Test {
 protected:
  Session::Step birth(std::uint32_t nonce, std::uint64_t frames = 1, std::uint64_t max_frame = 512,
                      Now now = at_ms(0)) {
    const wire::Birth birth{.nonce = nonce, .firmware = "pump 1.4.0", .frames = frames, .max_frame = max_frame};
    return session_.feed(wire::encode_frame({.type = Message::birth, .body = to_record(birth).encode()}), now);
  }
  Session::Step request(std::uint16_t seq, Message type = Message::job_get, std::uint16_t epoch = 0,
                        Now now = at_ms(0)) {
    return session_.feed(frame(seq, type, epoch), now);
  }
  Bytes frame(std::uint16_t seq, Message type, std::uint16_t epoch) const {
    return wire::encode_frame({.type = type,
                               .reliable = seq != 0,
                               .epoch = epoch == 0 ? epoch_ : epoch,
                               .seq = seq,
                               .body = Record().put_uint(Key::id, seq).encode()});
  }
  /// Opens a session and remembers its epoch.
  void open(std::uint64_t frames = 1, std::uint64_t max_frame = 512) {
    const auto sent = frames_of(birth(1, frames, max_frame).output);
    ASSERT_EQ(sent.size(), 1U);
    epoch_ = sent[0].epoch;
  }
  static std::vector<Frame> frames_of(const Bytes& bytes) { return wire::FrameDecoder(131'072).feed(bytes); }
  static wire::Welcome welcome_of(const Session::Step& step) {
    const auto sent = frames_of(step.output);
    check(sent.size() == 1 && sent[0].type == Message::welcome, "session_test:welcome");
    return wire::welcome_from(Record::decode(sent[0].body).value()).value();
  }
  void use(SessionFacts facts) { session_ = Session({"pump", Role::none}, std::move(facts), kFirstEpoch); }

  Session session_{{"pump", Role::none}, {.device = "sim", .boot = 7, .max_frame = 512, .window = 4}, kFirstEpoch};
  std::uint16_t epoch_ = 0;
};

// -- births --

TEST_F(SessionTest, L026_ABirthIsAnsweredByAWelcomeWithItsNonceAndAnEpoch) {
  const auto step = birth(0xDEADBEEF);
  const auto sent = frames_of(step.output);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].type, Message::welcome);
  EXPECT_NE(sent[0].epoch, 0);
  EXPECT_FALSE(sent[0].reliable);
  const auto welcome = welcome_of(step);
  EXPECT_EQ(welcome.nonce, 0xDEADBEEF);
  EXPECT_EQ(welcome.device, "sim");
  EXPECT_EQ(welcome.boot, 7U);
  EXPECT_EQ(welcome.component, "pump");
  EXPECT_EQ(welcome.wall_ms, 1'800'000'000'000);
  // Nor is it one of the eight before, whichever they were.
  std::set<std::uint16_t> epochs = {sent[0].epoch};
  for (std::uint32_t nonce = 1; nonce <= 8; ++nonce) epochs.insert(frames_of(birth(nonce).output).at(0).epoch);
  EXPECT_EQ(epochs.size(), 9U);
}

TEST_F(SessionTest, WhileTimeIsUntrustedTheWelcomeTellsNoWall) {
  const auto welcome = welcome_of(birth(1, 1, 512, at_ms(50, Trust::untrusted)));
  EXPECT_EQ(welcome.trust, 0);
  EXPECT_EQ(welcome.wall_ms, std::nullopt);
  EXPECT_EQ(welcome.instant_ms, 50);
}

TEST_F(SessionTest, L027_TheSameNonceIsTheSameBirth) {
  open();
  ASSERT_EQ(request(1).requests.size(), 1U);
  const auto again = frames_of(birth(1).output);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].type, Message::welcome);
  EXPECT_EQ(again[0].epoch, epoch_);
  EXPECT_TRUE(request(1).requests.empty());  // the window is the same: a duplicate stays one
  EXPECT_EQ(request(2).requests.size(), 1U);
}

TEST_F(SessionTest, AnotherNonceEndsTheSessionBefore) {
  open();
  ASSERT_EQ(request(1).requests.size(), 1U);
  const auto old = epoch_;
  const auto reborn = frames_of(birth(2).output);
  ASSERT_EQ(reborn.size(), 1U);
  EXPECT_NE(reborn[0].epoch, old);
  EXPECT_TRUE(session_.answer(old, 1, Record()).empty());  // the answer that was still owed is nobody's
  const auto late = request(2, Message::job_get, old);
  EXPECT_TRUE(late.requests.empty());
  EXPECT_EQ(frames_of(late.output).at(0).type, Message::rebirth);
  epoch_ = reborn[0].epoch;
  EXPECT_EQ(request(1).requests.size(), 1U);
}

TEST_F(SessionTest, TheEpochAfterTheLastIsOne) {
  session_ = Session({"pump", Role::none}, {.device = "sim"}, 0xFFFF);
  EXPECT_EQ(frames_of(birth(1).output).at(0).epoch, 1);
}

TEST_F(SessionTest, L035_TheWindowIsTheSmallerOfBothSides) {
  struct Row {
    const char* name;
    std::uint64_t asked, told;
  };
  for (const auto& row : {Row{"more than the device has", 9, 4}, Row{"as many", 4, 4}, Row{"fewer", 2, 2}}) {
    SCOPED_TRACE(row.name);
    use({.device = "sim", .max_frame = 512, .window = 4});
    EXPECT_EQ(welcome_of(birth(1, row.asked)).frames, row.told);
  }
}

// -- without a session, or with another one's epoch --

TEST_F(SessionTest, L029_BeforeAnyBirthAFrameIsDroppedAndAnsweredByRebirth) {
  const auto step = request(1, Message::job_enqueue, kFirstEpoch);
  EXPECT_TRUE(step.requests.empty());
  const auto sent = frames_of(step.output);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].type, Message::rebirth);
  EXPECT_EQ(sent[0].epoch, 0);
}

TEST_F(SessionTest, L030_AThousandFramesOfAWrongEpochGetFiveRebirthsASecond) {
  open();
  std::size_t executed = 0;
  std::size_t rebirths = 0;
  for (int i = 0; i < 1'000; ++i) {
    const auto step = request(1, Message::job_enqueue, static_cast<std::uint16_t>(epoch_ + 1), at_ms(i));
    executed += step.requests.size();
    rebirths += frames_of(step.output).size();
  }
  EXPECT_EQ(executed, 0U);
  EXPECT_EQ(rebirths, 5U);
  const auto later = request(1, Message::job_enqueue, static_cast<std::uint16_t>(epoch_ + 1), at_ms(1'000));
  EXPECT_EQ(frames_of(later.output).size(), 1U);
  EXPECT_EQ(request(1).requests.size(), 1U);  // the session itself is untouched
}

TEST_F(SessionTest, AfterByeTheSessionIsOver) {
  open();
  EXPECT_TRUE(session_.feed(frame(0, Message::bye, 0), at_ms(0)).output.empty());
  const auto step = request(1);
  EXPECT_TRUE(step.requests.empty());
  EXPECT_EQ(frames_of(step.output).at(0).type, Message::rebirth);
}

TEST_F(SessionTest, ByeOfTheDeviceIsSaidOnceAndTellsWhy) {
  EXPECT_TRUE(session_.bye(3).empty());  // nobody to say it to
  open();
  const auto sent = frames_of(session_.bye(3));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].type, Message::bye);
  EXPECT_EQ(Record::decode(sent[0].body)->get_uint(Key::reason), 3U);
  EXPECT_TRUE(session_.bye(3).empty());
}

// -- delivery --

TEST_F(SessionTest, L039_ADuplicateGetsTheSameReplyAndIsNotDoneTwice) {
  open();
  ASSERT_EQ(request(1).requests.size(), 1U);
  const Bytes first = session_.answer(epoch_, 1, Record().put_uint(Key::id, 42));
  ASSERT_FALSE(first.empty());
  const auto again = request(1);
  EXPECT_TRUE(again.requests.empty());
  EXPECT_EQ(again.output, first);
}

TEST_F(SessionTest, ADuplicateStillInWorkIsToldToWait) {
  open();
  ASSERT_EQ(request(1).requests.size(), 1U);
  const auto again = request(1);
  EXPECT_TRUE(again.requests.empty());
  const auto sent = frames_of(again.output);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].type, Message::wait);
  EXPECT_EQ(Record::decode(sent[0].body)->get_uint(Key::re), 1U);
}

TEST_F(SessionTest, ARequestIsAnsweredOnce) {
  open();
  ASSERT_EQ(request(1).requests.size(), 1U);
  EXPECT_FALSE(session_.answer(epoch_, 1, Record()).empty());
  EXPECT_TRUE(session_.answer(epoch_, 1, Record()).empty());
  EXPECT_TRUE(session_.answer(epoch_, 9, Record()).empty());  // never asked
}

TEST_F(SessionTest, L041_TheNextInOrderIsTakenAndNothingAheadOfIt) {
  open(4);
  for (std::uint16_t seq = 1; seq <= 4; ++seq) {
    ASSERT_EQ(request(seq).requests.size(), 1U);
    ASSERT_FALSE(session_.answer(epoch_, seq, Record()).empty());
  }
  struct Row {
    std::uint16_t seq;
    bool taken;
  };
  for (const auto& row : {Row{5, true}, Row{7, false}, Row{6, true}, Row{7, true}}) {
    SCOPED_TRACE(row.seq);
    const auto step = request(row.seq);
    EXPECT_EQ(step.requests.size(), row.taken ? 1U : 0U);
    EXPECT_TRUE(step.output.empty());
  }
}

TEST_F(SessionTest, AnUnreliableRequestIsNotDone) {
  open();
  const auto step = session_.feed(frame(0, Message::job_enqueue, 0), at_ms(0));
  EXPECT_TRUE(step.requests.empty());
  EXPECT_TRUE(step.output.empty());
}

TEST_F(SessionTest, APingIsAnsweredWithTheInstant) {
  open();
  const auto sent = frames_of(session_.feed(frame(0, Message::ping, 0), at_ms(1'500)).output);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].type, Message::pong);
  EXPECT_EQ(Record::decode(sent[0].body)->get_int(Key::instant), 1'500);
}

TEST_F(SessionTest, ABodyThatIsNoRecordIsRefusedAndItsSeqUsed) {
  open();
  const Bytes bad = wire::encode_frame({.type = Message::job_get,
                                        .reliable = true,
                                        .epoch = epoch_,
                                        .seq = 1,
                                        .body = Bytes("\xa1\x18\x22\x9a\x10\x00\x00\x00", 8)});
  const auto step = session_.feed(bad, at_ms(0));
  EXPECT_TRUE(step.requests.empty());
  const auto sent = frames_of(step.output);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].type, Message::error);
  EXPECT_EQ(wire::error_from(Record::decode(sent[0].body).value())->error.code, "link.bad_body");
  EXPECT_EQ(session_.feed(bad, at_ms(0)).output, step.output);
  EXPECT_EQ(request(2).requests.size(), 1U);
}

// -- sizes --

TEST_F(SessionTest, L034_AReplyThatDoesNotFitTheFrameIsRefusedWithinIt) {
  open(1, 128);
  ASSERT_EQ(request(1).requests.size(), 1U);
  const Bytes bytes = session_.answer(epoch_, 1, Record().put_bytes(Key::args, Bytes(300, 'x')));
  const auto sent = frames_of(bytes);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_LE(wire::kFrameOverhead + sent[0].body.size(), 128U);
  const auto error = wire::error_from(Record::decode(sent[0].body).value());
  ASSERT_TRUE(error.ok());
  EXPECT_EQ(error->error.code, "link.too_large");
}

TEST_F(SessionTest, L034_TheHintOfATooLargeReplyNamesWhatHelps) {
  open(1, 512);
  ASSERT_EQ(request(1).requests.size(), 1U);
  const auto sent = frames_of(session_.answer(epoch_, 1, Record().put_bytes(Key::args, Bytes(600, 'x'))));
  const auto error = wire::error_from(Record::decode(sent.at(0).body).value());
  EXPECT_EQ(error->error.code, "link.too_large");
  EXPECT_NE(error->error.hint.find("with_args"), std::string::npos);
  EXPECT_NE(error->error.hint.find("limit"), std::string::npos);
}

TEST_F(SessionTest, AReplyThatFillsTheFrameToTheLastByteIsSent) {
  open(1, 512);
  const std::size_t room = 512 - wire::kFrameOverhead;
  Record body;
  body.put_uint(Key::re, 1).put_bytes(Key::args, Bytes(300, 'x'));
  const std::size_t fits = 300 + room - body.encode().size();
  for (const std::uint16_t seq : {1, 2}) {
    ASSERT_EQ(request(seq).requests.size(), 1U);
    const auto sent =
        frames_of(session_.answer(epoch_, seq, Record().put_bytes(Key::args, Bytes(fits + seq - 1, 'x'))));
    EXPECT_EQ(sent.at(0).type, seq == 1 ? Message::reply : Message::error);
    EXPECT_LE(sent.at(0).body.size(), room);
  }
}

// -- bad bytes --

TEST_F(SessionTest, L096_AHundredBadFramesWithinTenSecondsCloseTheConnection) {
  const Bytes bad("\x05nope\x00", 6);
  for (int i = 0; i < 99; ++i) ASSERT_FALSE(session_.feed(bad, at_ms(i * 100)).close) << i;
  const auto step = session_.feed(bad, at_ms(9'900));
  ASSERT_TRUE(step.close);
  EXPECT_EQ(step.close->code, "link.too_many_errors");
}

TEST_F(SessionTest, AHundredBadFramesInOnePieceCloseItToo) {
  Bytes bad;
  for (int i = 0; i < 100; ++i) bad += Bytes("\x05nope\x00", 6);
  EXPECT_TRUE(session_.feed(bad, at_ms(1'000'000)).close);
}

TEST_F(SessionTest, BadFramesFarApartCloseNothing) {
  const Bytes bad("\x05nope\x00", 6);
  for (int i = 0; i < 300; ++i) ASSERT_FALSE(session_.feed(bad, at_ms(i * 200)).close) << i;
}

TEST_F(SessionTest, AGoodFrameCutAnywhereIsTakenOnce) {
  open();
  const Bytes bytes = frame(1, Message::job_get, 0);
  std::size_t taken = 0;
  for (const char byte : bytes) taken += session_.feed(BytesView(&byte, 1), at_ms(0)).requests.size();
  EXPECT_EQ(taken, 1U);
}

}  // namespace
}  // namespace dormouse::actors
