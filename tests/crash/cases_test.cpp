// SPDX-License-Identifier: Apache-2.0
// Cuts of a real store, one case after the other: what stands in real files is torn, lost, or half committed by
// LMDB.
#include <algorithm>
#include <functional>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "tests/crash/harness/cuts.hpp"
#include "tests/crash/harness/device.hpp"
#include "tests/crash/harness/lies.hpp"
#include "tests/crash/harness/recorder.hpp"
#include "tests/crash/harness/workloads.hpp"

namespace dormouse::crash {
namespace {

using store::Durability;

constexpr std::size_t every = 1'000'000;

class Cuts : public testing::Test {
 protected:
  /// Records what the work does to a store that has these batches, and none of them in the journal.
  template <class Work>
  Record record(std::uint64_t batches, Work work) {
    const auto folder = places_.next();
    std::filesystem::create_directory(folder);
    {
      Device device(folder, history_, deaf_, options_);
      EXPECT_TRUE(device.open().ok());
      for (std::uint64_t i = 0; i < batches; ++i) device.put(draw_batch(random_));
      device.stop();
    }
    Recorder recorder(folder);
    Device device(folder, history_, recorder, options_);
    EXPECT_TRUE(device.open().ok());
    work(device);
    device.kill();
    return recorder.stop();
  }

  /// Opens a state and hands the device over; it holds what the history says of its count.
  template <class Look>
  void open(const Image& image, Look look) {
    History history = history_;
    Device device(places_.lay_out(image), history, deaf_, options_);
    const auto opened = device.open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    ASSERT_LE(device.found(), history_.last());
    EXPECT_EQ(device.content(), history_.after(device.found()));
    EXPECT_TRUE(device.opened().alarms.empty());
    history.cut_after(device.found());
    look(device);
  }

  Batch sized(std::uint64_t bytes) {
    return {{"vsized", std::string(bytes, static_cast<char>('a' + random_() % 26))}};
  }

  hal_linux::StoreOptions options_{.limits = small_limits()};
  History history_;
  Deaf deaf_;
  Places places_;
  std::mt19937_64 random_{1};
};

/// The last op of that kind on the file of that name.
std::size_t last_op(const Record& record, Op::Kind kind, const std::string& file) {
  const int node = node_named(record, file);
  for (std::size_t i = record.ops.size(); i > 0; --i)
    if (record.ops[i - 1].kind == kind && record.ops[i - 1].node == node) return i - 1;
  ADD_FAILURE() << "no such op on " << file;
  return 0;
}

TEST_F(Cuts, D029_AnAckedBatchIsThereAfterACutAtOnce) {
  const auto record = this->record(0, [&](Device& device) {
    for (int i = 0; i < 40; ++i) device.put(draw_batch(random_));
  });
  std::size_t answers = 0;
  for (std::size_t point = 1; point <= record.ops.size(); ++point) {
    if (record.ops[point - 1].kind != Op::Kind::acked) continue;
    ++answers;
    open(synced_part(record, point),
         [&](Device& device) { EXPECT_EQ(device.found(), record.ops[point - 1].number); });
  }
  EXPECT_EQ(answers, 40u);
}

TEST_F(Cuts, D030_AGroupThatWasNotSyncedIsAPrefixOfItself) {
  const auto record = this->record(2, [&](Device& device) {
    for (const std::uint64_t bytes : {600, 700, 500}) device.apply(sized(bytes), Durability::durable);
    device.settle();
  });
  const std::size_t point = last_op(record, Op::Kind::write, "journal") + 1;
  Builder builder(record);
  std::set<std::uint64_t> found;
  for (const Cut& cut : draw_cuts(record, point, every, random_))
    open(builder.build(cut), [&](Device& device) { found.insert(device.found()); });
  EXPECT_EQ(found, (std::set<std::uint64_t>{2, 3, 4, 5}));
}

TEST_F(Cuts, D031_ATornLastRecordEndsTheHalfAndTheReportSaysWhere) {
  const auto record = this->record(1, [&](Device& device) {
    device.put(sized(300));
    device.put(sized(1'500));
  });
  const std::size_t last = last_op(record, Op::Kind::write, "journal");
  const Op& write = record.ops[last];
  Builder builder(record);
  for (std::size_t units = 1; units < units_of(write); ++units) {
    std::vector<bool> kept(units_of(write), false);
    std::fill(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(units), true);
    open(builder.build({.point = last + 1, .kept = {last}, .torn = last, .units = kept}), [&](Device& device) {
      EXPECT_EQ(device.found(), 2u);
      const auto& torn = device.opened().recovery.torn;
      ASSERT_TRUE(torn);
      EXPECT_EQ(torn->offset, write.number);
      EXPECT_EQ(torn->after, 2u);
    });
  }
}

TEST_F(Cuts, D034_ACutInsideLmdbsCommitOrRightAfterItChangesNothing) {
  const auto record = this->record(1, [&](Device& device) {
    for (int i = 0; i < 5; ++i) device.put(draw_batch(random_));
    device.checkpoint();
  });
  const std::size_t meta = last_op(record, Op::Kind::write, "data.mdb");
  const std::size_t answered = last_op(record, Op::Kind::sync, "journal") + 2;
  Builder builder(record);
  std::set<std::uint64_t> replayed;
  for (std::size_t point = answered; point <= record.ops.size(); ++point)
    for (const Cut& cut : draw_cuts(record, point, 30, random_))
      open(builder.build(cut), [&](Device& device) {
        EXPECT_EQ(device.found(), 6u);
        const auto count = device.opened().recovery.replayed;
        EXPECT_EQ(count, point > meta ? 0u : 5u);
        EXPECT_FALSE(device.opened().recovery.checkpoint_lost);
        replayed.insert(count);
        device.put(sized(50));
        EXPECT_EQ(device.found(), 7u);
      });
  EXPECT_EQ(replayed, (std::set<std::uint64_t>{0, 5}));
}

TEST_F(Cuts, D035_ARecoveryThatIsCutAtEveryWriteThreeTimesInARowEqualsOneThatWasNot) {
  options_.limits.journal_half_bytes = 64 * 1024;
  const auto record = this->record(1, [&](Device& device) {
    for (int i = 0; i < 200; ++i) device.put(sized(20 + random_() % 100));
  });
  std::size_t recoveries = 0;
  const std::function<void(const Image&, int)> recover = [&](const Image& image, int cuts) {
    const auto folder = places_.lay_out(image);
    History history = history_;
    Recorder recorder(folder);
    Device device(folder, history, recorder, options_);
    ASSERT_TRUE(device.open().ok());
    ASSERT_EQ(device.found(), 201u);
    ASSERT_EQ(device.content(), history_.after(201));
    device.kill();
    const Record recovery = recorder.stop();
    std::filesystem::remove_all(folder);
    ++recoveries;
    Builder builder(recovery);
    for (std::size_t point = 1; cuts > 0 && point <= recovery.ops.size(); ++point)
      if (recovery.ops[point - 1].kind == Op::Kind::write)
        for (const Cut& cut : draw_cuts(recovery, point, 2, random_)) recover(builder.build(cut), cuts - 1);
  };
  recover(synced_part(record), 3);
  EXPECT_GT(recoveries, 100u);
}

TEST_F(Cuts, D097_NoRecordOfATornGroupIsEverAppliedLater) {
  const auto record = this->record(1, [&](Device& device) {
    for (const std::uint64_t bytes : {600, 120, 130, 140, 150, 160})
      device.apply(sized(bytes), Durability::durable);
    device.settle();
  });
  const std::size_t last = last_op(record, Op::Kind::write, "journal");
  std::vector<bool> all_but_the_first(units_of(record.ops[last]), true);
  all_but_the_first[0] = false;
  Image image =
      Builder(record).build({.point = last + 1, .kept = {last}, .torn = last, .units = all_but_the_first});
  History history;
  history.add(history_.batch(1));
  for (int life = 0; life < 50; ++life) {
    const auto folder = places_.lay_out(image);
    for (int epochs = 0; epochs < 3; ++epochs) history.next_epoch();
    Recorder recorder(folder);
    Device device(folder, history, recorder, options_);
    ASSERT_TRUE(device.open().ok());
    ASSERT_EQ(device.found(), history.last());
    ASSERT_EQ(device.content(), history.after(history.last()));
    device.put(sized(random_() % 700));
    device.kill();
    image = synced_part(recorder.stop());
  }
}

TEST_F(Cuts, BlockAlignedGroupsThatFillUpBeforeTheyAreSettledStillFitTheHalf) {
  options_.align = store::JournalFacts::Align::block;
  const auto record = this->record(1, [&](Device& device) {
    for (int group = 0; group < 20; ++group) {
      for (int i = 0; i < 5; ++i) device.apply(sized(300 + random_() % 600), Durability::durable);
      device.settle();
    }
  });
  open(synced_part(record), [&](Device& device) { EXPECT_EQ(device.found(), 101u); });
}

}  // namespace
}  // namespace dormouse::crash
