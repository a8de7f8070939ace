// SPDX-License-Identifier: Apache-2.0
// The simulated link keeps the contract of links, and its faults do what they say, the same way every time.
#include "hal/sim/memory_link.hpp"

#include <map>

#include "hal/sim/sim_loop.hpp"

namespace dormouse::hal_sim {
namespace {

class SimulatedLink : public ::testing::Test {
 protected:
  SimulatedLink() {
    EXPECT_TRUE(link_
                    .open({.opened = [this](auto id, auto who) { who_[id] = who; },
                           .received =
                               [this](auto id, Bytes bytes) {
                                 received_[id] += bytes;
                                 ++pieces_;
                               },
                           .closed = [this](auto id) { ++closed_[id]; },
                           .drained = [this](auto id) { ++drained_[id]; }})
                    .ok());
  }
  hal::ClientId connect(std::optional<Identity> who = Identity{}) {
    const auto id = link_.connect(std::move(who));
    loop_.run();
    return id.value_or(0);
  }
  void write(hal::ClientId id, BytesView bytes) {
    link_.write(id, bytes);
    loop_.run();
  }
  void send(hal::ClientId id, Bytes bytes) {
    link_.send(id, std::move(bytes));
    loop_.run();
  }

  SimLoop loop_;
  MemoryLink link_{loop_, {.max_clients = 2, .output_bytes = 10}};
  std::map<hal::ClientId, std::optional<Identity>> who_;
  std::map<hal::ClientId, Bytes> received_;
  std::map<hal::ClientId, int> closed_, drained_;
  int pieces_ = 0;
};

TEST_F(SimulatedLink, carries_bytes_both_ways_and_says_who_is_there) {
  const auto id = connect(Identity{"pump", Role::none});
  ASSERT_TRUE(who_[id]);
  EXPECT_EQ(who_[id]->component, "pump");
  write(id, "question");
  EXPECT_EQ(received_[id], "question");
  send(id, "answer");
  EXPECT_EQ(drained_[id], 0);
  EXPECT_EQ(link_.take(id), "answer");
  loop_.run();
  EXPECT_EQ(drained_[id], 1);
}

TEST_F(SimulatedLink, calls_back_in_jobs_of_the_loop_and_never_inside_a_call) {
  const auto id = link_.connect();
  ASSERT_TRUE(id);
  link_.write(*id, "early");
  EXPECT_TRUE(who_.empty());
  EXPECT_TRUE(received_.empty());
  loop_.run();
  EXPECT_EQ(received_[*id], "early");
}

TEST_F(SimulatedLink, reads_no_word_of_an_unauthorised_peer) {
  const auto id = connect(std::nullopt);
  EXPECT_FALSE(who_[id]);
  write(id, "let me in");
  EXPECT_EQ(received_[id], "");
  link_.send(id, "no");
  link_.close(id);
  loop_.run();
  EXPECT_EQ(closed_[id], 0) << "the word is still on its way";
  EXPECT_EQ(link_.take(id), "no");
  loop_.run();
  EXPECT_EQ(closed_[id], 1);
}

TEST_F(SimulatedLink, has_no_place_beyond_its_clients_until_one_leaves) {
  const auto first = connect();
  connect();
  EXPECT_EQ(connect(), 0u);
  link_.hang_up(first);
  const auto next = connect();
  EXPECT_EQ(next, 3u) << "numbers are never used twice";
}

TEST_F(SimulatedLink, hands_over_what_a_peer_wrote_before_it_hung_up) {
  const auto id = connect();
  link_.write(id, "last words");
  link_.hang_up(id);
  link_.write(id, "from the grave");
  loop_.run();
  EXPECT_EQ(received_[id], "last words");
  EXPECT_EQ(closed_[id], 1);
  link_.hang_up(id);
  link_.shut();
  loop_.run();
  EXPECT_EQ(closed_[id], 1) << "once is enough";
}

TEST_F(SimulatedLink, does_not_read_a_peer_that_does_not_read) {
  const auto id = connect();
  send(id, "12345678901");
  write(id, "more");
  EXPECT_EQ(received_[id], "");
  EXPECT_EQ(link_.take(id), "12345678901");
  loop_.run();
  EXPECT_EQ(received_[id], "more");
  send(id, "12345678901");
  link_.close_slow();
  loop_.run();
  EXPECT_EQ(closed_[id], 1);
}

TEST_F(SimulatedLink, loses_every_peer_when_cut_and_takes_nobody_until_mended) {
  const auto id = connect();
  link_.cut();
  loop_.run();
  EXPECT_EQ(closed_[id], 1);
  EXPECT_EQ(connect(), 0u);
  link_.mend();
  EXPECT_NE(connect(), 0u);
}

TEST_F(SimulatedLink, loses_pieces_both_ways) {
  const auto id = connect();
  link_.set_fault(LinkFault::loss);
  write(id, "gone");
  send(id, "gone");
  link_.set_fault(LinkFault::none);
  write(id, "here");
  EXPECT_EQ(received_[id], "here");
  EXPECT_EQ(link_.take(id), "");
  EXPECT_EQ(link_.lost_pieces(), 2u);
}

TEST_F(SimulatedLink, holds_bytes_back_in_a_stall_and_keeps_their_order) {
  const auto id = connect();
  link_.set_fault(LinkFault::stall);
  write(id, "one ");
  write(id, "two ");
  send(id, "out");
  EXPECT_EQ(received_[id], "");
  EXPECT_EQ(link_.take(id), "");
  link_.set_fault(LinkFault::none);
  write(id, "three");
  EXPECT_EQ(received_[id], "one two three");
  EXPECT_EQ(link_.take(id), "out");
}

TEST_F(SimulatedLink, flips_one_bit_of_each_piece_the_same_way_for_the_same_seed) {
  const auto noisy = [](std::uint64_t seed) {
    SimLoop loop;
    MemoryLink link(loop, {.seed = seed});
    Bytes got;
    EXPECT_TRUE(link.open({.received = [&](auto, Bytes bytes) { got += bytes; }}).ok());
    const auto id = link.connect();
    link.set_fault(LinkFault::noise);
    for (int i = 0; i < 8; ++i) link.write(*id, Bytes(8, '\0'));
    loop.run();
    return got;
  };
  const auto first = noisy(7);
  int bits = 0;
  for (const char byte : first) bits += __builtin_popcount(static_cast<unsigned char>(byte));
  EXPECT_EQ(bits, 8);
  EXPECT_EQ(first, noisy(7));
  EXPECT_NE(first, noisy(8));
}

TEST_F(SimulatedLink, cuts_what_arrives_into_pieces) {
  const auto id = connect();
  link_.set_piece_bytes(1);
  write(id, "abc");
  EXPECT_EQ(received_[id], "abc");
  EXPECT_EQ(pieces_, 3);
}

}  // namespace
}  // namespace dormouse::hal_sim
