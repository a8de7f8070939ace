// SPDX-License-Identifier: Apache-2.0
// What a store finds after a cut: the tree at its last checkpoint, the journal's batches over it, nothing else.
#include <random>
#include <set>

#include "runtime/store/little_endian.hpp"
#include "runtime/time/boot.hpp"
#include "runtime/wire/crc32c.h"
#include "tests/runtime/store/beds.hpp"

namespace dormouse::store {
namespace {

using Names = std::vector<std::string>;

class JournalledStore : public BothTrees {};
INSTANTIATE_TEST_SUITE_P(Trees, JournalledStore, testing::Values(Kind::memory, Kind::lmdb), kind_name);

/// Body such that the batch of one put under a key of two bytes takes this much of the journal.
Bytes body_for(std::uint64_t record_bytes) {
  return Bytes(record_bytes - journal_head_bytes - 7 - 2 - envelope_bytes, 'x');
}

Limits patient() {
  Limits limits;
  limits.lazy_bytes = 32 * 1024;  // so that what is lazy stays unsynced
  return limits;
}

TEST_P(JournalledStore, D030_AGroupThatWasNotSyncedIsAPrefixOfItself) {
  std::mt19937_64 random(30);
  for (int round = 0; round < 40; ++round) {
    Machine machine(GetParam(), with_half(16 * 1024));
    machine.keep("v0", "x");
    for (const char* key : {"v1", "v2", "v3"}) {
      Transaction txn = machine.store().begin();
      txn.put(key, Bytes(400, 'x'));
      ASSERT_TRUE(txn.apply(Durability::lazy).ok());
    }
    ASSERT_TRUE(machine.store().settle({}).ok());  // written, not synced
    machine.cut([&](std::uint64_t) { return random() % 2 == 0; });
    machine.boot();
    const auto found = machine.keys("v");
    const Names all{"v0", "v1", "v2", "v3"};
    ASSERT_LE(found.size(), 4u);
    EXPECT_EQ(found, Names(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(found.size())));
    EXPECT_GE(found.size(), 1u);
  }
}

TEST_P(JournalledStore, D032_ALaterBlockAloneAppliesNothing) {
  Machine machine(GetParam(), patient());
  for (const char* key : {"v1", "v2", "v3"}) {
    Transaction txn = machine.store().begin();
    txn.put(key, body_for(4096));
    ASSERT_TRUE(txn.apply(Durability::lazy).ok());
  }
  ASSERT_TRUE(machine.store().settle({}).ok());
  std::set<std::uint64_t> units;
  machine.cut([&](std::uint64_t unit) {
    units.insert(unit);
    return unit >= *units.begin() + 16;  // the third block
  });
  ASSERT_EQ(units.size(), 24u);
  machine.boot();
  EXPECT_EQ(machine.keys("v"), Names{});
  EXPECT_EQ(machine.store().recovery().replayed, 0u);
}

TEST_P(JournalledStore, D033_AnOldRecordThatANewOneEndsBeforeIsRefused) {
  Machine machine(GetParam(), patient());
  for (const char* key : {"v1", "v2", "v3"}) {
    Transaction txn = machine.store().begin();
    txn.put(key, body_for(4096));
    ASSERT_TRUE(txn.apply(Durability::lazy).ok());
  }
  ASSERT_TRUE(machine.store().settle({}).ok());
  std::uint64_t first = 0;
  machine.cut([&](std::uint64_t unit) {
    if (first == 0) first = unit;
    return unit >= first + 16;
  });
  machine.boot();
  machine.store().own(2);
  machine.keep("w1", body_for(4096));
  machine.keep("w2", body_for(4096));  // sequence 2, and the old third has sequence 3
  machine.power_cut();
  EXPECT_EQ(machine.store().recovery().replayed, 2u);
  EXPECT_EQ(machine.keys("v"), Names{});
  EXPECT_EQ(machine.keys("w"), (Names{"w1", "w2"}));
}

TEST(Recovery, D034_ACutInsideACheckpointKeepsAll) {
  for (const auto outcome : {MemoryDisk::Outcome::keeps_old, MemoryDisk::Outcome::has_new}) {
    Machine machine(Kind::memory);
    machine.keep("v1", "x");
    machine.keep("v2", "x");
    machine.disk().cut_power_in_next_commit(outcome);
    EXPECT_FALSE(machine.store().checkpoint(Checkpoint::command).ok());
    machine.power_cut();
    EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2"}));
    EXPECT_EQ(machine.store().recovery().replayed, outcome == MemoryDisk::Outcome::keeps_old ? 2u : 0u);
    machine.keep("v3", "x");
    EXPECT_EQ(machine.store().applied(), 3u);
  }
}

TEST_P(JournalledStore, D034_RightAfterACheckpointNothingIsReplayedAndTheSequenceGoesOn) {
  Machine machine(GetParam());
  machine.keep("v1", "x");
  ASSERT_TRUE(machine.store().checkpoint(Checkpoint::command).ok());
  machine.power_cut();
  EXPECT_EQ(machine.store().recovery().replayed, 0u);
  EXPECT_EQ(machine.keys("v"), (Names{"v1"}));
  machine.keep("v2", "x");
  EXPECT_EQ(machine.store().applied(), 2u);
}

MemoryDisk::Content content_after_recovery(Machine& machine, const std::vector<MemoryDisk::Outcome>& cuts) {
  machine.cut();
  for (const auto outcome : cuts) {
    machine.wrap_tree([&](std::unique_ptr<Tree> tree) {
      machine.disk().cut_power_in_next_commit(outcome);
      return tree;
    });
    EXPECT_FALSE(machine.try_boot().ok());
    machine.cut();
  }
  machine.wrap_tree({});
  machine.boot();
  machine.kill();
  return machine.disk().content();
}

TEST(Recovery, D035_ARecoveryThatIsCutThreeTimesInARowEqualsOneThatWasNot) {
  const auto fill = [](Machine& machine) {
    for (int i = 0; i < 200; ++i) machine.keep("v" + std::to_string(i % 50), Bytes(i % 7, 'x'));
  };
  Machine uncut(Kind::memory);
  fill(uncut);
  const auto expected = content_after_recovery(uncut, {});
  using enum MemoryDisk::Outcome;
  Machine cut(Kind::memory);
  fill(cut);
  EXPECT_EQ(content_after_recovery(cut, {keeps_old, keeps_old, keeps_old}), expected);
}

TEST(Recovery, ALostCheckpointIsHealedFromBothHalves) {
  Machine machine(Kind::memory, with_half(16 * 1024));
  machine.keep("v1", "x");
  const MemoryDisk before = machine.disk();
  ASSERT_TRUE(machine.store().checkpoint(Checkpoint::command).ok());
  machine.keep("v2", "x");
  machine.cut();
  machine.disk() = before;
  machine.boot();
  EXPECT_TRUE(machine.store().recovery().checkpoint_lost);
  EXPECT_EQ(machine.store().recovery().replayed, 2u);
  EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2"}));
  machine.keep("v3", "x");
  machine.power_cut();
  EXPECT_FALSE(machine.store().recovery().checkpoint_lost);
  EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2", "v3"}));
}

TEST(Recovery, D039_ATreeThatIsTooOldIsToldAndLeftAsItIs) {
  Machine machine(Kind::memory, with_half(16 * 1024));
  machine.keep("v1", "x");
  const MemoryDisk old = machine.disk();
  ASSERT_TRUE(machine.store().checkpoint(Checkpoint::command).ok());
  machine.keep("v2", "x");
  ASSERT_TRUE(machine.store().checkpoint(Checkpoint::command).ok());
  machine.keep("v3", "x");
  machine.cut();
  machine.disk() = old;
  EXPECT_EQ(machine.try_boot().error().code, "store.behind_journal");
  EXPECT_EQ(machine.disk().content(), old.content());
}

TEST(Recovery, D039_ALostCheckpointThatHeldABigBatchCannotBeHealed) {
  Machine machine(Kind::memory, with_half(16 * 1024));
  machine.keep("v1", "x");
  const MemoryDisk old = machine.disk();
  machine.keep("v2", Bytes(8 * 1024, 'x'));
  EXPECT_EQ(machine.store().stats().last_checkpoint, Checkpoint::big);
  machine.keep("v3", "x");
  machine.cut();
  machine.disk() = old;
  EXPECT_EQ(machine.try_boot().error().code, "store.behind_journal");
}

TEST_P(JournalledStore, D040_DamageInTheMiddleIsReportedWithTheLostRange) {
  Machine machine(GetParam());
  for (const char* key : {"v1", "v2", "v3"}) machine.keep(key, body_for(128));
  machine.cut();
  machine.journal().tamper(journal_header_bytes + 256 * 1024 + 128 + 70, "!");
  machine.boot();
  EXPECT_EQ(machine.keys("v"), (Names{"v1"}));
  ASSERT_TRUE(machine.store().recovery().alarm);
  EXPECT_EQ(machine.store().recovery().alarm->code, "store.journal_corrupt");
  EXPECT_NE(machine.store().recovery().alarm->message.find("2 to 2"), std::string::npos);
  EXPECT_FALSE(machine.store().recovery().torn);
}

TEST_P(JournalledStore, D041_DamageInTheLastRecordIsATornTail) {
  Machine machine(GetParam());
  for (const char* key : {"v1", "v2"}) machine.keep(key, body_for(128));
  machine.cut();
  machine.journal().tamper(journal_header_bytes + 256 * 1024 + 128 + 70, "!");
  machine.boot();
  EXPECT_EQ(machine.keys("v"), (Names{"v1"}));
  ASSERT_TRUE(machine.store().recovery().torn);
  EXPECT_EQ(machine.store().recovery().torn->offset, journal_header_bytes + 256 * 1024 + 128);
  EXPECT_EQ(machine.store().recovery().torn->after, 1u);
}

TEST_P(JournalledStore, D042_AFullHalfIsFollowedByTheOther) {
  Machine machine(GetParam(), with_half(16 * 1024));
  for (const char* key : {"v1", "v2", "v3", "v4"}) machine.keep(key, body_for(4096));
  EXPECT_EQ(machine.store().stats().checkpoints, 0u);  // filled to the last byte
  machine.keep("v5", body_for(4096));
  EXPECT_EQ(machine.store().stats().checkpoints, 1u);
  EXPECT_EQ(machine.store().stats().last_checkpoint, Checkpoint::half_full);
  machine.power_cut();
  EXPECT_EQ(machine.store().recovery().replayed, 1u);
  EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2", "v3", "v4", "v5"}));
}

TEST_P(JournalledStore, D044_AGarbledHeaderIsWrittenAgainFromTheTree) {
  Machine machine(GetParam());
  machine.keep("v1", "x");
  machine.cut();
  machine.journal().tamper(0, Bytes(100, '!'));
  machine.boot();
  EXPECT_EQ(machine.keys("v"), (Names{"v1"}));
  EXPECT_EQ(machine.store().recovery().notes.size(), 1u);
  machine.keep("v2", "x");
  machine.power_cut();
  EXPECT_TRUE(machine.store().recovery().notes.empty());
  EXPECT_EQ(machine.keys("v"), (Names{"v1", "v2"}));
}

TEST_P(JournalledStore, D045_ARecordOfANewerProgramStopsTheOpenAndChangesNothing) {
  Machine machine(GetParam());
  machine.keep("v1", "x");
  machine.cut();
  // The journal's next record, by a program that knows one more effect.
  JournalFacts facts{.store_id = "0123456789abcdef"};
  machine.journal().restore();
  Journal journal(hal_sim::open_memory_medium(machine.journal()), facts);
  const auto half = journal.read(1, 0).value();
  JournalHead head{.sequence = 2, .generation = 1, .prev = half.records.back().head.crc};
  Bytes record = encode_journal_record(head, {{"v2", "x"}});
  record[journal_head_bytes] = 9;
  write_le(record, 0, dm_crc32c(0, record.data() + 4, head.length - 4));
  machine.journal().tamper(half.end_offset, record);
  EXPECT_EQ(machine.try_boot().error().code, "store.newer");
  machine.journal().tamper(half.end_offset, Bytes(record.size(), '\0'));
  machine.boot();
  EXPECT_EQ(machine.keys("v"), (Names{"v1"}));
}

TEST_P(JournalledStore, AJournalOfAnotherStoreIsRefused) {
  Machine machine(GetParam());
  machine.keep("v1", "x");
  machine.cut();
  machine.journal().tamper(0, encode_journal_header({.store_id = "another"}));
  EXPECT_EQ(machine.try_boot().error().code, "store.mixed");
}

TEST_P(JournalledStore, D043_AJournalThatIsGoneIsToldUnlessTheStopWasClean) {
  for (const bool clean : {true, false}) {
    Machine machine(GetParam());
    Transaction txn = machine.store().begin();
    Stamp stamp;
    if (clean) stamp.clean = "sigterm";
    txn.put(keys::meta("stamp"), encode(stamp));
    ASSERT_TRUE(txn.apply(Durability::durable).ok());
    ASSERT_TRUE(machine.store().checkpoint(Checkpoint::stop).ok());
    if (!clean) machine.keep("v1", "x");
    machine.cut();
    machine.journal().tamper(0, Bytes(journal_header_bytes + 2 * 256 * 1024, '\0'));
    ASSERT_TRUE(machine.try_boot(true).ok());
    EXPECT_EQ(machine.store().recovery().notes.size(), 1u);
    EXPECT_EQ(machine.store().recovery().alarm.has_value(), !clean);
    if (!clean) {
      EXPECT_EQ(machine.store().recovery().alarm->code, "store.journal_lost");
      EXPECT_NE(machine.store().recovery().alarm->message.find("after batch 1"), std::string::npos);
    }
    machine.keep("v2", "x");
    machine.power_cut();
    EXPECT_EQ(machine.keys("v"), (Names{"v2"}));
  }
}

TEST_P(JournalledStore, D087_WhatWasAppendedIsKeptWhenTheProcessIsKilled) {
  Machine machine(GetParam());
  Transaction txn = machine.store().begin();
  txn.put("v1", "x");
  ASSERT_TRUE(txn.apply(Durability::lazy).ok());
  ASSERT_TRUE(machine.store().settle({}).ok());
  machine.kill();
  machine.boot();
  EXPECT_EQ(machine.keys("v"), (Names{"v1"}));
  EXPECT_EQ(machine.store().stats().checkpoints, 1u);  // committed before anything acts on it
  machine.power_cut();
  EXPECT_EQ(machine.keys("v"), (Names{"v1"}));
}

TEST_P(JournalledStore, D089_CutsRightAfterTheFirstBatchOfEachBootDoNotMixGenerations) {
  Machine machine(GetParam());
  machine.keep("v0", "x");
  ASSERT_TRUE(machine.store().checkpoint(Checkpoint::command).ok());
  machine.power_cut();
  EXPECT_EQ(machine.store().recovery().replayed, 0u);
  for (std::uint32_t boot = 1; boot <= 3; ++boot) {
    machine.store().own(boot);
    machine.keep("v" + std::to_string(boot), "x");
    machine.power_cut();
    EXPECT_EQ(machine.store().recovery().replayed, 1u);
    EXPECT_EQ(machine.store().recovery().last_batch->epoch, boot);
  }
  EXPECT_EQ(machine.keys("v"), (Names{"v0", "v1", "v2", "v3"}));
}

TEST_P(JournalledStore, D097_RecordsOfATornGroupAreNeverAppliedLater) {
  std::mt19937_64 random(97);
  Machine machine(GetParam());
  for (const char* key : {"o1", "o2", "o3", "o4", "o5", "o6"}) {
    Transaction txn = machine.store().begin();
    txn.put(key, body_for(1024));
    ASSERT_TRUE(txn.apply(Durability::lazy).ok());
  }
  ASSERT_TRUE(machine.store().settle({}).ok());
  std::uint64_t first = 0;
  machine.cut([&](std::uint64_t unit) {
    if (first == 0) first = unit;
    return unit != first + 1;  // the first record is torn
  });
  machine.boot();
  std::uint64_t kept = 0;
  for (std::uint32_t boot = 1; boot <= 50; ++boot) {
    machine.store().own(boot);
    Transaction txn = machine.store().begin();
    txn.put("v" + std::to_string(boot), Bytes(random() % 3'000, 'n'));
    ASSERT_TRUE(txn.apply(Durability::lazy).ok());
    ASSERT_TRUE(machine.store().settle({}).ok());
    if (random() % 4 == 0) {
      ASSERT_TRUE(machine.store().sync().ok());
      ++kept;
    }
    machine.cut([&](std::uint64_t) { return random() % 2 == 0; });
    machine.boot();
    ASSERT_EQ(machine.keys("o"), Names{}) << "boot " << boot;
    ASSERT_GE(machine.keys("v").size(), kept);
  }
}

TEST_P(JournalledStore, TheLastBatchTellsWhenTheStoreLastLived) {
  Machine machine(GetParam());
  machine.store().own(4);
  machine.keep("v1", "x", {.instant = {1'000}, .wall = {5'000}, .trust = Trust::synced});
  machine.keep("v2", "x", {.instant = {2'000}, .wall = {6'000}, .trust = Trust::rtc});
  machine.power_cut();
  for (int boots = 0; boots < 2; ++boots) {  // from the journal, then from the tree
    ASSERT_TRUE(machine.store().recovery().last_batch);
    EXPECT_EQ(machine.store().recovery().last_batch->epoch, 4u);
    EXPECT_EQ(machine.store().recovery().last_batch->instant, Instant{2'000});
    EXPECT_EQ(machine.store().recovery().last_batch->wall, WallTime{6'000});
    EXPECT_EQ(machine.store().recovery().last_batch->trust, Trust::rtc);
    machine.power_cut();
  }
}

}  // namespace
}  // namespace dormouse::store
