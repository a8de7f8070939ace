// SPDX-License-Identifier: Apache-2.0
// What a receiver of reliable frames takes, repeats and drops.
#include "runtime/wire/receive_window.hpp"

#include <string>

#include <gtest/gtest.h>

namespace dormouse::wire {
namespace {

using Verdict = ReceiveWindow::Verdict;

Frame reply(const std::string& body) {
  return {.type = Message::reply, .reply = true, .body = body};
}

void take_and_settle(ReceiveWindow& window, std::uint16_t from, std::uint16_t to) {
  for (std::uint32_t seq = from; seq <= to; ++seq) {
    ASSERT_EQ(window.arrive(static_cast<std::uint16_t>(seq)), Verdict::take) << seq;
    ASSERT_TRUE(window.settle(static_cast<std::uint16_t>(seq), reply(std::to_string(seq)))) << seq;
  }
}

TEST(ReceiveWindow, L041TakesFramesInOrderOnly) {
  ReceiveWindow window(4, 4);
  EXPECT_EQ(window.arrive(5), Verdict::take);
  EXPECT_EQ(window.arrive(7), Verdict::out_of_order);
  EXPECT_EQ(window.arrive(6), Verdict::take);
  EXPECT_EQ(window.arrive(7), Verdict::take);
}

TEST(ReceiveWindow, L042After65535ComesOne) {
  ReceiveWindow window(1, 65'534);
  EXPECT_EQ(window.arrive(65'535), Verdict::take);
  EXPECT_TRUE(window.settle(65'535, reply("a")));
  EXPECT_EQ(window.arrive(2), Verdict::out_of_order);
  EXPECT_EQ(window.arrive(1), Verdict::take);
  EXPECT_TRUE(window.settle(1, reply("b")));
  EXPECT_EQ(window.ack(), 1);
  EXPECT_EQ(window.arrive(65'535), Verdict::repeat_reply);
  EXPECT_EQ(window.arrive(65'000), Verdict::ignore);
}

TEST(ReceiveWindow, L043ADuplicateOlderThanTheKeptRepliesIsIgnored) {
  ReceiveWindow window(1);  // keeps four even so
  take_and_settle(window, 1, 6);
  EXPECT_EQ(window.arrive(2), Verdict::ignore);
  EXPECT_EQ(window.reply_to(2), nullptr);
  for (std::uint16_t seq = 3; seq <= 6; ++seq) {
    EXPECT_EQ(window.arrive(seq), Verdict::repeat_reply) << seq;
    EXPECT_EQ(window.reply_to(seq)->body, std::to_string(seq)) << seq;
  }
  EXPECT_EQ(window.last(), 6);
}

TEST(ReceiveWindow, KeepsAsManyRepliesAsTheWindowIsLarge) {
  ReceiveWindow window(32);
  take_and_settle(window, 1, 100);
  EXPECT_EQ(window.arrive(68), Verdict::ignore);
  EXPECT_EQ(window.arrive(69), Verdict::repeat_reply);
}

TEST(ReceiveWindow, ADuplicateInWorkWaits) {
  ReceiveWindow window(1);
  EXPECT_EQ(window.ack(), 0);
  EXPECT_EQ(window.arrive(1), Verdict::take);
  EXPECT_EQ(window.arrive(1), Verdict::wait);
  EXPECT_EQ(window.in_work(), 1U);
  EXPECT_EQ(window.ack(), 0);
  EXPECT_TRUE(window.settle(1, reply("done")));
  EXPECT_FALSE(window.settle(1, reply("again")));
  EXPECT_FALSE(window.settle(2, reply("never came")));
  EXPECT_EQ(window.arrive(1), Verdict::repeat_reply);
  EXPECT_EQ(window.reply_to(1)->body, "done");
  EXPECT_EQ(window.in_work(), 0U);
}

TEST(ReceiveWindow, AFreshWindowTakesOneFirst) {
  ReceiveWindow window(1);
  EXPECT_EQ(window.arrive(65'535), Verdict::out_of_order);
  EXPECT_EQ(window.arrive(2), Verdict::out_of_order);
  EXPECT_EQ(window.arrive(1), Verdict::take);
}

TEST(ReceiveWindow, AcknowledgesOnlyWhatIsSettledInOrder) {
  ReceiveWindow window(4);
  for (std::uint16_t seq = 1; seq <= 8; ++seq) ASSERT_EQ(window.arrive(seq), Verdict::take);
  for (std::uint16_t seq = 2; seq <= 7; ++seq) ASSERT_TRUE(window.settle(seq, reply("x")));
  EXPECT_EQ(window.ack(), 0);
  EXPECT_EQ(window.arrive(1), Verdict::wait);
  ASSERT_TRUE(window.settle(1, reply("x")));
  EXPECT_EQ(window.ack(), 7);
  EXPECT_EQ(window.in_work(), 1U);
}

TEST(ReceiveWindow, APeerThatKeepsToNoWindowIsBounded) {
  ReceiveWindow window(4);
  std::uint16_t seq = 1;
  while (window.arrive(seq) == Verdict::take) ++seq;
  EXPECT_EQ(window.in_work(), 256U);
  ASSERT_TRUE(window.settle(1, reply("x")));
  EXPECT_EQ(window.arrive(seq), Verdict::take);
}

TEST(ReceiveWindow, GoesRoundTheRingMoreThanOnce) {
  ReceiveWindow window(4);
  std::uint16_t seq = 0;
  for (int round = 0; round < 140'000; ++round) {
    seq = next_seq(seq);
    ASSERT_NE(seq, 0);
    ASSERT_EQ(window.arrive(seq), Verdict::take) << round;
    ASSERT_TRUE(window.settle(seq, Frame{}));
    ASSERT_EQ(window.ack(), seq);
  }
}

}  // namespace
}  // namespace dormouse::wire
