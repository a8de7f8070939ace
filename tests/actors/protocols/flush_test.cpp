// SPDX-License-Identifier: Apache-2.0
// Storage asked to make everything durable: lazy changes, and with a checkpoint a stamp of the moment too.
#include <algorithm>

#include <gtest/gtest.h>

#include "runtime/store/envelope.hpp"
#include "runtime/store/keys.hpp"
#include "tests/actors/protocols/bench.hpp"

namespace dormouse::actors {
namespace {

EnqueueJobs due_now() {
  auto op = enqueue("h");
  op.specs[0].due = jobs::DueNow{};
  return op;
}

/// A job that is claimed, which is lazy.
void claim_one(Bench& bench) {
  ASSERT_TRUE(bench.ask(bench.storage(), due_now()).ok());
  ASSERT_EQ(bench.ask(bench.storage(), ClaimJobs{{1}})->claimed.size(), 1U);
}
std::uint32_t attempts(Bench& bench) {
  return bench.ask(bench.storage(), GetJob{Identity{}, 1, false})->job.attempt;
}
store::Store::Stats stats(Bench& bench) {
  return bench.ask(bench.storage(), GetStatus{})->store;
}
/// The stamp in the tree as a boot would find it without the journal.
std::optional<Stamp> committed_stamp(Bench& bench) {
  const Bytes key = store::keys::meta("stamp");
  const auto found = bench.disk().content().find(key);
  if (found == bench.disk().content().end()) return std::nullopt;
  const auto opened = store::unseal(key, found->second);
  check(opened.ok(), "test:unseal");
  return *decode_stamp(opened->body);
}

TEST(FlushStore, WhatWasLazyIsDurableBeforeTheAnswer) {
  for (const bool checkpoint : {false, true}) {
    SCOPED_TRACE(checkpoint);
    Bench bench;
    claim_one(bench);
    const auto syncs = bench.syncs();
    const auto checkpoints = stats(bench).checkpoints;
    const auto flushed = bench.send(bench.storage(), FlushStore{checkpoint});
    bench.settle();
    ASSERT_TRUE(flushed->result && flushed->result->ok());
    EXPECT_EQ(flushed->syncs, syncs + 1);
    EXPECT_EQ(stats(bench).checkpoints, checkpoints + (checkpoint ? 1 : 0));
    bench.power_cut();
    EXPECT_EQ(attempts(bench), 1U);
  }
}

TEST(FlushStore, WhatStandsBeforeItInTheMailboxSharesNoMoreThanItsOwnSync) {
  Bench bench;
  const auto storage = bench.storage();
  const auto syncs = bench.syncs();
  const auto written = bench.send(storage, enqueue("h"));
  const auto flushed = bench.send(storage, FlushStore{});
  bench.settle();
  ASSERT_TRUE(written->result->ok() && flushed->result->ok());
  EXPECT_LT(written->place, flushed->place);
  EXPECT_EQ(bench.syncs(), syncs + 1);
}

TEST(FlushStore, WithNothingToWriteItCostsNothing) {
  Bench bench;
  ASSERT_TRUE(bench.ask(bench.storage(), enqueue("h")).ok());
  const auto syncs = bench.syncs();
  const auto written = bench.journal().bytes_written();
  const auto before = stats(bench);
  ASSERT_TRUE(bench.ask(bench.storage(), FlushStore{}).ok());
  EXPECT_EQ(bench.syncs(), syncs);
  EXPECT_EQ(bench.journal().bytes_written(), written);
  EXPECT_EQ(stats(bench).traffic.syncs, before.traffic.syncs);
}

TEST(FlushStore, ACheckpointStampsTheMomentAndAFlushAloneDoesNot) {
  for (const bool checkpoint : {false, true}) {
    SCOPED_TRACE(checkpoint);
    Bench bench;
    ASSERT_TRUE(bench.ask(bench.storage(), enqueue("h")).ok());
    bench.clock().advance(Duration{600'000});
    ASSERT_TRUE(bench.ask(bench.storage(), FlushStore{checkpoint}).ok());
    const Sample now = bench.clock().read();
    EXPECT_EQ(bench.time()->last_commit() == now.instant, checkpoint) << "a sign of life";
    const auto stamp = committed_stamp(bench);
    EXPECT_EQ(stamp && stamp->wall == now.wall, checkpoint);
    if (stamp) {
      EXPECT_FALSE(stamp->clean);
    }
  }
}

TEST(FlushStore, ALazyChangeThatItSyncsIsAsOldAsItWas) {
  Bench bench;
  claim_one(bench);
  const auto before = bench.time()->last_commit();
  bench.clock().advance(Duration{30'000});
  ASSERT_TRUE(bench.ask(bench.storage(), FlushStore{}).ok());
  EXPECT_EQ(bench.time()->last_commit(), before) << "no sign of life";
  ASSERT_TRUE(bench.ask(bench.storage(), GetStatus{}).ok());
  EXPECT_EQ(bench.time()->last_commit(), before);
}

TEST(FlushStore, ACommitThatFailsIsToldAndAllIsDurableAllTheSame) {
  Bench bench;
  claim_one(bench);
  bench.disk().fail_commits("store.no_space");
  EXPECT_EQ(bench.ask(bench.storage(), FlushStore{true}).error().code, "store.no_space");
  bench.power_cut();
  EXPECT_EQ(attempts(bench), 1U);
}

TEST(FlushStore, AJournalThatFailsIsMadeGoodByACheckpoint) {
  for (const bool checkpoint : {false, true}) {
    SCOPED_TRACE(checkpoint);
    Bench bench;
    claim_one(bench);
    bench.journal().fail_syncs();
    EXPECT_TRUE(bench.ask(bench.storage(), FlushStore{checkpoint}).ok());
    EXPECT_EQ(stats(bench).last_checkpoint, store::Checkpoint::medium);
    ASSERT_FALSE(bench.events().empty());
    EXPECT_TRUE(bench.events().back().text.starts_with("store.io"));
    bench.power_cut();
    EXPECT_EQ(attempts(bench), 1U);
  }
}

TEST(FlushStore, NobodyIsAnsweredOnceTheStoreCannotGoOn) {
  for (const bool checkpoint : {false, true}) {
    SCOPED_TRACE(checkpoint);
    Bench bench;
    claim_one(bench);
    bench.journal().fail_syncs();
    bench.disk().fail_commits("store.io");
    const auto flushed = bench.send(bench.storage(), FlushStore{checkpoint});
    bench.settle();
    EXPECT_FALSE(flushed->result);
  }
}

TEST(FlushStore, IsRefusedAsOthersAreWhileTheStoreIsClosed) {
  Bench bench;
  const auto storage = spawn_storage(bench.system(), bench.setup());
  EXPECT_EQ(bench.ask(storage, FlushStore{true}).error().code, "store.closed");
  ASSERT_TRUE(bench.ask(storage, bench.open_now()).ok());
  EXPECT_TRUE(bench.ask(storage, FlushStore{true}).ok());
  ASSERT_TRUE(bench.ask(storage, CloseStore{"sigterm", {}, false}).ok());
  EXPECT_EQ(bench.ask(storage, FlushStore{}).error().code, "store.closed");
  caf::anon_send_exit(storage, caf::exit_reason::kill);
  bench.settle();
}

TEST(FlushStore, AStoreThatTurnsReadOnlyInItSaysSo) {
  for (const bool checkpoint : {false, true}) {
    SCOPED_TRACE(checkpoint);
    Bench bench;
    claim_one(bench);
    bench.journal().turn_read_only();
    bench.disk().fail_commits("store.read_only", store::MemoryDisk::unlimited);
    EXPECT_EQ(bench.ask(bench.storage(), FlushStore{checkpoint}).error().code, "store.read_only");
    EXPECT_EQ(bench.ask(bench.storage(), enqueue("h")).error().code, "store.read_only");
    EXPECT_EQ(bench.ask(bench.storage(), FlushStore{checkpoint}).error().code, "store.read_only");
    EXPECT_EQ(std::count_if(bench.events().begin(), bench.events().end(),
                            [](const Event& event) { return event.text.starts_with("store.read_only"); }),
              1);
  }
}

}  // namespace
}  // namespace dormouse::actors
