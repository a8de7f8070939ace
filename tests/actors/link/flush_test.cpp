// SPDX-License-Identifier: Apache-2.0
// store.flush over a link: who may, what it makes durable, what it costs.
#include <gtest/gtest.h>

#include "tests/actors/link/peer.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using wire::Key;
using wire::Message;
using wire::Record;

/// A device with a job that is claimed, which is lazy.
class FlushOnALink : public testing::Test {
 protected:
  FlushOnALink() {
    device_.handler("slow", {.takes = 1h, .heeds_stop = false});
    check(device_.boot().ok(), "flush_test:boot");
    device_.advance(5s);
    device_.submit("slow");
    syncs_ = device_.journal().syncs();
    checkpoints_ = device_.status().store.checkpoints;
  }
  Result<Record> ask(const Identity& who, const Record& body = {}) {
    Peer peer(device_, who);
    check(peer.birth().has_value(), "flush_test:birth");
    return peer.ask(Message::store_flush, body);
  }
  std::uint64_t syncs() { return device_.journal().syncs() - syncs_; }
  std::uint64_t checkpoints() { return device_.status().store.checkpoints - checkpoints_; }

  SimulatedDevice device_;
  std::uint64_t syncs_ = 0;
  std::uint64_t checkpoints_ = 0;
};

TEST_F(FlushOnALink, IsForOperatorsAndARefusalDoesNothing) {
  for (const Identity& other : {kPump, Identity{"watcher", Role::reader}})
    EXPECT_EQ(ask(other, Record().put_bool(Key::checkpoint, true)).error().code, "link.forbidden");
  EXPECT_EQ(ask(kOperator, Record().put_text(Key::checkpoint, "yes")).error().code, "link.bad_body");
  EXPECT_EQ(syncs(), 0U);
  EXPECT_EQ(checkpoints(), 0U);
}

TEST_F(FlushOnALink, SyncsWhatIsLazyAndThenNothingMore) {
  ASSERT_TRUE(ask(kOperator).ok());
  EXPECT_EQ(syncs(), 1U);
  ASSERT_TRUE(ask(kOperator, Record().put_bool(Key::checkpoint, false)).ok());
  EXPECT_EQ(syncs(), 1U);
  EXPECT_EQ(checkpoints(), 0U);
}

TEST_F(FlushOnALink, MakesACheckpointWhereItIsToldTo) {
  for (std::uint64_t times = 1; times <= 2; ++times) {
    ASSERT_TRUE(ask(kOperator, Record().put_bool(Key::checkpoint, true)).ok());
    EXPECT_EQ(syncs(), times);
    EXPECT_EQ(checkpoints(), times);
    EXPECT_EQ(device_.status().store.last_checkpoint, store::Checkpoint::command);
  }
}

TEST_F(FlushOnALink, IsRefusedByADeviceThatStops) {
  Peer peer(device_);
  ASSERT_TRUE(peer.birth());
  device_.begin_stop();
  EXPECT_EQ(peer.ask(Message::store_flush).error().code, "stopping");
}

}  // namespace
}  // namespace dormouse::sim
