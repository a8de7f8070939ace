// SPDX-License-Identifier: Apache-2.0
// What a peer says of the device's supply, frame by frame: who may say it, in which session, and what it is told.
#include <gtest/gtest.h>

#include "actors/link/session.hpp"

namespace dormouse::actors {
namespace {

using wire::Frame;
using wire::Key;
using wire::Message;
using wire::Record;

class SupplyTest : public testing::Test {
 protected:
  Session::Step feed(const Frame& frame) { return session_.feed(wire::encode_frame(frame), Now{}); }
  void open() {
    wire::Birth birth;
    birth.nonce = 1;
    birth.firmware = "test";
    birth.frames = 1;
    birth.max_frame = 512;
    const auto sent = frames_of(feed({.type = Message::birth, .body = wire::to_record(birth).encode()}).output);
    ASSERT_EQ(sent.size(), 1U);
    epoch_ = sent[0].epoch;
  }
  Session::Step failing(const Record& body = {}) {
    return feed({.type = Message::power_failing, .epoch = epoch_, .body = body.encode()});
  }
  static std::vector<Frame> frames_of(const Bytes& bytes) { return wire::FrameDecoder(512).feed(bytes); }

  Session session_{Identity{"guard", Role::none, {Capability::power}}, {.boot = 7}, 100};
  std::uint16_t epoch_ = 0;
};

TEST_F(SupplyTest, IsHeardWithTheTimeItStillHolds) {
  open();
  const auto step = failing(Record().put_uint(Key::hold_up, 150));
  ASSERT_EQ(step.supply.size(), 1U);
  EXPECT_TRUE(step.supply[0].failing);
  EXPECT_EQ(step.supply[0].hold_up, Duration{150});
  EXPECT_TRUE(step.requests.empty());
  EXPECT_EQ(failing().supply.at(0).hold_up, std::nullopt);
  const auto restored = feed({.type = Message::power_restored, .epoch = epoch_});
  ASSERT_EQ(restored.supply.size(), 1U);
  EXPECT_FALSE(restored.supply[0].failing);
}

TEST_F(SupplyTest, L095_WithoutTheCapabilityItIsOnlyCounted) {
  session_ = Session(Identity{"pump", Role::none}, {}, 100);
  open();
  const auto step = failing();
  EXPECT_TRUE(step.supply.empty());
  EXPECT_TRUE(step.output.empty());
  EXPECT_EQ(session_.forbidden(), 1U);
}

TEST_F(SupplyTest, L095_OfAWrongEpochItIsARebirth) {
  open();
  ++epoch_;
  const auto step = failing();
  EXPECT_TRUE(step.supply.empty());
  ASSERT_EQ(frames_of(step.output).size(), 1U);
  EXPECT_EQ(frames_of(step.output)[0].type, Message::rebirth);
}

TEST_F(SupplyTest, IsAnsweredInItsOwnSessionOnly) {
  open();
  const auto sent = frames_of(session_.power_saved(epoch_, true));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].type, Message::power_saved);
  EXPECT_FALSE(sent[0].reliable);
  EXPECT_EQ(Record::decode(sent[0].body)->get_bool(Key::clean), true);
  EXPECT_TRUE(session_.power_saved(static_cast<std::uint16_t>(epoch_ - 1), true).empty());
}

TEST_F(SupplyTest, ADeviceThatBeginsAnewEndsTheSessionAndAsksForABirth) {
  EXPECT_TRUE(session_.begin_anew(8).empty());  // none was open
  open();
  const auto before = epoch_;
  const auto sent = frames_of(session_.begin_anew(9));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].type, Message::rebirth);
  EXPECT_EQ(Record::decode(sent[0].body)->get_uint(Key::reason), 1U);
  EXPECT_TRUE(failing().supply.empty());  // of the session before
  open();                                 // with the same nonce
  EXPECT_NE(epoch_, before);
  EXPECT_EQ(failing().supply.size(), 1U);
}

}  // namespace
}  // namespace dormouse::actors
